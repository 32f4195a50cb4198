"""`{{ amount|money }}`: an amount in the visitor's language."""

from django import template
from django.utils.translation import get_language

from wallet.core.money import Money, format_money

register = template.Library()


@register.filter
def money(value: Money) -> str:
    """The formatted amount."""
    return format_money(value, get_language() or "en")
