"""standard.md A01: every message in every state, over HTTP against two web processes, beside the reference model.

After each message the ledger is verified, and result, state, balances, windows and cases are what model and table say.
"""

import itertools
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.conf import settings

from cards.authorizations.models import Authorization, Chargeback, QueuedCase
from cards.authorizations.rules import ABOUT, OUTCOME, UNASKED, Number, Rule
from cards.authorizations.states import (
    AUTHORIZATION,
    CHARGEBACK,
    AuthorizationStatus,
    ChargebackStatus,
    MessageKind,
)
from tests.cards.lines import Send, two_lines
from tests.cards.model import Dispute, Payment
from tests.cards.pairs import Pair
from tests.support.web import Web
from wallet.core.models import StateChange
from wallet.ledger.verify import verify

pytestmark = pytest.mark.django_db(transaction=True)

LOAD, ASKED = 1500, 1000
LESS, EQUAL, MORE, NOTHING = 300, ASKED, 1700, 0


@pytest.fixture(scope="module")
def networks(webs: tuple[Web, Web]) -> Iterator[list[Send]]:
    """The acquirer's two lines, one to each process."""
    with two_lines(webs) as lines:
        yield lines


# --- States, each reached by messages ------------------------------------------------------------------

Subject = tuple[Payment, Dispute | None]


def approved(pair: Pair) -> Subject:
    return _approved(pair, ASKED), None


def _approved(pair: Pair, minor: int) -> Payment:
    payment = pair.authorize(minor)
    assert payment is not None
    return payment


def question(pair: Pair) -> Subject:
    return _approved(pair, 0), None


def at_a_restaurant(pair: Pair) -> Subject:
    payment = pair.authorize(LOAD, tips=True)
    assert payment is not None
    return payment, None


def partly_captured(pair: Pair) -> Subject:
    payment = _approved(pair, ASKED)
    pair.capture(payment, 400)
    return payment, None


def partly_reversed(pair: Pair) -> Subject:
    payment = _approved(pair, ASKED)
    pair.reverse(payment, 400)
    return payment, None


def declined(pair: Pair) -> Subject:
    return pair.declined(LOAD + 1), None


def captured(pair: Pair) -> Subject:
    payment = _approved(pair, ASKED)
    pair.capture(payment, ASKED, final=True)
    return payment, None


def captured_at_a_loss(pair: Pair) -> Subject:
    payment = _approved(pair, ASKED)
    pair.capture(payment, LOAD + 200, final=True)
    return payment, None


def tipped(pair: Pair) -> Subject:
    payment = pair.authorize(LOAD, tips=True)
    assert payment is not None
    pair.capture(payment, LOAD + 200, final=True)
    return payment, None


def reversed_(pair: Pair) -> Subject:
    payment = _approved(pair, ASKED)
    pair.reverse(payment)
    return payment, None


def expired(pair: Pair) -> Subject:
    payment = _approved(pair, ASKED)
    pair.let_expire()
    return payment, None


def refunded(pair: Pair) -> Subject:
    payment, _ = captured(pair)
    pair.refund(payment, ASKED)
    return payment, None


def refund_taken_back_early(pair: Pair) -> Subject:
    payment, _ = captured(pair)
    pair.unrefund(payment, 500)
    return payment, None


def force_posted(pair: Pair) -> Subject:
    return pair.force_post(ASKED), None


def disputed(pair: Pair) -> Subject:
    payment, _ = captured(pair)
    return payment, pair.dispute(payment, ASKED)


def won(pair: Pair) -> Subject:
    payment, dispute = disputed(pair)
    assert dispute is not None
    pair.win(dispute)
    return payment, dispute


def lost(pair: Pair) -> Subject:
    payment, dispute = disputed(pair)
    assert dispute is not None
    pair.lose(dispute)
    return payment, dispute


STATES: dict[str, Callable[[Pair], Subject]] = {
    state.__name__.strip("_"): state
    for state in (
        approved, at_a_restaurant, question, partly_captured, partly_reversed, declined, captured,
        captured_at_a_loss, tipped, reversed_, expired, refunded, refund_taken_back_early, force_posted, disputed, won, lost,
    )
}  # fmt: skip

