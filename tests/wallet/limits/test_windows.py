"""Windows are used up in the transaction of their effect, in UTC, by the law that holds."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from tests.wallet.ledger.moving import move
from tests.wallet.ledger.test_protection import run
from wallet.core import clock
from wallet.core.ids import new_id
from wallet.core.money import Money
from wallet.core.transactions import TransactionMissing
from wallet.ledger import accounts
from wallet.limits import tiers, windows
from wallet.limits.regimes import Ability, Tier, regime_at
from wallet.limits.tiers import TierInsufficient
from wallet.limits.windows import Limit, LimitReached

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def eur(minor: int):
    return Money(minor, "EUR")


def spend(holder: str, minor: int, now: datetime = NOON):
    windows.consume(holder_id=holder, limit=Limit.SPENDING, amount=eur(minor), now=now)


def used(holder: str, now: datetime = NOON):
    return {one.period: one.used.minor for one in windows.usage(holder, now=now) if one.name is Limit.SPENDING}


def test_a_day_is_used_up_and_starts_anew_at_midnight_utc():
    """Break: `<` instead of `<=` in `limits_use`, or the session's time zone instead of UTC."""
    alice = new_id("holder")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'Pacific/Auckland'")
    spend(alice, 1_000_000)
    with pytest.raises(LimitReached) as refused:
        spend(alice, 1)
    assert refused.value.facts == {"limit": "spending", "period": "day", "value": 1_000_000, "currency": "EUR"}
    last, first = datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)
    with pytest.raises(LimitReached):
        spend(alice, 1, last)
    spend(alice, 7, first)
    assert used(alice, first) == {"day": 7}


def test_the_law_of_2015_counts_payments_and_months(settings: Settings):
    """Break: leave the payment, or the month, out of `limits_use`."""
    settings.REGIME = "eu-amld5"
    alice = new_id("holder")
    with pytest.raises(LimitReached, match="limits") as refused:
        spend(alice, 5_001)
    assert refused.value.facts["period"] == "payment"
    for _ in range(3):
        spend(alice, 5_000)
    with pytest.raises(LimitReached) as refused:
        spend(alice, 1, NOON + timedelta(days=1))
    assert refused.value.facts["period"] == "month"
    spend(alice, 1, datetime(2026, 12, 1, tzinfo=UTC))
    (month,) = [one for one in windows.usage(alice, now=NOON) if one.period == "month"]
    assert (month.used, month.left, month.resets_at) == (eur(15_000), eur(0), datetime(2026, 12, 1, tzinfo=UTC))


def test_a_release_gives_back_to_its_own_day_and_never_more():
    """Break: leave the day, or the zero, out of `limits_give_back`."""
    alice = new_id("holder")
    spend(alice, 600)
    spend(alice, 100, NOON + timedelta(days=1))
    windows.give_back(holder_id=alice, limit=Limit.SPENDING, amount=eur(400), used_at=NOON)
    assert used(alice) == {"day": 200}
    windows.give_back(holder_id=alice, limit=Limit.SPENDING, amount=eur(400), used_at=NOON)
    assert used(alice) == {"day": 0}
    assert used(alice, NOON + timedelta(days=1)) == {"day": 100}


def test_a_day_that_refuses_gives_the_month_back():
    """Break: leaving out the compensation in limits_consume."""
    alice = new_id("holder")
    with connection.cursor() as cursor:
        for amount, expected in ((80, None), (30, "day"), (20, None)):
            cursor.execute(
                "SELECT limits_consume(%s, 'spending', 'EUR', %s, NULL, 100, 1000, %s)", [alice, amount, NOON]
            )
            assert cursor.fetchone() == (expected,)
        cursor.execute("SELECT day, month FROM limits_used(%s, 'spending', 'EUR', %s)", [alice, NOON])
        assert cursor.fetchone() == (100, 100)


def test_currencies_and_holders_are_counted_apart():
    """Break: write each day's window under one currency, or for one holder, in `limits_use`."""
    alice, bob = new_id("holder"), new_id("holder")
    spend(alice, 1_000_000)
    spend(bob, 1_000_000)
    windows.consume(holder_id=alice, limit=Limit.SPENDING, amount=Money(10_000, "JPY"), now=NOON)
    with pytest.raises(LimitReached):
        windows.consume(holder_id=alice, limit=Limit.SPENDING, amount=Money(1, "JPY"), now=NOON)


def test_a_top_up_that_would_not_fit_is_refused_before_it_is_paid():
    """Break: refuse nothing in `require_room`."""
    alice = new_id("holder")
    windows.require_room(holder_id=alice, amount=eur(1_000_000), now=NOON)
    with pytest.raises(LimitReached):
        windows.require_room(holder_id=alice, amount=eur(1_000_001), now=NOON)
    move(accounts.programme(accounts.AccountKind.SANDBOX_CLEARING, "EUR"), accounts.main(alice, "EUR"), 999_000)
    windows.require_room(holder_id=alice, amount=eur(1_000), now=NOON)
    with pytest.raises(LimitReached):
        windows.require_room(holder_id=alice, amount=eur(1_001), now=NOON)


def test_stored_money_is_counted_and_not_consumed():
    """Break: refuse nothing in `consume`."""
    with pytest.raises(ValueError, match="counted"):
        windows.consume(holder_id=new_id("holder"), limit=Limit.STORED, amount=eur(1), now=NOON)


def test_the_application_role_uses_windows_through_the_functions_alone():
    """Break: grant an UPDATE of `used`; take any amount in `limits_give_back`."""
    for table in ("wallet_usage", "wallet_parking"):
        assert run(f"INSERT INTO {table} DEFAULT VALUES") == "42501"
        assert run(f"DELETE FROM {table}") == "42501"
    assert run("UPDATE wallet_usage SET used = 0") == "42501"
    assert run("SELECT limits_consume('holder_x', 'spending', 'EUR', -5, NULL, 10, NULL, core_now())") == "PV005"
    assert run("SELECT limits_give_back('holder_x', 'spending', 'EUR', -5, core_now())") == "PV005"


@pytest.mark.django_db(transaction=True)
def test_a_window_belongs_to_a_transaction():
    """Break: `consume` without `needs_transaction`."""
    with pytest.raises(TransactionMissing):
        spend(new_id("holder"), 1)


def test_the_law_changes_on_its_day(settings: Settings):
    """Break: `>` instead of `>=` on the day itself."""
    settings.REGIME = "eu-amld5"
    assert regime_at(datetime(2027, 7, 9, 23, 59, tzinfo=UTC)).name == "eu-amld5"
    assert regime_at(datetime(2027, 7, 10, tzinfo=UTC)).name == "eu-amlr"


def test_an_anonymous_holder_buys_and_does_not_pay_people(settings: Settings):
    """Break: refuse nothing in `require`."""
    settings.REGIME = "eu-amld5"
    alice = new_id("holder")
    assert tiers.tier_of(alice) is Tier.ANONYMOUS
    tiers.require(alice, Ability.PURCHASE, now=NOON)
    with pytest.raises(TierInsufficient):
        tiers.require(alice, Ability.PAY_PEOPLE, now=NOON)
    tiers.set_tier(holder_id=alice, tier=Tier.VERIFIED, now=clock.now())
    tiers.require(alice, Ability.PAY_PEOPLE, now=NOON)
    assert windows.usage(alice, now=NOON) == []


def test_minor_units_follow_the_currency(settings: Settings):
    settings.CURRENCIES = ["KWD", "EUR"]
    (stored, _) = windows.usage(new_id("holder"), now=NOON)
    assert stored.limit == Money(10_000_000, "KWD")
