"""The roll-up of the programme's accounts: a balance is exact before, during and after it, and nobody waits for it."""

import time
from collections.abc import Iterator
from typing import Any

import orjson
import psycopg
import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from tests.environment import DATABASE, URLS
from tests.races import processes
from tests.wallet.ledger.moving import CLEARING, NETWORK, fresh_main, move, transfer
from wallet.core.ids import new_id
from wallet.core.money import Money
from wallet.core.transactions import owns_transaction, sqlstate
from wallet.ledger import accounts, balances, rollup, tasks
from wallet.ledger.accounts import AccountKind, AccountRef
from wallet.ledger.models import Account
from wallet.ledger.transfers import Op, _as_json, post
from wallet.ledger.verify import verify

pytestmark = pytest.mark.django_db(transaction=True)

commit = owns_transaction(post)


@pytest.fixture(autouse=True)
def _green_afterwards(db: None) -> Iterator[None]:
    yield
    assert verify().differences == []


@pytest.fixture
def other() -> Iterator[psycopg.Connection[Any]]:
    """Another connection of the application's."""
    with psycopg.connect(URLS["app"].replace("{db}", DATABASE)) as session:
        yield session
        session.rollback()


def row(ref: AccountRef) -> Account:
    return Account.objects.get(kind=ref.kind, currency=ref.currency, is_derived=True)


def rolled(ref: AccountRef) -> int:
    """What the columns alone say."""
    return row(ref).credits_posted - row(ref).debits_posted


def tail(ref: AccountRef) -> int:
    """How many transfers the account's balance still adds up."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM wallet_transfer t, wallet_account a WHERE a.id = %s"
            " AND a.id IN (t.debit_account, t.credit_account) AND (t.xid, t.id) > (a.rolled_to_xid, a.rolled_to_id)",
            [row(ref).id],
        )
        return int(cursor.fetchone()[0])


def funded(minor: int = 1000) -> AccountRef:
    with transaction.atomic():
        return fresh_main(minor)


def calm() -> None:
    """Wait until nobody in the cluster has a transaction from before: it would hold back what comes after it."""
    give_up_at = time.monotonic() + 60
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        (mark,) = cursor.fetchone()
        while time.monotonic() < give_up_at:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint > %s", [mark])
            if cursor.fetchone()[0]:
                return
            time.sleep(0.05)


def roll_up() -> int:
    """What the worker does, with nothing in its way."""
    calm()
    return tasks.roll_up()


def roll_up_all() -> int:
    """Roll up to the end: a transaction that is open anywhere in the cluster holds back what comes after it."""
    taken, give_up_at = tasks.roll_up(), time.monotonic() + 120
    while tail(NETWORK) or tail(CLEARING):
        assert time.monotonic() < give_up_at
        time.sleep(0.2)
        taken += tasks.roll_up()
    return taken


def test_what_is_rolled_up_is_what_was_added_up(monkeypatch: pytest.MonkeyPatch):
    """Break: `CASE t.op … WHEN 'hold'` left out of pending; credits taken for debits."""
    monkeypatch.setattr(rollup, "PAGE", 3)
    alice = funded()
    (hold,) = commit([transfer(alice, NETWORK, 400, op=Op.HOLD)])
    commit([transfer(alice, NETWORK, 150, op=Op.SETTLE, hold=hold.id)])
    commit([transfer(alice, NETWORK, 30), transfer(alice, CLEARING, 20)])
    before = balances.of_programme(NETWORK), balances.of_programme(CLEARING)
    assert roll_up_all() >= 4
    assert (balances.of_programme(NETWORK), balances.of_programme(CLEARING)) == before
    assert (rolled(NETWORK), rolled(CLEARING)) == tuple(money.minor for money in before)
    assert tail(NETWORK) == tail(CLEARING) == 0
    assert row(NETWORK).credits_pending >= 250
    assert roll_up() == 0


def test_what_commits_late_is_not_skipped(other: psycopg.Connection[Any]):
    """Ids and transaction numbers are given out before the commit: what is below both may still come.

    Break: without `xid < v_below`: the late transfer is behind the point and never counted.
    """
    alice, bob = funded(), funded()
    roll_up()
    before = balances.of_programme(NETWORK).minor
    late = {one: accounts_id(one) for one in (alice, NETWORK)}
    other.execute(
        "SELECT ledger_apply('post', gen_random_uuid()::text, %s, %s, 7, 'test', 'late')", [late[alice], late[NETWORK]]
    )
    commit([transfer(bob, NETWORK, 100)])
    tasks.roll_up()
    assert balances.of_programme(NETWORK).minor == before + 100
    other.commit()
    assert balances.of_programme(NETWORK).minor == before + 107
    roll_up()
    assert balances.of_programme(NETWORK).minor == rolled(NETWORK) == before + 107


def accounts_id(ref: AccountRef) -> int:
    with transaction.atomic():
        return accounts.open_account(ref)


def test_an_account_that_opens_later_starts_where_the_others_are():
    """Break: taking the account that is furthest behind as the start: all history would be read again."""
    fresh = accounts.programme(AccountKind.LOSSES, "CHF")
    alice = funded()
    for _ in range(20):
        commit([transfer(alice, NETWORK, 1)])
    roll_up()
    with transaction.atomic():
        payer = fresh_main(50, "CHF")
        move(payer, fresh, 20)
    assert roll_up() < 10
    assert (rolled(fresh), tail(fresh)) == (20, 0)


def test_two_at_once_are_one(other: psycopg.Connection[Any]):
    """Break: without the advisory lock the second waits for the first one's rows."""
    funded()
    other.execute("SELECT ledger_roll_up(1)")
    assert tasks.roll_up() == 0
    other.rollback()
    assert roll_up() > 0


