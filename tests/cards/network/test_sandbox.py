"""The sandbox network over HTTP: every message in every basic state, and who may ask at all."""

import json
import re
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cards.authorizations import tasks
from cards.authorizations.models import Authorization, QueuedCase
from cards.issuing import cards
from cards.vault import domains
from privacy.exposure.models import Exposure
from tests.cards.acquirer import OTHER_SHOP, RESTAURANT, SHOP, TestCard, fund, issue, send
from wallet.activity import lines, notices
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.ids import new_id
from wallet.core.money import Money
from wallet.ledger import accounts, balances
from wallet.ledger.verify import verify

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("time_enough")]

Losses = Callable[..., int]

APPROVED = {"approved": True, "response_code": "00"}


def owed(card: TestCard) -> int:
    return balances.available(accounts.shortfall(card.card.holder_id, "EUR")).minor


def cases(authorization: str) -> list[str]:
    return list(
        QueuedCase.objects.filter(authorization_id=authorization).order_by("id").values_list("reason", flat=True)
    )


@pytest.fixture
def card() -> TestCard:
    return issue(5000)


# --- Who may ask ------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "wrong", "é", "x" * 500])
def test_without_the_networks_key_nothing_is_read(card: TestCard, key: str) -> None:
    """Break: compare only when a key is given."""
    answer = send("/authorizations", card.body(100), key=key)
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert card.balance == (5000, 0)


def test_an_empty_key_in_the_settings_opens_nothing(card: TestCard, settings: Any) -> None:
    settings.SANDBOX_NETWORK_KEY = ""
    assert send("/authorizations", card.body(100), key="").status_code == 401


def test_production_has_no_sandbox_network(card: TestCard, settings: Any) -> None:
    """Break: leave the check to the settings of the URL map."""
    settings.SANDBOX = False
    assert send("/authorizations", card.body(100)).status_code == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"pan": "123"}, 422), ({"pan": 9999001234567898}, 422), ({"expiry": "05/29"}, 422),
        ({"expiry": "2029-13"}, 422),
        ({"cvc": "12"}, 422), ({"cvc": None}, 422), ({"amount": {"value": -1, "currency": "EUR"}}, 422),
        ({"amount": {"value": 1.0, "currency": "EUR"}}, 422), ({"amount": {"value": 1, "currency": "XXX"}}, 422),
        ({"merchant": {**SHOP, "mcc": "59"}}, 422), ({"merchant": {**SHOP, "country": "FRA"}}, 422),
        ({"merchant": {**SHOP, "extra": 1}}, 400), ({"entry": "magstripe"}, 422), ({"partial": "yes"}, 422),
        ({"surprise": 1}, 400),
    ],
)  # fmt: skip
def test_a_body_that_is_not_understood_moves_nothing_and_is_not_repeated(
    card: TestCard, change: dict[str, Any], status: int
) -> None:
    answer = send("/authorizations", card.body(100, **change))
    assert answer.status_code == status, answer.content
    assert card.pan not in answer.content.decode()
    assert card.balance == (5000, 0)


def test_only_json_is_read(card: TestCard) -> None:
    headers = {"Authorization": f"Bearer {settings.SANDBOX_NETWORK_KEY}"}
    answer = Client().post("/sandbox/network/authorizations", card.body(1, merchant="x"), headers=headers)
    assert answer.status_code == 415


# --- Authorizations ---------------------------------------------------------------------------------


def test_an_approval_holds_the_money_and_tells_the_merchant_nothing_else(card: TestCard) -> None:
    answer = card.authorize(1250)
    assert set(answer) == {"approved", "response_code", "authorization", "approved_amount"}
    assert {**answer, **APPROVED, "approved_amount": {"value": 1250, "currency": "EUR"}} == answer
    assert answer["authorization"].startswith("auth_")
    assert card.balance == (3750, 1250)


def test_a_decline_holds_nothing(card: TestCard) -> None:
    answer = card.authorize(5001)
    assert answer == {"approved": False, "response_code": "51", "authorization": None, "approved_amount": None}
    assert card.balance == (5000, 0)


