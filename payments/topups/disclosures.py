"""What a gateway is told: our id of the top-up and the amount, nothing of the person (settled.md 24)."""

from django.utils.translation import gettext_noop

from payments.topups.models import TopUp
from privacy.exposure import gate, recipients
from privacy.exposure.schema import ClosedSchema, Member
from privacy.fields import Basis, Channel, FieldClass, Purpose
from wallet.core.members import MoneyField, PublicIdField
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


@needs_transaction
def disclose_session(top_up: TopUp) -> None:
    """Log what the worker is about to tell the gateway, before it does."""
    recipient = recipients.register(
        kind=recipients.RecipientKind.GATEWAY, ref=top_up.gateway, name=_NAMES[top_up.gateway]
    )
    gate.disclose(
        recipient=recipient, schema=GatewaySession, body={"reference": top_up.id, "amount": top_up.amount.as_json()},
        subjects={"holder": top_up.holder_id}, purpose=Purpose.TOP_UP, basis=Basis.CONTRACT, channel=Channel.GATEWAY,
    )  # fmt: skip
