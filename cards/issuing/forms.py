"""Forms of the card pages, in plain words."""

import re
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from cards.issuing.controls import Controls
from cards.issuing.states import CardKind
from wallet.core.errors import WalletError
from wallet.core.money import Money, exponent, parse_money

_LIMITS = {
    "per_transaction": gettext_lazy("At most in one payment"),
    "daily": gettext_lazy("At most in a day"),
    "monthly": gettext_lazy("At most in a month"),
    "lifetime": gettext_lazy("At most ever"),
}
_FORMS = {
    "mcc_block": re.compile(r"[0-9]{4}"),
    "mcc_allow": re.compile(r"[0-9]{4}"),
    "countries": re.compile(r"[A-Z]{2}"),
}
_MOST_ENTRIES = 50


class AmountForm(forms.Form):
    """How much, in the card's currency."""

    amount = forms.CharField(label=gettext_lazy("Amount"), max_length=20)

    def __init__(self, *args: Any, currency: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.currency = currency
        self.fields["amount"].widget.attrs.update(inputmode="decimal", autocomplete="off")

    def clean_amount(self) -> Money:
        """The amount as people of this language write it."""
        return read_money(str(self.cleaned_data["amount"]), self.currency)


class RulesForm(forms.Form):
    """What a card may be used for; an empty line sets no rule."""

    per_transaction = forms.CharField(label=_LIMITS["per_transaction"], max_length=20, required=False)
    daily = forms.CharField(label=_LIMITS["daily"], max_length=20, required=False)
    monthly = forms.CharField(label=_LIMITS["monthly"], max_length=20, required=False)
    lifetime = forms.CharField(label=_LIMITS["lifetime"], max_length=20, required=False)
    countries = forms.CharField(
        label=gettext_lazy("Only in these countries"), max_length=200, required=False,
        help_text=gettext_lazy("Two letters each, such as FR, BE, CH."),
    )  # fmt: skip
    merchants = forms.CharField(
        label=gettext_lazy("Only at these shops"), max_length=2000, required=False,
        help_text=gettext_lazy("Merchant numbers with commas between, or the start of a name with a star: BAKER*."),
    )  # fmt: skip
    mcc_block = forms.CharField(
        label=gettext_lazy("Never at these kinds of shop"), max_length=300, required=False,
        help_text=gettext_lazy("Category codes of four digits, such as 7995 for betting."),
    )  # fmt: skip

    #: Set by a view for a card that exists; a new card's form asks for it.
    currency = ""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in _LIMITS:
            self.fields[name].widget.attrs.update(inputmode="decimal", autocomplete="off")

    @property
    def limits(self) -> list[forms.BoundField]:
        """The lines about money."""
        return [self[name] for name in _LIMITS]

    @property
    def places(self) -> list[forms.BoundField]:
        """The lines about where."""
        return [self[name] for name in ("countries", "merchants", "mcc_block")]

    def clean(self) -> dict[str, Any]:
        """Read limits and lists."""
        cleaned: dict[str, Any] = super().clean() or {}
        currency = self.currency or str(cleaned.get("currency", ""))
        for name in _LIMITS:
            if cleaned.get(name) and currency:
                try:
                    cleaned[name] = read_money(cleaned[name], currency)
                except forms.ValidationError as error:
                    self.add_error(name, error)
        for name in ("countries", "merchants", "mcc_block"):
            cleaned[name] = self._read_list(name, str(cleaned.get(name) or ""))
        return cleaned

    def controls(self, before: Controls | None = None) -> Controls:
        """The rules as set; what the page does not show stays as it was."""
        values = self.cleaned_data
        limits = {name: values[name].minor if values.get(name) else None for name in _LIMITS}
        lists = {name: values[name] or None for name in ("countries", "merchants", "mcc_block")}
        return Controls(**limits, **lists, mcc_allow=before.mcc_allow if before else None)

    def _read_list(self, name: str, text: str) -> tuple[str, ...]:
        entries = [entry.strip() for entry in text.split(",") if entry.strip()]
        if name == "countries":
            entries = [entry.upper() for entry in entries]
        form = _FORMS.get(name)
        if len(entries) > _MOST_ENTRIES or any(len(one) > 64 or (form and not form.fullmatch(one)) for one in entries):  # noqa: PLR2004 - a merchant number's length
            self.add_error(name, _("This list cannot be read."))
        return tuple(dict.fromkeys(entries))


class NewCardForm(RulesForm):
    """A card to be made."""

    kind = forms.ChoiceField(label=gettext_lazy("What is it for?"), widget=forms.RadioSelect, initial=CardKind.STANDARD)
    link = forms.ChoiceField(label=gettext_lazy("Which platform?"), required=False)
    label = forms.CharField(
        label=gettext_lazy("A name for it"), max_length=60, required=False,
        help_text=gettext_lazy("Only you see it. It is encrypted."),
    )  # fmt: skip
    load = forms.CharField(
        label=gettext_lazy("Put money on it now"), max_length=20, required=False,
        help_text=gettext_lazy("Whoever gets hold of the card can never take more than is on it."),
    )  # fmt: skip
    field_order = ("kind", "link", "label", "currency", "load")

    def __init__(self, *args: Any, links: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["currency"] = forms.ChoiceField(
            label=_("Currency"), choices=[(code, code) for code in settings.CURRENCIES]
        )
        self.fields["load"].widget.attrs.update(inputmode="decimal", autocomplete="off")
        self.fields["label"].widget.attrs.update(autocomplete="off")
        kinds = [
            (CardKind.STANDARD, _("Any shop, again and again")),
            (CardKind.SINGLE_USE, _("One payment, then never again")),
            (CardKind.MERCHANT_LOCKED, _("One shop: it locks to the first that takes money")),
        ]
        if links:
            kinds.append((CardKind.PLATFORM, _("One linked platform: it works nowhere else")))
            self.fields["link"].choices = [("", _("Choose")), *links]  # type: ignore[attr-defined]
        else:
            del self.fields["link"]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
        self.order_fields(list(self.field_order))

    def clean(self) -> dict[str, Any]:
        """Read the load, and the platform where one is needed."""
        cleaned = super().clean()
        if cleaned.get("load") and cleaned.get("currency"):
            try:
                cleaned["load"] = read_money(cleaned["load"], str(cleaned["currency"]))
            except forms.ValidationError as error:
                self.add_error("load", error)
        if cleaned.get("kind") == CardKind.PLATFORM and not cleaned.get("link"):
            self.add_error("link", _("Choose the platform."))
        return cleaned


class RevealForm(forms.Form):
    """Where the number will be typed."""

    meant_for = forms.CharField(
        label=gettext_lazy("Where will you type it?"), max_length=60, required=False,
        help_text=gettext_lazy("Kept in your own log. If somebody else tries it, you know who passed it on."),
    )  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["meant_for"].widget.attrs.update(autocomplete="off")


def rules_initial(controls: Controls, currency: str) -> dict[str, str]:
    """The rules as somebody would type them."""
    shown: dict[str, str] = {}
    for name in _LIMITS:
        minor = getattr(controls, name)
        shown[name] = "" if minor is None else _typed(minor, currency)
    for name in ("countries", "merchants", "mcc_block"):
        shown[name] = ", ".join(getattr(controls, name) or ())
    return shown


def _typed(minor: int, currency: str) -> str:
    decimals = exponent(currency)
    whole, rest = divmod(minor, 10**decimals)
    return f"{whole}.{rest:0{decimals}d}" if decimals and rest else str(whole)


def read_money(text: str, currency: str) -> Money:
    """An amount as people of this language write it; a sentence for them where it is none."""
    try:
        return parse_money(text, currency, get_language() or "en")
    except WalletError:
        raise forms.ValidationError(_("This is not an amount. Write it like 25 or 25.50.")) from None
