"""Columns and filters that every room's lists share."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import get_language

from wallet.core.console.words import COLUMNS
from wallet.core.money import Money, format_money


def money(minor: str, label: str | Promise, currency: str = "currency") -> Callable[[Any], str]:
    """A column of minor units, as an amount in the reader's language."""

    @admin.display(description=str(label) if isinstance(label, str) else label)  # type: ignore[arg-type]
    def column(row: Any) -> str:
        amount = Money(getattr(row, minor), getattr(row, currency))
        return format_money(amount, get_language() or "en")

    column.__name__ = f"{minor}_shown"
    return column


def codes(field_name: str, values: Iterable[str]) -> type[admin.SimpleListFilter]:
    """A filter by the codes of one column; they come from the code, so that no list reads a whole table for them."""
    known = [(str(value), str(value)) for value in values]

    class Codes(admin.SimpleListFilter):
        title = COLUMNS.get(field_name, field_name)  # type: ignore[assignment] # a lazy text
        parameter_name = f"{field_name}__exact"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ARG002 - Django's signature
            return known

        def queryset(self, request: HttpRequest, queryset: Any) -> Any:  # noqa: ARG002 - the same
            return queryset.filter(**{field_name: self.value()}) if self.value() else queryset

    return Codes
