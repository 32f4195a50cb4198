"""What the rooms above do when somebody leaves: they register here, nobody here knows them.

leaving.step(10, "links")(end_links)          # once, in this order, safe to run twice
leaving.money(money_of)                       # what is left, and what is held
leaving.payout(pay_out)                       # pay it out; True while that is under way
leaving.named(disputes_of)                    # told to the person, and waited for where `is_waited_for`
leaving.seal(20)(close_accounts)              # in the erasing transaction: refuses when something came meanwhile
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from wallet.core.money import Money


@dataclass(frozen=True, slots=True)
class Left:
    """Money of the person: free, or held for something that is still open."""

    free: Money
    held: Money


@dataclass(frozen=True, slots=True)
class Named:
    """Something that stands in the way, or that is lost by leaving now; a word that the page puts into a sentence."""

    what: str
    amount: Money | None = None
    is_waited_for: bool = False


Step = Callable[[str, datetime], None]
_STEPS: Final[dict[int, tuple[str, Step]]] = {}
_MONEY: Final[list[Callable[[str], list[Left]]]] = []
_PAYOUTS: Final[list[Callable[[str, datetime], bool]]] = []
_NAMED: Final[list[Callable[[str], list[Named]]]] = []
Seal = Callable[[str], None]
_SEALS: Final[dict[int, Seal]] = {}


def step(order: int, name: str) -> Callable[[Step], Step]:
    """Register what is ended when somebody leaves, before anything is paid out."""

    def register(function: Step) -> Step:
        if order in _STEPS and _STEPS[order][0] != name:
            raise ValueError(f"two steps of leaving at {order}")
        _STEPS[order] = (name, function)
        return function

    return register


def money(function: Callable[[str], list[Left]]) -> Callable[[str], list[Left]]:
    """Register who knows what is left."""
    _MONEY.append(function)
    return function


def payout(function: Callable[[str, datetime], bool]) -> Callable[[str, datetime], bool]:
    """Register who can pay out; called again and again until nothing is left. True: it is under way."""
    _PAYOUTS.append(function)
    return function


def named(function: Callable[[str], list[Named]]) -> Callable[[str], list[Named]]:
    """Register what the person must be told."""
    _NAMED.append(function)
    return function


def seal(order: int) -> Callable[[Seal], Seal]:
    """Register what must hold in the transaction that erases, in the order of locks; raises where it does not."""

    def register(function: Seal) -> Seal:
        if order in _SEALS and _SEALS[order].__qualname__ != function.__qualname__:
            raise ValueError(f"two seals of leaving at {order}")
        _SEALS[order] = function
        return function

    return register


def run_steps(holder_id: str, now: datetime) -> None:
    """Everything that ends, in order."""
    for _order, (_name, function) in sorted(_STEPS.items()):
        function(holder_id, now)


def left_of(holder_id: str) -> list[Left]:
    """What is left, by currency; nothing where there is nothing."""
    sums: dict[str, Left] = {}
    for one in (one for function in _MONEY for one in function(holder_id)):
        before = sums.get(one.free.currency)
        sums[one.free.currency] = Left(before.free + one.free, before.held + one.held) if before else one
    return [one for one in sums.values() if one.free or one.held]


def pay_out(holder_id: str, now: datetime) -> bool:
    """Whether some of it is on its way out."""
    under_way = [function(holder_id, now) for function in _PAYOUTS]
    return any(under_way)


def named_of(holder_id: str) -> list[Named]:
    """What the person must be told."""
    return [one for function in _NAMED for one in function(holder_id)]


def seal_all(holder_id: str) -> None:
    """Close what must take in nothing any more."""
    for _order, function in sorted(_SEALS.items()):
        function(holder_id)
