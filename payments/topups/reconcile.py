"""Reconciliation: the gateway's own books against ours, object by object; each difference is named.

`compare` is pure. Both sides are lists of entries; an entry is one movement about one object (a payment, a refund, a
dispute), and what one side has in several transfers is summed before it comes here.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from wallet.core.money import Money


class EntryKind(StrEnum):
    """What a movement at the gateway is about."""

    PAYMENT = "payment"
    REFUND = "refund"
    REFUND_FAILED = "refund_failed"
    DISPUTE = "dispute"
    DISPUTE_BACK = "dispute_back"
    PAYOUT = "payout"
    OTHER = "other"


#: What a gateway keeps a fee of.
WITH_FEE = frozenset({EntryKind.PAYMENT, EntryKind.DISPUTE})


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement: positive came to us, negative went.

    Args:
        kind: what it is.
        object_ref: the gateway's name of the payment, refund, dispute or payout.
        amount: before the fee.
        fee: what the gateway kept of it, or None where that is not known here.
        at: when.
        ref: its own name on its side (a balance transaction, or a top-up).
        is_ours: on our side: whether it stands on the gateway's own account.
    """

    kind: EntryKind
    object_ref: str
    amount: Money
    fee: int | None
    at: datetime
    ref: str
    is_ours: bool = True


class DifferenceKind(StrEnum):
    """What is wrong."""

    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    DUPLICATE_HERE = "duplicate_here"
    DUPLICATE_THERE = "duplicate_there"
    AMOUNT = "amount"
    CURRENCY = "currency"
    FEE = "fee"
    LATE = "late"
    ACCOUNT = "account"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs, with what each side says."""

    kind: DifferenceKind
    about: EntryKind
    object_ref: str
    here: str
    there: str

    def as_json(self) -> dict[str, str]:
        """As the command prints and the console shows it."""
        return {
            "kind": str(self.kind), "about": str(self.about), "object": self.object_ref, "here": self.here,
            "there": self.there,
        }  # fmt: skip


#: Booked later than this, something did not work: the poller promises ten minutes (standard.md W03).
LATE_AFTER = timedelta(hours=1)
#: What the gateway does with its own money: nothing of ours to compare it with.
_THEIR_OWN = frozenset({EntryKind.PAYOUT})


def compare(ours: Iterable[Entry], theirs: Iterable[Entry]) -> list[Difference]:
    """Everything that differs, at most one difference for an object; ordered by the object's name."""
    here, there = _grouped(ours), _grouped(theirs)
    found = [_judge(name, here.get(name, []), there.get(name, [])) for name in sorted({*here, *there})]
    return [one for one in found if one is not None]


def _grouped(entries: Iterable[Entry]) -> dict[tuple[EntryKind, str], list[Entry]]:
    found: defaultdict[tuple[EntryKind, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.kind not in _THEIR_OWN:
            found[entry.kind, entry.object_ref].append(entry)
    return found


def _judge(name: tuple[EntryKind, str], here: list[Entry], there: list[Entry]) -> Difference | None:
    about, object_ref = name
    kind, said_here, said_there = _verdict(about, here, there)
    return None if kind is None else Difference(kind, about, object_ref, said_here, said_there)


def _verdict(about: EntryKind, here: list[Entry], there: list[Entry]) -> tuple[DifferenceKind | None, str, str]:
    said_here, said_there = _sum(here), _sum(there)
    fees_here, fees_there = _fees(about, here), _fees(about, there)
    kind: DifferenceKind | None = None
    if about is EntryKind.OTHER:
        kind = DifferenceKind.UNKNOWN
    elif not here:
        kind = DifferenceKind.MISSING_HERE
    elif not there:
        kind = DifferenceKind.MISSING_THERE
    elif {one.amount.currency for one in here} != {one.amount.currency for one in there}:
        kind = DifferenceKind.CURRENCY
    elif len(here) != len(there):
        kind = DifferenceKind.DUPLICATE_HERE if len(here) > len(there) else DifferenceKind.DUPLICATE_THERE
    elif said_here != said_there:
        kind = DifferenceKind.AMOUNT
    elif not all(one.is_ours for one in here):
        kind = DifferenceKind.ACCOUNT
    elif fees_here != fees_there:
        kind, said_here, said_there = DifferenceKind.FEE, str(fees_here), str(fees_there)
    elif _last(here) - _last(there) > LATE_AFTER:
        kind, said_here, said_there = DifferenceKind.LATE, _last(here).isoformat(), _last(there).isoformat()
    return kind, said_here, said_there


def _last(entries: list[Entry]) -> datetime:
    return max(one.at for one in entries)


def _sum(entries: list[Entry]) -> str:
    """Minor units and currency, as every difference says them."""
    if not entries:
        return ""
    currencies = " ".join(sorted({one.amount.currency for one in entries}))
    return f"{sum(one.amount.minor for one in entries)} {currencies}"


def _fees(about: EntryKind, entries: list[Entry]) -> int:
    return sum(one.fee or 0 for one in entries) if about in WITH_FEE else 0
