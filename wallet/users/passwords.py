"""Passwords: hashed in a few slots that the whole installation shares, so that sign-in never starves authorizations."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import connection

from wallet.core.errors import Kind, WalletError
from wallet.users.models import Holder

#: First half of the advisory locks' key: "pw" and the slot.
_LOCKS = 0x7077


class HashingBusy(WalletError):
    """All places for checking passwords are taken; try again in a second."""

    kind = Kind.LIMITED
    slug = "sign-in-busy"
    title = "Too many people are signing in at this moment"


@contextmanager
def hashing_slot() -> Iterator[None]:
    """Hold one of (workers - 1) places, counted by the database (settled.md 4).

    Raises:
        HashingBusy: all are taken.
    """
    for slot in range(settings.PASSWORD_SLOTS):
        if _ask("SELECT pg_try_advisory_lock(%s, %s)", slot):
            break
    else:
        raise HashingBusy(retry_after=1)
    try:
        yield
    finally:
        _ask("SELECT pg_advisory_unlock(%s, %s)", slot)


def _ask(statement: str, slot: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [_LOCKS, slot])
        (answer,) = cursor.fetchone()
    return bool(answer)


def encode(password: str) -> str:
    """Hash a new password."""
    with hashing_slot():
        return make_password(password)


def matches(*, holder: Holder | None, password: str) -> bool:
    """Whether it is this person's password; where there is no such person, the same work and a no."""
    with hashing_slot():
        if holder is None or not holder.is_active or not holder.has_usable_password():
            make_password(password)
            return False
        return check_password(password, holder.password)
