"""A payment of our own with a card: the same decision as an authorization, posted at once or held (settled.md 33)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import connection, transaction

from cards.authorizations import snapshots
from cards.authorizations.codes import Reason
from cards.authorizations.decide import Ask, Decline, decide
from cards.authorizations.merchants import Merchant
from cards.authorizations.messages import merchant_mark
from wallet.core.money import Money
from wallet.core.transactions import needs_transaction
from wallet.ledger import accounts, transfers
from wallet.ledger.accounts import AccountRef
from wallet.ledger.refusals import InsufficientFunds
from wallet.ledger.transfers import Op, Transfer
from wallet.limits import receiving, windows
from wallet.limits.receiving import Received
from wallet.limits.windows import Limit

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Charged:
    """It is paid; `received` says what became of it on the other side."""

    received: Received


@dataclass(frozen=True, slots=True)
class Held:
    """It is set aside on the card under this hold of the ledger."""

    hold: int


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not, and nothing has changed."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Charge:
    """What is to be paid.

    Args:
        card_id: the card that pays.
        holder_id: whose card it must be.
        amount: more than nothing.
        credit: the main account of the one who is paid.
        merchant: who is paid; for a platform card its `id` is the link that the card belongs to.
        key: of the transfer; the same key pays once.
        code: what it is.
        ref: the public id of the thing.
    """

    card_id: str
    holder_id: str
    amount: Money
    credit: AccountRef
    merchant: Merchant
    key: str
    code: str
    ref: str

    @property
    def source(self) -> AccountRef:
        """The card's own account."""
        return accounts.card(self.card_id, self.holder_id, self.amount.currency)


@needs_transaction
def charge_card(charge: Charge, *, now: datetime) -> Charged | Refused:
    """Pay from a card to another holder's main account."""

    def pay() -> Charged:
        received = receiving.receive(
            holder_id=charge.credit.holder, amount=charge.amount, source=charge.source, key=charge.key,
            code=charge.code, ref=charge.ref, now=now,
        )  # fmt: skip
        return Charged(received)

    return _decided(charge, pay, now=now)


@needs_transaction
def hold_card(charge: Charge, *, until: datetime, now: datetime) -> Held | Refused:
    """The same decision; the money stays on the card, held for the other one. `unspend` belongs to its release."""

    def hold() -> Held:
        one = Transfer(
            Op.HOLD, charge.key, charge.source, charge.credit, charge.amount, charge.code, charge.ref, expires_at=until
        )
        return Held(transfers.post([one])[0].id)

    return _decided(charge, hold, now=now)


@needs_transaction
def unspend(*, card_id: str, amount: Money, taken_at: datetime) -> None:
    """A hold of a payment of our own was released: the card's windows get back what it took. The card is locked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT cards_unspend(%s, %s, %s)", [card_id, amount.minor, taken_at])


def _decided(charge: Charge, act: Callable[[], M], *, now: datetime) -> M | Refused:
    """Decide, then move; the card is locked first, so what the decision saw still holds when it is posted."""
    amount, merchant = charge.amount, charge.merchant
    with connection.cursor() as cursor:
        cursor.execute("SELECT issuing_lock(%s)", [charge.card_id])
    snapshot = snapshots.read(number_id=charge.card_id).snapshot
    if not snapshot.is_known or snapshot.holder_id != charge.holder_id:
        return Refused(Reason.NUMBER_UNKNOWN)
    mark = merchant_mark(merchant.id, locked_to=snapshot.locked_to)
    decision = decide(snapshot, Ask(amount, merchant, mark, own_platform=merchant.id))
    if isinstance(decision, Decline):
        return Refused(decision.reason)
    locked_to = mark if snapshot.kind == "merchant_locked" else None
    try:
        # All of it or none: a refusal of the ledger gives the windows back.
        with transaction.atomic():
            windows.consume(holder_id=charge.holder_id, limit=Limit.SPENDING, amount=amount, now=now)
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT cards_spend(%s, %s, NULL, NULL, NULL, false, %s)", [charge.card_id, amount.minor, locked_to]
                )
            return act()
    except windows.LimitReached:
        return Refused(Reason.TIER)
    except InsufficientFunds:
        return Refused(Reason.NOT_SUFFICIENT_FUNDS)
