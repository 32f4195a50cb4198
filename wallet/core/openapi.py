"""What the OpenAPI document says of every route alike: problems, the Idempotency-Key, pages; bodies closed as they are.

Views declare what is their own (bodies, scopes, a status beyond the usual); nothing here is repeated in them.
"""

from copy import deepcopy
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiSerializerExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter
from rest_framework.serializers import ListSerializer

from wallet.core.money import MAX_MINOR
from wallet.core.problems import CONTENT_TYPE, catalogue

_BODIES = frozenset({"POST", "PUT", "PATCH"})

#: What each status of a problem means here, whichever route answers it.
_MEANING = {
    400: "The request cannot be read: no JSON, an unknown or repeated member, a missing or unreadable Idempotency-Key",
    401: "No token, or one that is not live",
    402: "A rule about money refused it",
    403: "The token or session may not do that",
    404: "There is nothing here, or it is another's",
    409: "It is not in a state for that, changed meanwhile, or its Idempotency-Key is in use right now",
    415: "The body is not application/json",
    422: "A value has a wrong type, range or meaning (`errors` names each), or the key came with another body",
    429: "Too many requests",
    503: "This cannot be answered right now",
}
#: Statuses that say when to come again.
_WAITS = frozenset({429, 503})

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "A problem (RFC 9457).",
    "properties": {
        "type": {
            "type": "string", "format": "uri-reference", "description": "`/problems/<slug>`, a page that explains it",
        },
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "the Request-Id of the answer"},
        "errors": {
            "type": "array",
            "description": "of a 422: every member at fault",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string", "description": "a JSON pointer, such as `/amount/value`"},
                    "detail": {"type": "string"},
                },
                "required": ["pointer", "detail"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["type", "title", "status", "detail", "instance"],
    "additionalProperties": False,
}  # fmt: skip

_KEY = OpenApiParameter(
    "Idempotency-Key", {"type": "string", "minLength": 1, "maxLength": 255}, OpenApiParameter.HEADER, required=True,
    description="the same key and body again gives the same answer, for 30 days",
)  # fmt: skip


class RouteSchema(AutoSchema):
    """The part of a `WalletView`'s description that follows from what sort of route it is."""

    #: How many items a page has at most, whatever `limit` asks for.
    page_maximum = 100

    def get_override_parameters(self) -> list[Any]:
        """The header of a POST that happens once, the query members of a list."""
        view: Any = self.view
        if self.method == "POST" and view.idempotent:
            return [_KEY]
        return self._page_parameters() if self.is_page() else []

    def get_operation(self, *route: Any, **named: Any) -> Any:
        """The operation with its problems."""
        operation = super().get_operation(*route, **named)
        if operation is not None:
            described: dict[str, Any] = deepcopy(_PROBLEM)
            described["properties"]["type"]["enum"] = [f"/problems/{slug}" for slug in sorted(catalogue())]
            problem = ResolvedComponent(  # type: ignore[no-untyped-call]
                "Problem", ResolvedComponent.SCHEMA, described, "Problem"
            )
            self.registry.register_on_missing(problem)
            for status in sorted(self.problem_statuses()):
                operation["responses"][str(status)] = _problem_response(status, problem.ref)
        return operation

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:  # noqa: FBT001, FBT002 - drf-spectacular's signature
        """A list of bodies says how long it may be, as a list of values does."""
        mapped: dict[str, Any] = super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        longest = getattr(field, "max_length", None) if isinstance(field, ListSerializer) else None
        return mapped if longest is None else {**mapped, "maxItems": longest}

    def is_page(self) -> bool:
        """Whether it answers `{"data": […], "next_cursor": …}`."""
        answers = self.get_response_serializers() if self.method == "GET" else None
        declared = answers.values() if isinstance(answers, dict) else [answers]
        return any("next_cursor" in getattr(one, "_declared_fields", {}) for one in declared)

    def problem_statuses(self) -> set[int]:
        """Which problems can occur here."""
        view: Any = self.view
        method = str(self.method)
        found: set[int] = {400, 401, 403, 429, 503} | view.problems.get(method, frozenset())
        is_of_one = "{" in self.path
        if is_of_one:
            found.add(404)
        if method != "GET" and (is_of_one or (method == "POST" and view.idempotent)):
            found.add(409)
        if method in _BODIES:
            found |= {415, 422}
        if self.is_page():
            found.add(422)
        return found

    def _page_parameters(self) -> list[OpenApiParameter]:
        at_most = "" if self.page_maximum == 100 else f"; a page has at most {self.page_maximum}"  # noqa: PLR2004 - contract.md's bound
        limit = {"type": "integer", "minimum": 1, "maximum": 100, "default": 25}
        return [
            OpenApiParameter("limit", limit, description=f"how many{at_most}"),
            OpenApiParameter("cursor", str, description="`next_cursor` of the page before"),
        ]


def _problem_response(status: int, ref: dict[str, Any]) -> dict[str, Any]:
    response: dict[str, Any] = {"description": _MEANING[status], "content": {CONTENT_TYPE: {"schema": ref}}}
    if status in _WAITS:
        seconds = {"type": "integer", "minimum": 1}
        response["headers"] = {"Retry-After": {"schema": seconds, "description": "seconds, where they are known"}}
    return response


class StrictSerializerExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """A request body refuses what it does not declare, and says so."""

    target_class = "wallet.core.members.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        """The generated schema, closed."""
        mapped = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # noqa: SLF001 - its documented use
        return {**mapped, "additionalProperties": False}


class MoneyFieldExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Money with the least value of its field; what is sent is in a currency that is held here."""

    target_class = "wallet.core.members.MoneyField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:  # noqa: ARG002 - drf-spectacular's signature
        """The JSON shape."""
        value = {
            "type": "integer", "minimum": self.target.minimum, "maximum": MAX_MINOR,
            "description": "minor units (JPY 0 decimals, KWD 3)",
        }  # fmt: skip
        return {
            "type": "object",
            "properties": {"value": value, "currency": _currency(is_sent=direction == "request")},
            "required": ["value", "currency"],
            "additionalProperties": False,
        }


class PublicIdFieldExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """An id with its prefix: 128 random bits in 22 characters; leave room for more."""

    target_class = "wallet.core.members.PublicIdField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:  # noqa: ARG002 - drf-spectacular's signature
        """The form of it."""
        return {"type": "string", "pattern": f"^{self.target.prefix}_[0-9A-Za-z]{{22,}}$", "maxLength": 64}


class CurrencyFieldExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """A currency that is held here."""

    target_class = "wallet.core.members.CurrencyField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:  # noqa: ARG002 - drf-spectacular's signature
        """The codes."""
        return _currency(is_sent=direction == "request")


def _currency(*, is_sent: bool) -> dict[str, Any]:
    """ISO 4217; what was held before a currency was taken off the list can still be read."""
    if is_sent:
        return {"type": "string", "enum": list(settings.CURRENCIES)}
    return {"type": "string", "pattern": "^[A-Z]{3}$"}
