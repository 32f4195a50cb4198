"""Shares: who pays how much of a total. Pure arithmetic: the parts always come to the whole."""

from collections.abc import Sequence
from dataclasses import dataclass

from wallet.core.errors import Invalid
from wallet.core.money import Money


@dataclass(frozen=True, slots=True)
class ShareWish:
    """One share as it was sent: an exact amount, or a part by weight (1 where nothing was said)."""

    payer: str | None = None
    amount: Money | None = None
    weight: int | None = None


def divide(total: Money, wishes: Sequence[ShareWish]) -> list[Money]:
    """The amount of each share, in their order: exact ones first, the rest by weight and largest remainder.

    Raises:
        Invalid: exact amounts that do not come to the total, or a total too small for so many shares.
    """
    exact = sum(wish.amount.minor for wish in wishes if wish.amount is not None)
    weights = [wish.weight or 1 for wish in wishes if wish.amount is None]
    rest = total.minor - exact
    if rest < 0 or (rest > 0 and not weights):
        raise Invalid("amounts must come to the total", pointer="/shares")
    parts = iter(Money(rest, total.currency).allocate(weights) if weights else ())
    amounts = [next(parts) if wish.amount is None else wish.amount for wish in wishes]
    if not all(amounts):
        raise Invalid("must be enough for every share to be at least 1", pointer="/total/value")
    return amounts
