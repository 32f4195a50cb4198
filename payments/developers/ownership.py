"""The apps that somebody looks after: registered by themselves in the sandbox, by the operator in production."""

from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet

from payments.developers.models import Developer
from payments.platforms.clients import Registered, create_platform, find_client
from payments.platforms.models import Platform
from wallet.core.errors import Kind, NotFound, WalletError
from wallet.core.transactions import owns_transaction
from wallet.users.people import get_holder

MOST = 20


class RegistrationClosed(WalletError):
    """In production the operator registers platforms (`create_platform`) and lets developers in (`add_developer`)."""

    kind = Kind.FORBIDDEN
    slug = "registration-closed"
    title = "The operator registers apps here"


class TooManyApps(WalletError):
    """Nobody looks after more than 20 apps."""

    kind = Kind.CONFLICT
    slug = "too-many-apps"
    title = "There are too many apps"


@owns_transaction
def register_app(*, holder_id: str, name: str, redirect_uris: list[str], now: datetime) -> Registered:
    """A platform with its first developer; the secret is shown this once.

    Raises:
        RegistrationClosed: this is production.
        TooManyApps: this person has 20.
        Invalid: no name, a name over 60 characters, or no redirect URI.
        RedirectRefused: a redirect URI cannot be registered.
    """
    if not settings.SANDBOX:
        raise RegistrationClosed
    if list_apps(holder_id).count() >= MOST:
        raise TooManyApps
    made = create_platform(name=name, redirect_uris=redirect_uris, merchants=[])
    Developer.objects.create(holder_id=holder_id, platform=made.platform, created_at=now)
    return made


@owns_transaction
def add_developer(*, client_id: str, holder_id: str, now: datetime) -> Platform:
    """Let somebody look after a platform that the operator has registered; twice is once.

    Raises:
        NotFound: no such platform, or no such person.
    """
    platform = find_client(client_id)
    if platform is None:
        raise NotFound
    holder = get_holder(holder_id)
    Developer.objects.get_or_create(holder_id=holder.id, platform=platform, defaults={"created_at": now})
    return platform


def list_apps(holder_id: str) -> QuerySet[Platform]:
    """What this person looks after, by name."""
    found: QuerySet[Platform] = Platform.objects.filter(developer__holder_id=holder_id).order_by("name", "pk")
    return found


def get_app(holder_id: str, platform_id: str) -> Platform:
    """One of theirs.

    Raises:
        NotFound: unknown, or another's.
    """
    found = list_apps(holder_id).filter(pk=platform_id).first()
    if found is None:
        raise NotFound
    return found
