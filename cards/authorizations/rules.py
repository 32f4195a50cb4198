"""What each network message does in each state: the table that the code runs by, and that docs/card-states.md shows.

`EFFECTS` in `effects` has one function for each effect. Nothing else decides by a state.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cards.authorizations.cases import CaseReason as Why
from cards.authorizations.states import AuthorizationStatus as Status
from cards.authorizations.states import ChargebackStatus, MessageKind, Result
from cards.issuing.states import CardStatus


class Effect(StrEnum):
    """What a message does."""

    HOLD_MORE = "hold_more"
    RELEASE = "release"
    SETTLE = "settle"
    CLEAR = "clear"
    GIVE_BACK = "give_back"
    TAKE_BACK = "take_back"
    DISPUTE = "dispute"
    WIN = "win"
    LOSE = "lose"
    TURN_TO_WON = "turn_to_won"
    TURN_TO_LOST = "turn_to_lost"
    PAY_FOR_NOBODY = "pay_for_nobody"
    KEEP_FOR_NOBODY = "keep_for_nobody"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Rule:
    """One cell of the table.

    Args:
        effect: what is done.
        cases: for which reasons a person may have to look at it; the first is the one that `leave` gives.
        moves: events of the state machine that may follow.
        results: what the network may hear, besides `duplicate` for the same message again.
    """

    effect: Effect
    cases: tuple[Why, ...] = ()
    moves: tuple[str, ...] = ()
    results: tuple[Result, ...] = (Result.APPLIED,)


_EITHER = (Result.APPLIED, Result.QUEUED)
#: Whose money it is may be a question by itself, whatever the message.
_WHOSE = (Why.ANOTHER_CURRENCY, Why.AFTER_ERASURE)


def _leave(reason: Why) -> Rule:
    return Rule(Effect.LEAVE, (reason,), results=(Result.QUEUED,))


_HOLD_MORE = Rule(Effect.HOLD_MORE, results=(Result.APPLIED, Result.REFUSED))
_RELEASE = Rule(Effect.RELEASE, (Why.REVERSAL_BEYOND_HOLD,), ("reverse", "clear"), _EITHER)
_SETTLE = Rule(
    Effect.SETTLE,
    (Why.CAPTURE_BEYOND_TOLERANCE, Why.CLEARED_AT_A_LOSS, Why.CAPTURE_SEQUENCE_REPEATED, *_WHOSE), ("clear", "reverse"),
    _EITHER,
)  # fmt: skip
_CLEAR = Rule(Effect.CLEAR, (Why.CLEARED_AT_A_LOSS, Why.CAPTURE_SEQUENCE_REPEATED, *_WHOSE), ("clear",), _EITHER)
_CLEAR_MORE = Rule(Effect.CLEAR, _CLEAR.cases, results=_EITHER)
_GIVE_BACK = Rule(Effect.GIVE_BACK, (Why.REFUND_BEYOND_CLEARING, *_WHOSE), results=_EITHER)
_TAKE_BACK = Rule(
    Effect.TAKE_BACK, (Why.REFUND_REVERSAL_BEYOND_REFUND, Why.TAKEN_BACK_AT_A_LOSS, *_WHOSE), results=_EITHER
)
_DISPUTE = Rule(Effect.DISPUTE, (Why.CHARGEBACK_BEYOND_CLEARING, *_WHOSE), results=_EITHER)
_NO_HOLD = _leave(Why.REVERSAL_WITHOUT_HOLD)

#: Messages that name an authorization.
ABOUT: Mapping[MessageKind, Mapping[Status, Rule]] = {
    MessageKind.INCREMENT: {
        Status.APPROVED: _HOLD_MORE,
        **dict.fromkeys(
            (Status.DECLINED, Status.CAPTURED, Status.REVERSED, Status.EXPIRED), _leave(Why.INCREMENT_WITHOUT_HOLD)
        ),
    },
    MessageKind.REVERSAL: {
        Status.APPROVED: _RELEASE,
        Status.CAPTURED: _leave(Why.REVERSAL_AFTER_CLEARING),
        **dict.fromkeys((Status.DECLINED, Status.REVERSED, Status.EXPIRED), _NO_HOLD),
    },
    MessageKind.CAPTURE: {
        Status.APPROVED: _SETTLE,
        Status.CAPTURED: _CLEAR_MORE,
        **dict.fromkeys((Status.DECLINED, Status.REVERSED, Status.EXPIRED), _CLEAR),
    },
    MessageKind.REFUND: dict.fromkeys(Status, _GIVE_BACK),
    MessageKind.REFUND_REVERSAL: dict.fromkeys(Status, _TAKE_BACK),
    MessageKind.CHARGEBACK: dict.fromkeys(Status, _DISPUTE),
}


class Number(StrEnum):
    """What a number that a message shows turns out to be."""

    KNOWN = "known"
    NOBODYS = "nobodys"


#: Messages that show a number, without an authorization.
UNASKED: Mapping[MessageKind, Mapping[Number, Rule]] = {
    MessageKind.FORCE_POST: {
        Number.KNOWN: Rule(Effect.CLEAR, (Why.CLEARED_AT_A_LOSS, *_WHOSE), results=_EITHER),
        Number.NOBODYS: Rule(Effect.PAY_FOR_NOBODY, (Why.OF_NOBODY,), results=(Result.QUEUED,)),
    },
    MessageKind.REFUND: {
        Number.KNOWN: Rule(Effect.GIVE_BACK, _WHOSE, results=_EITHER),
        Number.NOBODYS: Rule(Effect.KEEP_FOR_NOBODY, (Why.OF_NOBODY,), results=(Result.QUEUED,)),
    },
}

_TURNED = (Why.CHARGEBACK_TURNED,)

#: Messages that name a chargeback.
OUTCOME: Mapping[MessageKind, Mapping[ChargebackStatus, Rule]] = {
    MessageKind.CHARGEBACK_WON: {
        ChargebackStatus.OPEN: Rule(Effect.WIN, _WHOSE, ("win",), _EITHER),
        ChargebackStatus.WON: _leave(Why.CHARGEBACK_DECIDED_BEFORE),
        ChargebackStatus.LOST: Rule(Effect.TURN_TO_WON, _TURNED, ("win",), (Result.QUEUED,)),
    },
    MessageKind.CHARGEBACK_LOST: {
        ChargebackStatus.OPEN: Rule(Effect.LOSE, (Why.TAKEN_BACK_AT_A_LOSS, *_WHOSE), ("lose",), _EITHER),
        ChargebackStatus.LOST: _leave(Why.CHARGEBACK_DECIDED_BEFORE),
        ChargebackStatus.WON: Rule(Effect.TURN_TO_LOST, _TURNED, ("lose",), (Result.QUEUED,)),
    },
}


class Purse(StrEnum):
    """Where money of a payment is taken from and comes back to, beyond what is held for it."""

    CARD = "card"
    #: What is on a closed card has gone to main; a clearing does not follow it there.
    MAIN = "main"
    #: There is no account of the holder's for it: the programme's `losses`, and a case.
    LOSSES = "losses"


#: Whether the card is active, frozen or closed makes no other difference after the swipe (settled.md 1).
PURSE: Mapping[CardStatus, Purse] = {
    CardStatus.ACTIVE: Purse.CARD,
    CardStatus.FROZEN: Purse.CARD,
    CardStatus.CLOSED: Purse.MAIN,
}
