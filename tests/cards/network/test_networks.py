"""One suite for every card network, over HTTP: the sandbox's messages, and Stripe's questions, events and objects.

What one network alone can say stands in its own file (`test_sandbox`, `test_issuing`, `test_issuing_events`).
"""

from collections.abc import Callable
from functools import cache

import pytest

from tests.cards.acquirer import SHOP
from tests.cards.network.issuing_cast import Issuing, on_main
from tests.cards.network.tills import Till, open_till
from tests.support.people import sign_up
from wallet.ledger.verify import verify

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("time_enough")]

Open = Callable[..., Till]
Losses = Callable[..., int]


@pytest.fixture(params=["sandbox", "stripe"])
def open_one(request: pytest.FixtureRequest) -> Open:
    """Make a card and bring it to a shop of this network; one person for all, each test has cards of its own."""
    issuing: Issuing | None = request.getfixturevalue("issuing") if request.param == "stripe" else None
    person = _carol()
    return lambda load, **more: open_till(person, issuing, load, **more)


_carol = cache(sign_up)


def test_a_payment_is_held_cleared_and_the_rest_comes_back(open_one: Open) -> None:
    """Break: hold what was asked for until it expires."""
    till = open_one(5000)
    paid = till.pay(3000)
    assert (paid.minor, till.on_card) == (3000, (2000, 3000))
    till.carrier.capture(paid, 1000, final=False)
    assert till.on_card == (2000, 2000)
    till.carrier.capture(paid, 1500, final=True)
    assert till.on_card == (2500, 0)
    assert verify().is_green


def test_what_is_not_there_is_refused_or_paid_in_part_where_the_shop_takes_less(open_one: Open) -> None:
    """Break: approve in part for everybody."""
    till = open_one(2000)
    assert not till.pay(3000)
    assert till.on_card == (2000, 0)
    assert till.pay(3000, is_partial=True).minor == 2000
    assert till.on_card == (0, 2000)
    assert till.reasons == ["not_sufficient_funds"]


def test_more_is_held_or_what_is_held_stays(open_one: Open) -> None:
    """A refused increment leaves the first hold. Break: take an increment for the new total."""
    till = open_one(5000)
    paid = till.pay(3000)
    assert till.carrier.increment(paid, 1500)
    assert till.on_card == (500, 4500)
    assert not till.carrier.increment(paid, 1500)
    assert till.on_card == (500, 4500)
    till.carrier.capture(paid, 4500, final=True)
    assert till.on_card == (500, 0)


def test_what_a_shop_gives_back_is_free_again(open_one: Open) -> None:
    """In part, then all. Break: release all with the first part."""
    till = open_one(5000)
    paid = till.pay(3000)
    till.carrier.reverse(paid, 1000)
    assert till.on_card == (3000, 2000)
    till.carrier.reverse(paid, None)
    assert till.on_card == (5000, 0)


def test_refunds_go_to_the_card_and_to_the_wallet_when_it_is_closed(open_one: Open) -> None:
    """Break: refuse what comes for a closed card."""
    till = open_one(2000)
    paid = till.pay(2000)
    till.carrier.capture(paid, 2000, final=True)
    till.carrier.refund(paid, 700)
    assert till.on_card == (700, 0)
    before = on_main(till.person)
    till.do("close")
    till.carrier.refund(paid, 300)
    till.carrier.refund(None, 200)
    assert on_main(till.person) == before + 1200
    assert verify().is_green


def test_a_clearing_that_nobody_was_asked_about_takes_what_is_there(open_one: Open, losses: Losses) -> None:
    """settled.md 1. Break: post the rest to the holder's shortfall."""
    till = open_one(1000)
    till.carrier.force(300)
    assert till.on_card == (700, 0)
    till.do("freeze")
    till.carrier.force(900)
    assert (till.on_card, losses()) == ((0, 0), -200)


def test_a_dispute_lends_the_money_until_it_is_decided(open_one: Open) -> None:
    """Break: leave what was lent when it is lost."""
    till = open_one(2000)
    first, second = (till.carrier.capture(till.pay(1000), 1000, final=True) for _ in range(2))
    won, lost = till.carrier.dispute(first, 1000), till.carrier.dispute(second, 1000)
    assert till.on_card == (2000, 0)
    till.carrier.end_dispute(won, is_won=True)
    till.carrier.end_dispute(lost, is_won=False)
    assert till.on_card == (1000, 0)
    assert verify().is_green


def test_three_wrong_codes_close_a_card_online_until_tomorrow(open_one: Open) -> None:
    """A05. Break: count for each shop."""
    till = open_one(5000)
    for shop in ("shop-1", "shop-2", "shop-3"):
        assert not till.pay(100, code="wrong", merchant=shop)
    assert not till.pay(100)
    assert till.pay(100, is_chip=True)
    assert till.reasons == ["cvc_locked", *["cvc_mismatch"] * 3]


RULES: list[tuple[dict[str, object], str]] = [
    ({"per_transaction": {"value": 900, "currency": "EUR"}}, "per_transaction"),
    ({"countries": ["DE"]}, "country_not_allowed"),
    ({"merchants": ["somebody-else"]}, "merchant_not_allowed"),
    ({"mcc_block": ["5999"]}, "category_not_allowed"),
    ({"mcc_allow": ["5812"]}, "category_not_allowed"),
    ({"daily": {"value": 900, "currency": "EUR"}}, "daily"),
]


def test_the_holders_rules_hold_and_their_reason_is_the_same(open_one: Open) -> None:
    """A02; Stripe's own second lock may be the one that refuses. Break: leave `refused_there` out."""
    till = open_one(5000)
    assert till.pay(1000)
    for number, (rules, _reason) in enumerate(RULES, 1):
        till.rule(**rules)
        assert not till.pay(1000)
        assert till.reasons == sorted(reason for _rules, reason in RULES[:number])
        till.rule(**dict.fromkeys(rules))
    assert till.pay(1000)
    assert till.on_card == (3000, 2000)


def test_a_card_for_one_payment_and_one_for_one_shop(open_one: Open) -> None:
    """Break: lock a card at a question of nothing."""
    once = open_one(2000, kind="single_use")
    assert once.pay(100)
    assert not once.pay(100)
    assert once.reasons == ["already_used"]
    locked = open_one(2000, kind="merchant_locked")
    assert locked.pay(0, merchant="other-shop")
    assert locked.pay(100)
    assert not locked.pay(100, merchant="other-shop")
    assert locked.reasons == ["other_merchant"]


def test_a_number_for_one_place_works_there_alone(open_one: Open) -> None:
    """Break: `tokenize` without the place."""
    till = open_one(2000, place=SHOP["id"])
    assert till.pay(500)
    assert not till.pay(500, merchant="other-shop")
    assert (till.on_card, till.reasons) == ((1500, 500), ["other_place"])


def test_a_card_that_is_stopped_pays_nothing_and_what_is_held_still_settles(open_one: Open) -> None:
    """settled.md 1. Break: refuse a clearing of a frozen card."""
    till = open_one(2000)
    first, second = till.pay(500), till.pay(500)
    till.do("freeze")
    assert not till.pay(100)
    till.carrier.capture(first, 500, final=True)
    assert till.on_card == (1000, 500)
    till.do("close")
    assert not till.pay(100)
    till.carrier.capture(second, 500, final=True)
    assert till.on_card == (0, 0)
    assert till.reasons == ["card_closed", "card_frozen"]
