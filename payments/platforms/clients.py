"""OAuth clients: chat platforms, registered by the operator, and the wallet's own first-party client."""

import secrets
from dataclasses import dataclass, field

from payments.platforms.models import Platform
from payments.platforms.redirects import check_redirect_uri
from payments.platforms.scopes import ClientKind
from payments.platforms.validator import digest
from privacy.exposure import recipients
from privacy.exposure.recipients import RecipientKind
from wallet.core.errors import Invalid
from wallet.core.transactions import owns_transaction

_NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Registered:
    """A new client with its secret, which is shown this once."""

    platform: Platform
    client_secret: str = field(repr=False)


@owns_transaction
def create_platform(*, name: str, redirect_uris: list[str], merchants: list[str]) -> Registered:
    """Register a chat platform, and the recipient that the exposure log will name.

    Raises:
        Invalid: no name, a name over 60 characters, or no redirect URI.
        RedirectRefused: a redirect URI cannot be registered.
    """
    if not 0 < len(name.strip()) <= _NAME_LENGTH:
        raise Invalid("must be 1 to 60 characters", pointer="/name")
    if not redirect_uris:
        raise Invalid("needs at least one", pointer="/redirect_uris")
    secret = secrets.token_urlsafe(48)
    platform = Platform.objects.create(
        name=name.strip(),
        kind=ClientKind.PLATFORM,
        redirect_uris=" ".join(check_redirect_uri(uri) for uri in redirect_uris),
        client_type=Platform.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Platform.GRANT_AUTHORIZATION_CODE,
        client_secret=digest(secret),
        merchants=merchants,
    )
    recipients.register(kind=RecipientKind.PLATFORM, ref=platform.pk, name=platform.name)
    return Registered(platform, secret)


@owns_transaction
def first_party_client() -> Platform:
    """The public client of scripts that act for a holder: made on demand, refreshes its tokens, redirects nowhere."""
    platform: Platform
    platform, _ = Platform.objects.get_or_create(
        kind=ClientKind.FIRST_PARTY,
        defaults={
            "name": "Paravent",
            "client_type": Platform.CLIENT_PUBLIC,
            "authorization_grant_type": Platform.GRANT_AUTHORIZATION_CODE,
            "client_secret": "",
        },
    )
    return platform


def find_client(client_id: str) -> Platform | None:
    """The chat platform with this client id."""
    found: Platform | None = Platform.objects.filter(client_id=client_id, kind=ClientKind.PLATFORM).first()
    return found
