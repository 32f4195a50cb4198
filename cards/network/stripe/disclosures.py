"""What Stripe is told of a card: ids of ours, its state and its limits; of its holder nothing."""

from typing import Any

from cards.issuing.models import Card
from cards.network.models import IssuingNumber
from cards.network.stripe.rules import Copy
from privacy.exposure import gate, recipients
from privacy.exposure.models import Recipient, RecipientKind
from privacy.exposure.schema import ClosedSchema, Member
from privacy.fields import Basis, Channel, FieldClass, Purpose
from wallet.core.members import MoneyField, PublicIdField, StrictCharField
from wallet.core.transactions import needs_transaction


class NetworkPerson(ClosedSchema):
    """What leaves when a cardholder is made: a reference; name and address are the programme's."""

    reference = PublicIdField("chr")

    class Meta:
        schema = "network_person"
        members = {"reference": Member(FieldClass.OBJECT_ID, about=("holder",))}


class NetworkCard(ClosedSchema):
    """What leaves when a card is made or changed."""

    card = PublicIdField("card")
    number = StrictCharField(max_length=64, help_text="our id of the number")
    status = StrictCharField(max_length=10)
    expiry = StrictCharField(max_length=7)
    per_payment = MoneyField(allow_null=True)
    daily = MoneyField(allow_null=True)
    monthly = MoneyField(allow_null=True)
    lifetime = MoneyField(allow_null=True)
    countries = StrictCharField(max_length=1000, help_text="where it works, by spaces; empty: anywhere")

    class Meta:
        schema = "network_card"
        members = {
            "card": Member(FieldClass.OBJECT_ID, about=("holder",)),
            "number": Member(FieldClass.OBJECT_ID, about=("holder",)),
            "status": Member(FieldClass.OBJECT_STATE, about=("holder",)),
            "expiry": Member(FieldClass.CARD_EXPIRY_VIRTUAL, about=("holder",)),
            "per_payment": Member(FieldClass.PAYMENT_AMOUNT, about=("holder",)),
            "daily": Member(FieldClass.PAYMENT_AMOUNT, about=("holder",)),
            "monthly": Member(FieldClass.PAYMENT_AMOUNT, about=("holder",)),
            "lifetime": Member(FieldClass.PAYMENT_AMOUNT, about=("holder",)),
            "countries": Member(FieldClass.OBJECT_STATE, about=("holder",)),
        }


class NetworkLook(ClosedSchema):
    """What leaves when a number is looked at: that it is; Stripe shows it to the holder's browser."""

    number = StrictCharField(max_length=64, help_text="our id of the number")

    class Meta:
        schema = "network_look"
        members = {"number": Member(FieldClass.OBJECT_ID, about=("holder",))}


@needs_transaction
def disclose_look(number_id: str) -> None:
    """Log that Stripe is about to hear that its holder looks at a number."""
    holder_id = IssuingNumber.objects.values_list("holder_id", flat=True).get(number_id=number_id)
    _disclose(NetworkLook, {"number": number_id}, holder_id, purpose=Purpose.CARD_REVEAL)


@needs_transaction
def disclose_person(reference: str, *, holder_id: str) -> None:
    """Log that Stripe is about to get a cardholder without a name."""
    _disclose(NetworkPerson, {"reference": reference}, holder_id)


@needs_transaction
def disclose_card(card: Card, number_id: str, expiry: str, copy: Copy) -> None:
    """Log what Stripe is about to be told of a card."""

    def money(interval: str) -> dict[str, Any] | None:
        amount = copy.limits.get(interval)
        return None if amount is None else {"value": amount, "currency": card.currency}

    body = {
        "card": card.id, "number": number_id, "status": copy.status, "expiry": expiry,
        "per_payment": money("per_authorization"), "daily": money("daily"), "monthly": money("monthly"),
        "lifetime": money("all_time"), "countries": " ".join(sorted(copy.countries)),
    }  # fmt: skip
    _disclose(NetworkCard, body, card.holder_id)


def _disclose(
    schema: type[ClosedSchema], body: dict[str, Any], holder_id: str, *, purpose: Purpose = Purpose.CARD_PAYMENT
) -> None:  # fmt: skip
    gate.disclose(
        recipient=_stripe(), schema=schema, body=body, subjects={"holder": holder_id}, purpose=purpose,
        basis=Basis.CONTRACT, channel=Channel.NETWORK,
    )  # fmt: skip


def _stripe() -> Recipient:
    return recipients.register(kind=RecipientKind.NETWORK, ref="stripe", name="Stripe Issuing")
