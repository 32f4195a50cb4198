"""Issue 7: a split among 50 people, all or nothing, with payers and the expiry racing: 200 rounds, or what time allows."""

import random
import time
from collections import Counter

import pytest

from tests.races.tables import Dinner, books_are_green

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS, AT_ONCE, GUESTS = 200, 4, 50


@pytest.mark.timeout(0)
def test_two_hundred_tables_of_fifty_settle_for_all_or_release_for_all(deadline: float) -> None:
    """Break: leave the split's lock out of `lock_request` and the rows' out of `lock_shares`."""
    dinner, chance, ends, per_tap = Dinner(GUESTS), random.Random(50), Counter[str](), 0.1  # noqa: S311 - chances, no secret
    while ends.total() < ROUNDS and time.monotonic() < deadline:
        began = time.monotonic()
        ends.update(dinner.race(AT_ONCE, chance, per_tap))
        print(
            f"{ends.total()} of {ROUNDS} rounds: {dict(ends)}; {time.monotonic() - began:.0f} s for {AT_ONCE}",
            flush=True,
        )
        if len(ends) < 2:
            # Let the time run out nearer to the last tap.
            per_tap *= 1.5 if "completed" not in ends else 0.6
        assert books_are_green()
    assert ends.total()
