"""A thread of alice and bob: alice writes the message that is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from payments.detection import ContextMessage, Message, detect


class Told(NamedTuple):
    """What a finding says, without its direction and confidence."""

    intent: str
    amount_minor: int | None = None
    currency: str | None = None
    shares: int | None = None


nothing = Told("none")


def message(text: str, locale: str, *, earlier: Sequence[str] = ()) -> Message:
    """The latest of the earlier messages is bob's, the one before alice's, and so on."""
    senders = ["bob" if (len(earlier) - place) % 2 else "alice" for place in range(len(earlier))]
    context = tuple(ContextMessage(sender, told) for sender, told in zip(senders, earlier, strict=True))
    return Message(text, context, "alice", ("alice", "bob"), locale)


def read(text: str, locale: str, *, earlier: Sequence[str] = ()) -> Told:
    """The finding of alice's message."""
    finding = detect(message(text, locale, earlier=earlier))
    return Told(finding.intent, finding.amount_minor, finding.currency, finding.shares)
