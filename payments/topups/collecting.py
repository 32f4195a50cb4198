"""Money that a gateway takes from us for a holder's own top-up, and that comes back (settled.md 1).

First what is on the holder's accounts, then what they owe: an account never goes below zero.
"""

from dataclasses import dataclass
from datetime import datetime

from payments.topups import lots
from payments.topups.models import TopUp
from wallet.core.money import Money
from wallet.core.transactions import needs_transaction
from wallet.ledger import accounts, balances, transfers
from wallet.ledger.accounts import AccountKind, AccountRef
from wallet.ledger.refusals import InsufficientFunds
from wallet.ledger.transfers import Op, Transfer
from wallet.limits import receiving

#: How often money is looked for on accounts that others spend from at the same time.
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Cause:
    """Why money moves: the lot, the gateway's account, and the key and code of its transfers."""

    top_up: TopUp
    clearing: AccountRef
    key: str
    code: str


@needs_transaction
def take(cause: Cause, amount: Money) -> None:
    """Take what is there, from main and then from cards; the rest is owed, and the next top-up repays it."""
    holder_id = cause.top_up.holder_id
    losses = accounts.programme(AccountKind.LOSSES, amount.currency)
    if lots.has_left(holder_id):
        transfers.post([_transfer(cause, losses, amount)])
        return
    owed = accounts.shortfall(holder_id, amount.currency)
    for _ in range(_TRIES):
        sources = _sources(holder_id, amount)
        covered = sum(part.minor for _ref, part in sources)
        batch = [_transfer(cause, ref, part) for ref, part in sources]
        if covered < amount.minor:
            batch.append(_transfer(cause, owed, Money(amount.minor - covered, amount.currency)))
        if _posted(batch):
            return
    # Others spend faster than we look: all of it is owed, which nobody can be refused.
    transfers.post([_transfer(cause, owed, amount)])


@needs_transaction
def give(cause: Cause, amount: Money, now: datetime) -> None:
    """Give back what was taken; it repays what is owed first. Who has left gets nothing more: it is the programme's."""
    # Lines of activity are found by their reference: what it repaid must not stand for the top-up.
    ref = f"{cause.top_up.id}:{cause.code}"
    if lots.has_left(cause.top_up.holder_id):
        losses = accounts.programme(AccountKind.LOSSES, amount.currency)
        transfers.post([Transfer(Op.POST, cause.key, cause.clearing, losses, amount, cause.code, ref)])
        return
    receiving.receive(
        holder_id=cause.top_up.holder_id, amount=amount, source=cause.clearing, key=cause.key, code=cause.code,
        ref=ref, now=now,
    )  # fmt: skip


def _sources(holder_id: str, amount: Money) -> list[tuple[AccountRef, Money]]:
    """Main first, then the cards, as far as they have something that is not held."""
    own = [
        one for one in balances.of_holder(holder_id) if one.ref.currency == amount.currency and one.available.minor > 0
    ]
    left, found = amount.minor, []
    for kind in (AccountKind.MAIN, AccountKind.CARD):
        for balance in own:
            part = min(balance.available.minor, left) if balance.ref.kind is kind else 0
            if part:
                found.append((balance.ref, Money(part, amount.currency)))
                left -= part
    return found


def _transfer(cause: Cause, debit: AccountRef, amount: Money) -> Transfer:
    key = f"{cause.key}:{debit.kind}:{debit.owner}"
    return Transfer(Op.POST, key, debit, cause.clearing, amount, cause.code, cause.top_up.id)


def _posted(batch: list[Transfer]) -> bool:
    try:
        transfers.post(batch)
    except InsufficientFunds:
        return False
    return True
