"""standard.md L12 for cards: over HTTP, with the database's clock where days are longer, shorter or rare."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from cards.authorizations import tasks
from cards.authorizations.models import Authorization
from tests.cards.acquirer import TestCard, issue
from tests.cards.clocks import Clock, own_clock
from wallet.ledger.verify import verify

pytestmark = pytest.mark.django_db(transaction=True)

#: Ten minutes before a midnight in UTC after which something is unusual somewhere.
RARE = {
    "summer time begins": datetime(2027, 3, 27, 23, 50, tzinfo=UTC),
    "a leap day ends": datetime(2028, 2, 29, 23, 50, tzinfo=UTC),
    "a year ends": datetime(2027, 12, 31, 23, 50, tzinfo=UTC),
}
WEEK = timedelta(days=7)


@pytest.fixture
def clock() -> Iterator[Clock]:
    with own_clock() as moved:
        yield moved


def code(card: TestCard, minor: int) -> str:
    return str(card.authorize(minor)["response_code"])


def sweep() -> None:
    while tasks.expire():
        pass


@pytest.mark.parametrize("start", RARE.values(), ids=list(RARE))
def test_a_day_of_a_card_ends_at_midnight_and_a_hold_after_its_week(clock: Clock, start: datetime) -> None:
    """Break: `AT TIME ZONE 'Europe/Paris'` in `cards_place`; an hour less in `hold_life`; the sweeper's clock an hour ahead."""
    clock.be(start)
    card = issue(10_000, controls={"daily": 1_000})
    assert code(card, 1_000) == "00"
    midnight = start + timedelta(minutes=10)
    clock.be(midnight - timedelta(seconds=5))
    assert code(card, 1) == "61"
    clock.be(midnight + timedelta(seconds=1))
    assert [code(card, 1_000), code(card, 1)] == ["00", "61"]
    first, second = Authorization.objects.filter(card=card.card, status="approved").order_by("decided_at")
    assert timedelta() <= first.expires_at - (start + WEEK) < timedelta(minutes=1)
    assert timedelta() <= second.expires_at - (midnight + WEEK) < timedelta(minutes=1)
    clock.be(first.expires_at - timedelta(seconds=30))
    sweep()
    assert card.balance == (8_000, 2_000)
    clock.be(first.expires_at + timedelta(seconds=1))
    sweep()
    assert card.balance == (9_000, 1_000)
    assert verify().is_green
