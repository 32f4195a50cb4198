"""A payment of our own with a card: the same decision as an authorization, posted at once (settled.md 33)."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from cards.authorizations import snapshots
from cards.authorizations.codes import Reason
from cards.authorizations.decide import Ask, Decline, decide
from cards.authorizations.merchants import Merchant
from cards.authorizations.messages import merchant_mark
from wallet.core.money import Money
from wallet.core.transactions import needs_transaction
from wallet.ledger import accounts
from wallet.ledger.accounts import AccountRef
from wallet.ledger.refusals import InsufficientFunds
from wallet.limits import receiving, windows
from wallet.limits.receiving import Received
from wallet.limits.windows import Limit


@dataclass(frozen=True, slots=True)
class Charged:
    """It is paid; `received` says what became of it on the other side."""

    received: Received


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not, and nothing has changed."""

    reason: Reason


@needs_transaction
def charge_card(
    *, card_id: str, holder_id: str, amount: Money, credit: AccountRef, merchant: Merchant, key: str, code: str,
    ref: str, now: datetime,
) -> Charged | Refused:  # fmt: skip
    """Pay from a card to another holder's main account.

    The card is locked first, so what the decision saw still holds when it is posted.

    Args:
        card_id: the card that pays.
        holder_id: whose card it must be.
        amount: more than nothing.
        credit: the main account of the one who is paid.
        merchant: who is paid; for a platform card its `id` is the link that the card belongs to.
        key: of the transfer; the same key pays once.
        code: what it is.
        ref: the public id of the thing.
        now: the database's time.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT issuing_lock(%s)", [card_id])
    snapshot = snapshots.read(number_id=card_id).snapshot
    if not snapshot.is_known or snapshot.holder_id != holder_id:
        return Refused(Reason.NUMBER_UNKNOWN)
    mark = merchant_mark(merchant.id, locked_to=snapshot.locked_to)
    decision = decide(snapshot, Ask(amount, merchant, mark, own_platform=merchant.id))
    if isinstance(decision, Decline):
        return Refused(decision.reason)
    locked_to = mark if snapshot.kind == "merchant_locked" else None
    source = accounts.card(card_id, holder_id, amount.currency)
    try:
        # All of it or none: a refusal of the ledger gives the windows back.
        with transaction.atomic():
            windows.consume(holder_id=holder_id, limit=Limit.SPENDING, amount=amount, now=now)
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT cards_spend(%s, %s, NULL, NULL, NULL, false, %s)", [card_id, amount.minor, locked_to]
                )
            received = receiving.receive(
                holder_id=credit.holder, amount=amount, source=source, key=key, code=code, ref=ref, now=now
            )
    except windows.LimitReached:
        return Refused(Reason.TIER)
    except InsufficientFunds:
        return Refused(Reason.NOT_SUFFICIENT_FUNDS)
    return Charged(received)
