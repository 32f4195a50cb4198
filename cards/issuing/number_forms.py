"""The form of a number for one place."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.issuing.forms import read_money
from cards.issuing.place_numbers import Limits, Place
from cards.vault.places import SHORTEST_PREFIX


class NewNumberForm(forms.Form):
    """Whom a number is for: a linked platform, or a shop by its name or its merchant number."""

    link = forms.ChoiceField(label=gettext_lazy("Whom is it for?"), required=False)
    name = forms.CharField(
        label=gettext_lazy("The name of the shop"), max_length=60, required=False,
        help_text=gettext_lazy("As it stands on a receipt or a statement, at least its beginning. It is encrypted."),
    )  # fmt: skip
    merchant = forms.CharField(
        label=gettext_lazy("Its merchant number, if you know it"), max_length=64, required=False,
        help_text=gettext_lazy("Then the number works there alone, whatever the shop calls itself."),
    )  # fmt: skip
    per_payment = forms.CharField(label=gettext_lazy("At most in one payment"), max_length=20, required=False)
    total = forms.CharField(label=gettext_lazy("At most ever"), max_length=20, required=False)
    ends_on = forms.DateField(
        label=gettext_lazy("Works until"), required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), input_formats=["%Y-%m-%d"],
        help_text=gettext_lazy("Without a date it works as long as the shop was told: two to four years."),
    )  # fmt: skip

    def __init__(self, *args: Any, links: list[tuple[str, str]], currency: str, today: date, **options: Any) -> None:
        super().__init__(*args, **options)
        self.currency, self.today = currency, today
        if links:
            self.fields["link"].choices = [("", _("A shop")), *links]  # type: ignore[attr-defined]
        else:
            del self.fields["link"]
        for name in ("name", "merchant", "per_payment", "total"):
            self.fields[name].widget.attrs.update(autocomplete="off")
        for name in ("per_payment", "total"):
            self.fields[name].widget.attrs.update(inputmode="decimal")
        self.fields["ends_on"].widget.attrs.update(min=today.isoformat())

    @property
    def limits(self) -> list[forms.BoundField]:
        """The lines about how much and how long."""
        return [self[name] for name in ("per_payment", "total", "ends_on")]

    def clean(self) -> dict[str, Any]:
        """Read amounts; without a platform there is a shop."""
        cleaned: dict[str, Any] = super().clean() or {}
        for name in ("per_payment", "total"):
            if cleaned.get(name):
                try:
                    cleaned[name] = read_money(cleaned[name], self.currency)
                except forms.ValidationError as error:
                    self.add_error(name, error)
        cleaned["name"] = str(cleaned.get("name") or "").strip().strip("*").strip()
        if not cleaned.get("link") and len(cleaned["name"]) < SHORTEST_PREFIX:
            self.add_error("name", _("Write at least three letters of its name."))
        if cleaned.get("ends_on") and cleaned["ends_on"] < self.today:
            self.add_error("ends_on", _("This day is over."))
        return cleaned

    def place(self) -> Place:
        """Whom it is for: of a shop without a number, whoever calls itself so."""
        values = self.cleaned_data
        if values.get("link"):
            return Place(link=values["link"])
        merchant = str(values.get("merchant") or "").strip()
        return Place(merchant=merchant or f"{values['name']}*", name=values["name"])

    def terms(self) -> Limits:
        """How much, and how long."""
        values = self.cleaned_data
        amounts = {name: values[name].minor if values.get(name) else None for name in ("per_payment", "total")}
        return Limits(**amounts, ends_on=values.get("ends_on"))
