"""What the holder is told of a payment: a line of activity, and an alarm when a number was passed on."""

from datetime import datetime

from cards.authorizations.books import merchant_of
from cards.authorizations.codes import LEAKS
from cards.authorizations.models import Authorization, Chargeback
from cards.authorizations.states import AuthorizationStatus, ChargebackStatus
from cards.issuing.cards import has_left
from cards.issuing.models import Card
from cards.issuing.numbers import domain_name, place_name
from cards.issuing.reveals import meant_for
from wallet.activity import lines, notices
from wallet.core.money import Money
from wallet.core.transactions import owns_transaction

#: How a line stands for each state.
_STATUS = {
    AuthorizationStatus.APPROVED: "held",
    AuthorizationStatus.DECLINED: "declined",
    AuthorizationStatus.CAPTURED: "captured",
    AuthorizationStatus.REVERSED: "reversed",
    AuthorizationStatus.EXPIRED: "expired",
}

_DISPUTE_STATUS = {
    ChargebackStatus.OPEN: "disputed",
    ChargebackStatus.WON: "done",
    ChargebackStatus.LOST: "failed",
}


@owns_transaction
def tell(*, authorization_id: str, now: datetime) -> None:
    """Bring the holder's activity up to what the payment is now; twice tells nothing twice."""
    payment = (
        Authorization.objects.select_for_update(no_key=True, of=("self",)).filter(id=authorization_id)
        .select_related("card").first()
    )  # fmt: skip
    if payment is None or payment.card is None or has_left(payment.card):
        return
    if payment.entry != "force_post" or payment.captured_minor:
        _tell_payment(payment, payment.card, now)
    if payment.refunded_minor:
        _tell_refund(payment, now)
    for chargeback in payment.chargebacks.order_by("opened_at", "id"):
        _tell_chargeback(payment, chargeback)


def given_to(card: Card, number_id: str = "") -> str:
    """Whom the number was made or meant for, in the holder's own words or by the platform's name."""
    if number_id not in {"", card.id}:
        return place_name(number_id)
    return meant_for(card) or domain_name(card.link) or card.label or f"•••• {card.last4}"


def _tell_payment(payment: Authorization, card: Card, now: datetime) -> None:
    amount = Money(_shown_minor(payment), payment.currency)
    status = _STATUS[AuthorizationStatus(payment.status)]
    reason = payment.reason if payment.status == AuthorizationStatus.DECLINED else ""
    if lines.restate(holder_id=payment.holder_id, ref=payment.id, status=status, amount=amount, reason=reason):
        return
    merchant = merchant_of(payment)
    lines.record(
        holder_id=payment.holder_id, kind="card_payment", direction="out", amount=amount, status=status,
        ref=payment.id, merchant=merchant.name or merchant.id, reason=reason, now=payment.decided_at,
    )  # fmt: skip
    if payment.reason in LEAKS:
        notices.notify(
            holder_id=payment.holder_id, kind="leak", ref=card.id,
            facts={"name": given_to(card, payment.number), "merchant": merchant.name or merchant.id}, now=now,
        )  # fmt: skip


def _tell_refund(payment: Authorization, now: datetime) -> None:
    """One line for all that came back and stays; its reference is the payment's with a suffix of its own."""
    ref = f"{payment.id}:refund"
    amount = Money(max(payment.refunded_minor - payment.refund_reversed_minor, 0), payment.currency)
    status = "done" if amount else "reversed"
    if not lines.restate(holder_id=payment.holder_id, ref=ref, status=status, amount=amount):
        merchant = merchant_of(payment)
        lines.record(
            holder_id=payment.holder_id, kind="card_refund", direction="in", amount=amount, status=status, ref=ref,
            merchant=merchant.name or merchant.id, now=now,
        )  # fmt: skip


def _tell_chargeback(payment: Authorization, chargeback: Chargeback) -> None:
    amount = Money(chargeback.amount_minor, chargeback.currency)
    status = _DISPUTE_STATUS[ChargebackStatus(chargeback.status)]
    if not lines.restate(holder_id=payment.holder_id, ref=chargeback.id, status=status, amount=amount):
        merchant = merchant_of(payment)
        lines.record(
            holder_id=payment.holder_id, kind="card_dispute", direction="in", amount=amount, status=status,
            ref=chargeback.id, merchant=merchant.name or merchant.id, now=chargeback.opened_at,
        )  # fmt: skip


def _shown_minor(payment: Authorization) -> int:
    if payment.status == AuthorizationStatus.DECLINED:
        return payment.requested_minor
    if payment.status == AuthorizationStatus.CAPTURED:
        return payment.captured_minor
    return payment.authorized_minor - payment.reversed_minor
