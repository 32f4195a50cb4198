"""The forms of this room's pages."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from cards.issuing.cards import CardView
from payments.platforms import aliases, mandates
from payments.platforms.agreement import Trim
from payments.platforms.aliases import AliasInvalid
from payments.platforms.links import CardChoice
from payments.platforms.mandates import MandateInvalid, Terms
from wallet.core.money import AmountUnreadable, Money, exponent, format_money, parse_money

NEW_CARD = "new"


def typed_amount(money: Money) -> str:
    """An amount as one types it: `30.00`, in the visitor's own way of writing decimals."""
    decimals = exponent(money.currency)
    text = f"{money.minor // 10**decimals}" + (f".{money.minor % 10**decimals:0{decimals}d}" if decimals else "")
    return text.replace(".", ",") if (get_language() or "en").startswith("fr") else text


class MandateForm(forms.Form):
    """What one tap may do, and the name that others read."""

    one_tap = forms.BooleanField(
        label=gettext_lazy("Pay with one tap"), required=False,
        help_text=gettext_lazy("Small payments go through without your passkey, up to these limits."),
    )  # fmt: skip
    per_payment = forms.CharField(label=gettext_lazy("At most for one payment"), max_length=20)
    per_day = forms.CharField(label=gettext_lazy("At most in one day"), max_length=20)
    per_week = forms.CharField(label=gettext_lazy("At most in one week"), max_length=20, required=False,
                               help_text=gettext_lazy("Leave empty for no weekly limit."))  # fmt: skip
    until = forms.DateField(
        label=gettext_lazy("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("The last day for one tap. Leave empty for no end."),
    )  # fmt: skip
    refunds = forms.BooleanField(
        label=gettext_lazy("May give refunds in my name"), required=False,
        help_text=gettext_lazy("Only of payments that you received there."),
    )  # fmt: skip
    alias = forms.CharField(
        label=gettext_lazy("Your name there"), max_length=60, required=False,
        help_text=gettext_lazy("People you pay or ask read this. Leave empty for a made-up one."),
    )  # fmt: skip
    hide_note = forms.BooleanField(
        label=gettext_lazy("Leave out the note"), required=False,
        help_text=gettext_lazy("The platform does not get its own note back in answers about you."),
    )  # fmt: skip

    def __init__(self, *args: Any, currency: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.money_in = currency
        for name in ("per_payment", "per_day", "per_week"):
            self.fields[name].widget.attrs["inputmode"] = "decimal"

    @staticmethod
    def initial_of(terms: Terms, *, alias: str = "", hide_note: bool = False) -> dict[str, Any]:
        """What the fields hold at first."""
        week = terms.per_week_minor
        return {
            "one_tap": terms.one_tap, "refunds": terms.refunds, "alias": alias, "hide_note": hide_note,
            "per_payment": typed_amount(Money(terms.per_payment_minor, terms.currency)),
            "per_day": typed_amount(Money(terms.per_day_minor, terms.currency)),
            "per_week": "" if week is None else typed_amount(Money(week, terms.currency)),
            # The mandate ends at the midnight after its last day.
            "until": None if terms.until is None else (terms.until - timedelta(days=1)).date(),
        }  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Amounts in the card's currency, in limits that make sense together."""
        cleaned: dict[str, Any] = super().clean() or {}
        minors = {name: self._minor(name) for name in ("per_payment", "per_day", "per_week")}
        if not self.errors:
            self.terms = self._terms(cleaned, minors)
        return cleaned

    def clean_alias(self) -> str:
        """One line, visible, at most 60 characters; empty stays empty here."""
        text: str = self.cleaned_data["alias"]
        try:
            return aliases.clean(text) if text.strip() else ""
        except AliasInvalid:
            raise forms.ValidationError(_("Use letters that everybody can see.")) from None

    def _minor(self, name: str) -> int | None:
        text = self.cleaned_data.get(name) or ""
        if not text:
            return None
        try:
            return parse_money(text, self.money_in, get_language() or "en").minor
        except AmountUnreadable:
            self.add_error(name, _("This is not an amount."))
            return None

    def _terms(self, cleaned: Mapping[str, Any], minors: Mapping[str, int | None]) -> Terms:
        last_day = cleaned["until"]
        until = None if last_day is None else datetime.combine(last_day, time.min, UTC) + timedelta(days=1)
        terms = Terms(
            currency=self.money_in, per_payment_minor=minors["per_payment"] or 0, per_day_minor=minors["per_day"] or 0,
            per_week_minor=minors["per_week"], until=until, one_tap=cleaned["one_tap"], refunds=cleaned["refunds"],
        )  # fmt: skip
        try:
            terms.check()
        except MandateInvalid:
            self.add_error("per_payment", _("One payment cannot be more than a day's limit."))
        return terms

    @property
    def trim(self) -> Trim:
        """What the person leaves out."""
        return Trim(hide_note=bool(self.cleaned_data["hide_note"]))


class ConsentForm(MandateForm):
    """A mandate, and the card that pays."""

    card = forms.ChoiceField(label=gettext_lazy("Which card pays"), widget=forms.RadioSelect)
    currency = forms.ChoiceField(label=gettext_lazy("Currency of the new card"), required=False)

    load = forms.CharField(label=gettext_lazy("Put on the new card now"), max_length=20, required=False)

    field_order = ("card", "currency", "load")

    def __init__(self, *args: Any, cards: list[CardView], can_pay: bool, **more: Any) -> None:
        offered = {card.id: card.currency for card in cards}
        loaded = [card.id for card in cards if card.balance]
        data = more.get("data") or {}
        wished = data.get("currency") or settings.CURRENCIES[0]
        super().__init__(*args, currency=offered.get(data.get("card", ""), wished), **more)
        self.fields["card"] = forms.ChoiceField(
            label=self.fields["card"].label, widget=forms.RadioSelect,
            # One tap spends what is on the card: a card with money on it is proposed before an empty one.
            initial=loaded[0] if loaded else NEW_CARD,
            choices=[
                (NEW_CARD, _("A new card, for this platform alone")), *((card.id, _named(card)) for card in cards),
            ],
        )  # fmt: skip
        self.fields["currency"] = forms.ChoiceField(
            label=self.fields["currency"].label, required=False, choices=[(one, one) for one in settings.CURRENCIES]
        )
        self.order_fields(self.field_order)
        self.fields["load"].widget.attrs["inputmode"] = "decimal"
        self.fields["load"].help_text = _("From your wallet. Empty: one tap waits until you load the card.")
        self.can_pay = can_pay
        if not can_pay:
            for name in ("per_payment", "per_day"):
                self.fields[name].required = False

    def clean_load(self) -> Money | None:
        """An amount for the new card, or nothing."""
        text: str = self.cleaned_data["load"]
        if not text.strip() or self.cleaned_data.get("card") != NEW_CARD:
            return None
        try:
            return parse_money(text, self.money_in, get_language() or "en")
        except AmountUnreadable:
            raise forms.ValidationError(_("This is not an amount.")) from None

    def clean(self) -> dict[str, Any]:
        """A platform that did not ask to pay gets a mandate that allows nothing."""
        if self.can_pay:
            return super().clean()
        self.terms = replace(mandates.proposed(self.money_in), one_tap=False)
        return self.cleaned_data

    @property
    def choice(self) -> CardChoice:
        """The card that was picked."""
        picked = self.cleaned_data["card"]
        if picked == NEW_CARD:
            currency = self.cleaned_data["currency"] or settings.CURRENCIES[0]
            return CardChoice(currency=currency, load=self.cleaned_data["load"])
        return CardChoice(card_id=picked)


def _named(card: CardView) -> str:
    held = format_money(card.balance, get_language() or "en")
    return f"{card.label or _('Card')} ·· {card.last4} ({held})"


def proposal(currency: str) -> Terms:
    """What the consent page proposes."""
    return mandates.proposed(currency)
