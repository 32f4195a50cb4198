"""The holder API's views: a first-party session or a bearer token with wallet scopes, and POSTs that happen once.

A handler returns an `Answer`. Every POST runs in one transaction with the row of its Idempotency-Key (settled.md 3 and
28), so a repeated request has one effect and gets the same bytes; `idempotent = False` is for what must not be kept
(a reveal). A handler that calls something `owns_transaction` joins that transaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import orjson
from django.db import transaction
from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from wallet.core import idempotency
from wallet.core.api import Audience, ScopeMissing, WalletView
from wallet.core.errors import Kind, WalletError
from wallet.core.openapi import RouteSchema
from wallet.core.problems import CONTENT_TYPE, STATUS, from_error
from wallet.core.transactions import owns_transaction

#: What a token needs; a session of the holder's own has it all.
READ = frozenset({"wallet:read"})
WRITE = frozenset({"wallet:write"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answers: a status and JSON values (dicts, lists, text, integers, booleans, None)."""

    status: int
    body: dict[str, Any]


class HolderView(WalletView):
    """A view of the holder's own things. Handlers: `def post(self, request: Request, …) -> Answer`."""

    audience = Audience.HOLDER
    #: Whether POST needs an Idempotency-Key: everything under /v1 but `/reveal`.
    idempotent: ClassVar[bool] = True
    schema = RouteSchema()
    scopes: ClassVar[Mapping[str, frozenset[str]]] = {
        **dict.fromkeys(("GET", "HEAD", "OPTIONS"), READ),
        **dict.fromkeys(("POST", "PUT", "PATCH", "DELETE"), WRITE),
    }

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate, check the token's scopes, and put the key's row around a POST."""
        super().initial(request, *args, **kwargs)
        token: Any = request.auth
        needed = self.scopes.get(request.method or "", WRITE)
        if token is not None and not needed <= frozenset(token.scopes):
            raise ScopeMissing
        if request.method == "POST" and self.idempotent and hasattr(self, "post"):
            # On this instance alone: Django makes one for each request.
            vars(self)["post"] = partial(self._once, self.post)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Let handlers answer in values; nothing of a holder's is kept by a cache on the way."""
        if isinstance(response, Answer):
            response = Response(response.body or None, status=response.status)
        finished: HttpResponseBase = super().finalize_response(request, response, *args, **kwargs)
        finished.headers.setdefault("Cache-Control", "no-store")
        return finished

    def holder_id(self, request: Request) -> str:
        """Whose things this request is about: always the asker's own."""
        return str(request.user.pk)

    def _once(self, handler: Callable[..., Answer], request: Request, *args: Any, **kwargs: Any) -> Response:
        key = idempotency.read_key(request.headers.get("Idempotency-Key"))
        scope = idempotency.Scope(client_of(request), self.holder_id(request), "POST", request.path)

        def effect() -> dict[str, Any]:
            try:
                with transaction.atomic():
                    answer = handler(request, *args, **kwargs)
            except WalletError as refusal:
                if refusal.kind is not Kind.REFUSED:
                    raise
                # A refusal of money is an answer: kept with its key, its effect undone (settled.md 3).
                return {"status": STATUS[refusal.kind], "body": orjson.loads(from_error(refusal, request).content)}
            return {"status": answer.status, "body": answer.body}

        once = owns_transaction(idempotency.once)
        stored, is_replayed = once(scope=scope, key=key, body=request.data, effect=effect, is_stored=is_stored)
        headers = {"Idempotent-Replayed": "true"} if is_replayed else {}
        is_refusal = stored["status"] == STATUS[Kind.REFUSED]
        return Response(
            stored["body"], status=stored["status"], headers=headers,
            content_type=CONTENT_TYPE if is_refusal else None,
        )  # fmt: skip


def is_session(request: Request) -> bool:
    """Whether the holder's own browser session asks, and no token."""
    token: Any = request.auth
    return token is None or getattr(token, "kind", "") == "session"


def client_of(request: Request) -> str:
    """Which client asks: a token's own, or the holder's browser session."""
    token: Any = request.auth
    return "session" if token is None else str(token.client_id)


def is_stored(answer: Mapping[str, Any]) -> bool:
    """What a repeated key gets again: 2xx and 402 (settled.md 3)."""
    status: int = answer["status"]
    return 200 <= status < 300 or status == 402  # noqa: PLR2004 - HTTP's classes
