"""How often a door may be tried: five times a minute for an account; without Redis it stays shut (settled.md 35)."""

import hashlib

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from wallet.core.errors import Kind, WalletError

TRIES = 5
WINDOW_SECONDS = 60


class TooManyTries(WalletError):
    """This account was tried too often in the last minute; known and unknown ones alike."""

    kind = Kind.LIMITED
    slug = "too-many-tries"
    title = "Too many tries"


class DoorsClosed(WalletError):
    """Tries cannot be counted right now, so nobody can sign in; whoever is signed in stays so."""

    kind = Kind.UNAVAILABLE
    slug = "sign-in-closed"
    title = "Signing in is closed for a moment"


def count_try(*, door: str, account: str) -> None:
    """Count one try at a door for an account, a browser or an address.

    Raises:
        TooManyTries: five were counted in this minute.
        DoorsClosed: the counter cannot be reached.
    """
    if not settings.RATE_LIMITS:
        return
    key = f"tries:{door}:{hashlib.sha256(account.encode()).hexdigest()}"
    try:
        cache.add(key, 0, WINDOW_SECONDS)
        tries = cache.incr(key)
    except RedisError:
        raise DoorsClosed(retry_after=10) from None
    except ValueError:  # the minute ended between the two commands
        tries = 1
    if tries > TRIES:
        raise TooManyTries(retry_after=WINDOW_SECONDS)
