"""docs/card-states.md, made of the table that the code runs by: `manage.py card_states` prints it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from django.utils import translation

from cards.authorizations.cases import EXPLAINED
from cards.authorizations.effects import OF_NOBODY
from cards.authorizations.rules import ABOUT, OUTCOME, PURSE, UNASKED, Effect, Rule
from cards.authorizations.states import AUTHORIZATION, CHARGEBACK
from wallet.core.states import StateMachine

_INTRODUCTION = """\
# Card payments: every message in every state

Made by `make card-states` from `cards/authorizations/rules.py`, the table that the code runs by; do not edit it here.

A message is keyed by network, reference, kind and, for a clearing in parts, its sequence. The same one again is
answered `duplicate` and moves nothing; the same key with another body is refused (422). An amount in another currency
than the authorization's is refused (422). Amounts of nothing move nothing. Every move of a state has an audit row.
Where "afterwards" names states, the payment may come to one of them; otherwise it stays where it is.
"""

_ROUTES = """\
On the sandbox network, under `/sandbox/network`: `authorizations/{id}/increments`, `…/reversals`, `…/captures`,
`…/refund-reversals`, `…/chargebacks`, each with `{amount, network_ref}` (`captures` also `final`, or `sequence` and
`of`); `captures` for a force post, `refunds`; `chargebacks/{id}/won` and `…/lost` with `{network_ref}`. Answers about
chargebacks name the `chargeback`.
"""

_EXPIRY = """\
When its time is over (7 days, 31 for lodging, vehicles and airlines; an increment starts it anew), an authorization
ends by itself: what is held is released, and it is `expired`, or `captured` if a part was cleared.
"""

_QUEUE = """\
A case is closed once, by a named member of staff with a note: resolved (no money moves), charged (the loss, or a part
of it, moves to the holder: main, then shortfall), or given (what is kept apart goes to the holder). A loss that a
refund has repaid since cannot be charged.
"""

_CARDS = """
Nothing else depends on the card: what was approved settles on a frozen, closed or expired card too. What a closed
card's holds release goes to main at once. Increments are declined like authorizations.
"""

#: What it does, and the transfers that it makes.
_EFFECTS: Mapping[Effect, tuple[str, str]] = {
    Effect.HOLD_MORE: (
        "Decides like an authorization; a refusal leaves what is held.",
        "hold: card → network settlement",
    ),
    Effect.RELEASE: (
        "Gives back what is held, or a part of it, with the windows it took.",
        "release of the hold",
    ),
    Effect.SETTLE: (
        """What is held pays first. A final capture, or the last of all parts, releases the rest. More than is held: the
        card, then the holder's shortfall within tolerance (20 % of the approved amount for restaurants, fuel, taxis,
        lodging, vehicles and beauty, on a card that is not closed), else the programme's losses.""",
        "settle, release; card, shortfall or losses → network settlement",
    ),
    Effect.CLEAR: (
        "Clears without a hold: what is on the card pays, the programme's losses the rest. Revives no hold.",
        "card, losses → network settlement",
    ),
    Effect.GIVE_BACK: (
        """Credits what the refunds come to, less their reversals: what the programme has paid for this payment first,
        then what the holder owes, then the holder.""",
        "network settlement → losses, shortfall, card or main",
    ),
    Effect.TAKE_BACK: (
        """Takes back what was refunded, as far as it is there; losses pay the rest. One that comes before its refund
        waits for it.""",
        "card or main, losses → network settlement",
    ),
    Effect.DISPUTE: (
        """Lends the holder what they have paid of it and not got back. Repays nothing that is owed; where the limit on
        stored money has no room, it comes when the dispute is won.""",
        "dispute receivable → card or main",
    ),
    Effect.WIN: (
        "The network pays: what was lent is settled, the rest is given back like a refund.",
        "network settlement → dispute receivable, losses, shortfall, card or main",
    ),
    Effect.LOSE: (
        "What was lent goes back, as far as it is there; losses pay the rest.",
        "card or main, losses → dispute receivable",
    ),
    Effect.TURN_TO_WON: (
        "The network pays after all: what the programme has paid first; a person may give the holder the rest.",
        "network settlement → losses",
    ),
    Effect.TURN_TO_LOST: (
        "The network takes it after all: the programme pays, and a person may charge the holder.",
        "losses → network settlement",
    ),
    Effect.PAY_FOR_NOBODY: ("The programme pays.", "losses → network settlement"),
    Effect.KEEP_FOR_NOBODY: ("The programme keeps it apart.", "network settlement → losses"),
    Effect.LEAVE: ("Nothing moves; a person looks at it.", "none"),
}


@translation.override("en")
def render() -> str:
    """The whole page, in English."""
    return "\n".join(
        [
            _INTRODUCTION,
            _ROUTES,
            *_section("Messages that name an authorization", ABOUT, AUTHORIZATION),
            _EXPIRY,
            *_section("Messages that show a number", UNASKED, None),
            "A force post, and a refund without an authorization, make a payment of their own in `captured`.\n",
            *_section("Messages that name a chargeback", OUTCOME, CHARGEBACK),
            *_purses(),
            *_effects(),
            *_cases(),
        ]
    )


def _section(title: str, rules: Mapping[Any, Mapping[Any, Rule]], machine: StateMachine[Any] | None) -> Iterator[str]:
    yield f"## {title}\n"
    yield from _head("message", "in", "effect", "answer", "afterwards", "cases for a person")
    for kind, states in rules.items():
        for rule, among in groupby(sorted(states, key=lambda state: repr(states[state])), key=states.__getitem__):
            same = sorted(among, key=list(states).index)
            yield _row([kind], same, [rule.effect], rule.results, _after(machine, same, rule), rule.cases)
    yield ""


def _after(machine: StateMachine[Any] | None, states: Sequence[Any], rule: Rule) -> list[str]:
    """The states that may follow; none is named where the message changes none."""
    if machine is None:
        return [] if rule.effect in OF_NOBODY else ["captured"]
    return sorted(
        {machine.edges[event][state] for event in rule.moves for state in states if state in machine.edges[event]}
    )


def _purses() -> Iterator[str]:
    yield "## Where money beyond the hold comes from and goes to\n"
    yield from _head("card", "a clearing takes", "what comes back goes to", "what is taken back comes from")
    for status, purse in PURSE.items():
        yield _row([status], ["card"], [purse], [purse])
    for card in ("of a holder who has left", "in another currency than the payment"):
        yield f"| {card} | `losses` | `losses` | `losses` |"
    yield _CARDS


def _effects() -> Iterator[str]:
    yield "## Effects\n"
    yield from _head("effect", "what it does", "transfers")
    for effect in Effect:
        what, transfers = _EFFECTS[effect]
        yield f"| `{effect}` | {' '.join(what.split())} | {transfers} |"
    yield ""


def _cases() -> Iterator[str]:
    yield "## The exception queue\n"
    yield _QUEUE
    yield from _head("reason", "what happened", "what to do")
    for reason, said in EXPLAINED.items():
        yield f"| `{reason}` | {said.what} | {said.todo} |"
    yield ""


def _head(*names: str) -> tuple[str, str]:
    return "| " + " | ".join(names) + " |", "|" + "---|" * len(names)


def _row(*cells: Iterable[str]) -> str:
    return "| " + " | ".join(", ".join(f"`{name}`" for name in cell) for cell in cells) + " |"


__all__ = ["render"]
