"""The platform's API of checkouts: for bots that sell."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from payments.platforms.authentication import bearer_of
from payments.platforms.scopes import CHAT
from payments.requests import checkouts, sides
from payments.requests.checkouts import CheckoutWish
from payments.requests.examples import CHECKOUT_ASKED, CHECKOUT_MADE
from payments.requests.models import DEFAULT_LIFE, MAX_LIFE, MIN_LIFE, CheckoutStatus, PaymentRequest
from payments.requests.schemas import Button, basis_of, button_title, pay_url, people_of
from payments.requests.sides import Item
from privacy.exposure.api import Answer, DisclosingView
from privacy.exposure.schema import ClosedSchema, Member
from privacy.fields import FieldClass
from wallet.core import clock
from wallet.core.members import (
    LocaleField,
    MoneyField,
    PublicIdField,
    StrictBooleanField,
    StrictCharField,
    StrictIntegerField,
    StrictSerializer,
)

_BOTH = ("payee", "payer")
_MOST_ITEMS, _MOST_TIPS = 50, 4


class ItemInput(StrictSerializer):
    """One thing that is sold."""

    label = StrictCharField(max_length=60)  # type: ignore[assignment]  # DRF takes declared fields off the class
    amount = MoneyField()


class CheckoutInput(StrictSerializer):
    """What a bot offers; one payment for each checkout."""

    payee = PublicIdField("link", help_text="who sells: an active link of yours")
    items = ItemInput(  # type: ignore[call-arg]  # DRF makes a list serializer of it
        many=True, min_length=1, max_length=_MOST_ITEMS
    )
    payer = PublicIdField("link", required=False, allow_null=True, help_text="null: anybody who has the URL")
    multi_use = StrictBooleanField(
        required=False, allow_null=True, help_text="only false: make a checkout for each payer"
    )
    max_tip = MoneyField(required=False, allow_null=True)
    suggested_tips = serializers.ListField(
        child=MoneyField(), max_length=_MOST_TIPS, required=False, allow_null=True, help_text="growing, up to max_tip"
    )
    reference = StrictCharField(max_length=64, required=False, allow_null=True, allow_blank=True)
    return_url = StrictCharField(
        max_length=500, required=False, allow_null=True, help_text="on an origin of your redirect URIs"
    )
    expires_in = StrictIntegerField(
        min_value=MIN_LIFE, max_value=MAX_LIFE, default=DEFAULT_LIFE, allow_null=True,
        help_text="seconds; null is the default",
    )  # fmt: skip
    locale = LocaleField(required=False, allow_null=True, help_text="of button.title, BCP 47; else English")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One currency; and one payment, whoever makes it."""
        if attrs.get("multi_use"):
            raise serializers.ValidationError({"multi_use": ["must be false: make a checkout for each payer"]})
        currency = attrs["items"][0]["amount"].currency
        message = [f"must be {currency}, as the first item's"]
        wrong: dict[str, Any] = {}
        if items := {
            str(number): {"amount": {"currency": message}}
            for number, item in enumerate(attrs["items"])
            if item["amount"].currency != currency
        }:
            wrong["items"] = items
        if (tip := attrs.get("max_tip")) is not None and tip.currency != currency:
            wrong["max_tip"] = {"currency": message}
        if tips := {
            str(number): {"currency": message}
            for number, one in enumerate(attrs.get("suggested_tips") or [])
            if one.currency != currency
        }:
            wrong["suggested_tips"] = tips
        if wrong:
            raise serializers.ValidationError(wrong)
        return attrs


class ItemBody(ClosedSchema):
    """One thing that is sold; its label only as you sent it, null where one of the two hides it from you."""

    label = StrictCharField(max_length=60, allow_null=True)  # type: ignore[assignment]  # as above
    amount = MoneyField()

    class Meta:
        members: ClassVar = {
            "label": Member(FieldClass.PAYMENT_NOTE, about=_BOTH),
            "amount": Member(FieldClass.PAYMENT_AMOUNT, about=_BOTH),
        }


