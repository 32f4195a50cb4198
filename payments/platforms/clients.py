"""OAuth clients: chat platforms, registered by the operator, and the wallet's own first-party client."""

import secrets
import unicodedata
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
MOST_REDIRECTS = 10


@dataclass(frozen=True, slots=True)
class Registered:
    """A new client with its secret, which is shown this once."""

    platform: Platform
    client_secret: str = field(repr=False)


@owns_transaction
def create_platform(*, name: str, redirect_uris: list[str], merchants: list[str]) -> Registered:
    """Register a chat platform, and the recipient that the exposure log will name.

    Raises:
        Invalid: no name, a name over 60 characters, no redirect URI or more than ten.
        RedirectRefused: a redirect URI cannot be registered.
    """
    # Cc, Cf, Cs, Co, Cn: what cannot be seen can pretend to be another platform.
    if not 0 < len(name.strip()) <= _NAME_LENGTH or any(unicodedata.category(char).startswith("C") for char in name):
        raise Invalid("must be 1 to 60 visible characters", pointer="/name")
    secret = secrets.token_urlsafe(48)
    platform = Platform.objects.create(
        name=name.strip(),
        kind=ClientKind.PLATFORM,
        redirect_uris=_checked(redirect_uris),
        client_type=Platform.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Platform.GRANT_AUTHORIZATION_CODE,
        client_secret=digest(secret),
        merchants=merchants,
    )
    recipients.register(kind=RecipientKind.PLATFORM, ref=platform.pk, name=platform.name)
    return Registered(platform, secret)


def _checked(redirect_uris: list[str]) -> str:
    if not 0 < len(redirect_uris) <= MOST_REDIRECTS:
        raise Invalid(f"must be 1 to {MOST_REDIRECTS}", pointer="/redirect_uris")
    return " ".join(dict.fromkeys(check_redirect_uri(uri) for uri in redirect_uris))


@owns_transaction
def rotate_client_secret(platform: Platform) -> Registered:
    """Another secret, shown this once; the old one is worth nothing when this commits. Tokens live on."""
    secret = secrets.token_urlsafe(48)
    platform.client_secret = digest(secret)
    platform.save(update_fields=["client_secret", "updated"])
    return Registered(platform, secret)


@owns_transaction
def change_redirect_uris(platform: Platform, redirect_uris: list[str]) -> None:
    """Other redirect URIs, instead of all that there were.

    Raises:
        Invalid: none, or more than ten.
        RedirectRefused: one cannot be registered.
    """
    platform.redirect_uris = _checked(redirect_uris)
    platform.save(update_fields=["redirect_uris", "updated"])


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
