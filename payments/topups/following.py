"""What becomes of a withdrawal follows from what becomes of its parts."""

from datetime import datetime

from payments.topups import lots
from payments.topups.models import BankPayout, TopUp, TopUpRefund, Withdrawal, WithdrawalStatus
from wallet.activity import lines, notices
from wallet.core.actors import Actor
from wallet.core.states import StateMachine
from wallet.core.transactions import needs_transaction

W = WithdrawalStatus
MACHINE: StateMachine[WithdrawalStatus] = StateMachine(
    "withdrawal",
    {
        "send": {W.CREATED: W.PENDING},
        "arrive": {W.CREATED: W.SUCCEEDED, W.PENDING: W.SUCCEEDED},
        # Even what had arrived may be sent back by a bank.
        "fail": {W.CREATED: W.FAILED, W.PENDING: W.FAILED, W.SUCCEEDED: W.FAILED},
    },
)

_ACTOR = Actor.system("topups.withdrawals")


@needs_transaction
def follow(*, top_up: TopUp, now: datetime) -> None:
    """Bring the withdrawals that this lot has a part in to what became of their parts."""
    about = TopUpRefund.objects.filter(top_up=top_up).exclude(withdrawal="").values("withdrawal")
    open_ones = Withdrawal.objects.filter(id__in=about).exclude(status=W.FAILED)
    for withdrawal in open_ones.select_for_update(of=("self",)).order_by("id"):
        _settle(withdrawal, now)


@needs_transaction
def settle(*, withdrawal_id: str, now: datetime) -> None:
    """Bring one withdrawal to what became of its parts; nothing changes for one that has failed."""
    withdrawal = Withdrawal.objects.select_for_update().exclude(status=W.FAILED).filter(id=withdrawal_id).first()
    if withdrawal is not None:
        _settle(withdrawal, now)


def _settle(withdrawal: Withdrawal, now: datetime) -> None:
    """All parts arrived: succeeded. One failed and the rest ended: failed, and what came back is said."""
    parts: list[TopUpRefund | BankPayout] = [
        *TopUpRefund.objects.filter(withdrawal=withdrawal.id), *BankPayout.objects.filter(withdrawal=withdrawal),
    ]  # fmt: skip
    states = {part.status for part in parts}
    withdrawal.returned_minor = sum(part.amount_minor for part in parts if part.status == "failed")
    if states == {"succeeded"}:
        event = "arrive"
    elif states <= {"succeeded", "failed"}:
        event = "fail"
    else:
        event = "" if states & {"created", "waiting"} else "send"
    before = WithdrawalStatus(withdrawal.status)
    if event and before in MACHINE.edges[event]:
        withdrawal.status = MACHINE.after(before, event)
        MACHINE.record(subject=withdrawal.id, event=event, before=before, after=W(withdrawal.status), actor=_ACTOR)
        _tell(withdrawal, parts, now)
    withdrawal.save()


def _tell(withdrawal: Withdrawal, parts: list[TopUpRefund | BankPayout], now: datetime) -> None:
    if withdrawal.status == W.FAILED:
        withdrawal.failure = next((part.failure for part in parts if part.failure), "") or "refused"
    if withdrawal.status in {W.SUCCEEDED, W.FAILED}:
        withdrawal.ended_at = now
    if withdrawal.ended_at and not lots.has_left(withdrawal.holder_id):
        amount = withdrawal.amount if withdrawal.status == W.SUCCEEDED else withdrawal.returned
        notices.notify(
            holder_id=withdrawal.holder_id, kind=f"withdrawal_{withdrawal.status}", ref=withdrawal.id,
            facts={"amount": amount}, now=now,
        )  # fmt: skip
    lines.restate(
        holder_id=withdrawal.holder_id, ref=withdrawal.id, status=withdrawal.status, reason=withdrawal.failure
    )  # fmt: skip
