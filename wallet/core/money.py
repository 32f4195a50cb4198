"""Money: an integer of minor units and an ISO 4217 code; no float comes near it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from babel.numbers import NumberFormatError, format_currency, get_currency_precision, parse_decimal
from django.conf import settings

from wallet.core.errors import Kind, WalletError

#: The largest amount of one movement (settled.md 29).
MAX_MINOR = 999_999_999_999


class AmountUnreadable(WalletError):
    """The text that a person typed is no amount of this currency."""

    kind = Kind.INVALID
    slug = "amount-unreadable"
    title = "This is not an amount"


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount of money; may be zero or negative as a difference, never as a movement.

    Args:
        minor: minor units (JPY has 0 decimals, EUR 2, KWD 3).
        currency: ISO 4217 code.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError("minor units are an int")

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ValueError("two currencies do not mix")
        return other.minor

    def allocate(self, weights: Sequence[int]) -> list["Money"]:
        """Share by weights, remainders to the largest fractions (first on a tie); the sum is exact.

        Raises:
            ValueError: no weight, a negative weight, or all zero.
        """
        total = sum(weights)
        if not weights or total <= 0 or min(weights) < 0:
            raise ValueError("weights are not negative and not all zero")
        floors = [self.minor * weight // total for weight in weights]
        remainders = [self.minor * weight % total for weight in weights]
        left = self.minor - sum(floors)
        for index in sorted(range(len(weights)), key=lambda i: (-remainders[i], i))[:left]:
            floors[index] += 1
        return [Money(floor, self.currency) for floor in floors]

    def as_json(self) -> dict[str, int | str]:
        """The shape of contract.md: `{"value": 1250, "currency": "EUR"}`."""
        return {"value": self.minor, "currency": self.currency}


def exponent(currency: str) -> int:
    """Decimals of a currency (ISO 4217)."""
    return int(get_currency_precision(currency))


def is_offered(currency: str) -> bool:
    """Whether this installation holds the currency."""
    return currency in settings.CURRENCIES


def format_money(money: Money, language: str) -> str:
    """The amount as people read it in their language."""
    value = Decimal(money.minor).scaleb(-exponent(money.currency))
    return str(format_currency(value, money.currency, locale=language.replace("-", "_")))


def parse_money(text: str, currency: str, language: str) -> Money:
    """Read what a person typed: "12,50" in French, "12.50" in English; a lone point or comma works in both.

    Raises:
        AmountUnreadable: no number, too many decimals, not positive or too large.
    """
    cleaned = text.strip().replace("\u202f", "").replace("\u00a0", "").replace(" ", "")
    if not re.fullmatch(r"[0-9]*(?:[.,'][0-9]+)*", cleaned) or not cleaned:
        raise AmountUnreadable(currency=currency)
    try:
        if cleaned.count(",") + cleaned.count(".") == 1 and len(cleaned.replace(",", ".").split(".")[1]) <= exponent(
            currency
        ):
            value = Decimal(cleaned.replace(",", "."))
        else:
            value = parse_decimal(cleaned, locale=language.replace("-", "_"), strict=True)
        minor = value.scaleb(exponent(currency))
    except (InvalidOperation, NumberFormatError, ValueError):
        raise AmountUnreadable(currency=currency) from None
    if not minor.is_finite() or minor != minor.to_integral_value() or not 0 < minor <= MAX_MINOR:
        raise AmountUnreadable(currency=currency)
    return Money(int(minor), currency)
