"""Names of accounts. An account opens when money first comes to it."""

from dataclasses import dataclass
from enum import StrEnum

from django.db import connection

from wallet.core.transactions import needs_transaction
from wallet.ledger.refusals import translated


class AccountKind(StrEnum):
    """Whose money, and what for."""

    #: A holder's money in one currency.
    MAIN = "main"
    #: What is on one card.
    CARD = "card"
    #: Money above the receiver's limit, waiting.
    PARKED = "parked"
    #: What a holder owes; the mirror of the others.
    SHORTFALL = "shortfall"
    SANDBOX_CLEARING = "sandbox_clearing"
    STRIPE_CLEARING = "stripe_clearing"
    NETWORK_SETTLEMENT = "network_settlement"
    FEES = "fees"
    DISPUTE_RECEIVABLE = "dispute_receivable"
    LOSSES = "losses"


PROGRAMME_KINDS = frozenset(AccountKind) - {
    AccountKind.MAIN, AccountKind.CARD, AccountKind.PARKED, AccountKind.SHORTFALL,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AccountRef:
    """One account, by what it is; made with the functions below."""

    kind: AccountKind
    owner: str
    holder: str
    currency: str

    def as_json(self) -> dict[str, str]:
        """As `ledger_post` reads it."""
        return {"kind": self.kind.value, "owner": self.owner, "holder": self.holder, "currency": self.currency}


def main(holder: str, currency: str) -> AccountRef:
    """A holder's main account."""
    return AccountRef(AccountKind.MAIN, holder, holder, currency)


def card(card_id: str, holder: str, currency: str) -> AccountRef:
    """What is on a card."""
    return AccountRef(AccountKind.CARD, card_id, holder, currency)


def parked(holder: str, currency: str) -> AccountRef:
    """Money that waits above a holder's limit."""
    return AccountRef(AccountKind.PARKED, holder, holder, currency)


def shortfall(holder: str, currency: str) -> AccountRef:
    """What a holder owes."""
    return AccountRef(AccountKind.SHORTFALL, holder, holder, currency)


def programme(kind: AccountKind, currency: str) -> AccountRef:
    """One of the programme's own accounts."""
    if kind not in PROGRAMME_KINDS:
        raise ValueError(f"{kind} is a holder's")
    return AccountRef(kind, "", "", currency)


@needs_transaction
def open_account(ref: AccountRef) -> int:
    """The account's inner id, for a room's own SQL; made if it is not there.

    Raises:
        TransferInvalid: the account is of another holder.
    """
    with translated(), connection.cursor() as cursor:
        cursor.execute("SELECT ledger_open_account(%s, %s, %s, %s)", [ref.kind, ref.owner, ref.holder, ref.currency])
        return int(cursor.fetchone()[0])


@needs_transaction
def close_account(ref: AccountRef) -> None:
    """Close a holder's empty account; one that never opened stays so.

    Raises:
        TransferInvalid: something is on it or held.
    """
    with translated(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_close_account(id) FROM wallet_account WHERE kind = %s AND owner = %s AND currency = %s",
            [ref.kind, ref.owner, ref.currency],
        )
