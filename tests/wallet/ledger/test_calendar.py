"""L12: days that are longer, shorter or rare end nothing early or late. The database's clock is moved there."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from django.db import transaction

from tests.environment import DATABASE, URLS
from tests.wallet.ledger.moving import fresh_main, transfer
from wallet.core import clock
from wallet.core.ids import new_id
from wallet.core.money import Money
from wallet.core.transactions import owns_transaction
from wallet.ledger import balances, holds, statements
from wallet.ledger.refusals import HoldClosed
from wallet.ledger.transfers import Op, post
from wallet.limits import windows
from wallet.limits.models import Usage
from wallet.limits.windows import Limit

pytestmark = pytest.mark.django_db(transaction=True)

SetClock = Callable[[datetime], None]
commit = owns_transaction(post)


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[SetClock]:
    """What `manage.py set_clock` does, to the second; this process stands in a zone with summer time."""
    monkeypatch.setenv("TZ", "Europe/Paris")
    time.tzset()
    with psycopg.connect(URLS["owner"].replace("{db}", DATABASE), autocommit=True) as owner:

        def move_to(moment: datetime) -> None:
            owner.execute(
                "UPDATE core_clock SET shift = make_interval(secs => extract(epoch FROM %s - clock_timestamp()))",
                [moment],
            )

        yield move_to
        owner.execute("UPDATE core_clock SET shift = '0'")
    monkeypatch.undo()
    time.tzset()


RARE = {
    "summer time begins": datetime(2027, 3, 28, 0, 30, tzinfo=UTC),
    "summer time ends": datetime(2027, 10, 31, 0, 30, tzinfo=UTC),
    "a leap day begins": datetime(2028, 2, 28, 23, 30, tzinfo=UTC),
    "a leap day ends": datetime(2028, 2, 29, 23, 30, tzinfo=UTC),
    "a year ends": datetime(2027, 12, 31, 23, 30, tzinfo=UTC),
}


@pytest.mark.parametrize("start", RARE.values(), ids=list(RARE))
def test_a_hold_of_an_hour_lives_an_hour(set_clock: SetClock, start: datetime):
    """Break: without the comparison with `expires_at` in ledger_change_hold."""
    set_clock(start)
    with transaction.atomic():
        alice, bob = fresh_main(1000), fresh_main()
    code, expires_at = "test", clock.now() + timedelta(hours=1)
    first, second = commit([transfer(alice, bob, 100, op=Op.HOLD, expires_at=expires_at) for _ in range(2)])
    set_clock(start + timedelta(minutes=59, seconds=50))
    with transaction.atomic():
        assert {first.id, second.id}.isdisjoint(one.hold for one in holds.expire(code=code, limit=1000))
    commit([transfer(alice, bob, 100, op=Op.SETTLE, hold=first.id)])
    set_clock(start + timedelta(hours=1, seconds=5))
    with pytest.raises(HoldClosed):
        commit([transfer(alice, bob, 100, op=Op.SETTLE, hold=second.id)])
    with transaction.atomic():
        assert second.id in {one.hold for one in holds.expire(code=code, limit=1000)}
    assert (balances.available(alice).minor, balances.available(bob).minor) == (900, 100)


@pytest.mark.parametrize("start", RARE.values(), ids=list(RARE))
def test_a_day_of_a_limit_is_a_day_in_utc(set_clock: SetClock, start: datetime):
    """Break: `AT TIME ZONE 'Europe/Paris'` in limits_consume: there another day has begun."""
    midnight = datetime(start.year, start.month, start.day, tzinfo=UTC) + timedelta(days=1)
    alice, used = new_id("holder"), []
    for moment in (start, midnight - timedelta(seconds=10), midnight + timedelta(seconds=1)):
        set_clock(moment)
        with transaction.atomic():
            windows.consume(holder_id=alice, limit=Limit.SPENDING, amount=Money(10, "EUR"), now=clock.now())
        (day,) = [one for one in windows.usage(alice) if one.period == "day"]
        used.append(day.used.minor)
    assert used == [10, 20, 10]
    days = list(
        Usage.objects.filter(holder_id=alice, period="day").order_by("starts_on").values_list("starts_on", flat=True)
    )
    assert days == [date(start.year, start.month, start.day), midnight.date()]


def test_the_month_with_a_leap_day_has_it_in_its_statement(set_clock: SetClock):
    set_clock(datetime(2028, 2, 29, 23, 59, 50, tzinfo=UTC))
    with transaction.atomic():
        alice = fresh_main(1000)
    set_clock(datetime(2028, 3, 1, 0, 0, 1, tzinfo=UTC))
    commit([transfer(alice, fresh(), 10)])
    february, march = datetime(2028, 2, 1, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)
    first = statements.of_account(alice, since=february, until=march)
    then = statements.of_account(alice, since=march, until=clock.now())
    assert (first.closing.minor, then.opening.minor, then.closing.minor) == (1000, 1000, 990)


def fresh():
    with transaction.atomic():
        return fresh_main()