class CheckoutBody(ClosedSchema):
    """A checkout. `payer` is what you sent, never who paid; refund `payment_request`."""

    id = PublicIdField("chk")
    status = serializers.ChoiceField(choices=[status.value for status in CheckoutStatus])
    items = ItemBody(  # type: ignore[call-arg]  # DRF makes a list serializer of it
        many=True, max_length=_MOST_ITEMS
    )
    total = MoneyField(help_text="of the items")
    tip = MoneyField(minimum=0, help_text="what the payer added")
    max_tip = MoneyField(minimum=0)
    suggested_tips = serializers.ListField(child=MoneyField(), max_length=_MOST_TIPS)
    payee = PublicIdField("link")
    payer = PublicIdField("link", allow_null=True)
    reference = StrictCharField(max_length=64, allow_null=True)
    return_url = StrictCharField(max_length=500, allow_null=True)
    checkout_url = serializers.URLField(max_length=300)
    button = Button()
    payment_request = PublicIdField("preq")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)

    class Meta:
        schema = "checkout"
        members: ClassVar = {
            "id": Member(FieldClass.OBJECT_ID, about=_BOTH),
            "status": Member(FieldClass.PAYMENT_STATUS, about=_BOTH),
            "items": Member(None),
            "total": Member(FieldClass.PAYMENT_AMOUNT, about=_BOTH),
            "tip": Member(FieldClass.PAYMENT_AMOUNT, about=_BOTH),
            #: The bot's own offer.
            "max_tip": Member(None),
            "suggested_tips": Member(None),
            "payee": Member(FieldClass.LINK_HANDLE, about=("payee",)),
            "payer": Member(FieldClass.LINK_HANDLE, about=("payer",)),
            "reference": Member(FieldClass.PAYMENT_REFERENCE, about=_BOTH),
            "return_url": Member(None),
            "checkout_url": Member(FieldClass.OBJECT_ID, about=_BOTH),
            "button": Member(None),
            "payment_request": Member(FieldClass.OBJECT_ID, about=_BOTH),
            "created_at": Member(FieldClass.OBJECT_TIME, about=_BOTH),
            "expires_at": Member(FieldClass.OBJECT_TIME, about=_BOTH),
            "paid_at": Member(FieldClass.OBJECT_TIME, about=_BOTH),
        }


def checkout_body(request: PaymentRequest) -> dict[str, Any]:
    """Every member, as this platform may read it."""
    checkout, url = request.checkout, pay_url(request.id)
    assert checkout is not None  # for the type checker
    is_hidden = sides.note_of(request) is None
    return {
        "id": checkout.id,
        "status": CheckoutStatus(checkout.status),
        "items": [
            {"label": None if is_hidden else item.label, "amount": item.amount} for item in sides.read_items(checkout)
        ],
        "total": checkout.total,
        "tip": checkout.tip,
        "max_tip": checkout.max_tip,
        "suggested_tips": checkout.suggested_tips,
        "payee": request.payee_link_id,
        "payer": request.payer_link_id,
        "reference": request.reference,
        "return_url": checkout.return_url or None,
        "checkout_url": url,
        "button": {"title": button_title(checkout.total, request.locale), "url": url},
        "payment_request": request.id,
        "created_at": request.created_at,
        "expires_at": request.expires_at,
        "paid_at": request.paid_at,
    }


def _one(request: PaymentRequest, status: int = 200) -> Answer:
    return Answer(CheckoutBody, checkout_body(request), people_of(request), status=status, basis=basis_of(request))


class CheckoutsView(DisclosingView):
    """Sell something."""

    scopes = {"POST": frozenset({CHAT})}
    idempotent = True
    request_serializer = CheckoutInput
    answers = {"POST": {201: CheckoutBody}}

    @extend_schema(operation_id="create_checkout", examples=[CHECKOUT_ASKED, CHECKOUT_MADE])
    def post(self, request: Request) -> Answer:
        """Create a checkout; the payer pays, with a tip if they like, at `checkout_url`."""
        values = self.parse(CheckoutInput, request)
        wish = CheckoutWish(
            payee=values["payee"], items=[Item(one["label"], one["amount"]) for one in values["items"]],
            payer=values.get("payer"), max_tip=values.get("max_tip"),
            suggested_tips=values.get("suggested_tips") or (), reference=values.get("reference"),
            return_url=values.get("return_url"), expires_in=values["expires_in"] or DEFAULT_LIFE,
            locale=values.get("locale") or "en",
        )  # fmt: skip
        platform = bearer_of(request).platform
        return _one(checkouts.create_checkout(platform=platform, wish=wish, now=clock.now()), status=201)


class CheckoutView(DisclosingView):
    """One checkout of yours."""

    scopes = {"GET": frozenset({CHAT})}
    answers = {"GET": {200: CheckoutBody}}

    @extend_schema(operation_id="get_checkout", examples=[CHECKOUT_MADE])
    def get(self, request: Request, checkout_id: str) -> Answer:
        """Read it."""
        platform = bearer_of(request).platform
        return _one(checkouts.get_checkout(platform=platform, checkout_id=checkout_id, now=clock.now()))
