"""The verbs of money: one linked batch of transfers, all or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from wallet.core.money import Money
from wallet.core.transactions import prepared_cursor, single_statement
from wallet.ledger.accounts import AccountRef
from wallet.ledger.refusals import BY_STATE


class Op(StrEnum):
    """What a transfer does."""

    POST = "post"
    #: Opens a hold, or adds to the one that `hold` names.
    HOLD = "hold"
    SETTLE = "settle"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Transfer:
    """One positive amount from the debit account to the credit account.

    Args:
        op: `settle`, `release` and an added `hold` name the same two accounts as the hold that they are about.
        key: its idempotency key, in the caller's own name space, such as `topup:top_…`.
        debit: whose money goes.
        credit: where it comes.
        amount: positive; in the currency of both accounts.
        code: what it is, such as `top_up`.
        ref: the public id of the thing that it is about.
        hold: id of the hold (`Posted.hold` of the transfer that opened it).
        expires_at: of a hold; from then on it can only be released.
    """

    op: Op
    key: str
    debit: AccountRef
    credit: AccountRef
    amount: Money
    code: str
    ref: str
    hold: int | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """A transfer that is made."""

    id: int
    #: The hold's id; None for a plain post.
    hold: int | None
    #: It had been made before, in another transaction: nothing moved now.
    is_replayed: bool


@single_statement
def post(transfers: Sequence[Transfer]) -> list[Posted]:
    """Make all the transfers, or none; the transaction stays good when it refuses.

    Post everything of one business event in one batch: accounts are locked in order within a batch only.

    Raises:
        InsufficientFunds: one account has too little (or owes too little, for a shortfall).
        KeyReused: a key belongs to a transfer with other fields; the same fields give the same result again.
        HoldClosed: a settle or an added hold comes after the end or the expiry.
        SettleBeyondHold: more than is left.
        TransferInvalid: not a transfer.
        AccountClosed: an account takes nothing more.
    """
    with prepared_cursor() as cursor:
        cursor.execute("SELECT ledger_post(%s)", [orjson.dumps([_as_json(one) for one in transfers]).decode()])
        answer: dict[str, Any] = orjson.loads(cursor.fetchone()[0])
    if state := answer.get("refused"):
        raise BY_STATE[state](index=answer["index"])
    return [Posted(id=one["id"], hold=one["hold"], is_replayed=one["replayed"]) for one in answer["posted"]]


def _as_json(transfer: Transfer) -> dict[str, Any]:
    return {
        "op": transfer.op.value,
        "key": transfer.key,
        "debit": transfer.debit.as_json(),
        "credit": transfer.credit.as_json(),
        "amount": transfer.amount.minor,
        "currency": transfer.amount.currency,
        "code": transfer.code,
        "ref": transfer.ref,
        "hold": transfer.hold,
        "expires_at": transfer.expires_at,
    }