#: One for each state of the row, and with a chargeback: for what else depends on the card.
BASIC = (
    "approved",
    "at_a_restaurant",
    "partly_captured",
    "declined",
    "captured",
    "reversed",
    "expired",
    "refunded",
    "disputed",
)

# --- Messages -----------------------------------------------------------------------------------------

Say = Callable[[Pair, Payment, Dispute, int], object]
ANY = (LESS, EQUAL, MORE, NOTHING)
SOME = (LESS, EQUAL, MORE)


@dataclass(frozen=True)
class Message:
    """One message as the tests say it, and the amounts that it is tried with."""

    name: str
    kind: MessageKind
    say: Say
    amounts: tuple[int, ...]
    #: The same kind said in another way.
    is_variant: bool = False
    #: It names no authorization, so what has become of that is nothing to it.
    is_by_number: bool = False


MESSAGES = (
    Message("increment", MessageKind.INCREMENT, lambda pair, on, _, minor: pair.increment(on, minor), ANY),
    Message("reversal", MessageKind.REVERSAL, lambda pair, on, _, minor: pair.reverse(on, minor), ANY),
    Message(
        "reversal of all", MessageKind.REVERSAL, lambda pair, on, _, _minor: pair.reverse(on), (EQUAL,), is_variant=True
    ),
    Message("capture", MessageKind.CAPTURE, lambda pair, on, _, minor: pair.capture(on, minor), ANY),
    Message(
        "final capture",
        MessageKind.CAPTURE,
        lambda pair, on, _, minor: pair.capture(on, minor, final=True),
        (LESS, MORE, NOTHING),
        is_variant=True,
    ),
    Message(
        "part",
        MessageKind.CAPTURE,
        lambda pair, on, _, minor: pair.capture(on, minor, part=2, of=2),
        (LESS,),
        is_variant=True,
    ),
    Message(
        "only part",
        MessageKind.CAPTURE,
        lambda pair, on, _, n: pair.capture(on, n, part=1, of=1),
        (LESS,),
        is_variant=True,
    ),
    Message(
        "force post", MessageKind.FORCE_POST, lambda pair, _on, _, minor: pair.force_post(minor), ANY, is_by_number=True
    ),
    Message("refund", MessageKind.REFUND, lambda pair, on, _, minor: pair.refund(on, minor), SOME),
    Message(
        "refund to the number",
        MessageKind.REFUND,
        lambda pair, _on, _, minor: pair.refund(None, minor),
        (EQUAL,),
        is_by_number=True,
    ),
    Message("refund reversal", MessageKind.REFUND_REVERSAL, lambda pair, on, _, minor: pair.unrefund(on, minor), SOME),
    Message("chargeback", MessageKind.CHARGEBACK, lambda pair, on, _, minor: pair.dispute(on, minor), SOME),
    Message("won", MessageKind.CHARGEBACK_WON, lambda pair, _on, dispute, _minor: pair.win(dispute), (EQUAL,)),
    Message("lost", MessageKind.CHARGEBACK_LOST, lambda pair, _on, dispute, _minor: pair.lose(dispute), (EQUAL,)),
)


def _messages(state: str) -> list[Message]:
    """All that can be said: an outcome where there is a chargeback that it could name, and to a number once."""
    has_dispute, is_first = state in {"disputed", "won", "lost"}, state == "approved"
    return [
        one for one in MESSAGES if (one.kind not in OUTCOME or has_dispute) and (not one.is_by_number or is_first)
    ]  # fmt: skip


def test_the_messages_are_all_that_there_are() -> None:
    assert {message.kind for message in MESSAGES} | {MessageKind.AUTHORIZATION} == set(MessageKind)


@pytest.mark.parametrize("state", STATES)
def test_every_message_in_every_state(networks: list[Send], state: str) -> None:
    """Result, state, balances, windows and cases are what model and table say.

    Breaks, each seen in another state: lend all that is disputed; lend it again when the dispute is won; let the holder
    owe what was cleared beyond tolerance.
    """
    turns = itertools.cycle(range(2))
    for message in _messages(state):
        for minor in message.amounts:
            first = next(turns)
            pair = Pair(send=networks[first], load=LOAD)
            _judge(pair, STATES[state](pair), message, minor)
            if minor == message.amounts[0]:
                _repeat(pair, networks[1 - first])


