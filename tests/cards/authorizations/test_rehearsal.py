"""Shadow mode: what rules would have done, through the page that people use."""

import re
from typing import Any

import pytest
from django.test import Client

from cards.authorizations.rehearsal import LATEST, rehearse
from cards.issuing.controls import Controls
from tests.cards.acquirer import OTHER_SHOP, RESTAURANT, SHOP, TestCard, issue
from wallet.users.models import Holder

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("time_enough")]


def blocked(card: TestCard, **rules: Any) -> list[tuple[int, str]]:
    return [(one.amount.minor, str(one.reason)) for one in rehearse(card=card.card, controls=Controls(**rules)).blocked]


@pytest.fixture
def card() -> TestCard:
    """A day's payments: 5.00, 20.00, 8.00 and a declined one that never counts."""
    one = issue(10_000)
    for minor, shop in ((500, SHOP), (2000, RESTAURANT), (800, OTHER_SHOP)):
        assert one.authorize(minor, merchant=shop)["approved"]
    assert not one.authorize(100, cvc=one.wrong_cvc)["approved"]
    return one


@pytest.mark.parametrize(
    ("rules", "stopped"),
    [
        ({}, []),
        ({"per_transaction": 1000}, [(2000, "per_transaction")]),
        # What was blocked takes nothing from the day: 5.00 and 8.00 fit into 13.00.
        ({"daily": 1300}, [(2000, "daily")]),
        ({"daily": 1299}, [(2000, "daily"), (800, "daily")]),
        ({"monthly": 2500}, [(800, "monthly")]),
        ({"lifetime": 500}, [(2000, "lifetime"), (800, "lifetime")]),
        ({"mcc_block": ("5812",)}, [(2000, "category_not_allowed")]),
        ({"countries": ("DE",)}, [(minor, "country_not_allowed") for minor in (500, 2000, 800)]),
        ({"merchants": ("shop-1", "OTHER*")}, [(2000, "merchant_not_allowed")]),
    ],
)
def test_rules_are_tried_on_what_was_paid(card: TestCard, rules: Any, stopped: list[tuple[int, str]]) -> None:
    """Break: let a blocked payment take from the window of the day."""
    assert blocked(card, **rules) == stopped
    assert rehearse(card=card.card, controls=Controls()).tried == 3


def test_what_was_given_back_and_what_nobody_asked_is_not_tried(card: TestCard) -> None:
    """Break: without the comparison with `reversed_minor`."""
    back = card.authorize(5000)["authorization"]
    card.message(back, "reversals")
    card.force_post(3000)
    assert blocked(card, per_transaction=1) == [(minor, "per_transaction") for minor in (500, 2000, 800)]
    assert rehearse(card=card.card, controls=Controls()).tried == 3


def test_payments_before_the_last_forty_still_count_in_their_windows() -> None:
    """Break: begin with empty windows."""
    card = issue(100_000)
    for _ in range(LATEST + 2):
        assert card.authorize(100)["approved"]
    limit = (LATEST + 1) * 100
    assert blocked(card, daily=limit) == [(100, "daily")]
    assert rehearse(card=card.card, controls=Controls()).tried == LATEST


def test_the_page_says_how_many_and_changes_nothing(card: TestCard) -> None:
    """Break: keep the rules in `try_rules`."""
    client = Client()
    client.force_login(Holder.objects.create(id=card.card.holder_id))
    shown = client.post(f"/cards/{card.card.id}/rules/try", {"daily": "13", "countries": ""})
    assert shown.status_code == 200
    text = re.sub(r"\s+", " ", shown.content.decode())
    assert "They would have blocked 1 of your last 3 payments." in text
    assert "Bistro" in text
    card.card.refresh_from_db()
    assert card.card.controls == {}
    wrong = client.post(f"/cards/{card.card.id}/rules/try", {"daily": "many"})
    assert wrong.status_code == 422


def test_anothers_card_is_not_there(card: TestCard) -> None:
    """Break: look the card up without its holder."""
    client = Client()
    client.force_login(Holder.objects.create())
    assert client.post(f"/cards/{card.card.id}/rules/try", {"daily": "13"}).status_code == 404
