"""Cards under fire: real processes, real PostgreSQL, one card."""

import json
import multiprocessing
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from cards.authorizations import authorize, tasks
from cards.authorizations.models import Authorization
from cards.issuing import cards
from cards.issuing.place_numbers import end_number
from tests.cards.acquirer import TestCard, issue, number_for, send
from tests.payments import cast
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.money import Money
from wallet.ledger.verify import verify
from wallet.users import freezes

pytestmark = pytest.mark.django_db(transaction=True)

PROCESSES, THREADS = 4, 8


def _ask(bodies: list[dict[str, Any]], queue: Any) -> None:
    """One process: its messages on eight threads, each with a connection of its own."""
    connections.close_all()

    def one(body: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = send("/authorizations", body)
            return {"status": answer.status_code, **json.loads(answer.content)}
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        queue.put(list(pool.map(one, bodies)))


def storm(bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Send all at once from four processes of eight threads."""
    connections.close_all()
    context = multiprocessing.get_context("fork")
    queue: Any = context.Queue()
    shares = [bodies[start::PROCESSES] for start in range(PROCESSES)]
    workers = [context.Process(target=_ask, args=(share, queue)) for share in shares]
    for worker in workers:
        worker.start()
    answers = [answer for _ in workers for answer in queue.get(timeout=60)]
    for worker in workers:
        worker.join(10)
    return answers


def approved(answers: list[dict[str, Any]]) -> int:
    assert {answer["status"] for answer in answers} == {200}
    return sum(answer["approved"] for answer in answers)


def test_a_single_use_card_is_approved_once_by_thirty_two_at_the_same_time() -> None:
    """standard.md A02. Break: pass false for p_once in `cards_place`."""
    card = issue(5000, kind="single_use")
    assert approved(storm([card.body(100) for _ in range(32)])) == 1
    assert card.balance == (4900, 100)


def test_two_payments_never_share_one_euro() -> None:
    """standard.md L02. Break: return an approval where the hold was refused."""
    card = issue(1000)
    assert approved(storm([card.body(100) for _ in range(32)])) == 10
    assert card.balance == (0, 1000)
    assert verify().is_green


def test_a_days_limit_holds_under_fire() -> None:
    """Break: drop the limit from the WHERE of `cards_spend`."""
    card = issue(5000, controls={"daily": 500})
    assert approved(storm([card.body(100) for _ in range(24)])) == 5


def test_one_message_many_times_at_once_holds_once() -> None:
    """standard.md A08. Break: insert the message after the hold, without its constraint."""
    card = issue(5000)
    body = card.body(100)
    answers = storm([body for _ in range(24)])
    assert approved(answers) == 24
    assert len({answer["authorization"] for answer in answers}) == 1
    assert card.balance == (4900, 100)


def test_guessing_a_code_in_parallel_has_three_tries() -> None:
    """standard.md A05. Break: count no mismatch in `cards_decline_authorization`."""
    card = issue(5000)
    wrong = [card.body(100, cvc=f"{guess:03d}") for guess in range(40) if f"{guess:03d}" != card.cvc]
    assert approved(storm(wrong)) == 0
    assert card.authorize(100)["response_code"] == "05"


def test_of_eight_guesses_at_the_same_moment_three_are_tried() -> None:
    """standard.md A05. Break: `cards_may_try` without its lock."""
    for _ in range(3):
        card = issue(5000)
        wrong = [card.body(0, cvc=f"{(int(card.cvc) + 1 + guess) % 1000:03d}") for guess in range(24)]
        with ThreadPoolExecutor(THREADS) as pool:
            # 91: who waits too long for its turn is not tried either.
            assert set(pool.map(_code_of, wrong)) <= {"05", "91"}
        tried = Authorization.objects.filter(card=card.card, reason="cvc_mismatch").count()
        assert 0 < tried <= 3


def test_guesses_at_a_number_of_nobody_are_answered_like_those_at_a_card() -> None:
    """standard.md A06. Break: look whether the number is known before the count of its guesses."""
    card = issue(5000)
    nobody = f"9999{secrets.randbelow(10**12):012d}"
    assert [_code_of(card.body(0, pan=nobody, cvc=f"{guess:03d}")) for guess in range(6)] == ["05"] * 6


def test_a_chip_that_shows_a_code_is_a_guess_too() -> None:
    """standard.md A05. Break: count what is typed for `ecommerce` alone."""
    card = issue(5000)
    wrong = [card.body(0, cvc=card.wrong_cvc, entry="chip") for _ in range(3)]
    assert {_code_of(body) for body in wrong} == {"05"}
    assert card.authorize(0, entry="chip")["response_code"] == "05"


def _code_of(body: dict[str, Any]) -> str:
    try:
        return str(send("/authorizations", body).json()["response_code"])
    finally:
        connections.close_all()


@pytest.mark.parametrize("act", ["freeze", "close"])
def test_after_a_card_was_stopped_nothing_is_approved(act: str) -> None:
    """standard.md A07, as it happens.

    Break: pass over the card's state in `_state` (a closed one's number is gone besides).
    """
    stop: dict[str, Callable[..., Any]] = {"freeze": cards.freeze_card, "close": cards.close_card}
    for _ in range(8):
        card = issue(5000)
        race(card, stop[act])


def _between(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> None:
    """Let something happen, and be committed, after the first snapshot was read and before its decision is placed."""
    decide, happened = authorize.decide, []

    def and_then(snapshot: Any, ask: Any) -> Any:
        decision = decide(snapshot, ask)
        if not happened:
            happened.append(True)
            with ThreadPoolExecutor(1) as other:
                other.submit(alone, act).result()
        return decision

    monkeypatch.setattr(authorize, "decide", and_then)


def alone(act: Callable[[], Any]) -> Any:
    try:
        return act()
    finally:
        connections.close_all()


def test_a_card_frozen_between_snapshot_and_hold_declines(monkeypatch: pytest.MonkeyPatch) -> None:
    """standard.md A07. Break: compare no state version in `cards_place`."""
    card = issue(5000)
    _between(monkeypatch, lambda: cards.freeze_card(card=card.card, actor=Actor.system("test"), now=clock.now()))
    assert card.authorize(100)["response_code"] == "62"
    assert card.balance == (5000, 0)


def test_a_holder_frozen_between_snapshot_and_hold_declines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break: leave the look at the freeze out of `issuing_lock_card`."""
    card = issue(5000, holder_id=cast.holder().id)
    _between(
        monkeypatch,
        lambda: freezes.freeze_holder(
            holder_id=card.card.holder_id, actor=Actor.system("test"), reason_code="monitoring",
            reason="Many cards were tried.", now=clock.now(),
        ),
    )  # fmt: skip
    assert card.authorize(100)["response_code"] == "62"
    assert card.balance == (5000, 0)


def test_money_that_went_between_snapshot_and_hold_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """standard.md L02. Break: take PV001 out of `_STALE`."""
    card = issue(1000)
    everything = Money(1000, "EUR")
    _between(
        monkeypatch,
        lambda: cards.unload_card(card=card.card, amount=everything, actor=Actor.system("test"), now=clock.now()),
    )
    assert card.authorize(100)["response_code"] == "51"
    assert card.balance == (0, 0)


def test_a_right_code_that_was_overtaken_by_three_wrong_ones_declines(monkeypatch: pytest.MonkeyPatch) -> None:
    """standard.md A05. Break: look at the mismatches in the snapshot alone."""
    card = issue(1000)
    wrong = [card.body(100, cvc=card.wrong_cvc) for _ in range(3)]
    _between(monkeypatch, lambda: [send("/authorizations", body) for body in wrong])
    assert card.authorize(100)["response_code"] == "05"


def test_a_right_code_without_the_money_says_nothing_once_overtaken(monkeypatch: pytest.MonkeyPatch) -> None:
    """standard.md A05: "51" would tell that the code is right. Break: ask `cards_may_try` for mismatches alone."""
    card = issue(1000)
    wrong = [card.body(100, cvc=card.wrong_cvc) for _ in range(3)]
    _between(monkeypatch, lambda: [send("/authorizations", body) for body in wrong])
    assert card.authorize(900_000)["response_code"] == "05"


def race(card: TestCard, stop: Callable[..., Any]) -> None:
    def ask(_number: int) -> tuple[bool, bool]:
        """Whether the card had been stopped before the question, and the answer."""
        was_stopped = bool(stopped)
        try:
            return was_stopped, send("/authorizations", card.body(10)).json()["approved"]
        finally:
            connections.close_all()

    def halt() -> None:
        try:
            stop(card=card.card, actor=Actor.system("test"), now=clock.now())
            stopped.append(True)
        finally:
            connections.close_all()

    stopped: list[bool] = []
    with ThreadPoolExecutor(THREADS) as pool:
        early = [pool.submit(ask, number) for number in range(6)]
        halted = pool.submit(halt)
        late = [pool.submit(ask, number) for number in range(12)]
        halted.result()
        answers = [job.result() for job in (*early, *late)]
    assert not [answer for was_stopped, answer in answers if was_stopped and answer]
    holds = Authorization.objects.filter(card=card.card, status="approved")
    assert card.balance[1] == sum(hold.held_minor for hold in holds)


def test_a_capture_and_an_expiry_at_once_release_once() -> None:
    """Break: read card and authorization in `_expire_one` without locking them."""
    for _ in range(6):
        card = issue(1000)
        asked = card.authorize(1000)["authorization"]
        Authorization.objects.filter(id=asked).update(expires_at=clock.now())

        body = {"amount": {"value": 1000, "currency": "EUR"}, "network_ref": secrets.token_hex(8), "final": True}
        with ThreadPoolExecutor(2) as pool:
            clearing = pool.submit(alone, lambda: send(f"/authorizations/{asked}/captures", body))  # noqa: B023 - done within the turn
            sweeping = pool.submit(alone, tasks.expire)
            assert clearing.result().status_code == 200
            sweeping.result()
        assert card.balance == (0, 0)
    assert verify().is_green


def test_a_numbers_total_holds_under_fire() -> None:
    """Break: return true whatever `vault_spend` could write."""
    number = number_for(issue(5000), total=500)
    assert approved(storm([number.body(100) for _ in range(24)])) == 5
    assert number.balance == (4500, 500)


def test_a_number_that_ends_between_snapshot_and_hold_declines(monkeypatch: pytest.MonkeyPatch) -> None:
    """standard.md A07 for numbers. Break: raise no state version in `_end`, and let `vault_spend` ask for no life."""
    number = number_for(issue(5000))
    actor = Actor.system("test")
    _between(
        monkeypatch,
        lambda: end_number(card=number.card, number_id=number.number, actor=actor, now=clock.now()),
    )
    assert number.authorize(100)["response_code"] == "05"
    assert number.balance == (5000, 0)


def test_a_numbers_total_that_was_used_up_meanwhile_declines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break: `vault_spend` away from `cards_place`."""
    number = number_for(issue(5000), total=100)
    _between(monkeypatch, lambda: number.authorize(100))
    assert number.authorize(100)["response_code"] == "61"
    assert number.balance == (4900, 100)
