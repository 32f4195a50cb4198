"""What a rule sees of one holder: the lines of the last thirty days, without anything sealed in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from wallet.activity.models import Line
from wallet.core.money import Money
from wallet.limits import windows

SPAN: Final = timedelta(days=30)
#: More lines than that are unusual by themselves; the newest are looked at.
_MOST: Final = 5_000
_NOT_MOVED: Final = frozenset({"declined", "failed", "canceled", "expired", "released", "reversed", "parked"})


@dataclass(frozen=True, slots=True)
class Moment:
    """One line."""

    at: datetime
    kind: str
    direction: str
    amount: Money
    status: str
    ref: str
    #: Who paid, for what came from another holder.
    payer: str = ""

    @property
    def has_moved(self) -> bool:
        """Whether money came or went."""
        return self.direction != "none" and self.status not in _NOT_MOVED


@dataclass(frozen=True, slots=True)
class History:
    """One holder, the oldest moment first.

    Args:
        moments: of the last thirty days.
        previous_at: when the newest line before them was written; None where there is none.
        ceilings: for each currency, what the tier allows in one payment or, where that is not limited, in one day;
            in minor units.
    """

    holder_id: str
    moments: tuple[Moment, ...]
    previous_at: datetime | None = None
    ceilings: Mapping[str, int | None] = field(default_factory=dict)


def read(holder_id: str, *, now: datetime) -> History:
    """A holder's history at a moment."""
    mine = Line.objects.filter(holder_id=holder_id)
    start = now - SPAN
    rows = list(mine.filter(at__gt=start, at__lte=now).order_by("-at", "-id")[:_MOST])[::-1]
    payers = _payers([row.ref for row in rows if row.kind == "payment_received"])
    moments = tuple(
        Moment(row.at, row.kind, row.direction, Money(row.amount_minor, row.currency), row.status, row.ref,
               payers.get(row.ref, "") if row.kind == "payment_received" else "")
        for row in rows
    )  # fmt: skip
    before = mine.filter(at__lte=start).order_by("-at", "-id").values_list("at", flat=True).first()
    ceilings = {currency: _ceiling(holder_id, currency, now) for currency in {one.amount.currency for one in moments}}
    return History(holder_id=holder_id, moments=moments, previous_at=before, ceilings=ceilings)


def _payers(refs: list[str]) -> dict[str, str]:
    """Who paid each of these: the other side's line about the same thing."""
    sent = Line.objects.filter(ref__in=refs, kind="payment_sent")
    return dict(sent.values_list("ref", "holder_id"))


def _ceiling(holder_id: str, currency: str, now: datetime) -> int | None:
    caps = windows.caps(holder_id, currency, now=now)
    return caps.payment if caps.payment is not None else caps.day
