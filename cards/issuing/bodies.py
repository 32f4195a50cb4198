"""Bodies of the holder's card API, in and out (contract.md, settled.md 29 and 32)."""

from datetime import UTC, datetime
from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

from cards.issuing.cards import CardView
from cards.issuing.controls import AMOUNTS, LISTS, Controls
from cards.issuing.place_numbers import Limits, Token
from cards.issuing.states import CardKind, CardStatus, NumberStatus
from wallet.core.errors import Invalid
from wallet.core.members import CurrencyField, MoneyField, PublicIdField, StrictCharField, StrictSerializer
from wallet.core.money import Money

_MOST_ENTRIES = 50


class _Entry(StrictCharField):
    def __init__(self, pattern: str = "", form: str = "", **options: Any) -> None:
        checks = [RegexValidator(pattern, f"must be {form}")] if pattern else []
        super().__init__(validators=checks, **options)


def _list(entry: _Entry) -> serializers.ListField:
    return serializers.ListField(
        child=entry, required=False, allow_null=True, max_length=_MOST_ENTRIES, allow_empty=False
    )


class ControlsBody(StrictSerializer):
    """What a card may be used for; null takes a rule away, an absent one stays."""

    per_transaction = MoneyField(required=False, allow_null=True)
    daily = MoneyField(required=False, allow_null=True)
    monthly = MoneyField(required=False, allow_null=True)
    lifetime = MoneyField(required=False, allow_null=True)
    merchants = _list(_Entry(max_length=64))
    mcc_allow = _list(_Entry(r"\A[0-9]{4}\Z", "4 digits", max_length=4))
    mcc_block = _list(_Entry(r"\A[0-9]{4}\Z", "4 digits", max_length=4))
    countries = _list(_Entry(r"\A[A-Z]{2}\Z", "an ISO 3166 alpha-2 code", max_length=2))


class NewCardBody(StrictSerializer):
    """A card to be made."""

    label = StrictCharField(max_length=60, required=False, allow_null=True, allow_blank=True, default="")  # type: ignore[assignment]
    currency = CurrencyField()
    load = MoneyField(required=False, allow_null=True, default=None)
    kind = serializers.ChoiceField(choices=CardKind.values)
    link = PublicIdField("link", required=False, allow_null=True, default=None)
    controls = ControlsBody(required=False, allow_null=True, default=None)


class CardChangesBody(StrictSerializer):
    """What may change of a card."""

    label = StrictCharField(max_length=60, required=False, allow_blank=True)  # type: ignore[assignment]
    controls = ControlsBody(required=False, allow_null=True)


class AmountBody(StrictSerializer):
    """How much."""

    amount = MoneyField()


_NONCE = "from the card network's own script in the browser, where the network keeps the numbers; needed there alone"


class RevealBody(StrictSerializer):
    """Where the owner will type the number: their own statement, for the log and the leak radar."""

    nonce = StrictCharField(max_length=255, required=False, allow_null=True, default=None, help_text=_NONCE)
    # `for` is a word of Python, so it is declared below.


RevealBody._declared_fields["for"] = StrictCharField(  # noqa: SLF001 - DRF's documented way for such names
    max_length=60, required=False, allow_null=True, allow_blank=True, default=""
)


class NumberRevealBody(StrictSerializer):
    """What the network that keeps a number needs; nothing where the wallet keeps it."""

    nonce = StrictCharField(max_length=255, required=False, allow_null=True, default=None, help_text=_NONCE)


class NewNumberBody(StrictSerializer):
    """A number to be made for one place: a link or a merchant, never both."""

    link = PublicIdField("link", required=False, allow_null=True, default=None)
    merchant = StrictCharField(
        max_length=64, required=False, allow_null=True, default=None,
        help_text="a merchant id, or a descriptor prefix that ends in `*`, such as BAKER*",
    )  # fmt: skip
    name = StrictCharField(
        max_length=60, required=False, allow_null=True, allow_blank=True, default="",
        help_text="what you call the merchant; sealed",
    )  # fmt: skip
    per_payment = MoneyField(required=False, allow_null=True, default=None)
    total = MoneyField(required=False, allow_null=True, default=None)
    ends_on = serializers.DateField(required=False, allow_null=True, default=None)


class ControlsShown(serializers.Serializer[Any]):
    """The rules of a card; null where there is none."""

    per_transaction = MoneyField(allow_null=True)
    daily = MoneyField(allow_null=True)
    monthly = MoneyField(allow_null=True)
    lifetime = MoneyField(allow_null=True)
    merchants = serializers.ListField(child=serializers.CharField(), allow_null=True)
    mcc_allow = serializers.ListField(child=serializers.CharField(), allow_null=True)
    mcc_block = serializers.ListField(child=serializers.CharField(), allow_null=True)
    countries = serializers.ListField(child=serializers.CharField(), allow_null=True)


