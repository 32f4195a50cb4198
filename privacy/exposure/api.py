"""The base of platform views: what a handler returns is what leaves, through the gate, or nothing does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

from django.db import DatabaseError, transaction
from django.db.models import Model, QuerySet
from django.http import HttpResponse
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from privacy.exposure import gate, recipients
from privacy.exposure import schema as schemas
from privacy.exposure.gate import Grant
from privacy.exposure.models import Recipient, RecipientKind
from privacy.exposure.openapi import ClosedAutoSchema
from privacy.exposure.schema import ClosedSchema, schema_name
from privacy.exposure.shapes import plain
from privacy.fields import Basis, Channel, Purpose
from wallet.core import idempotency
from wallet.core.api import Audience, ScopeMissing, WalletView, cursor_page
from wallet.core.requests import request_id_of
from wallet.core.transactions import owns_transaction

M = TypeVar("M", bound=Model)
_METHODS = ("get", "post", "put", "patch", "delete")


class AnswerUndeclared(Exception):
    """A handler answered with a schema or status that its view does not declare: a defect."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answers with.

    Args:
        schema: the closed schema of the body; None for no body (204).
        body: every declared member of it.
        subjects: who is behind each role; `{}` where the body is about nobody.
        status: 2xx, or 402 for a decision that refuses money.
        headers: besides the general ones; only names that the egress guard knows.
        purpose: this answer's own, or None for the view's.
        basis: this answer's own, or None for the view's.
    """

    schema: type[ClosedSchema] | None
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    subjects: Mapping[str, str | None] = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    purpose: Purpose | None = None
    basis: Basis | None = None

    def is_kept(self) -> bool:
        """Whether a replay of its Idempotency-Key gets it again (settled.md 3)."""
        return _is_kept(self.status)

    def as_json(self) -> dict[str, Any]:
        """The answer as it is stored with an Idempotency-Key."""
        return {
            "status": self.status,
            "schema": schema_name(self.schema) if self.schema else None,
            "body": plain(self.body),
            "subjects": dict(self.subjects),
            "headers": dict(self.headers),
            "purpose": self.purpose,
            "basis": self.basis,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Answer":
        """The answer of a stored row."""
        return cls(
            schema=schemas.get(stored["schema"]) if stored["schema"] else None,
            body=stored["body"],
            subjects=stored["subjects"],
            status=stored["status"],
            headers=stored["headers"],
            purpose=Purpose(stored["purpose"]) if stored["purpose"] else None,
            basis=Basis(stored["basis"]) if stored["basis"] else None,
        )


def _is_kept(status: int) -> bool:
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES or status == HTTPStatus.PAYMENT_REQUIRED


class DisclosingView(WalletView):
    """A view that answers a platform: authentication, scopes, idempotency, effect and gate, in one transaction.

    Handlers return an `Answer` and raise refusals. They may run again after a serialization failure, and they run
    inside the transaction: nothing in them calls out. A replay is disclosed again: the platform sees it again.
    """

    audience = Audience.PLATFORM
    #: Whether every POST needs its Idempotency-Key (contract.md).
    idempotent: ClassVar[bool] = False
    #: For each method, the closed schema of each status that it may answer with; None for no body.
    answers: ClassVar[Mapping[str, Mapping[int, type[ClosedSchema] | None]]] = {}
    purpose: ClassVar[Purpose] = Purpose.PAYMENT
    basis: ClassVar[Basis] = Basis.CONSENT
    channel: ClassVar[Channel] = Channel.API
    #: A platform gets bodies, not descriptions of views; a HEAD would be a disclosure of nothing.
    http_method_names: ClassVar[list[str]] = list(_METHODS)  # type: ignore[misc]
    schema = ClosedAutoSchema()

    def __init_subclass__(cls, **options: Any) -> None:
        """Every handler that a subclass defines goes through the gate; none can step around it."""
        super().__init_subclass__(**options)
        for name in _METHODS:
            if name in cls.__dict__:
                setattr(cls, name, _disclosing(cls.__dict__[name]))

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate, throttle, then check that the token reaches this far."""
        super().initial(request, *args, **kwargs)
        if request.auth is None:
            raise NotAuthenticated
        gate.refuse_if_behind()
        caller: Any = request.auth
        method = str(request.method)
        is_offered = method.lower() in self.http_method_names and hasattr(self, method.lower())  # else DRF answers 405
        needed = self.scopes.get(method, frozenset())
        if is_offered and (not needed or not needed <= frozenset(caller.scopes)):
            raise ScopeMissing

    def recipient(self, request: Request) -> Recipient:
        """Who gets the answer: the platform whose token it is."""
        caller: Any = request.auth
        return recipients.get(RecipientKind.PLATFORM, caller.platform.pk)

    def page(
        self, rows: QuerySet[M], request: Request, *, by: Sequence[str] = ("created_at", "pk")
    ) -> tuple[list[M], str | None]:
        """One page, newest first, of at most 25: an answer touches few people (settled.md 14)."""
        return cursor_page(rows, request, by=by, maximum=schemas.PAGE)

    def answer(self, request: Request, effect: Callable[[], Answer]) -> HttpResponse:
        """Run the effect once for its key, write the disclosure in the same transaction, then answer."""
        is_keyed = self.idempotent and request.method == "POST"
        key = idempotency.read_key(request.headers.get("Idempotency-Key")) if is_keyed else ""
        body = request.data if is_keyed else None
        request_id = request_id_of(request._request)  # noqa: SLF001 - DRF keeps Django's request there

        def once() -> tuple[Answer, bool]:
            if not is_keyed:
                return self._declared(request, effect()), False
            stored, is_replay = idempotency.once(
                scope=self._scope(request), key=key, body=body,
                effect=lambda: self._declared(request, effect()).as_json(),
                is_stored=lambda answer: _is_kept(answer["status"]),
            )  # fmt: skip
            return Answer.from_json(stored), is_replay

        @owns_transaction
        def act() -> tuple[Answer, bool, Grant | None]:
            answer, is_replay = once()
            if answer.schema is None:
                return answer, is_replay, None
            grant = gate.disclose(
                recipient=self.recipient(request), schema=answer.schema, body=answer.body, subjects=answer.subjects,
                purpose=answer.purpose or self.purpose, basis=answer.basis or self.basis, channel=self.channel,
                request_id=request_id,
            )  # fmt: skip
            return answer, is_replay, grant

        answer, is_replay, grant = act()
        response = HttpResponse(status=answer.status) if grant is None else gate.respond(grant, answer.status)
        for name, value in answer.headers.items():
            response[name] = value
        if is_replay:
            response["Idempotent-Replayed"] = "true"
        return response

    def handle_exception(self, exc: Exception) -> Any:
        """A problem, counted for the platform that gets it."""
        response = super().handle_exception(exc)
        auth = getattr(self.request, "_auth", None)
        if getattr(auth, "platform", None) is not None:
            self._count_problem()
        return response

    def _count_problem(self) -> None:
        # A problem says nothing about anybody: where it cannot be counted it is still better than silence.
        try:
            with transaction.atomic():
                gate.count(recipient=self.recipient(self.request), schema="problem", channel=self.channel)
        except (DatabaseError, gate.DisclosureRefused, recipients.RecipientUnknown):
            return

    def _scope(self, request: Request) -> idempotency.Scope:
        caller: Any = request.auth
        return idempotency.Scope(
            client=caller.key_owner(),
            holder_id=caller.holder_id,
            method=str(request.method),
            path=request.path,
        )

    def _declared(self, request: Request, answer: Answer) -> Answer:
        declared = self.answers.get(str(request.method), {})
        if answer.status not in declared or declared[answer.status] is not answer.schema:
            raise AnswerUndeclared(f"{type(self).__name__} {request.method} {answer.status}")
        return answer


def _disclosing(handler: Callable[..., Answer]) -> Callable[..., HttpResponse]:
    """The HTTP method around a handler."""

    @wraps(handler)
    def run(self: DisclosingView, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(request, lambda: handler(self, request, *args, **kwargs))

    return run
