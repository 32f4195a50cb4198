"""Who calls: a bearer token of the Authorization header, or the holder's own session with CSRF."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AnonymousUser
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.request import Request

from payments.platforms.models import Link, LinkStatus, Platform
from payments.platforms.scopes import READ, WRITE, ClientKind
from payments.platforms.validator import load_access_token


class ClientOnly(AnonymousUser):
    """Nobody: a platform that calls for itself. Authenticated as a client, and no person."""

    id = ""  # type: ignore[assignment]
    pk = ""  # type: ignore[assignment]

    @property
    def is_authenticated(self) -> bool:  # type: ignore[override]
        """The client is; `request.auth` says as what."""
        return True


@dataclass(frozen=True, slots=True)
class Bearer:
    """What `request.auth` says about a call with a token.

    Args:
        scopes: what the token reaches.
        client_id: whose token it is.
        kind: `platform` or `first_party`.
        platform: the client itself.
        holder_id: the person it speaks for, or "".
    """

    scopes: frozenset[str]
    client_id: str
    kind: str
    platform: Platform = field(repr=False)
    holder_id: str = ""

    def key_owner(self) -> str:
        """Whose an Idempotency-Key is: with the link in it, so that nothing answers what an ended one was told.

        The same person under a new link is another one to the platform, and stays so (settled.md 12).
        """
        if not self.holder_id:
            return self.client_id
        active = Link.objects.filter(holder_id=self.holder_id, platform_id=self.platform.pk, status=LinkStatus.ACTIVE)
        return f"{self.client_id}/{active.values_list('pk', flat=True).first() or ''}"


@dataclass(frozen=True, slots=True)
class HolderSession:
    """What `request.auth` says about a call from the wallet's own pages."""

    holder_id: str
    scopes: frozenset[str] = frozenset({READ, WRITE})
    client_id: str = "session"
    kind: str = "session"
    platform: None = None


def bearer_of(request: Request) -> Bearer:
    """The token of a platform's call.

    Raises:
        NotAuthenticated: a call without one reached a platform's route.
    """
    auth: Any = request.auth
    if not isinstance(auth, Bearer):
        raise NotAuthenticated
    return auth


class BearerAuthentication(BaseAuthentication):
    """RFC 6750, the header only: a token in a query or a form is no token here."""

    def authenticate(self, request: Request) -> tuple[Any, Bearer] | None:
        """The person (or nobody) and the token.

        Raises:
            AuthenticationFailed: a header that is no live bearer token; a session cookie beside it does not help.
        """
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        row = load_access_token(token.strip()) if scheme.lower() == "bearer" and token.isascii() else None
        if row is None or (row.user is not None and not row.user.is_active):
            raise AuthenticationFailed
        bearer = Bearer(
            scopes=frozenset(row.scope.split()),
            client_id=row.application.client_id,
            kind=ClientKind(row.application.kind),
            platform=row.application,
            holder_id=row.user_id or "",
        )
        if bearer.kind == ClientKind.PLATFORM:
            # For the log of the platform's own calls.
            request._request.calling_client = bearer.client_id  # type: ignore[attr-defined]  # noqa: SLF001 - DRF keeps Django's request there
        return row.user or ClientOnly(), bearer

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        """A 401, not a 403."""
        return "Bearer"


class HolderSessionAuthentication(SessionAuthentication):
    """The session cookie of the wallet's own pages; every unsafe method needs the CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, HolderSession] | None:
        """The signed-in person."""
        found = super().authenticate(request)
        return None if found is None else (found[0], HolderSession(holder_id=str(found[0].pk)))


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document names it."""

    target_class = "payments.platforms.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002 - drf-spectacular's signature
        """An opaque OAuth 2.0 access token."""
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document names it."""

    target_class = "payments.platforms.authentication.HolderSessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002 - drf-spectacular's signature
        """The cookie of the wallet's own pages."""
        return {"type": "apiKey", "in": "cookie", "name": "session"}
