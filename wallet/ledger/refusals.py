"""The ledger's refusals, and the one place that reads them out of a database error."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from django.db import DatabaseError

from wallet.core.errors import Kind, WalletError
from wallet.core.transactions import sqlstate


class LedgerRefusal(WalletError):
    """The ledger did not make a transfer."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug = "transfer-refused"
    title = "This money cannot be moved like that"


class InsufficientFunds(LedgerRefusal):
    """There is less on the account than the transfer needs."""

    kind = Kind.REFUSED
    slug = "insufficient-funds"
    title = "There is not enough money for this"


class KeyReused(LedgerRefusal):
    """The transfer's key belongs to a transfer with other fields."""

    slug = "transfer-key-reused"
    title = "This movement was already made with other values"


class HoldClosed(LedgerRefusal):
    """The hold has ended or expired; what expired can only be released."""

    slug = "hold-closed"
    title = "This money is no longer held"


class SettleBeyondHold(LedgerRefusal):
    """More than what is left of the hold."""

    slug = "beyond-hold"
    title = "This is more than what is held"


class TransferInvalid(LedgerRefusal):
    """Not a transfer: an amount below one, two currencies, one account twice, an unknown account or operation."""

    slug = "transfer-invalid"
    title = "This is not a movement of money"


class AccountClosed(LedgerRefusal):
    """The account takes no further transfers."""

    slug = "account-closed"
    title = "This account is closed"


#: SQLSTATE of sql/transfers.sql (22003: a total beyond 64 bits).
BY_STATE: dict[str, type[LedgerRefusal]] = {
    "PV001": InsufficientFunds,
    "PV002": KeyReused,
    "PV003": HoldClosed,
    "PV004": SettleBeyondHold,
    "PV005": TransferInvalid,
    "PV006": AccountClosed,
    "22003": TransferInvalid,
}


@contextmanager
def translated() -> Iterator[None]:
    """Around a call of a room's own SQL that uses `ledger_apply`: its refusals come out as the errors above.

    The transaction is lost by then; `transfers.post` refuses without losing it.
    """
    try:
        yield
    except DatabaseError as error:
        if refusal := BY_STATE.get(sqlstate(error)):
            raise refusal from error
        raise
