"""What each operation does to the accounts, and what is refused."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.wallet.ledger.moving import CLEARING, NETWORK, fresh_main, move, transfer
from wallet.core import clock
from wallet.core.ids import new_id
from wallet.core.money import Money
from wallet.core.transactions import TransactionMissing, owns_transaction
from wallet.ledger import accounts, balances, holds
from wallet.ledger.accounts import AccountKind, AccountRef
from wallet.ledger.models import Account
from wallet.ledger.refusals import (
    AccountClosed,
    HoldClosed,
    InsufficientFunds,
    KeyReused,
    SettleBeyondHold,
    TransferInvalid,
)
from wallet.ledger.transfers import Op, post
from wallet.ledger.verify import verify

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _green_afterwards(db: None) -> Iterator[None]:
    """After every test the whole ledger agrees with itself (L03)."""
    yield
    assert verify().differences == []


def free(ref: AccountRef):
    return balances.available(ref).minor


def held(ref: AccountRef):
    return balances.of_account(ref).held.minor


def test_a_post_moves_money_at_once():
    """Break: leave the credit out of the UPDATE in `ledger_make`."""
    alice, bob = fresh_main(1000), fresh_main()
    posted = move(alice, bob, 300)
    assert (free(alice), free(bob)) == (700, 300)
    assert posted.hold is None
    assert not posted.is_replayed


def test_a_hold_takes_what_is_free_and_gives_nothing_yet():
    """Break: nothing pending for a hold in `ledger_make`."""
    alice, bob = fresh_main(1000), fresh_main()
    hold = move(alice, bob, 300, op=Op.HOLD)
    assert hold.hold == hold.id
    assert (free(alice), held(alice), free(bob)) == (700, 300, 0)


@pytest.mark.parametrize(
    ("steps", "left_free", "left_held", "received"),
    [
        ([("settle", 300)], 700, 0, 300),
        ([("release", 300)], 1000, 0, 0),
        ([("settle", 100), ("settle", 200)], 700, 0, 300),
        ([("settle", 100), ("release", 200)], 900, 0, 100),
        ([("release", 100), ("settle", 50), ("release", 50)], 850, 100, 50),
        ([("hold", 200), ("settle", 500)], 500, 0, 500),
        ([("settle", 100), ("hold", 50)], 650, 250, 100),
    ],
)
def test_a_hold_ends_in_parts(steps: Any, left_free: int, left_held: int, received: int):
    """Break: settle without taking from `debits_pending`."""
    alice, bob = fresh_main(1000), fresh_main()
    hold = move(alice, bob, 300, op=Op.HOLD).id
    for op, minor in steps:
        assert move(alice, bob, minor, op=Op(op), hold=hold).hold == hold
    assert (free(alice), held(alice), free(bob)) == (left_free, left_held, received)


def test_nothing_goes_below_zero():
    """Break: leave what is free out of `ledger_make` (the CHECK still refuses, as an IntegrityError)."""
    alice, bob = fresh_main(1000), fresh_main()
    move(alice, bob, 400, op=Op.HOLD)
    for op in (Op.POST, Op.HOLD):
        with pytest.raises(InsufficientFunds):
            move(alice, bob, 601, op=op)
    assert (free(alice), held(alice)) == (600, 400)
    with pytest.raises(InsufficientFunds):
        move(bob, alice, 1)


def test_an_increment_beyond_what_is_there_leaves_the_first_hold():
    """Break: leave what is free out of `ledger_make`."""
    alice, bob = fresh_main(1000), fresh_main()
    hold = move(alice, bob, 900, op=Op.HOLD).id
    with pytest.raises(InsufficientFunds):
        move(alice, bob, 101, op=Op.HOLD, hold=hold)
    assert held(alice) == 900
    assert balances.remaining_of_hold(hold) == 900


def test_a_batch_is_all_or_none_and_a_refusal_keeps_the_transaction():
    """Break: let `ledger_post` catch a refusal transfer by transfer, so that the first one stays."""
    alice, bob, eve = fresh_main(1000), fresh_main(), fresh_main()
    with pytest.raises(InsufficientFunds) as refused:
        post([transfer(alice, bob, 1000), transfer(alice, eve, 1)])
    assert refused.value.facts == {"index": 1}
    assert (free(alice), free(bob), free(eve)) == (1000, 0, 0)
    post([transfer(alice, bob, 999), transfer(bob, eve, 999)])
    assert (free(alice), free(bob), free(eve)) == (1, 0, 999)


def test_a_batch_opens_the_accounts_that_are_not_there_yet():
    """Break: pass over a transfer whose account is not there in `ledger_post`."""
    alice, bob = fresh_main(1000), accounts.main(new_id("holder"), "EUR")
    with transaction.atomic():
        post([transfer(alice, NETWORK, 100), transfer(alice, bob, 200), transfer(bob, NETWORK, 50)])
    assert (free(alice), free(bob)) == (700, 150)


def test_the_same_key_and_fields_give_the_same_result_once():
    """Break: go on in `ledger_make` when the key is taken."""
    alice, bob = fresh_main(1000), fresh_main()
    one = transfer(alice, bob, 300, key="once")
    first, second = post([one])[0], post([one])[0]
    assert first == second
    assert free(bob) == 300


@pytest.mark.parametrize("change", ["amount", "credit", "op", "ref"])
def test_the_same_key_with_other_fields_is_refused(change: str):
    """Break: leave the comparison out of `ledger_replay`."""
    alice, bob, eve = fresh_main(1000), fresh_main(), fresh_main()
    move(alice, bob, 300, key="taken")
    other = {"amount": (bob, 301, {}), "credit": (eve, 300, {}), "op": (bob, 300, {"op": Op.HOLD}),
             "ref": (bob, 300, {"ref": "another"})}[change]  # fmt: skip
    with pytest.raises(KeyReused):
        move(alice, other[0], other[1], key="taken", **other[2])
    assert free(alice) == 700


def test_a_settle_beyond_its_hold_is_refused():
    """Break: leave what remains out of `ledger_change_hold` (the domain still refuses)."""
    alice, bob = fresh_main(1000), fresh_main()
    first = move(alice, bob, 300, op=Op.HOLD).id
    move(alice, bob, 500, op=Op.HOLD)
    for op in (Op.SETTLE, Op.RELEASE):
        with pytest.raises(SettleBeyondHold):
            move(alice, bob, 301, op=op, hold=first)


def test_an_ended_hold_does_not_live_again():
    """Break: leave `closed_at` out of `ledger_change_hold`."""
    alice, bob = fresh_main(1000), fresh_main()
    hold = move(alice, bob, 300, op=Op.HOLD).id
    move(alice, bob, 300, op=Op.SETTLE, hold=hold)
    for op in (Op.SETTLE, Op.RELEASE, Op.HOLD):
        with pytest.raises(HoldClosed):
            move(alice, bob, 1, op=op, hold=hold)


def test_an_expired_hold_can_only_be_released():
    """Break: leaving out the comparison with `expires_at` in `ledger_change_hold`."""
    alice, bob = fresh_main(1000), fresh_main()
    past = clock.now() - timedelta(seconds=1)
    hold = move(alice, bob, 300, op=Op.HOLD, expires_at=past).id
    for op in (Op.SETTLE, Op.HOLD):
        with pytest.raises(HoldClosed):
            move(alice, bob, 1, op=op, hold=hold)
    move(alice, bob, 300, op=Op.RELEASE, hold=hold)
    assert free(alice) == 1000


def test_the_owner_of_a_code_sweeps_its_expired_holds():
    """Break: leave the code, or the expiry, out of `ledger_expire_holds`."""
    alice, bob = fresh_main(1000), fresh_main()
    past, future = clock.now() - timedelta(seconds=1), clock.now() + timedelta(hours=1)
    gone = move(alice, bob, 300, op=Op.HOLD, expires_at=past, ref="auth_1").id
    move(alice, bob, 50, op=Op.RELEASE, hold=gone)
    move(alice, bob, 100, op=Op.HOLD, expires_at=future)
    assert holds.expire(code="another") == []
    assert holds.expire(code="test") == [holds.Expired(gone, "auth_1", Money(250, "EUR"))]
    assert holds.expire(code="test") == []
    assert held(alice) == 100


def test_a_hold_is_ended_between_its_own_accounts_only():
    """Break: find the hold by its id alone in `ledger_change_hold`."""
    alice, bob, eve = fresh_main(1000), fresh_main(), fresh_main(1000)
    hold = move(alice, bob, 300, op=Op.HOLD).id
    for debit, credit in ((alice, eve), (eve, bob), (bob, alice)):
        with pytest.raises(TransferInvalid):
            move(debit, credit, 300, op=Op.SETTLE, hold=hold)


@pytest.mark.parametrize("minor", [0, -1, 2**63])
def test_an_amount_is_positive_and_fits(minor: int):
    """Break: leave the sign, or `numeric_value_out_of_range`, out of `ledger_make` and `ledger_post`."""
    alice, bob = fresh_main(1000), fresh_main()
    with pytest.raises(TransferInvalid):
        move(alice, bob, minor)


def test_totals_beyond_64_bits_are_refused_and_do_not_wrap():
    """Break: leave `numeric_value_out_of_range` out of `ledger_post`."""
    alice = fresh_main()
    move(CLEARING, alice, 2**62)
    with pytest.raises(TransferInvalid):
        move(CLEARING, alice, 2**62)
    assert free(alice) == 2**62


def test_two_currencies_do_not_mix():
    """Break: look an account up by its own currency in `ledger_post`, and leave the comparison out there."""
    alice = fresh_main(1000)
    for bob in (fresh_main(5, "JPY"), fresh_main(currency="JPY")):
        with pytest.raises(TransferInvalid):
            move(alice, bob, 1)


def test_one_account_twice_is_refused():
    """Break: leave the comparison out of `ledger_make` (the CHECK still refuses)."""
    alice = fresh_main(1000)
    with pytest.raises(TransferInvalid):
        move(alice, alice, 1)


def test_a_settle_names_its_hold_and_a_post_names_none():
    """Break: leave the hold out of what `ledger_make` asks of a post, or of a settle."""
    alice, bob = fresh_main(1000), fresh_main()
    hold = move(alice, bob, 300, op=Op.HOLD).id
    for op, named in ((Op.SETTLE, None), (Op.RELEASE, None), (Op.POST, hold), (Op.SETTLE, 0)):
        with pytest.raises(TransferInvalid):
            move(alice, bob, 1, op=op, hold=named)


def test_an_account_with_money_on_it_does_not_close():
    """Break: leave the balance out of `ledger_close_account`."""
    bob = fresh_main(5)
    with pytest.raises(TransferInvalid), transaction.atomic():
        accounts.close_account(bob)


def test_an_empty_account_closes_for_good():
    """Break: leave `closed_at` out of the UPDATE in `ledger_make`."""
    alice, bob = fresh_main(1000), fresh_main(5)
    move(bob, alice, 5)
    accounts.close_account(bob)
    with pytest.raises(AccountClosed):
        move(alice, bob, 1)
    assert free(alice) == 1005


def test_an_account_is_of_one_holder():
    """Break: look an account up without its holder in `ledger_post`."""
    alice = fresh_main(1000)
    card = accounts.card("card_a", alice.holder, "EUR")
    move(alice, card, 100)
    for bob in (fresh_main(5), fresh_main()):
        with pytest.raises(TransferInvalid):
            move(bob, accounts.card("card_a", bob.holder, "EUR"), 1)
    with pytest.raises(ValueError, match="holder"):
        accounts.programme(AccountKind.MAIN, "EUR")


def test_a_shortfall_is_the_mirror():
    """What is owed grows by debits and is never overpaid. Break: the same condition for every kind."""
    alice = fresh_main(1000)
    owed = accounts.shortfall(alice.holder, "EUR")
    move(owed, NETWORK, 250)
    assert free(owed) == 250
    with pytest.raises(InsufficientFunds):
        move(alice, owed, 251)
    move(alice, owed, 250)
    assert (free(owed), free(alice)) == (0, 750)


def test_the_programmes_accounts_are_derived_and_never_written():
    """Break: leave `NOT is_derived` out of the UPDATE in `ledger_make`."""
    alice = fresh_main(1000)
    before = balances.of_programme(CLEARING).minor
    move(alice, CLEARING, 400)
    row = Account.objects.get(kind="sandbox_clearing", currency="EUR")
    assert (row.credits_posted, row.debits_posted) == (0, 0)
    assert balances.of_programme(CLEARING).minor == before + 400


def test_a_post_is_one_statement(django_assert_num_queries: Any):
    """Break: one statement more in `post`."""
    alice, bob = fresh_main(1000), fresh_main()
    with django_assert_num_queries(1):
        post([transfer(alice, bob, 1), transfer(bob, alice, 1)])


@pytest.mark.django_db(transaction=True)
def test_a_post_belongs_to_a_transaction():
    """Break: `post` without `needs_transaction`."""
    with pytest.raises(TransactionMissing):
        move(fresh_main(), fresh_main(), 1)


@pytest.mark.django_db(transaction=True)
def test_the_key_of_an_earlier_transaction_counts_as_replayed():
    """Break: let `ledger_is_earlier` say no."""
    with transaction.atomic():
        one = transfer(fresh_main(1000), fresh_main(), 300)
        assert not post([one])[0].is_replayed
    with transaction.atomic():
        assert post([one])[0].is_replayed


@pytest.mark.django_db(transaction=True)
def test_a_post_that_is_all_there_is_to_do_needs_no_begin_and_no_commit():
    """Its one statement is the transaction: made or refused as a whole. Break: leave `alone` out of `single_statement`."""
    commit = owns_transaction(post)
    with transaction.atomic():
        alice, bob = fresh_main(1000), fresh_main()
    with CaptureQueriesContext(connection) as sent:
        commit([transfer(alice, bob, 300)])
    assert len(sent) == 1
    with pytest.raises(InsufficientFunds):
        commit([transfer(alice, bob, 300), transfer(alice, bob, 401)])
    assert (free(alice), free(bob)) == (700, 300)
