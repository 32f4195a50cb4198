"""What goes back of a top-up, as the gateway tells it: our own, and what somebody refunded at the gateway itself."""

from datetime import datetime

from payments.topups import collecting, lots
from payments.topups.gateway import Refund, RefundState, gateway
from payments.topups.models import RefundStatus, TopUp, TopUpRefund
from wallet.activity import lines
from wallet.core.transactions import needs_transaction
from wallet.ledger import accounts
from wallet.ledger.accounts import AccountKind

_ENDED = frozenset({RefundStatus.SUCCEEDED, RefundStatus.FAILED})


@needs_transaction
def apply(*, top_up: TopUp, told: Refund, now: datetime) -> None:
    """Bring one refund of a locked lot to what the gateway says; the effect is keyed by the refund."""
    part = _find(top_up, told)
    if part is None:
        if told.state is RefundState.FAILED:
            return
        part = _adopt(top_up, told, now)
    if part.status == RefundStatus.FAILED:
        return
    part.gateway_ref, part.failure = told.ref, told.failure
    if told.state is RefundState.FAILED:
        _come_back(top_up, part, now)
    if part.status != RefundStatus.SUCCEEDED or told.state is not RefundState.PENDING:
        part.status = str(told.state)
    if RefundStatus(part.status) in _ENDED:
        part.ended_at = part.ended_at or now
    part.save()
    lines.restate(holder_id=top_up.holder_id, ref=part.id, status=part.status)


def _find(top_up: TopUp, told: Refund) -> TopUpRefund | None:
    of_lot = TopUpRefund.objects.select_for_update().filter(top_up=top_up)
    return of_lot.filter(gateway_ref=told.ref).first() or of_lot.filter(id=told.reference, gateway_ref="").first()


def _adopt(top_up: TopUp, told: Refund, now: datetime) -> TopUpRefund:
    """One that was made at the gateway: the money has gone, so the holder's goes too."""
    part = TopUpRefund.objects.create(
        top_up=top_up, amount_minor=told.amount.minor, currency=told.amount.currency, gateway_ref=told.ref,
        created_at=now,
    )  # fmt: skip
    top_up.refunded_minor = min(top_up.refunded_minor + told.amount.minor, top_up.amount_minor - top_up.disputed_minor)
    collecting.take(cause(top_up, f"{part.id}:out"), told.amount)
    if not lots.has_left(top_up.holder_id):
        lines.record(
            holder_id=top_up.holder_id, kind="top_up_refund", direction="out", amount=told.amount,
            status=str(told.state), ref=part.id, now=now,
        )  # fmt: skip
    return part


def _come_back(top_up: TopUp, part: TopUpRefund, now: datetime) -> None:
    top_up.refunded_minor = max(top_up.refunded_minor - part.amount_minor, 0)
    collecting.give(cause(top_up, f"{part.id}:back"), part.amount, now)


def cause(top_up: TopUp, key: str) -> collecting.Cause:
    """Why this money moves."""
    clearing = accounts.programme(AccountKind(gateway(top_up.gateway).clearing_account), top_up.currency)
    return collecting.Cause(top_up, clearing, key, "top_up_refund")
