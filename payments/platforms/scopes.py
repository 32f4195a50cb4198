"""Scopes: what each kind of client may ask for, and through which grant (settled.md 19)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from oauth2_provider.scopes import BaseScopes
from oauth2_provider.settings import oauth2_settings

CHAT = "chat"
LINK = "link"
PAY = "payments:pay"
READ = "wallet:read"
WRITE = "wallet:write"


class ClientKind(StrEnum):
    """What sort of OAuth client it is."""

    PLATFORM = "platform"
    FIRST_PARTY = "first_party"


#: Scopes that a client gets for itself (client credentials), and for a person (authorization code).
FOR_ITSELF: Mapping[str, tuple[str, ...]] = {ClientKind.PLATFORM: (CHAT,), ClientKind.FIRST_PARTY: ()}
FOR_A_PERSON: Mapping[str, tuple[str, ...]] = {
    ClientKind.PLATFORM: (LINK, PAY),
    #: Tokens of the first-party client are made by a command; no authorization request reaches them.
    ClientKind.FIRST_PARTY: (),
}


class KindScopes(BaseScopes):
    """The toolkit asks here which scopes a request may name."""

    def get_all_scopes(self) -> dict[str, str]:
        """Every scope with its description."""
        return dict(oauth2_settings.SCOPES)

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *_args: Any, **_more: Any
    ) -> list[str]:
        """What this client may ask for in this request; without a client, what any platform may."""
        if application is None:
            return [CHAT, LINK, PAY]
        table = FOR_ITSELF if getattr(request, "grant_type", None) == "client_credentials" else FOR_A_PERSON
        return list(table[application.kind])

    def get_default_scopes(self, application: Any = None, request: Any = None, *args: Any, **more: Any) -> list[str]:
        """A request that names none gets all that it may have."""
        return self.get_available_scopes(application, request, *args, **more)
