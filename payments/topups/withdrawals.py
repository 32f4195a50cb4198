"""Money back out: to where it came from, the newest lot first (settled.md 10).

A lot is a cap, not a purse: what is left of it is its amount less what went back and what is disputed, and spending
does not use it up. The money leaves the holder's main account when the withdrawal is made, so nothing else can spend
it; what the gateway does not take comes back to it.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from payments.topups import following, lots, payouts, refunds
from payments.topups.disclosures import disclose_refund
from payments.topups.gateway import Refund, RefundState, gateway
from payments.topups.models import RefundStatus, TopUp, TopUpRefund, TopUpStatus, Withdrawal, WithdrawalStatus
from wallet.activity import lines
from wallet.core import outbox
from wallet.core.actors import Actor
from wallet.core.errors import GatewayRefused, Invalid, Kind, NotFound, WalletError
from wallet.core.money import Money
from wallet.core.transactions import owns_transaction
from wallet.ledger import accounts, transfers
from wallet.ledger.accounts import AccountKind
from wallet.ledger.refusals import InsufficientFunds
from wallet.ledger.transfers import Op, Transfer
from wallet.users import freezes

__all__ = [
    "InsufficientFunds", "NothingToGoBackTo", "create_withdrawal", "find_withdrawal", "possible",
    "send",
]  # fmt: skip

W = WithdrawalStatus
SEND = "topups.send_refund"
_ACTOR = Actor.system("topups.withdrawals")


class NothingToGoBackTo(WalletError):
    """No top-up of yours has so much left that it could go back to its card or account."""

    kind = Kind.REFUSED
    slug = "nothing-to-go-back-to"
    title = "So much cannot go back to where it came from"


def find_withdrawal(*, holder_id: str, withdrawal_id: str) -> Withdrawal:
    """The holder's own withdrawal.

    Raises:
        NotFound: unknown, or another's.
    """
    found = Withdrawal.objects.filter(id=withdrawal_id, holder_id=holder_id).first()
    if found is None:
        raise NotFound
    return found


def left_of(lot: TopUp) -> Money:
    """What of a lot may still go back."""
    if lot.status != TopUpStatus.SUCCEEDED or lot.disputed_minor:
        # Its bank has taken a part already: a refund beside a dispute would pay twice.
        return Money(0, lot.currency)
    return Money(lot.amount_minor - lot.refunded_minor, lot.currency)


def possible(holder_id: str, currency: str, *, now: datetime) -> Money:
    """What could go out at most, if it is there: to lots, and to a bank account."""
    own = TopUp.objects.filter(holder_id=holder_id, currency=currency, status=TopUpStatus.SUCCEEDED)
    to_bank = payouts.payable(holder_id=holder_id, currency=currency, now=now)
    return Money(sum(left_of(lot).minor for lot in own), currency) + to_bank


@owns_transaction
def create_withdrawal(
    *, holder_id: str, amount: Money, top_up_id: str = "", actor: Actor, now: datetime
) -> Withdrawal:  # fmt: skip
    """Take the money out of the main account and promise to send it back; a worker calls the gateway.

    Raises:
        Invalid: the top-up is not the holder's, or has less left.
        InsufficientFunds: there is less in the main account.
        NothingToGoBackTo: the lots have less left.
        wallet.users.freezes.WalletPaused: the holder is frozen.
    """
    if not freezes.may_spend(holder_id):
        raise freezes.WalletPaused
    _one_at_a_time(holder_id)
    parts, rest = _parts(holder_id=holder_id, amount=amount, top_up_id=top_up_id)
    if rest and (top_up_id or payouts.payable(holder_id=holder_id, currency=amount.currency, now=now) < rest):
        raise NothingToGoBackTo
    made = Withdrawal.objects.create(
        holder_id=holder_id, amount_minor=amount.minor, currency=amount.currency, top_up_id=top_up_id, created_at=now
    )
    following.MACHINE.record(subject=made.id, event="create", before=W.CREATED, after=W.CREATED, actor=actor)
    batch = []
    for lot, minor in parts:
        part = TopUpRefund.objects.create(
            top_up=lot, amount_minor=minor, currency=amount.currency, withdrawal=made.id, created_at=now
        )
        batch.append(_transfer(lot, part))
        lot.refunded_minor += minor
        lots.settle_state(top_up=lot, actor=actor, now=now)
        disclose_refund(lot, part)
        outbox.enqueue(topic=SEND, ref=part.id)
    if rest:
        batch.append(payouts.create(withdrawal=made, amount=rest, now=now))
    transfers.post(batch)
    lines.record(
        holder_id=holder_id, kind="withdrawal", direction="out", amount=amount, status=made.status, ref=made.id, now=now
    )
    return made


def _one_at_a_time(holder_id: str) -> None:
    """What came from others is counted, and two counts at once would pay it twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"withdrawal:{holder_id}"])


def _parts(*, holder_id: str, amount: Money, top_up_id: str) -> tuple[list[tuple[TopUp, int]], Money]:
    """Which lots it goes back to, and what is left of it; they are locked, in one order everywhere."""
    own = TopUp.objects.filter(holder_id=holder_id, currency=amount.currency, status=TopUpStatus.SUCCEEDED)
    if top_up_id:
        own = own.filter(id=top_up_id)
    locked = {lot.id: lot for lot in own.select_for_update().order_by("id")}
    if top_up_id and top_up_id not in locked:
        raise Invalid("is not a top-up of yours that can go back", pointer="/top_up")
    left, parts = amount.minor, []
    for lot in sorted(locked.values(), key=lambda one: (one.succeeded_at or one.created_at, one.id), reverse=True):
        part = min(left_of(lot).minor, left)
        if part:
            parts.append((lot, part))
            left -= part
    if left and top_up_id:
        raise Invalid("is more than what is left of this top-up", pointer="/amount")
    return parts, Money(left, amount.currency)


def _transfer(lot: TopUp, part: TopUpRefund) -> Transfer:
    clearing = accounts.programme(AccountKind(gateway(lot.gateway).clearing_account), part.currency)
    main = accounts.main(lot.holder_id, part.currency)
    return Transfer(Op.POST, f"{part.id}:out", main, clearing, part.amount, "withdrawal", lot.id)


def send(*, refund_id: str, now: datetime) -> None:
    """Have the gateway send one part back: ask what it knows, call out, record (worker).

    It is asked first because an answer may have been lost: then the refund is there, under our reference.

    Raises:
        GatewayUnavailable: the outbox tries again.
    """
    part = TopUpRefund.objects.select_related("top_up").get(id=refund_id)
    if part.status != RefundStatus.CREATED:
        return
    port, lot = gateway(part.top_up.gateway), part.top_up
    known = port.fetch(session_ref=lot.session_ref)
    told = next((one for one in known.refunds if one.reference == part.id), None)
    if told is None:
        try:
            told = port.refund(reference=part.id, payment_ref=lot.payment_ref, amount=part.amount)
        except GatewayRefused as refused:
            code = str(refused.facts.get("code", ""))
            told = Refund("", part.id, RefundState.FAILED, part.amount, code or "refused")
    record(top_up_id=lot.id, told=[*known.refunds, told], now=now)


@owns_transaction
def record(*, top_up_id: str, told: Sequence[Refund], now: datetime) -> None:
    """Bring refunds of a lot to what the gateway says."""
    lot = TopUp.objects.select_for_update().get(id=top_up_id)
    for one in told:
        refunds.apply(top_up=lot, told=one, now=now)
    lots.settle_state(top_up=lot, actor=_ACTOR, now=now)
    following.follow(top_up=lot, now=now)
