"""Messages of one payment at the same moment, on two web processes: one effect, and no order that loses money."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cards.authorizations import tasks
from cards.authorizations.models import Authorization, Chargeback
from cards.issuing import cards
from tests.cards.acquirer import SHOP, TestCard, issue
from tests.cards.lines import Send, two_lines
from tests.cards.pairs import eur
from tests.races.test_authorizations import alone
from tests.support.web import Web
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.ledger.verify import verify

pytestmark = pytest.mark.django_db(transaction=True)

TURNS = 6
Order = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def lines(webs: tuple[Web, Web]) -> Iterator[list[Send]]:
    """Eight lines, four to each process."""
    with two_lines(webs, each=4) as opened:
        yield opened


def at_once(lines: list[Send], orders: list[Order]) -> list[dict[str, Any]]:
    """Send them all at the same moment, each on a line of its own; every one is answered 200."""
    with ThreadPoolExecutor(len(orders)) as pool:
        jobs = [pool.submit(line, path, body) for line, (path, body) in zip(lines, orders, strict=False)]
        answers = [job.result() for job in jobs]
    assert {status for status, _ in answers} == {200}, answers
    return [answer for _, answer in answers]


def fresh(**more: Any) -> dict[str, Any]:
    return {"network_ref": secrets.token_hex(8), **more}


@pytest.fixture
def card() -> TestCard:
    return issue(5000)


def test_one_authorization_on_both_processes_holds_once(lines: list[Send], card: TestCard) -> None:
    """standard.md A08. Break: key messages by authorization."""
    answers = at_once(lines, [("/authorizations", card.body(1000, network_ref="same"))] * 8)
    assert len({answer["authorization"] for answer in answers}) == 1
    assert card.balance == (4000, 1000)


@pytest.mark.parametrize("what", ["increments", "reversals", "captures", "refunds", "refund-reversals", "chargebacks"])
def test_one_message_on_both_processes_has_one_effect(lines: list[Send], card: TestCard, what: str) -> None:
    """standard.md A08. Break: let `_once` answer a lost race by an error instead of the first answer."""
    payment = card.authorize(1000)["authorization"]
    if what in {"refund-reversals", "chargebacks", "refunds"}:
        card.message(payment, "captures", 1000, final=True)
    if what == "refund-reversals":
        card.refund(1000, authorization=payment)
    body = fresh(amount=eur(400))
    path = f"/authorizations/{payment}/{what}"
    if what == "refunds":
        path, body = "/refunds", {**body, "authorization": payment, "merchant": SHOP}
    answers = at_once(lines, [(path, body)] * 8)
    assert sorted(answer["result"] for answer in answers) == ["applied"] + ["duplicate"] * 7
    expected = {
        "increments": (3600, 1400), "reversals": (4400, 600), "captures": (4000, 600), "refunds": (4400, 0),
        "refund-reversals": (4600, 0), "chargebacks": (4400, 0),
    }  # fmt: skip
    assert card.balance == expected[what]


def test_a_reversal_and_a_capture_at_once_cost_what_was_captured(lines: list[Send]) -> None:
    """Break: read card and authorization in `Book.open` without locking them."""
    for _ in range(TURNS):
        card = issue(1000)
        payment = card.authorize(1000)["authorization"]
        path = f"/authorizations/{payment}"
        at_once(lines, [(f"{path}/reversals", fresh()), (f"{path}/captures", fresh(amount=eur(700), final=True))])
        assert card.balance == (300, 0)
    assert verify().is_green


def test_captures_in_parts_at_once_release_the_rest_once(lines: list[Send]) -> None:
    """Break: read card and authorization in `Book.open` without locking them."""
    for _ in range(TURNS):
        card = issue(1000)
        payment = card.authorize(1000)["authorization"]
        parts = [fresh(amount=eur(200), sequence=part, of=4) for part in (1, 2, 3, 4)]
        at_once(lines, [(f"/authorizations/{payment}/captures", part) for part in parts])
        assert card.balance == (200, 0)
        assert Authorization.objects.get(id=payment).status == "captured"


def test_a_chargeback_that_is_won_and_lost_at_once_ends_one_way(lines: list[Send]) -> None:
    """Break: read card and authorization in `Book.open` without locking them."""
    for _ in range(TURNS):
        card = issue(1000)
        payment = card.authorize(1000)["authorization"]
        card.message(payment, "captures", 1000, final=True)
        dispute = card.message(payment, "chargebacks", 1000)["chargeback"]
        answers = at_once(lines, [(f"/chargebacks/{dispute}/won", fresh()), (f"/chargebacks/{dispute}/lost", fresh())])
        assert sorted(answer["result"] for answer in answers) == ["applied", "queued"]
        won_first = answers[0]["result"] == "applied"
        assert card.balance == ((1000, 0) if won_first else (0, 0))
        assert Chargeback.objects.get(id=dispute).status == ("lost" if won_first else "won")
    assert verify().is_green


def test_a_clearing_an_expiry_and_a_closing_at_once_leave_no_hold(lines: list[Send]) -> None:
    """Break: read card and authorization in `Book.open` without locking them."""
    for _ in range(TURNS):
        card = issue(1000)
        payment = card.authorize(1000)["authorization"]
        Authorization.objects.filter(id=payment).update(expires_at=clock.now())
        stop = Actor.system("test")
        with ThreadPoolExecutor(2) as pool:
            sweeping = pool.submit(alone, tasks.expire)
            closing = pool.submit(alone, lambda: cards.close_card(card=card.card, actor=stop, now=clock.now()))  # noqa: B023 - done within the turn
            at_once(lines, [(f"/authorizations/{payment}/captures", fresh(amount=eur(1000), final=True))])
            sweeping.result(), closing.result()
        # Closed first: the money is in main, and the clearing is the programme's until a person says otherwise.
        assert card.balance == (0, 0)
        assert Authorization.objects.get(id=payment).lost_minor == card.main
    assert verify().is_green
