"""What leaves towards the network, and to whom it is disclosed: the merchant who asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from rest_framework import serializers

from cards.authorizations.merchants import Merchant
from cards.authorizations.states import Result
from privacy.exposure import gate, recipients
from privacy.exposure.models import Recipient, RecipientKind
from privacy.exposure.schema import ClosedSchema, Member
from privacy.fields import Basis, Channel, FieldClass, Purpose
from wallet.core.members import MoneyField, PublicIdField, StrictCharField


class DecisionBody(ClosedSchema):
    """The answer to an authorization; every decline looks alike but for its code."""

    approved = serializers.BooleanField()
    response_code = StrictCharField(max_length=2, help_text="ISO 8583 field 39")
    authorization = PublicIdField("auth", allow_null=True)
    approved_amount = MoneyField(minimum=0, allow_null=True)

    class Meta:
        schema = "network_decision"
        members = {
            "approved": Member(FieldClass.CARD_DECISION, about=("holder",)),
            "response_code": Member(FieldClass.CARD_DECISION, about=("holder",)),
            "authorization": Member(FieldClass.OBJECT_ID, about=("holder",)),
            "approved_amount": Member(FieldClass.PAYMENT_AMOUNT, about=("holder",)),
        }


@dataclass(frozen=True, slots=True)
class Speech:
    """How a network is answered: a schema and a body of it, made of ours (`DecisionBody`)."""

    say: Callable[[Mapping[str, Any]], tuple[type[ClosedSchema], Mapping[str, Any]]]


def _as_it_is(answer: Mapping[str, Any]) -> tuple[type[ClosedSchema], Mapping[str, Any]]:
    return DecisionBody, answer


OUR_OWN = Speech(_as_it_is)


class ResultBody(ClosedSchema):
    """The answer to any other network message."""

    result = serializers.ChoiceField(choices=[str(one) for one in Result.values])
    authorization = PublicIdField("auth", allow_null=True)
    held = MoneyField(minimum=0)
    captured = MoneyField(minimum=0)

    class Meta:
        schema = "network_result"
        members = {
            "result": Member(FieldClass.PAYMENT_STATUS, about=("holder",)),
            "authorization": Member(FieldClass.OBJECT_ID, about=("holder",)),
            "held": Member(FieldClass.PAYMENT_AMOUNT, about=("holder",)),
            "captured": Member(FieldClass.PAYMENT_AMOUNT, about=("holder",)),
        }


class ChargebackBody(ClosedSchema):
    """The answer to a message about a chargeback: the same, and which one."""

    result = serializers.ChoiceField(choices=[str(one) for one in Result.values])
    chargeback = PublicIdField("cbk", allow_null=True)
    authorization = PublicIdField("auth", allow_null=True)
    held = MoneyField(minimum=0)
    captured = MoneyField(minimum=0)

    class Meta:
        schema = "network_chargeback"
        members = {
            **ResultBody.Meta.members,
            "chargeback": Member(FieldClass.OBJECT_ID, about=("holder",)),
        }


_MOST_KNOWN = 10_000
_known: dict[str, Recipient] = {}
_lock = Lock()


def recipient_of(merchant: Merchant) -> Recipient:
    """The merchant as a recipient; one look-up a process, because recipients are never deleted.

    Call it outside the transaction of the payment: what it registers must stand whatever becomes of that.
    """
    found = _known.get(merchant.id)
    if found is None:
        found = recipients.register(kind=RecipientKind.MERCHANT, ref=merchant.id, name=merchant.name or merchant.id)
        with _lock:
            if len(_known) >= _MOST_KNOWN:
                _known.clear()
            _known[merchant.id] = found
    return found


def forget_recipients() -> None:
    """Look them up again (tests roll back what was registered)."""
    _known.clear()


def prepare(
    *, schema: type[ClosedSchema], body: Mapping[str, Any], merchant: Merchant, holder_id: str | None, request_id: str,
    now: datetime,
) -> gate.Prepared:  # fmt: skip
    """The answer, with the record that the caller's own SQL writes."""
    return gate.prepare(
        recipient=recipient_of(merchant), schema=schema, body=body, subjects={"holder": holder_id},
        purpose=Purpose.CARD_PAYMENT, basis=Basis.CONTRACT, channel=Channel.NETWORK, request_id=request_id, now=now,
    )  # fmt: skip


def disclose(
    *, schema: type[ClosedSchema], body: Mapping[str, Any], merchant: Merchant, holder_id: str | None, request_id: str
) -> gate.Grant:
    """The answer, written down."""
    return gate.disclose(
        recipient=recipient_of(merchant), schema=schema, body=body, subjects={"holder": holder_id},
        purpose=Purpose.CARD_PAYMENT, basis=Basis.CONTRACT, channel=Channel.NETWORK, request_id=request_id,
    )  # fmt: skip
