"""standard.md A07 in full: 1,000 races between payments and a freeze or a close, or as many as the time allows."""

import itertools
import time

import pytest

from cards.issuing import cards
from tests.cards.acquirer import issue
from tests.races.test_authorizations import race

pytestmark = pytest.mark.django_db(transaction=True)

RACES = 1_000


def test_after_a_card_was_stopped_nothing_is_approved(deadline: float) -> None:
    """Break: compare no state version in `cards_place`."""
    raced = 0
    for stop in itertools.islice(itertools.cycle((cards.freeze_card, cards.close_card)), RACES):
        race(issue(5000), stop)
        raced += 1
        if time.monotonic() > deadline:
            break
    print(f"\n{raced} races")