def test_part_is_approved_where_the_merchant_takes_less(card: TestCard) -> None:
    answer = card.authorize(6000, partial=True)
    assert (answer["response_code"], answer["approved_amount"]) == ("10", {"value": 5000, "currency": "EUR"})
    assert card.balance == (0, 5000)


def test_a_question_about_nothing_is_answered_and_locks_nothing() -> None:
    """settled.md 16. Break: lock at the first authorization of any amount."""
    card = issue(1000, kind="merchant_locked")
    assert card.authorize(0, merchant=OTHER_SHOP)["approved"]
    assert card.authorize(100)["approved"]
    assert card.authorize(100, merchant=OTHER_SHOP)["response_code"] == "57"
    assert card.authorize(100)["approved"]


def test_wrong_number_date_and_code_get_the_same_bytes(card: TestCard) -> None:
    """standard.md A06. Break: answer 14 for a number that is nobody's."""
    last = str((int(card.pan[-1]) + 1) % 10)
    closed = issue(1000)
    cards.close_card(card=closed.card, actor=Actor.system("test"), now=clock.now())
    wrong = [
        card.body(100, cvc=card.wrong_cvc), card.body(100, expiry="2031-01"), card.body(100, pan=card.pan[:-1] + last),
        card.body(100, pan="9999000000000000"), card.body(100, pan="4242424242424242"), closed.body(100),
    ]  # fmt: skip
    answers = [send("/authorizations", body) for body in wrong]
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (200, b'{"approved":false,"response_code":"05","authorization":null,"approved_amount":null}')
    }
    assert len({frozenset(answer.headers) for answer in answers}) == 1


def test_a_number_of_nobody_costs_the_same_statements(card: TestCard) -> None:
    """standard.md A06. Break: answer before the second statement."""
    counts = []
    for body in (card.body(1, cvc=card.wrong_cvc), card.body(1, pan="9999000000000000")):
        send(
            "/authorizations",
            {**body, "network_ref": secrets.token_hex(4), "cvc": "000" if card.cvc != "000" else "001"},
        )
        with CaptureQueriesContext(connection) as queries:
            send("/authorizations", {**body, "network_ref": secrets.token_hex(4)})
        counts.append([query["sql"].split("(")[0].split(' "')[0] for query in queries])
    assert counts[0] == counts[1]


