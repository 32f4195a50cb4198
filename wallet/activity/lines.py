"""Lines of activity: written by the rooms above in the transaction of what happened."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import QuerySet

from privacy.crypto.keyring import KeyDestroyed
from wallet.activity import words
from wallet.activity.models import Line
from wallet.core.money import Money
from wallet.core.transactions import needs_transaction

Direction = Literal["in", "out", "none"]

#: Ways in which money did not move.
_NOT_MOVED = frozenset({"declined", "failed", "canceled", "expired", "released", "reversed"})


@dataclass(frozen=True, slots=True)
class Shown:
    """A line as pages and the API show it."""

    id: str
    at: datetime
    kind: str
    title: str
    direction: str
    amount: Money
    status: str
    status_text: str
    ref: str
    merchant: str
    counterparty: str
    reason_code: str
    reason: str
    next_step: str
    has_moved: bool

    @property
    def sign(self) -> str:
        """The class of its amount: in, out, or neither when nothing moved."""
        return self.direction if self.has_moved else "none"


@needs_transaction
def record(  # noqa: PLR0913 - a line has that many parts, all named
    *, holder_id: str, kind: str, direction: Direction, amount: Money, status: str, ref: str, counterparty: str = "",
    merchant: str = "", reason: str = "", next_step: str = "", now: datetime,
) -> Line:  # fmt: skip
    """Write one line.

    Args:
        holder_id: whose line it is; what two people share is one line for each.
        kind: a code of `words.KINDS`.
        direction: as this holder sees it.
        amount: not negative.
        status: a code of `words.STATUSES`.
        ref: the public id of the thing.
        counterparty: the other's name as this holder may see it.
        merchant: the shop's name.
        reason: a code of `words.REASONS`, for what was declined or failed.
        next_step: a code of the same catalogue where the step differs from the reason's own.
        now: the database's time.
    """
    line = Line(
        holder_id=holder_id, kind=kind, direction=direction, amount_minor=amount.minor, currency=amount.currency,
        status=status, ref=ref, reason=reason, next_step=next_step, at=now,
    )  # fmt: skip
    line.counterparty, line.merchant = counterparty, merchant
    line.save(force_insert=True)
    return line


@needs_transaction
def restate(
    *, holder_id: str, ref: str, status: str, amount: Money | None = None, direction: Direction | None = None,
    reason: str | None = None,
) -> bool:  # fmt: skip
    """Say how a thing stands now: changes its newest line, and whether there was one."""
    line = Line.objects.filter(holder_id=holder_id, ref=ref).order_by("-at", "-id").values_list("id", flat=True).first()
    changes: dict[str, str | int] = {"status": status}
    if amount is not None:
        changes |= {"amount_minor": amount.minor, "currency": amount.currency}
    if direction is not None:
        changes["direction"] = direction
    if reason is not None:
        changes["reason"] = reason
    return line is not None and Line.objects.filter(id=line).update(**changes) == 1


def list_lines(holder_id: str) -> QuerySet[Line]:
    """A holder's own lines, newest first."""
    return Line.objects.filter(holder_id=holder_id).order_by("-at", "-id")


def show(lines: Iterable[Line]) -> list[Shown]:
    """Lines opened and put in the reader's language."""
    return [_show(line) for line in lines]


def _show(line: Line) -> Shown:
    why = words.reason(line.reason)
    step = words.reason(line.next_step) or why
    return Shown(
        id=line.id,
        at=line.at,
        kind=line.kind,
        title=words.kind(line.kind),
        direction=line.direction,
        amount=Money(line.amount_minor, line.currency),
        status=line.status,
        status_text=words.status(line.status),
        ref=line.ref,
        merchant=_opened(line, "merchant"),
        counterparty=_opened(line, "counterparty"),
        reason_code=line.reason,
        reason=str(why.text) if why else "",
        next_step=str(step.next_step) if step else "",
        has_moved=line.direction != "none" and line.status not in _NOT_MOVED,
    )


def _opened(line: Line, name: str) -> str:
    try:
        return str(getattr(line, name))
    except KeyDestroyed:
        return ""
