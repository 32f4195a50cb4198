"""Statements of account: what was there, each movement, what is there, for a period and from the transfers alone."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import connection

from wallet.core.errors import Invalid
from wallet.core.money import Money
from wallet.ledger.accounts import AccountKind, AccountRef
from wallet.ledger.models import Account


@dataclass(frozen=True, slots=True)
class Movement:
    """One posted transfer as this account sees it: positive when it came, and what was there after it.

    On a shortfall, which counts what is owed, positive is more debt.
    """

    transfer: int
    at: datetime
    code: str
    ref: str
    #: Kind of the account on the other side.
    other: AccountKind
    amount: Money
    balance: Money


@dataclass(frozen=True, slots=True)
class Total:
    """All movements of one code: how many, what came and what went (both positive)."""

    code: str
    count: int
    came: Money
    went: Money


@dataclass(frozen=True, slots=True)
class Statement:
    """`opening` and the movements of [since, until) make `closing`; held money is still on the account.

    A period that is over stays as it is; a transaction that is still running may add to one that ends now.
    """

    account: AccountRef
    since: datetime
    until: datetime
    opening: Money
    movements: list[Movement]
    closing: Money

    @property
    def totals(self) -> list[Total]:
        """By code, in alphabetical order."""
        by_code: defaultdict[str, list[int]] = defaultdict(list)
        for one in self.movements:
            by_code[one.code].append(one.amount.minor)
        currency = self.account.currency
        return [
            Total(
                code=code, count=len(amounts), came=Money(sum(one for one in amounts if one > 0), currency),
                went=Money(-sum(one for one in amounts if one < 0), currency),
            ) for code, amounts in sorted(by_code.items())
        ]  # fmt: skip


def of_account(ref: AccountRef, *, since: datetime, until: datetime) -> Statement:
    """The statement of one account; empty for one that has not opened.

    Raises:
        Invalid: the period ends before it begins.
    """
    _require_order(since, until)
    row = Account.objects.filter(kind=ref.kind, owner=ref.owner, currency=ref.currency).first()
    nothing = Money(0, ref.currency)
    if row is None:
        return Statement(ref, since, until, nothing, [], nothing)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.transfer, s.at, s.code, s.ref, o.kind, s.amount, s.balance"
            " FROM ledger_statement(%s, %s, %s) s LEFT JOIN wallet_account o ON o.id = s.other"
            " ORDER BY s.transfer IS NOT NULL, s.at, s.transfer",
            [row.id, since, until],
        )
        (*_, opening), *lines = cursor.fetchall()
    money = partial(Money, currency=ref.currency)
    movements = [
        Movement(transfer, at, code, about, AccountKind(kind), money(amount), money(balance))
        for transfer, at, code, about, kind, amount, balance in lines
    ]
    closing = movements[-1].balance if movements else money(opening)
    return Statement(ref, since, until, money(opening), movements, closing)


def of_holder(holder_id: str, *, since: datetime, until: datetime) -> list[Statement]:
    """One for each account of a holder, by currency and kind: what a page or an export shows.

    Raises:
        Invalid: the period ends before it begins.
    """
    _require_order(since, until)
    rows = Account.objects.filter(holder_id=holder_id, is_derived=False).exclude(holder_id="")
    return [
        of_account(AccountRef(AccountKind(row.kind), row.owner, row.holder_id, row.currency), since=since, until=until)
        for row in rows.order_by("currency", "kind", "id")
    ]


def _require_order(since: datetime, until: datetime) -> None:
    if until < since:
        raise Invalid("ends before it begins", pointer="/until")
