"""The OpenAPI document covers every route under /v1, is valid 3.1, and says what the routes do (contract.md)."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from cards.authorizations.codes import Reason
from payments.requests.models import DEFAULT_LIFE
from tests.payments import cast
from wallet.activity.words import KINDS, REASONS, STATUSES
from wallet.core.problems import CONTENT_TYPE, MEMBERS

PUBLIC = {"/v1/openapi.json"}
UNKEYED = {"/v1/suggestions", "/v1/cards/{card}/reveal", "/v1/cards/{card}/numbers/{number}/reveal"}
LISTS = {
    "/v1/cards", "/v1/cards/{card}/numbers", "/v1/exposures", "/v1/links", "/v1/payment-requests", "/v1/requests",
    "/v1/top-ups", "/v1/transactions", "/v1/webhook-endpoints", "/v1/webhook-endpoints/{endpoint_id}/deliveries", "/v1/withdrawals",
}  # fmt: skip
PROBLEM = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every route as a template such as `/v1/cards/{card_id}`, with its view."""
    for entry in (resolver or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, path)
        elif isinstance(entry, URLPattern):
            yield "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path), entry.callback


def operations(document: dict[str, Any], *methods: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation with one of these methods (or any) that needs a caller."""
    for path, offered in document["paths"].items():
        for method, operation in offered.items():
            if path not in PUBLIC and (not methods or method in methods):
                yield path, method, operation


def parameters(operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in operation.get("parameters", [])}


def objects(document: dict[str, Any], schema: Any, seen: set[str]) -> Iterator[dict[str, Any]]:
    """Every object that a schema holds, through references."""
    if isinstance(schema, list):
        for one in schema:
            yield from objects(document, one, seen)
    elif isinstance(schema, dict):
        ref = schema.get("$ref")
        if ref is not None and ref not in seen:
            seen.add(ref)
            yield from objects(document, document["components"]["schemas"][ref.rpartition("/")[2]], seen)
        if schema.get("type") == "object" or "object" in (schema.get("type") or []):
            yield schema
        for inner in schema.values():
            yield from objects(document, inner, seen)


def sent(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Every object of every request body."""
    bodies = [operation.get("requestBody", {}) for _path, _method, operation in operations(document)]
    return list(objects(document, bodies, set()))


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return dict(SchemaGenerator().get_schema(request=None, public=True))  # type: ignore[no-untyped-call]


def test_every_route_under_v1_is_described(document: dict[str, Any]) -> None:
    """Break: mark a view with `exclude=True`."""
    served = {path for path, _view in routes() if path.startswith("/v1/")} - {"/v1/docs"}
    assert served == set(document["paths"])


def test_every_method_of_a_route_is_described(document: dict[str, Any]) -> None:
    for path, view in routes():
        if path in document["paths"]:
            offered = {name for name in ("get", "post", "patch", "put", "delete") if hasattr(view.cls, name)}
            assert offered == set(document["paths"][path]), path


def test_the_document_is_valid_and_nothing_in_it_had_to_be_guessed(document: dict[str, Any]) -> None:
    validate_schema(document)
    with GENERATOR_STATS.silence():
        GENERATOR_STATS.reset()
        SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        assert dict(GENERATOR_STATS._warn_cache) == {}
        assert dict(GENERATOR_STATS._error_cache) == {}


def test_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))


def test_every_post_names_its_key_but_those_that_need_none(document: dict[str, Any]) -> None:
    """Break: `ClosedAutoSchema` without the parameters of `RouteSchema`."""
    posts = {
        path: parameters(operation).get("Idempotency-Key") for path, _method, operation in operations(document, "post")
    }
    assert {path for path, key in posts.items() if key is None} == UNKEYED
    for path in posts.keys() - UNKEYED:
        assert (posts[path]["in"], posts[path]["required"], posts[path]["schema"]["maxLength"]) == ("header", True, 255)


def test_every_operation_says_how_it_can_fail(document: dict[str, Any]) -> None:
    """Break: a view with `schema = AutoSchema()`."""
    assert set(document["components"]["schemas"]["Problem"]["properties"]) == MEMBERS
    for path, method, operation in operations(document):
        problems = {status for status in operation["responses"] if status >= "400"}
        assert problems >= {"400", "401", "403", "429", "503"}, (path, method)
        assert all(operation["responses"][status]["content"] == PROBLEM for status in problems), (path, method)
        assert "{" not in path or "404" in problems, (path, method)
        assert ("415" in problems) == (method in {"post", "patch"}), (path, method)
        assert ("422" in problems) == (method in {"post", "patch"} or path in LISTS), (path, method)
        assert method != "post" or path == "/v1/suggestions" or "409" in problems, (path, method)


