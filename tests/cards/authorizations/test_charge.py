"""A payment of our own with a card: the same decision, posted at once."""

import secrets
from typing import Any

import pytest
from django.db import transaction

from cards.authorizations.charge import Charge, Charged, Refused, charge_card
from cards.authorizations.merchants import Merchant
from cards.issuing import cards
from cards.vault import domains
from tests.cards.acquirer import TestCard, issue
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.ids import new_id
from wallet.core.money import Money
from wallet.core.transactions import TransactionMissing
from wallet.ledger import accounts, balances

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("time_enough")]
FRIEND = Merchant("link_x", "Messenger", "6012", "")


def charge(card: TestCard, minor: int, payee: str, *, merchant: Merchant = FRIEND, **more: Any) -> Charged | Refused:
    with transaction.atomic():
        wish = Charge(
            card_id=card.card.id, holder_id=more.get("holder_id", card.card.holder_id), amount=Money(minor, "EUR"),
            credit=accounts.main(payee, "EUR"), merchant=merchant, key=more.get("key") or secrets.token_hex(8),
            code="payment", ref="preq_test",
        )  # fmt: skip
        return charge_card(wish, now=clock.now())


def main(holder_id: str) -> int:
    return balances.available(accounts.main(holder_id, "EUR")).minor


def test_money_goes_from_the_card_to_the_payees_main_account() -> None:
    card, bob = issue(1000), new_id("holder")
    assert isinstance(charge(card, 400, bob), Charged)
    assert (card.balance, main(bob)) == ((600, 0), 400)


@pytest.mark.parametrize(
    ("more", "minor", "reason"),
    [
        ({}, 1001, "not_sufficient_funds"), ({"controls": {"per_transaction": 99}}, 100, "per_transaction"),
        ({"controls": {"merchants": ("shop-1",)}}, 100, "merchant_not_allowed"),
    ],
)  # fmt: skip
def test_a_refusal_says_why_and_changes_nothing(more: dict[str, Any], minor: int, reason: str) -> None:
    """settled.md 33: the same decision. Break: post without deciding."""
    card, bob = issue(1000, **more), new_id("holder")
    assert charge(card, minor, bob) == Refused(reason)  # type: ignore[arg-type]
    assert (card.balance, main(bob)) == ((1000, 0), 0)


def test_a_frozen_card_and_anothers_card_do_not_pay() -> None:
    """Break: look at no holder in `_decided`, or pass over what is declined."""
    card, bob = issue(1000), new_id("holder")
    assert charge(card, 1, bob, holder_id=bob) == Refused("number_unknown")  # type: ignore[arg-type]
    cards.freeze_card(card=card.card, actor=Actor.system("test"), now=clock.now())
    assert charge(card, 1, bob) == Refused("card_frozen")  # type: ignore[arg-type]


def test_a_platforms_card_pays_by_its_own_link_alone() -> None:
    """Break: leave platform cards out of `_given_to`."""
    link, holder_id, bob = new_id("link"), new_id("holder"), new_id("holder")
    domains.register(link, "Messenger", [])
    card = issue(1000, kind="platform", link_ref=link, holder_id=holder_id)
    assert isinstance(charge(card, 100, bob, merchant=Merchant(link, "Messenger", "6012", "")), Charged)
    assert charge(card, 100, bob) == Refused("other_platform")  # type: ignore[arg-type]


def test_chat_payments_and_shops_share_the_cards_limits() -> None:
    """Break: leave `cards_spend` out of `charge_card`."""
    card, bob = issue(5000, controls={"daily": 500}), new_id("holder")
    assert isinstance(charge(card, 400, bob), Charged)
    assert card.authorize(200)["response_code"] == "61"
    assert charge(card, 200, bob) == Refused("daily")  # type: ignore[arg-type]
    assert card.authorize(100)["approved"]


@pytest.mark.django_db(transaction=True)
def test_a_payment_belongs_to_a_transaction() -> None:
    """Break: `charge_card` without `needs_transaction`."""
    with pytest.raises(TransactionMissing):
        charge_card()  # type: ignore[call-arg]
