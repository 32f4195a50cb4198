"""standard.md L07: order and repetition of a card's messages never change the final balance.

Final: all holds are over, and each case is resolved as docs/card-states.md says, every loss charged to the holder and
what was kept apart given to them. Then what the holder has less what they owe is the same whatever came first; and where
the card could pay everything, each account is.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cards.machine import as_found
from tests.cards.model import Payment
from tests.cards.pairs import Pair

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("time_enough")]

Message = Callable[[Pair, Payment], object]
Final = tuple[int, int, int, int, int, int]

MESSAGES: dict[str, Callable[[int], Message]] = {
    "increment": lambda minor: lambda pair, on: pair.increment(on, minor),
    "reversal": lambda minor: lambda pair, on: pair.reverse(on, minor),
    "capture": lambda minor: lambda pair, on: pair.capture(on, minor),
    "final capture": lambda minor: lambda pair, on: pair.capture(on, minor, final=True),
    "first part": lambda minor: lambda pair, on: pair.capture(on, minor, part=1, of=2),
    "second part": lambda minor: lambda pair, on: pair.capture(on, minor, part=2, of=2),
    "force post": lambda minor: lambda pair, _on: pair.force_post(minor),
    "refund": lambda minor: lambda pair, on: pair.refund(on, minor),
    "refund reversal": lambda minor: lambda pair, on: pair.unrefund(on, minor),
    "expiry": lambda _minor: lambda pair, _on: pair.let_expire(),
    "lost dispute": lambda minor: lambda pair, on: pair.lose(pair.dispute(on, minor)),
    "won dispute": lambda minor: lambda pair, on: pair.win(pair.dispute(on, minor)),
}
AUTHORIZED = 1000


def play(messages: Sequence[tuple[str, int]], order: Sequence[int], *, load: int, twice: bool, close: bool) -> Final:
    """Send them in this order, each once or twice; what everything comes to in the end."""
    pair = Pair(load=load)
    payment = pair.authorize(AUTHORIZED, tips=True)
    assert payment is not None
    if close:
        pair.close()
    for place in order:
        name, minor = messages[place]
        MESSAGES[name](minor)(pair, payment)
        if twice and name != "expiry":
            pair.repeat()
    pair.let_expire()
    pair.charge_all()
    pair.check()
    wallet = pair.model
    return wallet.card, wallet.main, wallet.owed, wallet.losses, wallet.receivable, wallet.network


def compare(messages: Sequence[tuple[str, int]], order: Sequence[int], *, load: int, close: bool) -> None:
    """As they are written, against this order with everything twice."""
    first = play(messages, range(len(messages)), load=load, twice=False, close=close)
    other = play(messages, order, load=load, twice=True, close=close)
    must_agree(first, other)
    if load >= AUTHORIZED + sum(minor for _name, minor in messages) and not close:
        assert first == other


def must_agree(first: Final, other: Final) -> None:
    """What the holder has less what they owe, and the programme's accounts: no loss is left, and nothing is lent."""
    assert sum(first[:2]) - first[2] == sum(other[:2]) - other[2]
    assert first[3:] == other[3:]
    assert first[3:5] == (0, 0)


def any_messages() -> st.SearchStrategy[list[tuple[str, int]]]:
    """A few messages about one payment."""
    one = st.tuples(st.sampled_from(sorted(MESSAGES)), st.sampled_from([100, 300, 700, 1000, 1300]))
    return st.lists(one, min_size=2, max_size=5)


LOADS = st.sampled_from([AUTHORIZED, 1500, 20_000])


@as_found(examples=8)
@given(messages=any_messages(), load=LOADS, close=st.booleans(), data=st.data())
def test_any_messages_in_any_order(messages: list[tuple[str, int]], load: int, close: bool, data: Any) -> None:  # noqa: FBT001 - hypothesis gives it
    """Break: credit a refund in full although its reversal came first."""
    compare(messages, data.draw(st.permutations(range(len(messages)))), load=load, close=close)


def test_the_messages_of_a_restaurant_in_all_orders() -> None:
    """A tip beyond the hold, a refund and its reversal. Break: release the rest when the second of two parts comes."""
    messages = [("first part", 700), ("second part", 450), ("refund", 300), ("refund reversal", 300)]
    orders = itertools.permutations(range(len(messages)))
    first, *others = [play(messages, one, load=AUTHORIZED, twice=False, close=False) for one in orders]
    for other in others:
        must_agree(first, other)
