"""Money that comes: what is owed first, what is above the limit waits, and goes back after 30 days."""

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.conf import settings as configured
from django.db import transaction
from pytest_django.fixtures import Settings

from tests.wallet.ledger.moving import CLEARING, NETWORK, fresh_main, move
from wallet.activity.models import Line, Notice
from wallet.core import clock
from wallet.core.ids import new_id
from wallet.core.money import Money
from wallet.ledger import accounts, balances
from wallet.ledger.accounts import AccountRef
from wallet.ledger.refusals import KeyReused
from wallet.ledger.verify import verify
from wallet.limits import parking, receiving, tiers
from wallet.limits.models import Parking
from wallet.limits.regimes import Tier
from wallet.limits.tasks import return_parked

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _anonymous_under_amld5(settings: Settings) -> None:
    settings.REGIME = "eu-amld5"


@pytest.fixture(autouse=True)
def _green_afterwards(db: None) -> Iterator[None]:
    yield
    assert verify().differences == []


def eur(minor: int):
    return Money(minor, "EUR")


def receive(holder: str, minor: int, *, key: str = "", source: AccountRef = CLEARING, ref: str = "top_x", **more: Any):
    return receiving.receive(
        holder_id=holder, amount=eur(minor), source=source, key=key or secrets.token_hex(8), code="top_up", ref=ref,
        now=clock.now(), **more,
    )  # fmt: skip


def has(holder: str):
    return {b.ref.kind.value: b.available.minor for b in balances.of_holder(holder)}


def test_what_fits_is_credited():
    """Break: park what is within the limit."""
    alice = new_id("holder")
    received = receive(alice, 5_000)
    assert (received.credited, received.repaid, received.parked) == (eur(5_000), eur(0), eur(0))
    assert has(alice) == {"main": 5_000}


def test_what_is_owed_is_repaid_first():
    """Break: reckoning the parked part before the repaid one."""
    alice = new_id("holder")
    move(accounts.shortfall(alice, "EUR"), NETWORK, 800)
    received = receive(alice, 300)
    assert (received.credited, received.repaid) == (eur(0), eur(300))
    assert receive(alice, 20_000).repaid == eur(500)
    assert has(alice) == {"main": 15_000, "parked": 4_500, "shortfall": 0}
    assert Line.objects.filter(holder_id=alice, kind="shortfall_repaid").count() == 2


def test_what_exceeds_the_limit_waits_and_the_holder_is_told():
    """Break: count main accounts alone in `ledger_stored`."""
    alice = new_id("holder")
    card = accounts.card(new_id("card"), alice, "EUR")
    receive(alice, 14_000)
    move(accounts.main(alice, "EUR"), card, 9_000)
    received = receive(alice, 3_000)
    assert (received.credited, received.parked) == (eur(1_000), eur(2_000))
    assert has(alice) == {"main": 6_000, "card": 9_000, "parked": 2_000}
    assert Notice.objects.get(holder_id=alice).facts == {"amount": {"value": 2_000, "currency": "EUR"}}
    assert parking.waiting(alice) == [eur(2_000)]


def test_the_same_key_is_received_once_with_the_same_answer():
    """Break: `is_replayed := false` in limits_receive, which would tell the holder twice."""
    alice = new_id("holder")
    move(accounts.shortfall(alice, "EUR"), NETWORK, 100)
    first, again = receive(alice, 20_000, key="topup:1"), receive(alice, 20_000, key="topup:1")
    assert (again.repaid, again.parked) == (first.repaid, first.parked) == (eur(100), eur(4_900))
    assert again.is_replayed
    assert Line.objects.filter(holder_id=alice, kind="parked").count() == 1
    with pytest.raises(KeyReused), transaction.atomic():
        receive(alice, 1, key="topup:1")


def test_a_refund_comes_to_the_card_after_what_is_owed():
    """Break: repay nothing in `limits_sort`."""
    alice = new_id("holder")
    card = accounts.card(new_id("card"), alice, "EUR")
    move(accounts.shortfall(alice, "EUR"), NETWORK, 100)
    receive(alice, 250, source=NETWORK, into=card)
    assert has(alice) == {"main": 0, "card": 150, "shortfall": 0}


