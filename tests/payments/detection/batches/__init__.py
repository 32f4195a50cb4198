"""Batches of labelled messages: `locale | label | text`, then earlier messages and members of the thread.

The label is `none`, or `ask`, `offer` or `split` with the sum and its currency and `/` the number of shares, where told.
`< ` begins an earlier message of bob, `> ` one of alice, who writes the text; `with ` names the others of a group.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from payments.detection import ContextMessage, Message
from payments.detection.currencies import decimals
from tests.payments.detection.thread import Told

_INTENTS = {"ask": "request_money", "offer": "offer_money", "split": "split_bill", "none": "none"}


class Case(NamedTuple):
    """A message and what the rules of labelling say of it."""

    message: Message
    told: Told


def load(path: Path) -> list[Case]:
    """The cases of one batch."""
    return [_case(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _case(line: str) -> Case:
    locale, label, text, *rest = (part.strip() for part in line.split("|"))
    earlier: list[ContextMessage] = []
    members = ["bob"]
    for part in rest:
        if part.startswith("with "):
            members = [name.strip() for name in part[5:].split(",")]
        elif part:
            earlier.append(ContextMessage("bob" if part[0] == "<" else "alice", part[1:].strip()))
    return Case(Message(text, tuple(earlier), "alice", ("alice", *members), locale), _told(label))


def _told(label: str) -> Told:
    intent, *words = label.split()
    shares = next((int(word[1:]) for word in words if word.startswith("/")), None)
    sums = [word for word in words if not word.startswith("/")]
    if not sums:
        return Told(_INTENTS[intent], None, None, shares)
    amount, currency = sums
    return Told(_INTENTS[intent], int(Decimal(amount) * 10 ** decimals(currency)), currency, shares)
