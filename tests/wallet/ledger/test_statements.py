"""Statements of account: the opening balance and the movements make the closing balance, for any period."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import pairwise
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.wallet.ledger.moving import CLEARING, NETWORK, fresh_main, move
from wallet.core import clock
from wallet.core.errors import Invalid
from wallet.core.ids import new_id
from wallet.core.money import Money
from wallet.ledger import accounts, balances, rollup, statements
from wallet.ledger.accounts import AccountKind, AccountRef
from wallet.ledger.transfers import Op

pytestmark = pytest.mark.django_db

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def amounts(statement: statements.Statement):
    return [one.amount.minor for one in statement.movements]


def test_a_period_has_its_own_movements_and_the_next_begins_where_it_ends():
    """Break: `<=` at the end of the period, or `>` at its beginning: a movement in two periods, or in none."""
    alice, bob = fresh_main(1000), fresh_main()
    start = clock.now()
    move(alice, bob, 300)
    middle = clock.now()
    move(bob, alice, 50)
    move(alice, NETWORK, 20)
    end = clock.now()
    first = statements.of_account(alice, since=start, until=middle)
    second = statements.of_account(alice, since=middle, until=end)
    assert (first.opening.minor, amounts(first), first.closing.minor) == (1000, [-300], 700)
    assert (second.opening.minor, amounts(second), second.closing.minor) == (700, [50, -20], 730)
    assert [one.balance.minor for one in second.movements] == [750, 730]
    assert [one.other for one in second.movements] == [AccountKind.MAIN, AccountKind.NETWORK_SETTLEMENT]
    at = second.movements[0].at
    assert amounts(statements.of_account(alice, since=at, until=end)) == [50, -20]
    assert amounts(statements.of_account(alice, since=middle, until=at)) == []


def test_held_money_is_still_on_the_account_and_a_settlement_is_a_movement():
    """Break: without `op IN ('post', 'settle')` a hold and its end count as well."""
    alice, since = fresh_main(1000), clock.now()
    hold = move(alice, NETWORK, 400, op=Op.HOLD).id
    assert statements.of_account(alice, since=since, until=clock.now()).closing == Money(1000, "EUR")
    move(alice, NETWORK, 150, op=Op.SETTLE, hold=hold)
    move(alice, NETWORK, 250, op=Op.RELEASE, hold=hold)
    found = statements.of_account(alice, since=since, until=clock.now())
    assert (amounts(found), found.closing.minor) == ([-150], 850)


def test_a_shortfall_counts_what_is_owed():
    """Break: the same sign for every kind in `ledger_statement`."""
    alice, since = fresh_main(1000), clock.now()
    owed = accounts.shortfall(alice.holder, "EUR")
    move(owed, NETWORK, 250)
    move(alice, owed, 100)
    found = statements.of_account(owed, since=since, until=clock.now())
    assert (found.opening.minor, amounts(found), found.closing.minor) == (0, [250, -100], 150)


def test_the_programmes_account_has_one_too_rolled_up_or_not():
    """Break: the same sign for both sides in `ledger_statement`."""
    alice, since = fresh_main(1000), clock.now()
    opening = balances.of_programme(NETWORK)
    move(alice, NETWORK, 70)
    move(NETWORK, alice, 30)
    for _rolled in range(2):
        found = statements.of_account(NETWORK, since=since, until=clock.now())
        assert (found.opening, amounts(found)) == (opening, [70, -30])
        assert found.closing == opening + Money(40, "EUR") == balances.of_programme(NETWORK)
        rollup.roll_up()
    assert [(one.code, one.count, one.came.minor, one.went.minor) for one in found.totals] == [("test", 2, 70, 30)]


def test_an_account_that_never_opened_is_empty_and_a_period_has_a_direction():
    nobody = accounts.main(new_id("holder"), "EUR")
    found = statements.of_account(nobody, since=_LONG_AGO, until=clock.now())
    assert (found.opening.minor, found.movements, found.closing.minor) == (0, [], 0)
    with pytest.raises(Invalid):
        statements.of_account(nobody, since=clock.now(), until=_LONG_AGO)


def test_a_holder_has_one_for_each_account():
    alice, since = fresh_main(1000), clock.now()
    card = accounts.card("card_" + alice.holder, alice.holder, "EUR")
    move(alice, card, 400)
    found = statements.of_holder(alice.holder, since=since, until=clock.now())
    assert [(one.account.kind, one.closing.minor) for one in found] == [("card", 400), ("main", 600)]
    assert statements.of_holder("", since=since, until=clock.now()) == []


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(st.tuples(st.booleans(), st.integers(1, 40)), min_size=1, max_size=12),
    cut=st.integers(0, 12),
)
def test_any_cut_of_any_history_adds_up(steps: list[tuple[bool, int]], cut: int):
    """Break: take what is there now for what was there at the beginning."""
    alice, moments = fresh_main(1000), [clock.now()]
    for is_in, minor in steps:
        debit, credit = (CLEARING, alice) if is_in else (alice, CLEARING)
        move(debit, credit, minor)
        moments.append(clock.now())
    parts = [_LONG_AGO, moments[min(cut, len(steps))], moments[-1]]
    before, after = (statements.of_account(alice, since=a, until=b) for a, b in pairwise(parts))
    assert before.opening.minor == 0
    assert before.closing == after.opening
    assert after.closing == balances.available(alice)
    assert amounts(after) == [minor if is_in else -minor for is_in, minor in steps[cut:]]


def said(*words: str) -> str:
    out = StringIO()
    call_command("statement", *words, stdout=out)
    return out.getvalue()


def document(*words: str) -> Any:
    return json.loads(said(*words, "--json"))


def test_the_command_prints_one_document():
    alice = fresh_main(1000)
    move(alice, NETWORK, 150)
    (found,) = document("--holder", alice.holder)["statements"]
    assert found["account"] == {"kind": "main", "owner": alice.holder, "currency": "EUR"}
    assert (found["opening"]["value"], found["closing"]) == (0, {"value": 850, "currency": "EUR"})
    assert [one["amount"]["value"] for one in found["movements"]] == [1000, -150]
    assert {one["code"] for one in found["totals"]} == {"test"}
    (short,) = document("--account", "network_settlement", "--totals")["statements"]
    assert "movements" not in short
    tomorrow = f"{clock.now() + timedelta(days=1):%Y-%m-%d}"
    (later,) = document("--holder", alice.holder, "--since", tomorrow, "--until", tomorrow)["statements"]
    assert (later["movements"], later["opening"]["value"]) == ([], 850)
    assert "850" in said("--holder", alice.holder)
    assert "test" in said("--holder", alice.holder, "--totals")


@pytest.mark.parametrize(
    "words", [(), ("--account", "main"), ("--holder", "h", "--since", "tomorrow"), ("--holder", "h", "--until", "2001-01-01")]
)  # fmt: skip
def test_the_command_refuses_what_it_cannot_read(words: tuple[str, ...]):
    with pytest.raises(CommandError):
        call_command("statement", *words)


def test_a_statement_is_two_queries_however_long(django_assert_num_queries: Any):
    alice: AccountRef = fresh_main(1000)
    now = clock.now()
    with django_assert_num_queries(2):
        statements.of_account(alice, since=_LONG_AGO, until=now)
