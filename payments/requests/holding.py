"""Holding: the money of an approved share, set aside until all have approved, then settled for all or released for all.

Holds of one split are settled or released together, in one batch of the ledger. As in a payment, mandates are locked
before cards, cards before windows, windows before accounts; each kind in the order of its ids.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from cards.authorizations.charge import unspend
from cards.issuing.cards import lock_card, sweep_closed
from payments.platforms import mandates
from payments.requests.models import PaymentRequest
from wallet.core.transactions import needs_transaction
from wallet.ledger import accounts, transfers
from wallet.ledger.accounts import AccountRef
from wallet.ledger.transfers import Op, Transfer
from wallet.limits.receiving import sort
from wallet.limits.windows import Limit, give_back

CODE = "chat_payment"
#: The split's own clock decides; the ledger's is behind it, for a payment that is under way when the time is over.
_GRACE = timedelta(hours=1)


def key_of(request: PaymentRequest) -> str:
    """The one key under which this request's money moves."""
    return f"{CODE}:{request.id}"


def ends_at(request: PaymentRequest) -> datetime:
    """When the ledger itself would give the hold up."""
    return request.expires_at + _GRACE


@needs_transaction
def hold_main(request: PaymentRequest, *, payer_id: str) -> int:
    """Hold it on the payer's main account; the hold's id.

    Raises:
        InsufficientFunds: there is less.
    """
    debit, credit = accounts.main(payer_id, request.currency), accounts.main(request.payee_id, request.currency)
    (held,) = transfers.post(
        [Transfer(Op.HOLD, key_of(request), debit, credit, request.amount, CODE, request.id, None, ends_at(request))]
    )
    return held.id


@needs_transaction
def settle(shares: Sequence[PaymentRequest], *, now: datetime) -> None:
    """Pay all of them from what is held."""
    transfers.post([_of_hold(Op.SETTLE, share) for share in shares])
    for share in shares:
        # Behind the hold's own key: what was owed is repaid, and what is above the receiver's limit waits.
        sort(
            holder_id=share.payee_id, amount=share.amount, source=_source(share), key=f"{key_of(share)}:settle",
            ref=share.id, now=now,
        )  # fmt: skip


@needs_transaction
def release(shares: Sequence[PaymentRequest], *, now: datetime) -> None:
    """Give all of them back, with the windows that they took."""
    for share in sorted(shares, key=lambda one: one.tapped_link_id or ""):
        if share.tapped_link is not None:
            mandates.give_back(link=share.tapped_link, amount=share.amount, used_at=_taken_at(share))
    cards = {card_id: lock_card(card_id) for card_id in sorted({share.held_card for share in shares} - {""})}
    for share in sorted(shares, key=lambda one: (one.paid_by, one.id)):
        if share.held_card:
            unspend(card_id=share.held_card, amount=share.amount, taken_at=_taken_at(share))
        give_back(holder_id=share.paid_by, limit=Limit.SPENDING, amount=share.amount, used_at=_taken_at(share))
    if shares:
        transfers.post([_of_hold(Op.RELEASE, share) for share in shares])
    for card in cards.values():
        sweep_closed(card=card, now=now)


def _of_hold(op: Op, share: PaymentRequest) -> Transfer:
    credit = accounts.main(share.payee_id, share.currency)
    key = f"{key_of(share)}:{op.value}"
    return Transfer(op, key, _source(share), credit, share.amount, CODE, share.id, share.hold)


def _source(share: PaymentRequest) -> AccountRef:
    if share.held_card:
        return accounts.card(share.held_card, share.paid_by, share.currency)
    return accounts.main(share.paid_by, share.currency)


def _taken_at(share: PaymentRequest) -> datetime:
    assert share.held_at is not None  # for the type checker: a constraint of the table
    return share.held_at
