"""Messages of the sandbox network as they are read (settled.md 36 and 37)."""

from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

from cards.authorizations.merchants import Merchant
from cards.issuing.numbers import Pan, Presented
from privacy.crypto.secret import Secret
from wallet.core.members import (
    MoneyField,
    PublicIdField,
    StrictBooleanField,
    StrictCharField,
    StrictSerializer,
)

_PAN, _CVC, _EXPIRY = r"\A[0-9]{12,19}\Z", r"\A[0-9]{3,4}\Z", r"\A[0-9]{4}-(0[1-9]|1[0-2])\Z"


class _Digits(StrictCharField):
    """A text of a given form; an error never repeats it."""

    def __init__(self, pattern: str, form: str, **options: Any) -> None:
        super().__init__(validators=[RegexValidator(pattern, f"must be {form}")], **options)


class MerchantBody(StrictSerializer):
    """Who asks."""

    id = StrictCharField(max_length=64)
    name = StrictCharField(max_length=60)
    mcc = _Digits(r"\A[0-9]{4}\Z", "4 digits")
    country = _Digits(r"\A[A-Z]{2}\Z", "an ISO 3166 alpha-2 code")


class AuthorizationBody(StrictSerializer):
    """May this card pay?"""

    pan = _Digits(_PAN, "12 to 19 digits")
    expiry = _Digits(_EXPIRY, "YYYY-MM")
    cvc = _Digits(_CVC, "3 digits", required=False, allow_null=True)
    amount = MoneyField(minimum=0)
    merchant = MerchantBody()
    network_ref = StrictCharField(max_length=64)
    # The metaclass takes it out of the class, where DRF has a flag of this name.
    partial = StrictBooleanField(required=False, default=False)  # type: ignore[assignment]
    entry = serializers.ChoiceField(choices=["ecommerce", "chip"], required=False, default="ecommerce")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Online, the code is part of the message."""
        if attrs["entry"] == "ecommerce" and attrs.get("cvc") is None:
            raise serializers.ValidationError({"cvc": ["is needed for ecommerce"]})
        return attrs


class IncrementBody(StrictSerializer):
    """Hold more."""

    amount = MoneyField(minimum=0)
    network_ref = StrictCharField(max_length=64)


class ReversalBody(StrictSerializer):
    """Give back what is held: all of it without an amount."""

    amount = MoneyField(minimum=0, required=False, allow_null=True, default=None)
    network_ref = StrictCharField(max_length=64)


_MOST_PARTS = 99


class CaptureBody(StrictSerializer):
    """Clear; `final`, or the last of all parts to come, releases what is left.

    A clearing in parts says which of how many: `sequence` of `of`, from 1. Parts share a reference or have their own.
    """

    amount = MoneyField(minimum=0)
    final = StrictBooleanField(required=False, default=False)
    sequence = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=_MOST_PARTS
    )
    of = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1, max_value=_MOST_PARTS)
    network_ref = StrictCharField(max_length=64)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Both or none, and not more than all."""
        sequence, of = attrs["sequence"], attrs["of"]
        if (sequence is None) != (of is None):
            raise serializers.ValidationError({"of": ["sequence and of come together"]})
        if sequence is not None and sequence > of:
            raise serializers.ValidationError({"sequence": ["must not be more than of"]})
        return attrs


class RefundReversalBody(StrictSerializer):
    """A refund was a mistake: take it back."""

    amount = MoneyField()
    network_ref = StrictCharField(max_length=64)


class ChargebackBody(StrictSerializer):
    """The holder disputes what was cleared."""

    amount = MoneyField()
    network_ref = StrictCharField(max_length=64)


class OutcomeBody(StrictSerializer):
    """How a dispute ends; the path says which way."""

    network_ref = StrictCharField(max_length=64)


class ForcePostBody(StrictSerializer):
    """Clear without having asked."""

    pan = _Digits(_PAN, "12 to 19 digits")
    amount = MoneyField(minimum=0)
    merchant = MerchantBody()
    network_ref = StrictCharField(max_length=64)


class RefundBody(StrictSerializer):
    """Give money back, to an authorization's card or to a number."""

    authorization = PublicIdField("auth", required=False, allow_null=True, default=None)
    pan = _Digits(_PAN, "12 to 19 digits", required=False, allow_null=True, default=None)
    amount = MoneyField()
    merchant = MerchantBody()
    network_ref = StrictCharField(max_length=64)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of the two names the card."""
        if (attrs["authorization"] is None) == (attrs["pan"] is None):
            raise serializers.ValidationError({"authorization": ["either authorization or pan is needed"]})
        return attrs


def merchant_of(values: dict[str, Any]) -> Merchant:
    """The merchant of a validated body."""
    return Merchant(**values["merchant"])


def presented(values: dict[str, Any]) -> Presented:
    """What of a card a validated body shows."""
    cvc = values.get("cvc")
    return Presented(Pan(values["pan"]), values.get("expiry", ""), None if cvc is None else Secret(cvc))
