"""The bodies of splits."""

from collections.abc import Sequence
from typing import Any, ClassVar

from rest_framework import serializers

from payments.requests import sides
from payments.requests.models import (
    DEFAULT_HOLD,
    DEFAULT_LIFE,
    MAX_HOLD,
    MAX_LIFE,
    MIN_LIFE,
    MOST_SHARES,
    PaymentRequest,
    RequestStatus,
    Split,
    SplitStatus,
)
from payments.requests.schemas import pay_url, people_of
from payments.requests.shares import ShareWish
from privacy.exposure.schema import ClosedSchema, Member, subjects_of_rows
from privacy.fields import FieldClass
from wallet.core.members import (
    LocaleField,
    MoneyField,
    PublicIdField,
    StrictBooleanField,
    StrictCharField,
    StrictIntegerField,
    StrictSerializer,
)
from wallet.core.money import Money

_BOTH = ("payee", "payer")


class ShareInput(StrictSerializer):
    """One share: an exact amount, or a part by weight; equal to the others where neither is said."""

    payer = PublicIdField(
        "link", required=False, allow_null=True,
        help_text="who shall pay it; null: anybody who has its URL; the payee's own counts as paid",
    )  # fmt: skip
    weight = StrictIntegerField(min_value=1, max_value=1_000_000, required=False, allow_null=True)
    amount = MoneyField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One way of saying how much."""
        if attrs.get("weight") is not None and attrs.get("amount") is not None:
            raise serializers.ValidationError({"weight": ["must not stand beside an amount"]})
        return attrs


class SplitInput(StrictSerializer):
    """What a platform asks several people for."""

    payee = PublicIdField("link", help_text="who gets the money: an active link of yours; may be among the payers")
    total = MoneyField()
    shares = ShareInput(  # type: ignore[call-arg]  # DRF makes a list serializer of it
        many=True, min_length=1, max_length=MOST_SHARES
    )
    all_or_nothing = StrictBooleanField(
        default=False, allow_null=True, help_text="each approval is held, and all are paid with the last one, or none"
    )
    note = StrictCharField(max_length=140, required=False, allow_null=True, allow_blank=True)
    reference = StrictCharField(max_length=64, required=False, allow_null=True, allow_blank=True)
    expires_in = StrictIntegerField(
        min_value=MIN_LIFE, max_value=MAX_LIFE, required=False, allow_null=True,
        help_text=f"seconds; {DEFAULT_LIFE}, or all or nothing {DEFAULT_HOLD} and at most {MAX_HOLD}",
    )  # fmt: skip
    locale = LocaleField(required=False, allow_null=True, help_text="of the shares' buttons, BCP 47; else English")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One currency."""
        currency = attrs["total"].currency
        wrong = {
            str(number): {"amount": {"currency": [f"must be {currency}, the total's"]}}
            for number, share in enumerate(attrs["shares"])
            if share.get("amount") is not None and share["amount"].currency != currency
        }
        if wrong:
            raise serializers.ValidationError({"shares": wrong})
        return attrs


class ShareBody(ClosedSchema):
    """One share; the payee's own has no payment request."""

    payer = PublicIdField("link", allow_null=True)
    amount = MoneyField()
    status = serializers.ChoiceField(choices=[status.value for status in RequestStatus])
    payment_request = PublicIdField("preq", allow_null=True)
    pay_url = serializers.URLField(max_length=300, allow_null=True)

    class Meta:
        members: ClassVar = {
            "payer": Member(FieldClass.LINK_HANDLE, about=("payer",)),
            "amount": Member(FieldClass.PAYMENT_AMOUNT, about=_BOTH),
            "status": Member(FieldClass.PAYMENT_STATUS, about=_BOTH),
            "payment_request": Member(FieldClass.OBJECT_ID, about=_BOTH),
            "pay_url": Member(FieldClass.OBJECT_ID, about=_BOTH),
        }


class SplitBody(ClosedSchema):
    """A split. `payer` of a share is what you sent, never who paid."""

    id = PublicIdField("split")
    status = serializers.ChoiceField(choices=[status.value for status in SplitStatus])
    total = MoneyField()
    collected = MoneyField(minimum=0, help_text="paid shares, with the payee's own")
    payee = PublicIdField("link")
    all_or_nothing = StrictBooleanField()
    note = StrictCharField(max_length=140, allow_null=True)
    reference = StrictCharField(max_length=64, allow_null=True)
    shares = ShareBody(  # type: ignore[call-arg]  # DRF makes a list serializer of it
        many=True, max_length=MOST_SHARES
    )
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()

    class Meta:
        schema = "split"
        #: The whole is the payee's; of the payers, each one's share is about them.
        members: ClassVar = {
            "id": Member(FieldClass.OBJECT_ID, about=("payee",)),
            "status": Member(FieldClass.PAYMENT_STATUS, about=("payee",)),
            "total": Member(FieldClass.PAYMENT_AMOUNT, about=("payee",)),
            "collected": Member(FieldClass.PAYMENT_AMOUNT, about=("payee",)),
            "payee": Member(FieldClass.LINK_HANDLE, about=("payee",)),
            "all_or_nothing": Member(FieldClass.PAYMENT_STATUS, about=("payee",)),
            "note": Member(FieldClass.PAYMENT_NOTE, about=("payee",)),
            "reference": Member(FieldClass.PAYMENT_REFERENCE, about=("payee",)),
            "shares": Member(None),
            "created_at": Member(FieldClass.OBJECT_TIME, about=("payee",)),
            "expires_at": Member(FieldClass.OBJECT_TIME, about=("payee",)),
        }


def share_wish(share: dict[str, Any]) -> ShareWish:
    """One share as it was read."""
    return ShareWish(share.get("payer"), share.get("amount"), share.get("weight"))


def split_body(split: Split, requests: Sequence[PaymentRequest]) -> dict[str, Any]:
    """Every member, as this platform may read it."""
    paid = sum(one.amount_minor for one in requests if one.status == RequestStatus.PAID)
    shares = [
        {
            "payer": one.payer_link_id, "amount": one.amount, "status": RequestStatus(one.status),
            "payment_request": one.id, "pay_url": pay_url(one.id),
        }
        for one in requests
    ]  # fmt: skip
    if split.own_position is not None:
        shares.insert(split.own_position, _own_share(split))
    return {
        "id": split.id,
        "status": SplitStatus(split.status),
        "total": split.total,
        "collected": Money(paid + split.own_minor, split.currency),
        "payee": split.payee_link_id,
        "all_or_nothing": split.all_or_nothing,
        "note": sides.payees_note_of(requests[0]),
        "reference": split.reference,
        "shares": shares,
        "created_at": split.created_at,
        "expires_at": split.expires_at,
    }


def _own_share(split: Split) -> dict[str, Any]:
    return {
        "payer": split.payee_link_id, "amount": Money(split.own_minor, split.currency), "status": RequestStatus.PAID,
        "payment_request": None, "pay_url": None,
    }  # fmt: skip


def people_of_split(split: Split, requests: Sequence[PaymentRequest]) -> dict[str, str | None]:
    """Whose data the body is: the payee throughout, and of each share its payer as far as the platform knows one."""
    payers: list[dict[str, str | None]] = [{"payer": people_of(one)["payer"]} for one in requests]
    if split.own_position is not None:
        payers.insert(split.own_position, {"payer": split.payee_id})
    return {"payee": split.payee_id, **subjects_of_rows("/shares", payers)}