@pytest.mark.parametrize("condition", ["frozen", "closed", "expired"])
@pytest.mark.parametrize("state", BASIC)
def test_every_message_when_the_card_is(networks: list[Send], state: str, condition: str) -> None:
    """What was approved settles whatever has become of the card (settled.md 1).

    Break: let the tolerance of tips reach beyond the hold of a closed card.
    """
    turns = itertools.cycle(range(2))
    for message in _messages(state):
        if message.is_variant:
            continue
        pair = Pair(send=networks[next(turns)], load=LOAD)
        subject = STATES[state](pair)
        CONDITIONS[condition](pair)
        pair.check()
        _judge(pair, subject, message, max(message.amounts))


def _expire_card(pair: Pair) -> None:
    """The date on the card is over; only the owner role can write that."""
    owner = settings.DATABASES["owner"]
    with psycopg.connect(
        dbname=owner["NAME"], user=owner["USER"], password=owner["PASSWORD"],
        host=owner["OPTIONS"].get("host") or owner["HOST"],
    ) as connection:  # fmt: skip
        connection.execute("UPDATE cards_cardnumber SET expiry = '2020-01' WHERE id = %s", [pair.card.card.id])
    pair.model.status = "expired"


CONDITIONS: dict[str, Callable[[Pair], None]] = {"frozen": Pair.freeze, "closed": Pair.close, "expired": _expire_card}


# --- Judgement ----------------------------------------------------------------------------------------


def _judge(pair: Pair, subject: Subject, message: Message, minor: int) -> None:
    """Say it, and compare with the model, the ledger and the table."""
    payment, dispute = subject
    before = _status(pair, subject, message)
    seen = set(QueuedCase.objects.values_list("id", flat=True))
    message.say(pair, payment, dispute, minor)  # type: ignore[arg-type]
    what = f"{message.name} of {minor}: {pair.last}"
    pair.check()
    assert verify().is_green, what
    rule = _rule(pair, message.kind, before)
    reasons = set(QueuedCase.objects.exclude(id__in=seen).values_list("reason", flat=True))
    result = pair.last[2]["result"]
    assert result in rule.results, what
    assert reasons <= set(rule.cases), what
    assert (result == "queued") == bool(reasons), what
    after = _status(pair, subject, message)
    if before != after:
        machine: Any = CHARGEBACK if message.kind in OUTCOME else AUTHORIZATION
        assert after in {machine.edges[event].get(before) for event in rule.moves}, what
        assert StateChange.objects.filter(subject=_name(pair, subject, message), before=before, after=after).exists()


def _name(pair: Pair, subject: Subject, message: Message) -> str:
    return pair.names[subject[1] if message.kind in OUTCOME else subject[0]]


def _status(pair: Pair, subject: Subject, message: Message) -> str:
    rows: Any = Chargeback if message.kind in OUTCOME else Authorization
    return str(rows.objects.values_list("status", flat=True).get(id=_name(pair, subject, message)))


def _rule(pair: Pair, kind: MessageKind, status: str) -> Rule:
    if kind in OUTCOME:
        return OUTCOME[kind][ChargebackStatus(status)]
    is_unasked = "pan" in pair.last[1]
    return UNASKED[kind][Number.KNOWN] if is_unasked else ABOUT[kind][AuthorizationStatus(status)]


def _repeat(pair: Pair, other: Send) -> None:
    """The same again elsewhere is a duplicate; another body or another currency is refused; nothing moves."""
    path, body, answer = pair.last
    assert other(path, body) == (200, {**answer, "result": "duplicate"})
    if "amount" in body:
        assert other(path, {**body, "amount": {"value": 77, "currency": "EUR"}})[0] == 422
    if "amount" in body and "pan" not in body:
        dollars = {**body, "network_ref": secrets.token_hex(8), "amount": {"value": 77, "currency": "USD"}}
        assert other(path, dollars)[0] == 422
    pair.check()
