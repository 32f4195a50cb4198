"""Money that came from other people goes to a bank account, which is typed on the provider's page (settled.md 10).

It can go fourteen days after it came. Spending is not counted against it: what is gone is not there to be taken.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, Sum

from payments.topups import following, lots
from payments.topups.disclosures import disclose_payout
from payments.topups.gateway import PayoutGateway, PayoutState, Session, payout_gateway
from payments.topups.models import BankPayout, PayoutStatus, Withdrawal
from wallet.core import outbox
from wallet.core.errors import GatewayRefused
from wallet.core.money import Money
from wallet.core.transactions import needs_transaction, owns_transaction
from wallet.ledger import accounts, transfers
from wallet.ledger.accounts import AccountKind
from wallet.ledger.models import Account, Transfer
from wallet.ledger.transfers import Op
from wallet.ledger.transfers import Transfer as Movement
from wallet.limits import receiving

P = PayoutStatus
MAKE_PAGE, LOOK = "topups.payout_page", "topups.payout_look"
#: How long money stays that came from others.
SETTLES_AFTER = timedelta(days=14)
_STATES = {
    PayoutState.PENDING: P.PENDING, PayoutState.PAID: P.SUCCEEDED, PayoutState.FAILED: P.FAILED,
    PayoutState.EXPIRED: P.FAILED,
}  # fmt: skip


def payable(*, holder_id: str, currency: str, now: datetime) -> Money:
    """What came from other people fourteen days ago or earlier, less what was paid out of it."""
    main = Account.objects.filter(kind=AccountKind.MAIN, owner=holder_id, currency=currency).first()
    if payout_gateway() is None or main is None:
        return Money(0, currency)
    came = Transfer.objects.filter(
        op__in=[Op.POST, Op.SETTLE], credit_account=main.id, at__lte=now - SETTLES_AFTER,
        debit_account__in=_others(holder_id, currency),
    ).aggregate(sum=Sum("amount"))["sum"]  # fmt: skip
    went = (
        BankPayout.objects.filter(withdrawal__holder_id=holder_id, currency=currency)
        .exclude(status=P.FAILED)
        .aggregate(sum=Sum("amount_minor"))["sum"]
    )
    return Money(max((came or 0) - (went or 0), 0), currency)


def _others(holder_id: str, currency: str) -> Any:
    people = Q(kind__in=[AccountKind.MAIN, AccountKind.CARD], currency=currency)
    return Account.objects.filter(people).exclude(holder_id=holder_id).values("id")


@needs_transaction
def create(*, withdrawal: Withdrawal, amount: Money, now: datetime) -> Movement:
    """Promise the page; returns the transfer that the withdrawal posts with its others."""
    port = _port()
    made = BankPayout.objects.create(
        withdrawal=withdrawal, amount_minor=amount.minor, currency=amount.currency, gateway=port.name, created_at=now
    )
    disclose_payout(made, holder_id=withdrawal.holder_id)
    outbox.enqueue(topic=MAKE_PAGE, ref=made.id)
    clearing = accounts.programme(AccountKind(port.clearing_account), amount.currency)
    main = accounts.main(withdrawal.holder_id, amount.currency)
    return Movement(Op.POST, f"{made.id}:out", main, clearing, amount, "payout", withdrawal.id)


def make_page(*, payout_id: str, now: datetime) -> None:
    """Have the page made that asks for bank details (worker).

    Raises:
        GatewayUnavailable: the outbox tries again.
    """
    payout = BankPayout.objects.get(id=payout_id)
    if payout.status != P.CREATED:
        return
    url = f"{settings.PUBLIC_URL}/withdrawals/{payout.withdrawal_id}"
    try:
        page = _port(payout.gateway).create_page(reference=payout.id, amount=payout.amount, return_url=url)
    except GatewayRefused:
        _record(payout_id=payout.id, state=PayoutState.FAILED, now=now)
        return
    _keep_page(payout_id=payout.id, page=page)


@owns_transaction
def _keep_page(*, payout_id: str, page: Session) -> None:
    payout = BankPayout.objects.select_for_update().get(id=payout_id)
    if payout.status == P.CREATED:
        payout.session_ref, payout.hosted_url, payout.status = page.ref, page.url, P.WAITING
        payout.save()


def look(*, payout_id: str, now: datetime) -> None:
    """Ask how it stands and apply the answer (worker).

    Raises:
        GatewayUnavailable: the outbox, or the next poll, asks again.
    """
    payout = BankPayout.objects.get(id=payout_id)
    if payout.session_ref:
        _record(payout_id=payout.id, state=_port(payout.gateway).fetch_payout(session_ref=payout.session_ref), now=now)


@owns_transaction
def _record(*, payout_id: str, state: PayoutState, now: datetime) -> None:
    payout = BankPayout.objects.select_for_update().select_related("withdrawal").get(id=payout_id)
    status = _STATES.get(state)
    if status is None or payout.status in {P.SUCCEEDED, P.FAILED}:
        return
    payout.status = status
    if status in {P.SUCCEEDED, P.FAILED}:
        payout.ended_at = now
    if status == P.FAILED:
        payout.failure = "expired" if state is PayoutState.EXPIRED else "refused"
        _come_back(payout, now)
    payout.save()
    following.settle(withdrawal_id=payout.withdrawal_id, now=now)


def _come_back(payout: BankPayout, now: datetime) -> None:
    """Into main again; who has left meanwhile gets nothing more: it is the programme's (settled.md 1)."""
    clearing = accounts.programme(AccountKind(_port(payout.gateway).clearing_account), payout.currency)
    if lots.has_left(payout.withdrawal.holder_id):
        losses = accounts.programme(AccountKind.LOSSES, payout.currency)
        ref = f"{payout.withdrawal_id}:back"
        transfers.post([Movement(Op.POST, f"{payout.id}:back", clearing, losses, payout.amount, "payout_back", ref)])
        return
    receiving.receive(
        holder_id=payout.withdrawal.holder_id, amount=payout.amount, source=clearing, key=f"{payout.id}:back",
        code="payout_back", ref=f"{payout.withdrawal_id}:back", now=now,
    )  # fmt: skip


def _port(name: str | None = None) -> PayoutGateway:
    found = payout_gateway(name)
    if found is None:
        raise GatewayRefused
    return found


def is_possible() -> bool:
    """Whether anybody pays to bank accounts here."""
    return payout_gateway() is not None


__all__ = ["LOOK", "MAKE_PAGE", "create", "is_possible", "look", "make_page", "payable"]
