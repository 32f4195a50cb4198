"""Holds that have expired: released by the room that owns their code."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from wallet.core.money import Money
from wallet.core.transactions import needs_transaction
from wallet.ledger.models import Transfer


@dataclass(frozen=True, slots=True)
class Expired:
    """One hold that was released because its time was over."""

    hold: int
    ref: str
    released: Money


@needs_transaction
def expire(*, code: str, limit: int = 100) -> list[Expired]:
    """Release what is left of expired holds of one code; the caller tells its own objects in the same transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT hold_id, ref, released, currency FROM ledger_expire_holds(%s, %s)", [code, limit])
        return [Expired(hold, ref, Money(released, currency)) for hold, ref, released, currency in cursor.fetchall()]


def newest(hold_id: int, minor: int) -> Iterator[tuple[datetime, int]]:
    """When the part of a hold that goes next was held: what is added last is released first.

    Ask before the release is posted. Yields times and minor units that come to `minor`, if so much was ever held.
    """
    rows = Transfer.objects.filter(hold_id=hold_id)
    released = sum(rows.filter(op="release").values_list("amount", flat=True))
    for at, amount in rows.filter(op="hold").order_by("-id").values_list("at", "amount"):
        gone = min(released, amount)
        part = min(amount - gone, minor)
        released, minor = released - gone, minor - part
        if part:
            yield at, part
