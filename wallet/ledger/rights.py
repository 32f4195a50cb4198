"""What this room holds about a person: accounts, and each movement on them, without the other side."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from privacy.rights import kinds, leaving
from privacy.rights.kinds import closed, plain
from privacy.rights.leaving import Left, Named
from wallet.ledger import balances
from wallet.ledger.accounts import AccountKind, close_account
from wallet.ledger.models import Account, Transfer

_TEXT = {"type": "string"}
_PAGE = 500


@kinds.register
class Ledger(kinds.Kind):
    """Accounts and movements; kept, because nobody may rewrite the books."""

    name = "ledger"
    label = _("your accounts and every movement on them")

    def records(self, holder_id: str) -> Iterator[dict[str, Any]]:
        """The accounts, then each movement: on which of them, which way."""
        mine = {row.id: row for row in Account.objects.filter(holder_id=holder_id)}
        for row in mine.values():
            yield {
                "table": "wallet_account", "kind": row.kind, "owner": row.owner, "currency": row.currency,
                "debits_posted": row.debits_posted, "credits_posted": row.credits_posted,
                "debits_pending": row.debits_pending, "credits_pending": row.credits_pending,
                "opened_at": plain(row.opened_at), "closed_at": plain(row.closed_at),
            }  # fmt: skip
        moved = Transfer.objects.filter(Q(debit_account__in=mine) | Q(credit_account__in=mine)).order_by("id")
        for move in moved.iterator(_PAGE):
            for account, direction in ((move.debit_account, "out"), (move.credit_account, "in")):
                if account in mine:
                    yield {
                        "table": "wallet_transfer", "account": mine[account].owner, "kind": mine[account].kind,
                        "direction": direction, "op": move.op, "code": move.code, "ref": move.ref,
                        "amount": move.amount, "currency": move.currency, "at": plain(move.at),
                    }  # fmt: skip

    def shape(self) -> dict[str, Any]:
        """Two sorts of record."""
        count, time = {"type": "integer"}, {"type": "string", "format": "date-time"}
        account = closed(
            table={"const": "wallet_account"}, kind=_TEXT, owner=_TEXT, currency=_TEXT, debits_posted=count,
            credits_posted=count, debits_pending=count, credits_pending=count, opened_at=time,
            closed_at={"type": ["string", "null"], "format": "date-time"},
        )  # fmt: skip
        movement = closed(
            table={"const": "wallet_transfer"}, account=_TEXT, kind=_TEXT, direction={"enum": ["in", "out"]}, op=_TEXT,
            code=_TEXT, ref=_TEXT, amount=count, currency=_TEXT, at=time,
        )  # fmt: skip
        return {"anyOf": [account, movement]}


@leaving.money
def money_of(holder_id: str) -> list[Left]:
    """What is free and what is held, on accounts that hold the person's own money."""
    mine = [one for one in balances.of_holder(holder_id) if one.ref.kind is not AccountKind.SHORTFALL]
    return [Left(one.available, one.held) for one in mine]


@leaving.named
def shortfall_of(holder_id: str) -> list[Named]:
    """What is owed is named; it holds nobody back, and stays with the programme."""
    owed = [one.available for one in balances.of_holder(holder_id) if one.ref.kind is AccountKind.SHORTFALL]
    return [Named("shortfall", amount) for amount in owed if amount]


@leaving.seal(20)
def close_accounts(holder_id: str) -> None:
    """Nothing comes in any more; refused where something came since the last look."""
    for one in balances.of_holder(holder_id):
        if one.ref.kind is not AccountKind.SHORTFALL:
            close_account(one.ref)
