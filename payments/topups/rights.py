"""What this room holds about a person, how it is exported and erased, and how their money goes out when they leave."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from payments.topups import withdrawals
from payments.topups.models import TopUp, TopUpDispute, TopUpStatus, Withdrawal, WithdrawalStatus
from privacy.rights import kinds, leaving
from privacy.rights.leaving import Named
from wallet.core.actors import Actor
from wallet.core.money import Money
from wallet.ledger import balances
from wallet.ledger.accounts import AccountKind
from wallet.ledger.refusals import InsufficientFunds


@kinds.register
class TopUps(kinds.Kind):
    """Payments into the wallet."""

    name = "top_ups"
    label = _("your top-ups")


@leaving.named
def pending_of(holder_id: str) -> list[Named]:
    """Money that is on its way in is waited for: it belongs to the person, and must not come to nobody."""
    rows = TopUp.objects.filter(holder_id=holder_id, status=TopUpStatus.PENDING)
    return [Named("top_up", row.amount, is_waited_for=True) for row in rows]


@kinds.register
class Withdrawals(kinds.Kind):
    """Money taken out of the wallet."""

    name = "withdrawals"
    label = _("your withdrawals")


@leaving.named
def under_way_of(holder_id: str) -> list[Named]:
    """Money on its way out is waited for: what a bank sends back must find its owner; open disputes are named."""
    open_ones = Withdrawal.objects.filter(
        holder_id=holder_id, status__in=[WithdrawalStatus.CREATED, WithdrawalStatus.PENDING]
    )
    disputes = TopUpDispute.objects.filter(top_up__holder_id=holder_id, is_over=False)
    return [
        *[Named("withdrawal", row.amount, is_waited_for=True) for row in open_ones],
        *[Named("dispute", Money(row.amount_minor, row.currency)) for row in disputes],
    ]


@leaving.payout
def pay_out(holder_id: str, now: datetime) -> bool:
    """Send back what can go; whether something is on its way. What is left needs a destination, or time."""
    for balance in balances.of_holder(holder_id):
        if balance.ref.kind is not AccountKind.MAIN:
            continue
        most = withdrawals.possible(holder_id, balance.ref.currency, now=now)
        amount = Money(min(balance.available.minor, most.minor), most.currency)
        if amount:
            try:
                withdrawals.create_withdrawal(
                    holder_id=holder_id, amount=amount, actor=Actor.system("topups.leaving"), now=now
                )
            except (InsufficientFunds, withdrawals.NothingToGoBackTo):
                continue  # somebody else moved it meanwhile: the next look sees
    return Withdrawal.objects.filter(
        holder_id=holder_id, status__in=[WithdrawalStatus.CREATED, WithdrawalStatus.PENDING]
    ).exists()
