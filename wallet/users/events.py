"""What happens to a person's keys and doors, told to the rooms above that registered for it."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from wallet.core.transactions import owns_transaction


class KeyEvent(StrEnum):
    """What a person should hear of, because somebody else might have done it."""

    SIGNED_IN = "signed_in"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    PASSKEY_SUSPECTED = "passkey_suspected"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - an event's name
    CODES_RENEWED = "codes_renewed"
    RECOVERED = "recovered"
    WALLET_PAUSED = "wallet_paused"
    WALLET_RESUMED = "wallet_resumed"


class Listener(Protocol):
    """Called in the transaction of the event; `device` is a family name such as "Firefox, Linux"."""

    def __call__(self, *, holder_id: str, event: KeyEvent, device: str, now: datetime) -> None:
        """Take note."""


_listeners: dict[KeyEvent, list[Listener]] = {}


def on(*events: KeyEvent) -> Callable[[Listener], Listener]:
    """Register a listener for these events, as a decorator."""

    def register(listener: Listener) -> Listener:
        for event in events:
            listeners = _listeners.setdefault(event, [])
            if listener not in listeners:
                listeners.append(listener)
        return listener

    return register


def on_sign_in(listener: Listener) -> Listener:
    """Register a listener for new sign-ins."""
    return on(KeyEvent.SIGNED_IN)(listener)


@owns_transaction
def announce(*, holder_id: str, event: KeyEvent, now: datetime, device: str = "") -> None:
    """Tell everybody who registered, in the transaction of what happened or in one of its own."""
    for listener in _listeners.get(event, ()):
        listener(holder_id=holder_id, event=event, device=device, now=now)
