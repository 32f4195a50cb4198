"""What is on an account, and what a holder has."""

from dataclasses import dataclass

from django.db import connection

from wallet.core.money import Money
from wallet.ledger.accounts import AccountKind, AccountRef
from wallet.ledger.models import Account


@dataclass(frozen=True, slots=True)
class Balance:
    """One account: what can be spent, and what is held for open payments."""

    ref: AccountRef
    available: Money
    held: Money


def of_account(ref: AccountRef) -> Balance:
    """The balance of a holder's account; nothing on one that has not opened. For a shortfall: what is owed."""
    row = Account.objects.filter(kind=ref.kind, owner=ref.owner, currency=ref.currency, is_derived=False).first()
    return _balance(ref, row)


def available(ref: AccountRef) -> Money:
    """What can be spent from a holder's account, or what is owed on a shortfall."""
    return of_account(ref).available


def of_holder(holder_id: str) -> list[Balance]:
    """Every account of a holder, by currency and kind."""
    rows = Account.objects.filter(holder_id=holder_id, is_derived=False).exclude(holder_id="")
    return [
        _balance(AccountRef(AccountKind(row.kind), row.owner, row.holder_id, row.currency), row)
        for row in rows.order_by("currency", "kind", "id")
    ]


def of_programme(ref: AccountRef) -> Money:
    """Posted credits less debits of one of the programme's accounts, from its transfers."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT b.credits_posted - b.debits_posted FROM wallet_account a, LATERAL ledger_balance(a.id) b"
            " WHERE a.kind = %s AND a.owner = '' AND a.currency = %s",
            [ref.kind, ref.currency],
        )
        row = cursor.fetchone()
    return Money(row[0] if row else 0, ref.currency)


def remaining_of_hold(hold_id: int) -> int:
    """Minor units that are left of a hold, which is locked with its accounts until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_lock_hold(%s)", [hold_id])
        return int(cursor.fetchone()[0])


def _balance(ref: AccountRef, row: Account | None) -> Balance:
    if row is None:
        return Balance(ref, Money(0, ref.currency), Money(0, ref.currency))
    if ref.kind is AccountKind.SHORTFALL:
        free, held = row.debits_posted - row.credits_posted - row.credits_pending, row.credits_pending
    else:
        free, held = row.credits_posted - row.debits_posted - row.debits_pending, row.debits_pending
    return Balance(ref, Money(free, ref.currency), Money(held, ref.currency))
