"""What a gateway is told: our id of the top-up and the amount, nothing of the person (settled.md 24).

And what the holder typed on its page, which we never see: that they did is on record all the same.
"""

from django.utils.translation import gettext_noop

from payments.topups.gateway import gateway
from payments.topups.models import BankPayout, TopUp, TopUpRefund
from privacy.exposure import gate, recipients
from privacy.exposure.schema import ClosedSchema, Member
from privacy.fields import Basis, Channel, FieldClass, Purpose
from wallet.core.members import MoneyField, PublicIdField, StrictCharField
from wallet.core.transactions import needs_transaction

_NAMES = {"sandbox": gettext_noop("Sandbox gateway"), "stripe": "Stripe"}


class GatewaySession(ClosedSchema):
    """What leaves when the hosted page is made."""

    reference = PublicIdField("top")
    amount = MoneyField()

    class Meta:
        schema = "gateway_session"
        members = {
            "reference": Member(FieldClass.OBJECT_ID, about=("holder",)),
            "amount": Member(FieldClass.PAYMENT_AMOUNT, about=("holder",)),
        }


class TypedOnItsPage(ClosedSchema):
    """What the holder gave the gateway there: its kinds, for its content never comes here."""

    reference = PublicIdField("top")
    card = StrictCharField(max_length=40)
    name = StrictCharField(max_length=40)
    email = StrictCharField(max_length=40)

    class Meta:
        schema = "typed_on_gateway_page"
        members = {
            "reference": Member(FieldClass.OBJECT_ID, about=("holder",)),
            "card": Member(FieldClass.CARD_NUMBER_BANK, about=("holder",)),
            "name": Member(FieldClass.IDENTITY_NAME, about=("holder",)),
            "email": Member(FieldClass.IDENTITY_EMAIL, about=("holder",)),
        }


class GatewayRefund(ClosedSchema):
    """What leaves when money goes back."""

    reference = PublicIdField("part")
    payment = StrictCharField(max_length=255)
    amount = MoneyField()

    class Meta:
        schema = "gateway_refund"
        members = {
            "reference": Member(FieldClass.OBJECT_ID, about=("holder",)),
            "payment": Member(FieldClass.OBJECT_ID, about=("holder",)),
            "amount": Member(FieldClass.PAYMENT_AMOUNT, about=("holder",)),
        }


class PayoutPage(ClosedSchema):
    """What leaves when money is to go to a bank account."""

    reference = PublicIdField("part")
    amount = MoneyField()

    class Meta:
        schema = "payout_page"
        members = {
            "reference": Member(FieldClass.OBJECT_ID, about=("holder",)),
            "amount": Member(FieldClass.PAYMENT_AMOUNT, about=("holder",)),
        }


_UNSEEN = "typed there, never seen here"


@needs_transaction
def disclose_session(top_up: TopUp) -> None:
    """Log what the worker is about to tell the gateway, before it does."""
    gate.disclose(
        recipient=_recipient(top_up), schema=GatewaySession,
        body={"reference": top_up.id, "amount": top_up.amount.as_json()},
        subjects={"holder": top_up.holder_id}, purpose=Purpose.TOP_UP, basis=Basis.CONTRACT, channel=Channel.GATEWAY,
    )  # fmt: skip


@needs_transaction
def disclose_refund(top_up: TopUp, part: TopUpRefund) -> None:
    """Log what the worker is about to tell the gateway of money that goes back."""
    body = {"reference": part.id, "payment": top_up.payment_ref, "amount": part.amount.as_json()}
    gate.disclose(
        recipient=_recipient(top_up), schema=GatewayRefund, body=body, subjects={"holder": top_up.holder_id},
        purpose=Purpose.WITHDRAWAL, basis=Basis.CONTRACT, channel=Channel.GATEWAY,
    )  # fmt: skip


@needs_transaction
def disclose_payout(payout: BankPayout, *, holder_id: str) -> None:
    """Log what the worker is about to tell who pays to bank accounts."""
    recipient = recipients.register(
        kind=recipients.RecipientKind.GATEWAY, ref=payout.gateway, name=_NAMES[payout.gateway]
    )
    gate.disclose(
        recipient=recipient, schema=PayoutPage, body={"reference": payout.id, "amount": payout.amount.as_json()},
        subjects={"holder": holder_id}, purpose=Purpose.WITHDRAWAL, basis=Basis.CONTRACT, channel=Channel.GATEWAY,
    )  # fmt: skip


@needs_transaction
def record_what_was_typed(top_up: TopUp) -> None:
    """Log, once for a top-up, that its holder gave a third party their card, name and e-mail on its own page."""
    if not gateway(top_up.gateway).is_third_party or top_up.payment_ref:
        return
    body = {"reference": top_up.id, "card": _UNSEEN, "name": _UNSEEN, "email": _UNSEEN}
    gate.disclose(
        recipient=_recipient(top_up), schema=TypedOnItsPage, body=body, subjects={"holder": top_up.holder_id},
        purpose=Purpose.TOP_UP, basis=Basis.CONTRACT, channel=Channel.PAGE,
    )  # fmt: skip


def _recipient(top_up: TopUp) -> recipients.Recipient:
    return recipients.register(kind=recipients.RecipientKind.GATEWAY, ref=top_up.gateway, name=_NAMES[top_up.gateway])
