"""What goes in and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

EVERYONE = "*"


class Intent(StrEnum):
    """What a message does about money between its sender and somebody in the thread."""

    REQUEST = "request_money"
    OFFER = "offer_money"
    SPLIT = "split_bill"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ContextMessage:
    """An earlier message of the thread."""

    sender: str
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """A chat message with what is known of its thread; only the text itself is classified."""

    text: str
    context: tuple[ContextMessage, ...] = ()
    sender: str | None = None
    participants: tuple[str, ...] = ()
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class Finding:
    """The reading of one message. Spans count code points of the text, end exclusive."""

    intent: Intent = Intent.NONE
    amount_minor: int | None = None
    currency: str | None = None
    shares: int | None = None
    debtor: str | None = None
    creditor: str | None = None
    confidence: float = 0.0
    spans: tuple[tuple[int, int], ...] = ()


NOTHING = Finding()
