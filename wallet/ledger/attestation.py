"""Every hour the exposure log is committed to all transfers so far: none of them can be rewritten unnoticed.

Each statement covers the transfers of the transactions since the one before, in their order, and the digest before:
one chain from the first transfer on. Balances follow from transfers (`verify`).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.db import connection

from privacy.exposure import statements
from wallet.core.transactions import owns_transaction
from wallet.ledger.verify import Difference

KIND: Final = "ledger"
_START: Final = hashlib.sha256().hexdigest()
_LOCK: Final = 7053416
_PAGE: Final = 10_000
# The order is that of the numbers: a bare `xid` in ORDER BY would be the text of the output.
_TRANSFERS = """
    SELECT t.xid::text, t.id, jsonb_build_array(id, xid::text, key, op, debit_account, credit_account, amount, currency,
        hold_id, code, ref, extract(epoch FROM at), extract(epoch FROM expires_at))::text
    FROM wallet_transfer t WHERE (t.xid, t.id) > (%s::xid8, %s) AND t.xid < %s::xid8 ORDER BY t.xid, t.id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Digest:
    """All transfers of transactions before `until`."""

    until: str
    transfers: int
    digest: str


@owns_transaction
def attest() -> Digest | None:
    """Commit the log to every transfer that is complete now; None when there is none since the last time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
        (until,) = cursor.fetchone()
    before = _last()
    made = _digest(before, until)
    if made.transfers == before.transfers:
        return None
    statements.commit(
        kind=KIND,
        said={"digest": made.digest, "statement": KIND, "transfers": made.transfers, "until": made.until},
    )
    return made


def compare() -> tuple[int, list[Difference]]:
    """How many statements there are, and each promise of the log that the ledger does not keep."""
    differences = []
    before = Digest("0", 0, _START)
    said = statements.list_all(KIND)
    for one in said:
        claimed = Digest(str(one.said["until"]), int(one.said["transfers"]), str(one.said["digest"]))
        found = _digest(before, claimed.until)
        if not one.is_kept:
            differences.append(Difference("statement is in the log", str(one.leaf_index), 1, 0))
        if found != claimed:
            subject = f"transfers until {claimed.until}, statement {one.id}"
            differences.append(
                Difference("transfers are those of the log", subject, claimed.transfers, found.transfers)
            )
        # From what was said: one forged hour is one difference.
        before = claimed
    return len(said), differences


def _last() -> Digest:
    said = statements.find_last(KIND)
    if said is None:
        return Digest("0", 0, _START)
    return Digest(str(said["until"]), int(said["transfers"]), str(said["digest"]))


def _digest(before: Digest, until: str) -> Digest:
    running, count = hashlib.sha256(bytes.fromhex(before.digest)), 0
    for line in _lines(before.until, until):
        running.update(line.encode() + b"\n")
        count += 1
    return Digest(until, before.transfers + count, running.hexdigest())


def _lines(since: str, until: str) -> Iterator[str]:
    """Each transfer of the transactions from `since` on and before `until`, as text."""
    xid, last = since, -1
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_TRANSFERS, [xid, last, until, _PAGE])
            page = cursor.fetchall()
        for xid, last, line in page:  # noqa: B007 - the next page begins after the last
            yield line
        if len(page) < _PAGE:
            return
