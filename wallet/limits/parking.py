"""Money that waits above its receiver's limit: taken in when it fits, sent back after 30 days.

What another holder sent goes back to them. What one of the programme's accounts brought (a top-up) goes back only where
a room is registered that refunds the person (`on_sent_back`); until then it stays parked, because moved back to the
programme it would be nobody's money.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Q, QuerySet

from wallet.activity import lines, notices
from wallet.core.money import Money
from wallet.core.transactions import needs_transaction, owns_transaction
from wallet.limits import windows
from wallet.limits.models import Parking


@dataclass(frozen=True, slots=True)
class SentBack:
    """What went back to one of the programme's accounts: the room that brought it gives it back to the person."""

    ref: str
    holder_id: str
    amount: Money
    source_kind: str


_listeners: dict[str, Callable[[SentBack], None]] = {}


def on_sent_back(source_kind: str, listener: Callable[[SentBack], None]) -> None:
    """Register who refunds parked money that came from this kind of account; called in the transaction."""
    _listeners[source_kind] = listener


def due(now: datetime) -> QuerySet[Parking, Parking]:
    """What goes back now, oldest first."""
    has_a_way = Q(source_kind__in=list(_listeners)) | ~Q(source_holder="")
    return Parking.objects.filter(has_a_way, left__gt=0, due_at__lte=now).order_by("due_at")


def waiting(holder_id: str) -> list[Money]:
    """What waits for a holder, a sum for each currency."""
    totals: dict[str, int] = {}
    for currency, left in Parking.objects.filter(holder_id=holder_id, left__gt=0).values_list("currency", "left"):
        totals[currency] = totals.get(currency, 0) + left
    return [Money(total, currency) for currency, total in sorted(totals.items())]


@owns_transaction
def take_in(*, holder_id: str, currency: str, now: datetime) -> Money:
    """Take in what fits now; how much."""
    stored = windows.caps(holder_id, currency, now=now).stored
    with connection.cursor() as cursor:
        cursor.execute("SELECT limits_take_in(%s, %s, %s)", [holder_id, currency, stored])
        taken = Money(cursor.fetchone()[0], currency)
    if taken:
        lines.record(
            holder_id=holder_id, kind="parked_taken_in", direction="in", amount=taken, status="done", ref="", now=now
        )
    return taken


@owns_transaction
def send_back(*, parking_id: int, now: datetime) -> Money | None:
    """Send back one parking whose time is over; None when there was nothing to do, or nobody to refund the person."""
    row = Parking.objects.get(id=parking_id)
    if not row.source_holder and row.source_kind not in _listeners:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT limits_send_back(%s)", [parking_id])
        amount = Money(cursor.fetchone()[0], row.currency)
    if not amount:
        return None
    _tell(row, amount, now=now)
    return amount


@needs_transaction
def _tell(row: Parking, amount: Money, *, now: datetime) -> None:
    lines.record(
        holder_id=row.holder_id, kind="parked_returned", direction="none", amount=amount, status="done", ref=row.ref,
        now=now,
    )  # fmt: skip
    notices.notify(holder_id=row.holder_id, kind="parked_returned", ref=row.ref, facts={"amount": amount}, now=now)
    if row.source_holder:
        lines.record(
            holder_id=row.source_holder, kind="parked_returned", direction="in", amount=amount, status="done",
            ref=row.ref, now=now,
        )  # fmt: skip
        notices.notify(
            holder_id=row.source_holder, kind="parked_came_back", ref=row.ref, facts={"amount": amount}, now=now
        )
    else:
        _listeners[row.source_kind](SentBack(row.ref, row.holder_id, amount, row.source_kind))
