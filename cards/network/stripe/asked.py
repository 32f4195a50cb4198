"""`issuing_authorization.request`: may this card pay? Read from the signed event, because nothing may be fetched.

The first request of an authorization goes the way of every other network's: snapshot, decide, place. A later one asks
for more of it.
"""

from collections.abc import Mapping
from typing import Any, Final

from rest_framework import serializers

from cards.authorizations import answers, authorize, lifecycle
from cards.authorizations.answers import Speech
from cards.authorizations.codes import PARTIALLY_APPROVED
from cards.authorizations.merchants import Merchant
from cards.authorizations.messages import Message, Said
from cards.authorizations.models import NetworkMessage
from cards.authorizations.states import MessageKind, Result
from cards.issuing.numbers import Vouched
from privacy.crypto.secret import Secret
from privacy.exposure.gate import Grant
from privacy.exposure.schema import ClosedSchema, Member
from privacy.fields import FieldClass
from wallet.core.errors import Kind, WalletError
from wallet.core.members import StrictIntegerField
from wallet.core.money import Money

NETWORK: Final = "stripe"
_MOST = 10**12 - 1
_LONGEST = 255
#: How the card was there, as Stripe says it.
_PRESENT: Final = frozenset({"chip", "contactless", "swipe"})


class RequestUnreadable(WalletError):
    """The request has not the form that this version of the API has: Stripe is not told yes."""

    kind = Kind.UNREADABLE
    slug = "malformed-request"
    title = "The request cannot be read"


class NetworkYesOrNo(ClosedSchema):
    """Stripe's answer: all or nothing."""

    approved = serializers.BooleanField()

    class Meta:
        schema = "stripe_decision"
        members = {"approved": Member(FieldClass.CARD_DECISION, about=("holder",))}


class NetworkPart(ClosedSchema):
    """Stripe's answer: yes, for less."""

    approved = serializers.BooleanField()
    amount = StrictIntegerField(min_value=0, max_value=_MOST)

    class Meta:
        schema = "stripe_part"
        members = {
            "approved": Member(FieldClass.CARD_DECISION, about=("holder",)),
            "amount": Member(FieldClass.PAYMENT_AMOUNT, about=("holder",)),
        }


def _said(answer: Mapping[str, Any]) -> tuple[type[ClosedSchema], Mapping[str, Any]]:
    if answer["response_code"] == PARTIALLY_APPROVED:
        return NetworkPart, {"approved": True, "amount": answer["approved_amount"]["value"]}
    return NetworkYesOrNo, {"approved": answer["approved"]}


_SPEECH: Final = Speech(_said)


def decide(asked: Mapping[str, Any], *, request_id: str) -> Grant:
    """Decide on what the event's object asks.

    Raises:
        RequestUnreadable: the object has another form.
    """
    try:
        request, earlier = request_of(asked, asked["pending_request"], request_id), len(asked["request_history"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise RequestUnreadable from None
    ours = find_authorization(request.ref) if earlier else ""
    if not ours:
        return authorize.authorize(request)
    # More of what was approved.
    message = Message(NETWORK, f"{request.ref}:{earlier}", MessageKind.INCREMENT, request.body, request_id)
    return lifecycle.apply_to_authorization(
        message=message, authorization_id=ours, said=Said(request.amount), respond=_answered
    )


def find_authorization(ref: str) -> str:
    """Our id of an authorization of Stripe's; "" where we were not asked about it."""
    asked = NetworkMessage.objects.filter(network=NETWORK, ref=ref, kind=MessageKind.AUTHORIZATION)
    return asked.values_list("authorization_id", flat=True).first() or ""


def merchant_of(data: Any) -> Merchant:
    """Who asks, by Stripe's `merchant_data`."""
    return Merchant(
        id=str(data["network_id"])[:_LONGEST], name=str(data["name"] or "")[:_LONGEST],
        mcc=str(data["category_code"])[:4], country=str(data["country"] or "")[:2],
    )  # fmt: skip


def card_of(card: Any) -> str:
    """Stripe's id of the card, expanded or not."""
    return str(card if isinstance(card, str) else card["id"])


def request_of(asked: Mapping[str, Any], pending: Mapping[str, Any], request_id: str) -> authorize.Request:
    """What an authorization asks for, or asked for once: `pending` has the amount.

    "not_provided" is no mismatch: no value was provided, so Stripe verified nothing. Shops that keep a card may not
    keep its code, so each later payment comes without one.
    """
    checks = asked["verification_data"]
    code = {"match": True, "mismatch": False}.get(checks["cvc_check"])
    remote = "stored" if code is None else "ecommerce"
    entry = "chip" if asked["authorization_method"] in _PRESENT else remote
    return authorize.Request(
        network=NETWORK, ref=str(asked["id"])[:_LONGEST],
        presented=Vouched(Secret(card_of(asked["card"])), checks["expiry_check"] != "mismatch", code),
        amount=_amount(pending), merchant=merchant_of(asked["merchant_data"]),
        is_partial=pending.get("is_amount_controllable") is True, entry=entry, body=_body(asked, pending),
        request_id=request_id, speech=_SPEECH,
    )  # fmt: skip


def _answered(message: Message, merchant: Merchant, authorization_id: str, answer: Mapping[str, Any]) -> Grant:
    result = answer["result"]
    if result == Result.DUPLICATE:
        first = NetworkMessage.objects.get(network=message.network, ref=message.ref, kind=message.kind)
        result = first.answer["result"]
    return answers.disclose(
        schema=NetworkYesOrNo, body={"approved": result == Result.APPLIED}, merchant=merchant,
        holder_id=lifecycle.holder_of(authorization_id), request_id=message.request_id,
    )  # fmt: skip


def _amount(pending: Mapping[str, Any]) -> Money:
    minor, currency = pending["amount"], str(pending["currency"]).upper()
    if type(minor) is not int or not 0 <= minor <= _MOST:
        raise ValueError("amount")
    return Money(minor, currency)


def _body(asked: Mapping[str, Any], pending: Mapping[str, Any]) -> dict[str, Any]:
    """What tells a repetition from another request."""
    return {
        "id": asked["id"],
        "amount": pending["amount"],
        "currency": pending["currency"],
        "card": card_of(asked["card"]),
    }
