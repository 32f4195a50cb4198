"""Messages: keyed by (network, reference, kind); the same one again is answered alike, another body is refused."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cards.authorizations.states import MessageKind, Result
from privacy.crypto import marks
from wallet.core.errors import Kind, WalletError
from wallet.core.money import Money

_BODY = ("network", "body")


class MessageReused(WalletError):
    """This network reference came before with another body."""

    kind = Kind.INVALID
    slug = "network-ref-reused"
    title = "This network reference was used with another body"


@dataclass(frozen=True, slots=True)
class Message:
    """A network message that is no authorization.

    Args:
        network: its name; with `ref` and `kind` the key of the message.
        ref: the network's reference.
        kind: what it says.
        body: as it came, to tell a repetition from another one.
        request_id: of the HTTP request, for the exposure record.
        sequence: which part of a clearing in parts, from 1; belongs to the key. 0: not in parts.
    """

    network: str
    ref: str
    kind: MessageKind
    body: Mapping[str, Any]
    request_id: str
    sequence: int = 0

    def __repr__(self) -> str:
        return f"Message({self.network}, {self.kind}, {self.ref})"

    @property
    def key(self) -> str:
        """The name space of its transfers."""
        part = f"#{self.sequence}" if self.sequence else ""
        return f"{self.network}:{self.kind}{part}:{self.ref}"


@dataclass(frozen=True, slots=True)
class Said:
    """What a message says besides what it is about.

    Args:
        amount: None: all that is held.
        is_final: nothing more will be cleared.
        parts: how many parts the clearing has in all; 0: not in parts.
    """

    amount: Money | None
    is_final: bool = False
    parts: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it, for the answer."""

    result: Result
    authorization_id: str | None
    held: Money
    captured: Money
    chargeback_id: str | None = None


def body_hash(body: Mapping[str, Any]) -> bytes:
    """The mark of the canonical body: it holds a card number, which no plain hash hides."""
    return marks.mark(*_BODY, value=_canonical(body))


def merchant_mark(merchant_id: str, *, locked_to: bytes | None) -> bytes:
    """The mark by which a card remembers whom it is locked to; comparable with the one it has, if it has one."""
    return marks.mark("cards_spending", "locked_to", value=merchant_id.encode(), like=locked_to)


def same_body(before: bytes, body: Mapping[str, Any]) -> None:
    """Say nothing when it is the same message again.

    Raises:
        MessageReused: it is another one under the same reference.
    """
    if not marks.is_same(before, *_BODY, value=_canonical(body)):
        raise MessageReused(pointer="/network_ref")


def _canonical(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
