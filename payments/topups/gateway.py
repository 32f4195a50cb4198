"""The port to whoever takes the bank card: a hosted page, an object to ask about it, signed events.

Two implementations: the sandbox gateway here, Stripe in a folder beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Protocol

from django.conf import settings

from wallet.core.errors import Kind, WalletError
from wallet.core.money import Money


class PaymentState(StrEnum):
    """What the gateway says of a payment, in our words."""

    OPEN = "open"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"


class GatewayUnavailable(WalletError):
    """The gateway does not answer: nothing is known, the worker tries again."""

    kind = Kind.UNAVAILABLE
    slug = "gateway-unavailable"
    title = "The payment service does not answer"


class GatewayRefused(WalletError):
    """The gateway will not make this session: trying again cannot help."""

    slug = "gateway-refused"
    title = "The payment service refuses this payment"


class SignatureInvalid(WalletError):
    """The event's signature, its age or its form is wrong; nothing is kept of it."""

    kind = Kind.UNREADABLE
    slug = "signature-invalid"
    title = "The signature does not hold"


@dataclass(frozen=True, slots=True)
class Session:
    """A hosted payment page: the gateway's name for it and where it is."""

    ref: str
    url: str


@dataclass(frozen=True, slots=True)
class Payment:
    """The gateway's own word on a session: the only source of amount and currency."""

    session_ref: str
    payment_ref: str
    state: PaymentState
    amount: Money
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """What a verified event names; nothing else of it is kept."""

    id: str
    type: str
    object_ref: str


class TopUpGateway(Protocol):
    """Every call but `read_event` leaves the machine: never inside a transaction."""

    name: str
    #: The programme's ledger account that owes us what the gateway has taken.
    clearing_account: str

    def create_session(self, *, reference: str, amount: Money, return_url: str) -> Session:
        """Make the hosted page; repeated with the same reference it returns the same session.

        Raises:
            GatewayUnavailable, GatewayRefused.
        """
        ...

    def fetch(self, *, session_ref: str) -> Payment:
        """The present state of a payment.

        Raises:
            GatewayUnavailable.
        """
        ...

    def read_event(self, *, body: bytes, headers: Mapping[str, str]) -> Event:
        """Verify the raw bytes, then read them.

        Raises:
            SignatureInvalid.
        """
        ...


_ADAPTERS = {"sandbox": "payments.topups.sandbox.adapter"}


def gateway(name: str | None = None) -> TopUpGateway:
    """The gateway of this installation, or the one that an older top-up came through."""
    adapter: TopUpGateway = import_module(_ADAPTERS[name or settings.TOP_UP_GATEWAY]).adapter()
    return adapter
