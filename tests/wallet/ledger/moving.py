"""Short ways to move money in tests."""

import secrets
from typing import Any

from wallet.core.ids import new_id
from wallet.core.money import Money
from wallet.ledger import accounts
from wallet.ledger.accounts import AccountKind, AccountRef
from wallet.ledger.transfers import Op, Posted, Transfer, post

CLEARING = accounts.programme(AccountKind.SANDBOX_CLEARING, "EUR")
NETWORK = accounts.programme(AccountKind.NETWORK_SETTLEMENT, "EUR")


def fresh_main(minor: int = 0, currency: str = "EUR") -> AccountRef:
    """A new holder's main account with so much on it."""
    ref = accounts.main(new_id("holder"), currency)
    if minor:
        move(accounts.programme(AccountKind.SANDBOX_CLEARING, currency), ref, minor)
    return ref


def transfer(
    debit: AccountRef, credit: AccountRef, minor: int, *, op: Op = Op.POST, key: str = "", hold: int | None = None,
    ref: str = "test", **more: Any,
) -> Transfer:  # fmt: skip
    """One transfer under a fresh key."""
    return Transfer(
        op=op, key=key or secrets.token_hex(8), debit=debit, credit=credit, amount=Money(minor, debit.currency),
        code="test", ref=ref, hold=hold, **more,
    )  # fmt: skip


def move(debit: AccountRef, credit: AccountRef, minor: int, **more: Any) -> Posted:
    """Post one transfer."""
    return post([transfer(debit, credit, minor, **more)])[0]
