"""L10: the answer to a COMMIT is lost, the caller tries again with the same key: the first result, one effect."""

import os
import random
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from tests.cards.acquirer import issue
from tests.environment import DATABASE, URLS
from tests.payments.requests.test_requests_api import Story
from tests.races import processes
from tests.support.severed import severed
from tests.wallet.ledger.moving import NETWORK, transfer
from wallet.core.ids import new_id
from wallet.core.models import StateChange
from wallet.ledger import accounts, balances
from wallet.ledger.transfers import post
from wallet.ledger.verify import verify

pytestmark = pytest.mark.django_db(transaction=True)

IsCut = Callable[[int], bool]
URL = URLS["app"].replace("{db}", DATABASE)


@pytest.fixture
def is_cut():
    """Every second answer or so; never so often in a row that nothing would ever arrive."""
    chance = random.Random(os.environ.get("TEST_SEED", "10"))  # noqa: S311 - chances, no secret
    return lambda number: number % 4 != 0 and chance.random() < 0.6


def work(acts: list[Any], is_cut: IsCut, monkeypatch: pytest.MonkeyPatch) -> tuple[list[dict[str, Any]], int]:
    """What a process found that sees the database through the broken line, and how many answers it lost."""
    with severed(URL, cut=is_cut) as (url, line):
        monkeypatch.setenv("DATABASE_URL", url)
        (answers,) = processes.together("stubborn", 1, acts=acts)
    assert line.cuts > len(acts) // 3
    return answers, line.cuts


def test_a_posting_whose_answer_is_lost_is_made_once(is_cut: IsCut, monkeypatch: pytest.MonkeyPatch):
    """Break: a key of its own for each try in `ledger_make`."""
    holders = [new_id("holder") for _ in range(40)]
    acts = [{"do": "post", "with": {"holder": one, "key": f"lost:{one}"}} for one in holders]
    answers, lost = work(acts, is_cut, monkeypatch)
    assert sum(one["lost"] for one in answers) > 40, lost
    assert all(one["same"] for one in answers)
    assert {balances.of_account(accounts.main(one, "EUR")).available.minor for one in holders} == {70}
    assert {balances.of_account(accounts.main(one, "EUR")).held.minor for one in holders} == {0}
    assert verify().differences == []


def test_money_that_is_received_repays_a_shortfall_once(is_cut: IsCut, monkeypatch: pytest.MonkeyPatch):
    """Break: no look at `ledger_transferred` in limits_receive: the second try repays again."""
    holders = [new_id("holder") for _ in range(40)]
    with transaction.atomic():
        post([transfer(accounts.shortfall(one, "EUR"), NETWORK, 70) for one in holders])
    acts = [{"do": "receive", "with": {"holder": one, "key": f"lost:{secrets.token_hex(8)}"}} for one in holders]
    answers, _ = work(acts, is_cut, monkeypatch)
    assert all(one["same"] for one in answers)
    for one in holders:
        assert balances.available(accounts.shortfall(one, "EUR")).minor == 0
        assert balances.available(accounts.main(one, "EUR")).minor == 30
    assert verify().differences == []


def test_a_tap_whose_answer_is_lost_pays_once_and_is_answered_the_same(is_cut: IsCut, monkeypatch: pytest.MonkeyPatch):
    story = Story()
    made = [story.asked(500) for _ in range(12)]
    before = story.on_card(), story.main(story.bob)
    acts = [
        {
            "do": "tap",
            "with": {"path": f"/v1/payment-requests/{one['id']}/pay", "token": story.alice.token, "key": one["id"]},
        }
        for one in made
    ]
    answers, _ = work(acts, is_cut, monkeypatch)
    assert [(one["status"], one["same"]) for one in answers] == [(200, True)] * len(made)
    assert (story.on_card(), story.main(story.bob)) == (before[0] - 500 * len(made), before[1] + 500 * len(made))
    assert StateChange.objects.filter(subject__in=[one["id"] for one in made], event="pay").count() == len(made)
    assert verify().differences == []


def test_an_authorization_whose_answer_is_lost_holds_once(is_cut: IsCut, monkeypatch: pytest.MonkeyPatch):
    """The placing is a transaction of its own: its answer is lost like that of a COMMIT.

    Break: leave the look at `seen` out of `_place`: asked again, it is refused as a message of another body or held twice.
    """
    cards = [issue(1_000) for _ in range(20)]
    acts = [{"do": "authorize", "with": {"body": card.body(100)}} for card in cards]
    answers, _ = work(acts, is_cut, monkeypatch)
    assert [(one["same"], one["approved"]) for one in answers] == [(True, True)] * len(cards)
    assert sum(one["lost"] for one in answers) > 0
    assert {card.balance for card in cards} == {(900, 100)}
    assert verify().differences == []
