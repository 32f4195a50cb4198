"""Bodies that the tests of this room send: the shapes of the contract, with members about two people."""

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

from privacy.exposure.schema import ClosedSchema, Member, page_of
from privacy.fields import FieldClass
from wallet.core.ids import new_id
from wallet.core.members import MoneyField, PublicIdField, StrictCharField
from wallet.core.money import Money

BOTH = ("payee", "payer")


class AskBody(ClosedSchema):
    """A payment request as a platform sees it."""

    id = PublicIdField("preq")
    amount = MoneyField()
    payee = PublicIdField("link")
    payer = PublicIdField("link", allow_null=True)
    note = StrictCharField(max_length=140, allow_null=True)
    status = serializers.ChoiceField(["open", "paid"])
    created_at = serializers.DateTimeField()

    class Meta:
        schema = "test_ask"
        members = {
            "id": Member(FieldClass.OBJECT_ID, about=BOTH),
            "amount": Member(FieldClass.PAYMENT_AMOUNT, about=BOTH),
            "payee": Member(FieldClass.LINK_HANDLE, about=("payee",)),
            "payer": Member(FieldClass.LINK_HANDLE, about=("payer",)),
            "note": Member(FieldClass.PAYMENT_NOTE, about=BOTH),
            "status": Member(FieldClass.PAYMENT_STATUS, about=BOTH),
            "created_at": Member(FieldClass.OBJECT_TIME, about=BOTH),
        }


class ShareBody(ClosedSchema):
    """One share of a split."""

    amount = MoneyField()
    payer = PublicIdField("link", allow_null=True)

    class Meta:
        members = {
            "amount": Member(FieldClass.PAYMENT_AMOUNT, about=("payer",)),
            "payer": Member(FieldClass.LINK_HANDLE, about=("payer",)),
        }


class ButtonBody(ClosedSchema):
    """A button that the platform shows."""

    title = StrictCharField(max_length=20)

    class Meta:
        members = {"title": Member(None)}


class SplitBody(ClosedSchema):
    """A split: nested members and a list whose elements are about different people."""

    id = PublicIdField("split")
    payee = PublicIdField("link")
    shares = ShareBody(many=True, max_length=50)
    labels = serializers.ListField(child=StrictCharField(max_length=60), max_length=10)
    button = ButtonBody()

    class Meta:
        schema = "test_split"
        members = {
            "id": Member(FieldClass.OBJECT_ID, about=("payee", "payer")),
            "payee": Member(FieldClass.LINK_HANDLE, about=("payee",)),
            "shares": Member(None),
            "labels": Member(FieldClass.PAYMENT_REFERENCE, about=("payee",)),
            "button": Member(None),
        }


class FindingBody(ClosedSchema):
    """Something about nobody known."""

    found = serializers.BooleanField()

    class Meta:
        schema = "test_finding"
        members = {"found": Member(FieldClass.MESSAGE_FINDING)}


AskPage = page_of(AskBody, "test_ask_page")


def ask(**other: Any) -> dict[str, Any]:
    """A body of a payment request."""
    return {
        "id": new_id("preq"),
        "amount": Money(2000, "EUR"),
        "payee": new_id("link"),
        "payer": new_id("link"),
        "note": "pizza",
        "status": "open",
        "created_at": datetime(2026, 11, 23, 12, 0, 0, 987654, tzinfo=UTC),
        **other,
    }
