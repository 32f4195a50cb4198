"""The table of card payments is whole, runs the code, and is what the document says."""

from pathlib import Path

from cards.authorizations import chart
from cards.authorizations.cases import EXPLAINED, CaseReason
from cards.authorizations.effects import OF_NOBODY, ON_BOOK
from cards.authorizations.rules import ABOUT, OUTCOME, PURSE, UNASKED, Effect, Number, Rule
from cards.authorizations.states import (
    AUTHORIZATION,
    CHARGEBACK,
    AuthorizationStatus,
    ChargebackStatus,
    MessageKind,
    Result,
)
from cards.issuing.states import CardStatus

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "card-states.md"


def rules() -> list[Rule]:
    return [rule for table in (ABOUT, UNASKED, OUTCOME) for states in table.values() for rule in states.values()]


def test_every_kind_of_message_has_a_rule_in_every_state() -> None:
    """Break: leave `expired` out of one row of ABOUT."""
    assert {*ABOUT, *UNASKED, *OUTCOME, MessageKind.AUTHORIZATION} == set(MessageKind)
    assert all(set(states) == set(AuthorizationStatus) for states in ABOUT.values())
    assert all(set(states) == set(Number) for states in UNASKED.values())
    assert all(set(states) == set(ChargebackStatus) for states in OUTCOME.values())
    assert set(PURSE) == set(CardStatus)


def test_every_effect_is_done_by_one_function_and_used_by_some_rule() -> None:
    """Break: take a function out of ON_BOOK."""
    assert {*ON_BOOK, *OF_NOBODY} == set(Effect)
    assert not set(ON_BOOK) & set(OF_NOBODY)
    assert {rule.effect for rule in rules()} == set(Effect)


def test_a_rule_that_may_open_a_case_may_answer_queued_and_every_reason_is_explained() -> None:
    """Break: leave a reason unexplained."""
    assert all(bool(rule.cases) == (Result.QUEUED in rule.results) for rule in rules())
    assert {reason for rule in rules() for reason in rule.cases} == set(CaseReason) == set(EXPLAINED)


def test_the_moves_of_a_rule_are_edges_of_its_machine() -> None:
    """Break: take `declined` out of the edges of `clear`."""
    for states in ABOUT.values():
        for state, rule in states.items():
            assert not rule.moves or any(state in AUTHORIZATION.edges[event] for event in rule.moves)
    for states in OUTCOME.values():
        for state, rule in states.items():
            assert all(state in CHARGEBACK.edges[event] for event in rule.moves)


def test_the_document_is_made_of_the_table() -> None:
    """Mend it with `make card-states`. Break: change an answer in `rules`."""
    assert DOCUMENT.read_text(encoding="utf-8") == chart.render()
