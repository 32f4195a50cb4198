"""The port to whoever takes the bank card: a hosted page, an object to ask about it, signed events, money back.

Two implementations: the sandbox gateway and Stripe, each in a folder beside this file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib import import_module
from typing import Protocol

from django.conf import settings

from payments.topups.reconcile import Entry
from wallet.core.errors import Kind, WalletError
from wallet.core.money import Money


class PaymentState(StrEnum):
    """What the gateway says of a payment, in our words."""

    OPEN = "open"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"


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


class RefundState(StrEnum):
    """What the gateway says of money that goes back."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Refund:
    """Money that goes back to where it came from; `reference` is ours, "" for one that was made elsewhere."""

    ref: str
    reference: str
    state: RefundState
    amount: Money
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Dispute:
    """What a bank disputes of a payment, and whether the gateway has taken that money from us now.

    `fee` is what the gateway has kept for it so far.
    """

    ref: str
    amount: Money
    status: str
    is_withdrawn: bool
    is_over: bool
    fee: Money | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """The gateway's own word on a payment, whole: the only source of amounts and currency.

    `fee` is what the gateway kept of it, once it is known.
    """

    session_ref: str
    payment_ref: str
    state: PaymentState
    amount: Money
    failure: str = ""
    reference: str = ""
    fee: Money | None = None
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """What a verified event names; nothing else of it is kept."""

    id: str
    type: str
    object_ref: str


@dataclass(frozen=True, slots=True)
class Subject:
    """Which payment an event is about; `is_warning`: the card's issuer takes it for fraud."""

    payment_ref: str = ""
    session_ref: str = ""
    is_warning: bool = False


class TopUpGateway(Protocol):
    """Every call but `read_event` leaves the machine: never inside a transaction."""

    name: str
    #: The programme's ledger account that owes us what the gateway has taken.
    clearing_account: str
    #: Whether people type their card, name and e-mail on a page of a third party.
    is_third_party: bool

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

    def subject_of(self, event: Event) -> Subject | None:
        """Which payment an event is about; None where it is about none.

        Raises:
            GatewayUnavailable.
        """
        ...

    def find_session(self, payment_ref: str) -> str:
        """The session of a payment that we have not heard of; "" where it is not one of ours.

        Raises:
            GatewayUnavailable.
        """
        ...

    def events_since(self, since: datetime) -> Iterator[Event]:
        """What has happened, for events that never came; the oldest first or last, as the gateway likes.

        Raises:
            GatewayUnavailable.
        """
        ...

    def refund(self, *, reference: str, payment_ref: str, amount: Money) -> Refund:
        """Send money back to the source of a payment; repeated with the same reference it is the same refund.

        Raises:
            GatewayUnavailable, GatewayRefused.
        """
        ...


class PayoutState(StrEnum):
    """What becomes of money that goes to a bank account."""

    #: The page waits for bank details.
    OPEN = "open"
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"


class PayoutGateway(Protocol):
    """Pays to a bank account that the holder types on its page; every call leaves the machine."""

    name: str
    #: The programme's ledger account that the money is taken from.
    clearing_account: str

    def create_page(self, *, reference: str, amount: Money, return_url: str) -> Session:
        """Make the page that asks for bank details; repeated with the same reference it is the same page.

        Raises:
            GatewayUnavailable, GatewayRefused.
        """
        ...

    def fetch_payout(self, *, session_ref: str) -> PayoutState:
        """How it stands.

        Raises:
            GatewayUnavailable.
        """
        ...


class GatewayBooks(Protocol):
    """The gateway's own books, for a reconciliation; every call leaves the machine."""

    def entries(
        self, *, since: datetime | None = None, until: datetime | None = None, payout_ref: str = ""
    ) -> Iterator[Entry]:
        """Every movement of a time, or of a payout to the operator's bank.

        Raises:
            GatewayUnavailable, GatewayRefused.
        """
        ...

    def held(self) -> dict[str, int]:
        """What it has for us now, in minor units by currency.

        Raises:
            GatewayUnavailable.
        """
        ...

    def paid_out(self) -> dict[str, int]:
        """What it has paid to the operator's bank, ever.

        Raises:
            GatewayUnavailable.
        """
        ...


_PAYOUTS = {"sandbox": "payments.topups.sandbox.payouts"}
_ADAPTERS = {"sandbox": "payments.topups.sandbox.adapter", "stripe": "payments.topups.stripe.adapter"}


def gateway(name: str | None = None) -> TopUpGateway:
    """The gateway of this installation, or the one that an older top-up came through."""
    adapter: TopUpGateway = import_module(_ADAPTERS[name or settings.TOP_UP_GATEWAY]).adapter()
    return adapter


def payout_gateway(name: str | None = None) -> PayoutGateway | None:
    """Who pays to bank accounts here, or paid an older one; None where nobody does."""
    name = name or settings.PAYOUT_GATEWAY
    if name == "none":
        return None
    found: PayoutGateway = import_module(_PAYOUTS[name]).adapter()
    return found


def books(name: str) -> GatewayBooks | None:
    """The gateway's own books; None where it keeps none (the sandbox)."""
    module = import_module(_ADAPTERS[name])
    kept: GatewayBooks | None = module.books()
    return kept