def test_what_a_charge_brought_is_sorted_in_the_same_way():
    """Break: park nothing that a payment brought."""
    payer = fresh_main(14_000)
    payee = new_id("holder")
    receive(payee, 10_000)
    card = accounts.card(new_id("card"), payer.holder, "EUR")
    move(payer, card, 9_000)
    move(card, accounts.main(payee, "EUR"), 7_000, key="charge:1")
    received = receiving.sort(
        holder_id=payee, amount=eur(7_000), source=card, key="charge:1", ref="preq_x", now=clock.now()
    )
    assert received.parked == eur(2_000)
    assert Parking.objects.get(holder_id=payee).source_holder == payer.holder


def test_what_waits_comes_in_when_there_is_room():
    """Break: reckoning the room before the accounts are locked."""
    alice = new_id("holder")
    receive(alice, 20_000)
    move(accounts.main(alice, "EUR"), NETWORK, 3_000)
    assert parking.take_in(holder_id=alice, currency="EUR", now=clock.now()) == eur(3_000)
    assert parking.take_in(holder_id=alice, currency="EUR", now=clock.now()) == eur(0)
    assert has(alice) == {"main": 15_000, "parked": 2_000}
    tiers.set_tier(holder_id=alice, tier=Tier.VERIFIED, now=clock.now())
    return_parked()
    assert has(alice) == {"main": 17_000, "parked": 0}


def test_without_a_limit_nothing_waits():
    """Break: take no limit for a limit in `limits_sort`."""
    alice = new_id("holder")
    tiers.set_tier(holder_id=alice, tier=Tier.VERIFIED, now=clock.now())
    assert receive(alice, 999_999_999).parked == eur(0)


@pytest.fixture
def a_month_later():
    """The clock moves by 31 days for one committed while; only the owner role can."""

    def shift(days: int) -> None:
        owner = configured.DATABASES["owner"]
        with psycopg.connect(
            dbname=owner["NAME"],
            user=owner["USER"],
            password=owner["PASSWORD"],
            host=owner["OPTIONS"].get("host") or owner["HOST"],
        ) as connection:
            connection.execute("UPDATE core_clock SET shift = make_interval(days => %s)", [days])

    yield lambda: shift(31)
    shift(0)


@pytest.mark.django_db(transaction=True)
def test_after_thirty_days_it_goes_back_to_whom_it_came_from(a_month_later: Callable[[], None], django_db_blocker: Any):
    """Break: comparing `due_at` with the real clock instead of core_now(); sending back what nobody refunds."""
    from wallet.core.transactions import owns_transaction

    bob, alice = new_id("holder"), new_id("holder")
    card = accounts.card(new_id("card"), bob, "EUR")
    run = owns_transaction(lambda function: function())
    run(lambda: receive(alice, 15_000))
    run(lambda: receive(bob, 8_000))
    run(lambda: move(accounts.main(bob, "EUR"), card, 8_000))
    run(lambda: receive(alice, 5_000, source=card, ref="preq_y"))
    run(lambda: receive(alice, 1_000, ref="top_y"))
    told = []
    return_parked()
    assert has(alice)["parked"] == 6_000
    a_month_later()
    # Nobody refunds the top-up yet: it waits, and does not become the programme's.
    assert return_parked() >= 1
    assert has(alice)["parked"] == 1_000
    top_up = Parking.objects.get(holder_id=alice, left__gt=0)
    assert run(lambda: parking.send_back(parking_id=top_up.id, now=clock.now())) is None
    parking.on_sent_back("sandbox_clearing", told.append)
    try:
        assert return_parked() == 1
        assert return_parked() == 0
    finally:
        parking._listeners.clear()
    assert has(alice) == {"main": 15_000, "parked": 0}
    assert has(bob) == {"main": 5_000, "card": 3_000}
    assert [(one.ref, one.amount, one.source_kind) for one in told] == [("top_y", eur(1_000), "sandbox_clearing")]
    assert Notice.objects.get(holder_id=bob).kind == "parked_came_back"