def test_refusals_of_one_route_alone_are_there_too(document: dict[str, Any]) -> None:
    assert "402" in document["paths"]["/v1/payment-requests/{request_id}/pay"]["post"]["responses"]
    assert "402" in document["paths"]["/v1/cards/{card}/load"]["post"]["responses"]
    assert "409" in document["paths"]["/v1/exposures/{exposure_id}/proof"]["get"]["responses"]
    assert "404" in document["paths"]["/v1/link"]["get"]["responses"]


def test_every_list_can_be_turned(document: dict[str, Any]) -> None:
    """Break: `is_page` says no."""
    found = {path for path, _method, operation in operations(document, "get") if "cursor" in parameters(operation)}
    assert found == LISTS
    for path in LISTS:
        limit = parameters(document["paths"][path]["get"])["limit"]["schema"]
        assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 100, 25)


def test_every_request_body_is_closed(document: dict[str, Any]) -> None:
    """Break: without StrictSerializerExtension."""
    found = sent(document)
    assert len(found) > 10
    assert [schema for schema in found if schema.get("additionalProperties") is not False] == []
    for path, method, operation in operations(document, "post", "patch"):
        assert "requestBody" in operation, (path, method)


def test_amounts_that_are_sent_have_their_least_value_and_their_currencies(document: dict[str, Any]) -> None:
    """Break: a fixed `minimum` in MoneyFieldExtension."""
    amounts = [
        schema["properties"] for schema in sent(document) if set(schema.get("properties", {})) == {"value", "currency"}
    ]
    assert len(amounts) > 5
    assert {amount["value"]["minimum"] for amount in amounts} == {1}
    assert {tuple(amount["currency"]["enum"]) for amount in amounts} == {tuple(settings.CURRENCIES)}
    schemas = document["components"]["schemas"]
    assert schemas["NewCardBodyRequest"]["properties"]["currency"]["enum"] == list(settings.CURRENCIES)
    assert schemas["CardShown"]["properties"]["balance"]["properties"]["value"]["minimum"] == 0
    assert schemas["PaymentRequestBody"]["properties"]["amount"]["properties"]["value"]["minimum"] == 1


def test_codes_of_transactions_are_enumerated_and_cover_what_is_written(document: dict[str, Any]) -> None:
    """Break: a kind as free text, or a reason of the network that has no words."""
    line = document["components"]["schemas"]["Transaction"]["properties"]
    assert set(line["kind"]["enum"]) == set(KINDS)
    assert set(line["status"]["enum"]) == set(STATUSES)
    assert set(line["reason_code"]["enum"]) - {None} == set(REASONS)
    assert set(Reason) - {Reason.NUMBER_UNKNOWN} <= set(REASONS)
    assert {"card_load", "card_unload", "card_sweep", "top_up", "payment_sent", "payment_received"} <= set(KINDS)


@pytest.mark.django_db
def test_an_expiry_of_null_is_the_default() -> None:
    """Break: `allow_null` away, or no `or DEFAULT_LIFE` in the view."""
    platform = cast.platform()
    payee = cast.link(cast.holder(), platform).link.id
    answer = Client().post(
        "/v1/payment-requests",
        {"payee": payee, "payer": None, "amount": {"value": 1, "currency": "EUR"}, "expires_in": None},
        content_type="application/json",
        headers={"Authorization": f"Bearer {cast.chat_token(platform)}", "Idempotency-Key": "k"},
    )
    assert answer.status_code == 201, answer.content
    made = answer.json()
    lives = datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["created_at"])
    assert lives == timedelta(seconds=DEFAULT_LIFE)


def test_the_manifest_names_the_scope_of_every_method_of_a_holder() -> None:
    """Break: `scopes` of HolderView with GET alone."""
    out = StringIO()
    call_command("routes", "--json", stdout=out)
    holders = [
        one for one in json.loads(out.getvalue()) if one["audience"] == "holder" and one["path"].startswith("/v1/")
    ]
    assert len(holders) > 10
    for route in holders:
        needed = {method: ["wallet:read" if method == "GET" else "wallet:write"] for method in route["methods"]}
        assert route["scopes"] == needed, route["path"]


@pytest.mark.django_db
def test_it_is_served_and_its_page_too() -> None:
    served = Client().get("/v1/openapi.json")
    assert served.status_code == 200
    assert served.json()["openapi"].startswith("3.1")
    page = Client().get("/v1/docs")
    assert page.status_code == 200
    assert "/v1/payment-requests" in page.content.decode()
