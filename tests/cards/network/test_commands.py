"""The commands of the contract: `swipe` and `card_details`."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.cards.acquirer import issue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("time_enough")]


def run(*words: str) -> Any:
    out = StringIO()
    call_command(*words, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_card_details_prints_what_a_shop_asks_for() -> None:
    card = issue()
    assert run("card_details", "--card", card.card.id) == {"pan": card.pan, "expiry": card.expiry, "cvc": card.cvc}


def test_swipe_buys_and_clears() -> None:
    card = issue(5000)
    swipe = ["swipe", "--card", card.card.id, "--currency", "EUR"]
    asked = run(*swipe, "--amount", "1250")
    assert (asked["approved"], asked["response_code"], card.balance) == (True, "00", (3750, 1250))
    bought = run(*swipe, "--amount", "1000", "--merchant", "bakery", "--mcc", "5462", "--country", "DE", "--capture")
    assert (bought["capture"]["result"], card.balance) == ("applied", (2750, 1250))
    declined = run(*swipe, "--amount", "9999", "--capture")
    assert (declined["approved"], declined["response_code"]) == (False, "51")


@pytest.mark.parametrize("command", [["card_details"], ["swipe", "--amount", "1", "--currency", "EUR"]])
def test_neither_works_in_production_or_for_a_card_that_is_not_there(command: list[str], settings: Any) -> None:
    """Break: drop the look at SANDBOX."""
    card = issue()
    with pytest.raises(CommandError, match="no such card"):
        run(*command, "--card", "card_x")
    settings.SANDBOX = False
    with pytest.raises(CommandError):
        run(*command, "--card", card.card.id)
