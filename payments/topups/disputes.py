"""Disputes of a holder's own top-ups: what the gateway has taken from us is taken from the holder, and given back."""

from datetime import datetime

from payments.topups import collecting, lots
from payments.topups.gateway import Dispute, gateway
from payments.topups.models import TopUp, TopUpDispute
from wallet.activity import lines, notices
from wallet.core.money import Money
from wallet.core.transactions import needs_transaction
from wallet.ledger import accounts, transfers
from wallet.ledger.accounts import AccountKind
from wallet.ledger.transfers import Op, Transfer


@needs_transaction
def apply(*, top_up: TopUp, told: Dispute, now: datetime) -> None:
    """Bring one dispute of a locked lot to what the gateway says: its balance tells whether our money is gone now.

    So the order of opened, withdrawn, reinstated and closed does not matter, nor how often each is told.
    """
    dispute, is_new = TopUpDispute.objects.select_for_update().get_or_create(
        gateway_ref=told.ref,
        defaults={
            "top_up": top_up, "amount_minor": told.amount.minor, "currency": told.amount.currency,
            "status": told.status, "opened_at": now,
        },
    )  # fmt: skip
    target = told.amount.minor if told.is_withdrawn else 0
    delta = target - dispute.taken_minor
    dispute.amount_minor = max(told.amount.minor, target)
    dispute.status, dispute.is_over = told.status, told.is_over
    dispute.ended_at = (dispute.ended_at or now) if told.is_over else None
    if delta:
        dispute.moves += 1
        dispute.taken_minor = target
        cause = _cause(top_up, dispute)
        amount = Money(abs(delta), told.amount.currency)
        if delta > 0:
            collecting.take(cause, amount)
        else:
            collecting.give(cause, amount, now)
    _book_fee(top_up, dispute, told.fee)
    dispute.save()
    taken = sum(TopUpDispute.objects.filter(top_up=top_up).values_list("taken_minor", flat=True))
    top_up.disputed_minor = min(taken, top_up.amount_minor - top_up.refunded_minor)
    _tell(top_up, dispute, told, is_new=is_new, now=now)


def _book_fee(top_up: TopUp, dispute: TopUpDispute, fee: Money | None) -> None:
    """What a dispute costs, once: the operator's, whoever wins."""
    if fee is None or fee.minor <= dispute.fee_minor:
        return
    more = Money(fee.minor - dispute.fee_minor, fee.currency)
    clearing = accounts.programme(AccountKind(gateway(top_up.gateway).clearing_account), fee.currency)
    fees = accounts.programme(AccountKind.FEES, fee.currency)
    key = f"dispute_fee:{dispute.gateway_ref}:{fee.minor}"
    transfers.post([Transfer(Op.POST, key, fees, clearing, more, "top_up_dispute_fee", top_up.id)])
    dispute.fee_minor = fee.minor


def _tell(top_up: TopUp, dispute: TopUpDispute, told: Dispute, *, is_new: bool, now: datetime) -> None:
    if lots.has_left(top_up.holder_id):
        return
    status = "disputed" if dispute.taken_minor else "released"
    ref = f"{top_up.id}:{told.ref}"
    if is_new:
        notices.notify(
            holder_id=top_up.holder_id, kind="top_up_disputed", ref=top_up.id, facts={"amount": told.amount}, now=now
        )
    if not lines.restate(holder_id=top_up.holder_id, ref=ref, status=status):
        lines.record(
            holder_id=top_up.holder_id, kind="top_up_dispute", direction="out", amount=told.amount, status=status,
            ref=ref, now=now,
        )  # fmt: skip


def _cause(top_up: TopUp, dispute: TopUpDispute) -> collecting.Cause:
    clearing = accounts.programme(AccountKind(gateway(top_up.gateway).clearing_account), dispute.currency)
    return collecting.Cause(top_up, clearing, f"dispute:{dispute.gateway_ref}:{dispute.moves}", "top_up_dispute")