class CardShown(serializers.Serializer[Any]):
    """A card as its owner may see it: never more than the last four digits."""

    id = PublicIdField("card")
    kind = serializers.ChoiceField(choices=CardKind.values)
    status = serializers.ChoiceField(choices=CardStatus.values)
    label = serializers.CharField()  # type: ignore[assignment]
    currency = serializers.CharField()
    last4 = serializers.CharField()
    expiry = serializers.CharField(help_text="YYYY-MM")
    balance = MoneyField(minimum=0)
    held = MoneyField(minimum=0)
    controls = ControlsShown()
    link = PublicIdField("link", allow_null=True)


class CardPage(serializers.Serializer[Any]):
    """A page of cards, newest first."""

    data = CardShown(many=True)  # type: ignore[assignment]
    next_cursor = serializers.CharField(allow_null=True)


class NumberShown(serializers.Serializer[Any]):
    """A number for one place as its owner may see it: never more than the last four digits."""

    id = PublicIdField("num")
    card = PublicIdField("card")
    status = serializers.ChoiceField(choices=NumberStatus.values)
    name = serializers.CharField(help_text="the platform, or what you call the merchant")
    link = PublicIdField("link", allow_null=True)
    merchant = serializers.CharField(allow_null=True)
    last4 = serializers.CharField()
    expiry = serializers.CharField(help_text="YYYY-MM")
    per_payment = MoneyField(allow_null=True)
    total = MoneyField(allow_null=True)
    ends_on = serializers.DateField(allow_null=True)
    spent = MoneyField(minimum=0, help_text="held and paid; what is released comes back, refunds do not")
    payments = serializers.IntegerField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class NumberPage(serializers.Serializer[Any]):
    """A page of numbers for one place, newest first."""

    data = NumberShown(many=True)  # type: ignore[assignment]
    next_cursor = serializers.CharField(allow_null=True)


class RevealShown(serializers.Serializer[Any]):
    """A number for its owner's eyes, or what opens it in their browser where the network keeps it; kept nowhere."""

    pan = serializers.CharField(required=False)
    expiry = serializers.CharField(required=False, help_text="YYYY-MM")
    cvc = serializers.CharField(required=False)
    network_card = serializers.CharField(required=False, help_text="what the network calls the card")
    ephemeral_key = serializers.CharField(required=False, help_text="opens this card once, in the network's own script")
    nonce = serializers.CharField(required=False)


def card_body(view: CardView) -> dict[str, Any]:
    """The JSON of a card."""
    return {
        "id": view.id,
        "kind": str(view.kind),
        "status": str(view.status),
        "label": view.label,
        "currency": view.currency,
        "last4": view.last4,
        "expiry": view.expiry,
        "balance": view.balance.as_json(),
        "held": view.held.as_json(),
        "controls": view.controls.as_body(view.currency),
        "link": view.link,
    }


def changed_controls(before: Controls, values: dict[str, Any] | None, currency: str) -> Controls:
    """The rules after a change: named members are replaced, null takes one away; null for all takes all away.

    Raises:
        Invalid: a limit in another currency than the card's.
    """
    if values is None:
        return Controls()
    stored = before.as_json()
    for name in (*AMOUNTS, *LISTS):
        if name not in values:
            continue
        value = values[name]
        if name in AMOUNTS and value is not None:
            if value.currency != currency:
                raise Invalid(f"must be {currency}, the card's currency", pointer=f"/controls/{name}/currency")
            value = value.minor
        stored[name] = value
    return Controls.from_json({name: value for name, value in stored.items() if value is not None})


def limits_of(values: dict[str, Any], currency: str) -> Limits:
    """The limits of a number to be made.

    Raises:
        Invalid: a limit in another currency than the card's.
    """
    for name in ("per_payment", "total"):
        if values[name] is not None and values[name].currency != currency:
            raise Invalid(f"must be {currency}, the card's currency", pointer=f"/{name}/currency")
    minor = {name: values[name].minor if values[name] else None for name in ("per_payment", "total")}
    return Limits(**minor, ends_on=values["ends_on"])


def number_body(token: Token, *, currency: str, status: str) -> dict[str, Any]:
    """The JSON of a number for one place."""

    def money(minor: int | None) -> dict[str, Any] | None:
        return None if minor is None else Money(minor, currency).as_json()

    return {
        "id": token.id, "card": token.card_id, "status": status, "name": token.name, "link": token.link or None,
        "merchant": token.merchant or None, "last4": token.last4, "expiry": token.expiry,
        "per_payment": money(token.limits.per_payment), "total": money(token.limits.total),
        "ends_on": token.limits.ends_on.isoformat() if token.limits.ends_on else None,
        "spent": money(token.spent_minor), "payments": token.payments, "last_used_at": _time(token.used_at),
        "created_at": _time(token.created_at), "ended_at": _time(token.ended_at),
    }  # fmt: skip


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
