"""Money that comes to a holder: never refused; repays what is owed first; what exceeds the limit waits 30 days."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from wallet.activity import lines, notices
from wallet.core.money import Money
from wallet.core.transactions import needs_transaction
from wallet.ledger import accounts
from wallet.ledger.accounts import AccountRef
from wallet.ledger.refusals import translated
from wallet.limits import windows

#: How long money waits above a limit (settled.md 9).
PARKED_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Received:
    """Where the money went: the rest of `amount` is on the account."""

    amount: Money
    repaid: Money
    parked: Money
    #: It had been received before: nothing moved now.
    is_replayed: bool

    @property
    def credited(self) -> Money:
        """What can be spent of it."""
        return self.amount - self.repaid - self.parked


@needs_transaction
def receive(
    *, holder_id: str, amount: Money, source: AccountRef, key: str, code: str, ref: str, now: datetime,
    into: AccountRef | None = None,
) -> Received:  # fmt: skip
    """Credit a holder from a source account, once for a key; the caller writes the line of activity for the whole.

    What was repaid or parked gets lines and a notice of its own here.

    Args:
        holder_id: who receives.
        amount: positive.
        source: a programme's account, or a payer's card or main account.
        key: the transfer's key.
        code: what it is.
        ref: the public id of the thing.
        now: the database's time.
        into: one of the holder's cards (a refund); the main account when absent.

    Raises:
        InsufficientFunds: a holder's source has too little. The transaction is lost, as with every refusal here.
        KeyReused: the key belongs to another transfer.
    """
    landed = into or accounts.main(holder_id, amount.currency)
    stored = windows.caps(holder_id, amount.currency, now=now).stored
    with translated(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT repaid, parked, is_replayed"
            " FROM limits_receive(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [landed.kind, landed.owner, holder_id, amount.currency, amount.minor, stored,
             source.kind, source.owner, source.holder, key, code, ref, now + PARKED_FOR],
        )  # fmt: skip
        repaid, parked, is_replayed = cursor.fetchone()
    received = Received(amount, Money(repaid, amount.currency), Money(parked, amount.currency), is_replayed)
    if not is_replayed:
        tell(holder_id=holder_id, received=received, ref=ref, now=now)
    return received


@needs_transaction
def sort(*, holder_id: str, amount: Money, source: AccountRef, key: str, ref: str, now: datetime) -> Received:
    """The second half of `receive`: for money that this transaction has already moved to the holder's main account.

    That is a settled hold or a charge; `key` is the key of the transfer that brought it.
    """
    account = accounts.open_account(accounts.main(holder_id, amount.currency))
    stored = windows.caps(holder_id, amount.currency, now=now).stored
    with translated(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT repaid, parked FROM limits_sort(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [account, holder_id, amount.currency, amount.minor, stored, source.kind, source.owner, source.holder,
             key, ref, now + PARKED_FOR],
        )  # fmt: skip
        repaid, parked = cursor.fetchone()
    received = Received(amount, Money(repaid, amount.currency), Money(parked, amount.currency), is_replayed=False)
    tell(holder_id=holder_id, received=received, ref=ref, now=now)
    return received


@needs_transaction
def tell(*, holder_id: str, received: Received, ref: str, now: datetime) -> None:
    """Write the lines and the notice of what was repaid or parked, for a room whose own SQL has received."""
    if received.repaid:
        lines.record(
            holder_id=holder_id, kind="shortfall_repaid", direction="out", amount=received.repaid, status="done",
            ref=ref, now=now,
        )  # fmt: skip
    if received.parked:
        lines.record(
            holder_id=holder_id, kind="parked", direction="out", amount=received.parked, status="parked", ref=ref,
            now=now,
        )  # fmt: skip
        notices.notify(holder_id=holder_id, kind="parked", ref=ref, facts={"amount": received.parked}, now=now)