def test_no_transfer_waits_for_it(other: psycopg.Connection[Any]):
    """Break: without `NOT is_derived` at the lock in ledger_post: the transfer times out."""
    alice = funded()
    commit([transfer(alice, NETWORK, 10)])
    calm()
    assert other.execute("SELECT ledger_roll_up(1000000)").fetchone()[0] > 0
    before = balances.of_programme(NETWORK).minor
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '2s'")
    try:
        commit([transfer(alice, NETWORK, 10)])
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
    assert balances.of_programme(NETWORK).minor == before + 10
    other.commit()
    assert balances.of_programme(NETWORK).minor == before + 10


def test_a_page_that_has_the_end_of_a_hold_before_its_beginning_waits_or_grows(other: psycopg.Connection[Any]):
    """The one that ends a hold may have the lower transaction number: it began earlier, and saw the hold later.

    Break: without the exception block the roll-up stops for good, with a check violation.
    """
    roll_up()
    fees = accounts.programme(AccountKind.FEES, "GBP")
    before = balances.of_programme(fees).minor
    with transaction.atomic():
        payer = fresh_main(500, "GBP")
    ids = accounts_id(payer), accounts_id(fees)
    roll_up()
    other.execute("SELECT pg_current_xact_id()")
    (hold,) = commit([transfer(payer, fees, 300, op=Op.HOLD)])
    other.execute(
        "SELECT ledger_apply('settle', gen_random_uuid()::text, %s, %s, 300, 'test', 'late', %s)", [*ids, hold.id]
    )
    other.commit()
    calm()
    with transaction.atomic(), connection.cursor() as cursor:
        # One transfer to a page: the settle comes first, and its hold only with the longer page.
        cursor.execute("SELECT ledger_roll_up(1)")
        assert cursor.fetchone()[0] >= 2
    assert rolled(fees) == balances.of_programme(fees).minor == before + 300


def test_a_counter_that_is_behind_is_an_alarm():
    """A dump that was loaded into another cluster: its numbers start again (docs/operators.md, Restoring).

    Break: without the comparison with `v_below`, new transfers would lie behind the point, unseen.
    """
    with psycopg.connect(URLS["superuser"].replace("/postgres?", f"/{DATABASE}?")) as root:
        root.execute(
            "UPDATE wallet_account SET rolled_to_xid = '4000000000000' WHERE id = %s", [row(opened(CLEARING)).id]
        )
        with pytest.raises(psycopg.Error) as refused:
            root.execute("SELECT ledger_roll_up(10)")
        assert refused.value.sqlstate == "PV010"
        root.rollback()


def opened(ref: AccountRef) -> AccountRef:
    accounts_id(ref)
    return ref


def test_two_payments_into_one_programme_account_do_not_wait_for_each_other(other: psycopg.Connection[Any]):
    """The hot account, exactly: neither transaction is over, and both are through.

    Break: leave `NOT is_derived` out of the lock in `ledger_post`.
    """
    alice, bob = funded(), funded()
    commit([transfer(alice, NETWORK, 10)])
    before = balances.of_programme(NETWORK).minor
    other.execute("SET lock_timeout = '2s'")
    with transaction.atomic():
        post([transfer(alice, NETWORK, 10)])
        other.execute("SELECT ledger_post(%s)", [orjson.dumps([_as_json(transfer(bob, NETWORK, 7))]).decode()])
        other.commit()
    assert balances.of_programme(NETWORK).minor == before + 17


@pytest.mark.parametrize("limit", [0, -1, None])
def test_a_page_is_of_something(limit: int | None):
    """Break: leave the check out of `ledger_roll_up`."""
    with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT ledger_roll_up(%s)", [limit])
    assert sqlstate(refused.value) == "PV005"


def test_balances_and_verify_are_exact_while_everybody_moves_money_and_it_rolls_up():
    holders = [new_id("holder") for _ in range(4)]
    with transaction.atomic():
        post([transfer(CLEARING, accounts.main(one, "EUR"), 50_000) for one in holders])
    before = balances.of_programme(NETWORK)
    answers = processes.together("roller", 6, holders=holders, seconds=4)
    moved = sum(one["moved"] for one in answers)
    assert sum(one["differences"] for one in answers) == 0
    assert sum(one["verified"] for one in answers) > 0
    assert sum(one["rolled"] for one in answers) > 0
    assert balances.of_programme(NETWORK) == before + Money(moved, "EUR")
    roll_up()
    assert rolled(NETWORK) == before.minor + moved