def test_an_authorization_is_two_statements_and_a_frame(card: TestCard) -> None:
    """performance.md: must 2. Break: read the balance once more in Python."""
    card.authorize(1)
    with CaptureQueriesContext(connection) as queries:
        card.authorize(1)
    sent = [query["sql"] for query in queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE SAVEPOINT"))]
    assert [re.search(r"cards_\w+\(", one)[0] for one in sent] == ["cards_snapshot(", "cards_place("], sent  # type: ignore[index]


def test_three_wrong_codes_close_the_card_online_until_tomorrow(card: TestCard) -> None:
    """standard.md A05. Break: count only in the merchant's own window."""
    for shop in (SHOP, OTHER_SHOP, RESTAURANT):
        assert card.authorize(100, cvc=card.wrong_cvc, merchant=shop)["response_code"] == "05"
    assert card.authorize(100)["response_code"] == "05"
    assert card.authorize(100, merchant=OTHER_SHOP)["response_code"] == "05"
    assert card.authorize(100, entry="chip", cvc=None)["approved"]
    assert Authorization.objects.filter(card=card.card, reason="cvc_locked").count() == 2


def test_two_wrong_codes_leave_the_third_try(card: TestCard) -> None:
    for _ in range(2):
        card.authorize(100, cvc=card.wrong_cvc)
    assert card.authorize(100)["approved"]


def test_the_same_message_again_gets_the_same_answer_and_one_hold(card: TestCard) -> None:
    """standard.md A08. Break: key messages by authorization."""
    body = card.body(1250)
    first, second = send("/authorizations", body), send("/authorizations", body)
    assert first.content == second.content
    assert card.balance == (3750, 1250)
    declined = card.body(9999)
    refused = send("/authorizations", declined)
    fund(card.card.holder_id, 9999)
    cards.load_card(card=card.card, amount=Money(9999, "EUR"), actor=Actor.system("test"), now=clock.now())
    assert send("/authorizations", declined).content == refused.content


def test_the_same_reference_with_another_body_is_refused(card: TestCard) -> None:
    body = card.body(1250)
    send("/authorizations", body)
    for change in ({"amount": {"value": 1251, "currency": "EUR"}}, {"cvc": card.wrong_cvc}, {"merchant": OTHER_SHOP}):
        assert send("/authorizations", {**body, **change}).status_code == 422
    assert card.balance == (3750, 1250)


@pytest.mark.parametrize(
    ("controls", "minor", "code"),
    [
        ({"per_transaction": 99}, 100, "61"), ({"daily": 150}, 100, "61"), ({"monthly": 150}, 100, "61"),
        ({"lifetime": 150}, 100, "61"), ({"merchants": ("shop-2",)}, 100, "57"), ({"mcc_block": ("5999",)}, 1, "57"),
        ({"countries": ("DE",)}, 1, "57"),
    ],
)  # fmt: skip
def test_the_holders_rules_hold(controls: dict[str, Any], minor: int, code: str) -> None:
    """standard.md A02."""
    card = issue(5000, controls=controls)
    card.authorize(minor)
    assert card.authorize(minor)["response_code"] == code


def test_a_release_gives_back_to_the_days_limit_and_a_refund_does_not() -> None:
    """settled.md 33. Break: drop `cards_unspend`."""
    card = issue(5000, controls={"daily": 1000})
    first = card.authorize(1000)["authorization"]
    assert card.authorize(1)["response_code"] == "61"
    card.message(first, "reversals")
    second = card.authorize(1000)["authorization"]
    card.message(second, "captures", 1000, final=True)
    card.refund(1000, authorization=second)
    assert card.authorize(1)["response_code"] == "61"


def test_a_platforms_card_works_at_its_platform_alone_and_the_holder_hears_of_others() -> None:
    """standard.md A09 and the leak radar. Break: compare merchants by country."""
    holder_id, link = new_id("holder"), new_id("link")
    domains.register(link, "Messenger", ["fb-1", "FACEBK*"])
    card = issue(5000, kind="platform", link_ref=link, holder_id=holder_id)
    assert card.authorize(100, merchant={**SHOP, "id": "fb-1"})["approved"]
    assert card.authorize(100, merchant={**SHOP, "name": "Facebk *Stars"})["approved"]
    assert card.authorize(100)["response_code"] == "57"
    card.tell()
    (alarm,) = notices.show(notices.list_notices(holder_id))
    assert alarm.kind == "leak"
    assert "Messenger" in alarm.text
    assert "Corner Shop" in alarm.text


def test_the_holder_reads_why_and_what_to_do_next(card: TestCard) -> None:
    card.authorize(9999)
    card.authorize(100)
    card.tell()
    approved, declined = lines.show(lines.list_lines(card.card.holder_id))[:2]
    assert (approved.status, approved.merchant, approved.amount.minor) == ("held", "Corner Shop", 100)
    assert (declined.status, declined.reason_code) == ("declined", "not_sufficient_funds")
    assert declined.next_step
    assert not declined.has_moved


def test_every_answer_about_a_person_is_in_their_log(card: TestCard) -> None:
    """standard.md V04. Break: answer from `cards_place` without the disclosure."""

    def seen() -> int:
        return Exposure.objects.filter(holder_id=card.card.holder_id).count()

    before = seen()
    first = card.authorize(100)["authorization"]
    card.authorize(100, cvc=card.wrong_cvc)
    card.message(first, "captures", 100)
    card.authorize(9999)
    # The wrong code got the answer of a number that is nobody's: it says nothing of this person, and is counted.
    assert seen() == before + 3


# --- What comes later ---------------------------------------------------------------------------------


def test_a_capture_that_comes_twice_clears_once(card: TestCard) -> None:
    asked = card.authorize(1000)["authorization"]
    once = card.message(asked, "captures", 400, network_ref="cap-1")
    again = card.message(asked, "captures", 400, network_ref="cap-1")
    assert again == {**once, "result": "duplicate"}
    assert card.balance == (4000, 600)


def test_a_tip_within_tolerance_takes_the_card_and_then_the_shortfall(losses: Losses) -> None:
    """settled.md 1. Break: post what is beyond the card as a loss."""
    card = issue(1000)
    asked = card.authorize(1000, merchant=RESTAURANT)["authorization"]
    assert card.message(asked, "captures", 1150, final=True)["result"] == "applied"
    assert (card.balance, owed(card), losses()) == ((0, 0), 150, 0)
    assert card.refund(200, authorization=asked)["result"] == "applied"
    assert (card.balance, owed(card)) == ((50, 0), 0)


def test_a_clearing_beyond_tolerance_never_costs_more_than_the_card(losses: Losses) -> None:
    card = issue(1000)
    asked = card.authorize(800)["authorization"]
    assert card.message(asked, "captures", 1500, final=True)["result"] == "queued"
    assert (card.balance, owed(card), losses()) == ((0, 0), 0, -500)
    assert "capture_beyond_tolerance" in cases(asked)


def test_a_shop_without_tips_has_no_tolerance(losses: Losses) -> None:
    """Break: tolerate any category."""
    card = issue(1000)
    asked = card.authorize(1000)["authorization"]
    assert card.message(asked, "captures", 1100, final=True)["result"] == "queued"
    assert (card.balance, owed(card), losses()) == ((0, 0), 0, -100)


def test_a_force_post_takes_what_is_there_and_the_rest_is_not_the_holders(losses: Losses) -> None:
    """settled.md 1. Break: post the rest to the shortfall."""
    card = issue(1000)
    assert card.force_post(300)["result"] == "applied"
    cards.freeze_card(card=card.card, actor=Actor.system("test"), now=clock.now())
    posted = card.force_post(900)
    assert (posted["result"], posted["captured"]["value"]) == ("queued", 900)
    assert (card.balance, owed(card), losses()) == ((0, 0), 0, -200)


def test_a_force_post_for_nobody_is_a_loss_and_a_case(card: TestCard, losses: Losses) -> None:
    assert card.force_post(300, pan="9999000000000000")["authorization"] is None
    assert (card.balance, losses()) == ((5000, 0), -300)


def test_reversals_give_back_what_is_held_and_never_what_was_cleared(card: TestCard) -> None:
    asked = card.authorize(1000)["authorization"]
    assert card.message(asked, "reversals", 400)["held"]["value"] == 600
    assert card.balance == (4400, 600)
    card.message(asked, "captures", 100)
    beyond = card.message(asked, "reversals", 900)
    assert (beyond["result"], beyond["held"]["value"]) == ("queued", 0)
    assert card.balance == (4900, 0)
    after = card.message(asked, "reversals", 100)
    assert after["result"] == "queued"
    assert card.balance == (4900, 0)
    assert cases(asked) == ["reversal_beyond_hold", "reversal_after_clearing"]


def test_a_single_use_card_may_be_incremented_by_its_one_payment() -> None:
    card = issue(5000, kind="single_use")
    asked = card.authorize(100)["authorization"]
    assert card.message(asked, "increments", 50)["result"] == "applied"


def test_refunds_go_to_the_card_and_to_main_when_it_is_closed(card: TestCard) -> None:
    asked = card.authorize(1000)["authorization"]
    card.message(asked, "captures", 1000, final=True)
    assert card.refund(300, authorization=asked)["result"] == "applied"
    assert card.balance == (4300, 0)
    cards.close_card(card=card.card, actor=Actor.system("test"), now=clock.now())
    assert card.main == 4300
    assert card.refund(200, authorization=asked)["result"] == "applied"
    assert (card.balance, card.main) == ((0, 0), 4500)
    assert card.refund(600, authorization=asked)["result"] == "queued"
    assert card.main == 5100
    assert card.refund(50)["result"] == "applied"


def test_a_refund_for_nobody_is_kept_for_a_person(card: TestCard, losses: Losses) -> None:
    assert card.refund(50, pan="9999000000000000")["result"] == "queued"
    assert losses() == 50


def test_a_closed_card_keeps_its_holds_and_what_they_release_goes_to_main(card: TestCard, losses: Losses) -> None:
    """settled.md 1. Break: drop the sweep in `Book.post`."""
    asked = card.authorize(1000)["authorization"]
    cards.close_card(card=card.card, actor=Actor.system("test"), now=clock.now())
    assert (card.balance, card.main) == ((0, 1000), 4000)
    card.message(asked, "captures", 600, final=True)
    assert (card.balance, card.main) == ((0, 0), 4400)
    assert card.message(asked, "captures", 100)["result"] == "queued"
    assert (card.main, owed(card), losses()) == (4400, 0, -100)


def _age(authorization: str) -> None:
    """Let its time be over, as the owner role may."""
    Authorization.objects.filter(id=authorization).update(expires_at=clock.now())


def test_what_expires_is_released_once_and_a_late_clearing_does_not_revive_it(card: TestCard) -> None:
    asked = card.authorize(1000)["authorization"]
    _age(asked)
    assert tasks.expire() >= 1
    assert card.balance == (5000, 0)
    tasks.expire()
    late = card.message(asked, "captures", 1000, final=True)
    assert (late["result"], late["held"]["value"]) == ("applied", 0)
    assert card.balance == (4000, 0)
    assert Authorization.objects.get(id=asked).held_minor == 0


def test_a_clearing_before_the_sweeper_finds_an_expired_hold_already_over(card: TestCard) -> None:
    asked = card.authorize(1000)["authorization"]
    _age(asked)
    card.message(asked, "captures", 1000, final=True)
    assert card.balance == (4000, 0)


# --- Every message in every basic state ---------------------------------------------------------------

STATES = ("approved", "declined", "captured", "reversed", "expired", "closed card", "frozen card", "question")
MESSAGES = ("increments", "reversals", "captures", "refund", "force_post")


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("state", STATES)
def test_every_message_in_every_state_has_a_result(state: str, message: str) -> None:
    """standard.md A01: an answer of the contract, money conserved, nothing negative. Break: raise in `Book.queue`."""
    card = issue(5000)
    asked = _bring_to(card, state)
    amount = {"value": 700, "currency": "EUR"}
    if message == "refund":
        body: dict[str, Any] = {"authorization": asked, "amount": amount, "merchant": SHOP, "network_ref": "r-1"}
        answer = send("/refunds", body)
    elif message == "force_post":
        answer = send("/captures", {"pan": card.pan, "amount": amount, "merchant": SHOP, "network_ref": "f-1"})
    else:
        answer = send(f"/authorizations/{asked}/{message}", {"amount": amount, "network_ref": "m-1"})
    assert answer.status_code == 200, answer.content
    body = json.loads(answer.content)
    assert set(body) == {"result", "authorization", "held", "captured"}
    assert body["result"] in {"applied", "queued", "refused"}
    free, held = card.balance
    assert free >= 0
    assert held == sum(Authorization.objects.filter(card=card.card).values_list("held_minor", flat=True))
    assert held == body["held"]["value"] or message == "force_post"
    assert verify().is_green


def _bring_to(card: TestCard, state: str) -> str:
    if state == "declined":
        card.authorize(9999)
        return str(Authorization.objects.get(card=card.card).id)
    asked = str(card.authorize(0 if state == "question" else 1000)["authorization"])
    if state == "captured":
        card.message(asked, "captures", 1000, final=True)
    elif state == "reversed":
        card.message(asked, "reversals")
    elif state == "expired":
        _age(asked)
        tasks.expire()
    elif state == "closed card":
        cards.close_card(card=card.card, actor=Actor.system("test"), now=clock.now())
    elif state == "frozen card":
        cards.freeze_card(card=card.card, actor=Actor.system("test"), now=clock.now())
    return asked


@pytest.mark.parametrize("name", ["auth_" + "0" * 22, "auth_x", "card_1", "%01"])
def test_an_authorization_that_is_not_there_is_not_found(card: TestCard, name: str) -> None:
    body = {"amount": {"value": 1, "currency": "EUR"}, "network_ref": "x"}
    assert send(f"/authorizations/{name}/captures", body).status_code == 404


def test_another_currency_than_the_authorizations_is_refused(card: TestCard) -> None:
    asked = card.authorize(100)["authorization"]
    body = {"amount": {"value": 1, "currency": "USD"}, "network_ref": "x"}
    assert send(f"/authorizations/{asked}/captures", body).status_code == 422
