"""A top-up as a lot: its states, and the line of activity and the notice that tell of them.

The edges say that money which comes late is still the holder's: a payment seen as failed or expired may succeed.
"""

from datetime import datetime

from payments.topups.models import TopUp, TopUpStatus
from privacy.rights.models import Erasure, ErasureStatus
from wallet.activity import lines, notices
from wallet.core.actors import Actor
from wallet.core.states import StateMachine
from wallet.core.transactions import needs_transaction

S = TopUpStatus
MACHINE: StateMachine[TopUpStatus] = StateMachine(
    "top_up",
    {
        "session": {S.CREATED: S.PENDING},
        "refuse": {S.CREATED: S.FAILED},
        "pay": {S.CREATED: S.SUCCEEDED, S.PENDING: S.SUCCEEDED, S.FAILED: S.SUCCEEDED, S.EXPIRED: S.SUCCEEDED},
        "fail": {S.PENDING: S.FAILED},
        "expire": {S.PENDING: S.EXPIRED},
        "refund": {S.SUCCEEDED: S.REFUNDED},
        "refund_failed": {S.REFUNDED: S.SUCCEEDED},
        "dispute": {S.SUCCEEDED: S.DISPUTED, S.REFUNDED: S.DISPUTED},
        "dispute_won": {S.DISPUTED: S.SUCCEEDED},
    },
)


def has_left(holder_id: str) -> bool:
    """Whether the holder was erased: there is nobody to credit, to charge or to tell any more (settled.md 1)."""
    return Erasure.objects.filter(pk=holder_id, status=ErasureStatus.DONE).exists()


@needs_transaction
def advance(top_up: TopUp, event: str, actor: Actor) -> None:
    """Move the state of a locked top-up, with its audit row."""
    before = TopUpStatus(top_up.status)
    top_up.status = MACHINE.after(before, event)
    top_up.save()
    MACHINE.record(subject=top_up.id, event=event, before=before, after=TopUpStatus(top_up.status), actor=actor)


@needs_transaction
def settle_state(*, top_up: TopUp, actor: Actor, now: datetime) -> None:
    """Bring the state of a locked lot to what went back and what is disputed of it."""
    top_up.save()
    if event := _event_of(top_up):
        advance(top_up, event, actor)
        tell(top_up, now)


def _event_of(top_up: TopUp) -> str:
    is_disputed = top_up.disputes.exclude(taken_minor=0).exists()
    is_back = top_up.refunded_minor == top_up.amount_minor
    if is_disputed and top_up.status in MACHINE.edges["dispute"]:
        return "dispute"
    if not is_disputed and top_up.status in MACHINE.edges["dispute_won"]:
        return "dispute_won"
    if is_back and top_up.status in MACHINE.edges["refund"]:
        return "refund"
    if not is_back and top_up.status in MACHINE.edges["refund_failed"]:
        return "refund_failed"
    return ""


@needs_transaction
def tell(top_up: TopUp, now: datetime) -> None:
    """One line of activity for a top-up, restated as it moves on."""
    if has_left(top_up.holder_id):
        return
    told = lines.restate(
        holder_id=top_up.holder_id, ref=top_up.id, status=top_up.status, reason=top_up.failure
    )  # fmt: skip
    if not told:
        lines.record(
            holder_id=top_up.holder_id, kind="top_up", direction="in", amount=top_up.amount, status=top_up.status,
            ref=top_up.id, reason=top_up.failure, now=now,
        )  # fmt: skip


@needs_transaction
def notify(top_up: TopUp, now: datetime) -> None:
    """A notice of how it came out."""
    if has_left(top_up.holder_id):
        return
    notices.notify(
        holder_id=top_up.holder_id, kind=f"top_up_{top_up.status}", ref=top_up.id, facts={"amount": top_up.amount},
        now=now,
    )  # fmt: skip
