"""The log is committed to every transfer; whoever rewrites one, the owner included, is found (settled 15)."""

import json
from collections.abc import Iterable
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command

from privacy.exposure.models import LogStatement
from tests import environment
from tests.support.sealing import seal_everything, wait_for_others
from tests.wallet.ledger.moving import NETWORK, transfer
from wallet.core.ids import new_id
from wallet.core.transactions import owns_transaction
from wallet.ledger import accounts, attestation
from wallet.ledger.transfers import post

pytestmark = pytest.mark.django_db(transaction=True)

commit = owns_transaction(post)


def move(times: int = 1) -> None:
    holder = accounts.main(new_id("holder"), "EUR")
    for _ in range(times):
        commit([transfer(NETWORK, holder, 100)])


def against_log() -> dict[str, Any]:
    said = StringIO()
    try:
        call_command("verify_ledger", "--against-log", "--json", stdout=said, stderr=StringIO())
    except CommandError:
        pass
    found: dict[str, Any] = json.loads(said.getvalue())
    return found


def superuser() -> psycopg.Connection[Any]:
    strong = psycopg.connect(environment.URLS["superuser"], dbname=environment.DATABASE, autocommit=True)
    strong.execute("SET session_replication_role = replica")
    return strong


def rewrite(strong: psycopg.Connection[Any], transfer_id: int, ref: str) -> None:
    """What only an owner of the whole server can do: its triggers refuse everybody else."""
    with strong.transaction():
        strong.execute("ALTER TABLE wallet_transfer DISABLE TRIGGER wallet_transfer_stays")
        strong.execute("UPDATE wallet_transfer SET ref = %s WHERE id = %s", [ref, transfer_id])
        strong.execute("ALTER TABLE wallet_transfer ENABLE ALWAYS TRIGGER wallet_transfer_stays")


def test_an_hour_without_transfers_says_nothing_and_a_chain_grows_with_them(monkeypatch: Any) -> None:
    """Break: begin each hour's digest anew."""
    move()
    wait_for_others()
    first = attestation.attest()
    assert first is not None
    assert attestation.attest() is None
    move(5)
    wait_for_others()
    with monkeypatch.context() as small:
        small.setattr(attestation, "_PAGE", 2)
        second = attestation.attest()
    assert second is not None
    assert second.transfers == first.transfers + 5
    seal_everything()
    found = against_log()
    assert (found["ok"], found["differences"]) == (True, [])
    assert found["statements"] >= 2


def test_transfers_come_in_the_order_of_numbers_and_each_once(monkeypatch: Any) -> None:
    """However many digits a transaction's number has. Break: `ORDER BY xid, id`, which orders the text of the output."""
    move(4)
    monkeypatch.setattr(attestation, "_PAGE", 1)
    with superuser() as strong:
        rows = strong.execute("SELECT id, xid::text FROM wallet_transfer ORDER BY id DESC LIMIT 4").fetchall()
        _renumber(strong, zip((one[0] for one in rows), ("9", "10", "99", "100"), strict=True))
        lines = [json.loads(line) for line in attestation._lines("5", "101")]
        _renumber(strong, rows)
    assert [(one[0], one[1]) for one in lines] == [
        (one[0], xid) for one, xid in zip(rows, ("9", "10", "99", "100"), strict=True)
    ]


def _renumber(strong: psycopg.Connection[Any], xids: Iterable[tuple[int, str]]) -> None:
    with strong.transaction():
        strong.execute("ALTER TABLE wallet_transfer DISABLE TRIGGER wallet_transfer_stays")
        for transfer_id, xid in xids:
            strong.execute("UPDATE wallet_transfer SET xid = %s::xid8 WHERE id = %s", [xid, transfer_id])
        strong.execute("ALTER TABLE wallet_transfer ENABLE ALWAYS TRIGGER wallet_transfer_stays")


def test_a_rewritten_transfer_is_found_though_the_books_still_balance() -> None:
    """Break: digest balances' names and not amounts; compare with nothing."""
    move(2)
    wait_for_others()
    attestation.attest()
    seal_everything()
    with superuser() as strong:
        row = strong.execute("SELECT id, ref FROM wallet_transfer ORDER BY id DESC LIMIT 1").fetchone()
        assert row is not None
        rewrite(strong, row[0], "other")
        found = against_log()
        rewrite(strong, row[0], row[1])
    assert [one["promise"] for one in found["differences"]] == ["transfers are those of the log"]
    assert against_log()["ok"] is True


def test_who_rewrites_the_statement_too_is_found_by_the_tree() -> None:
    """Break: compare with the row and not with the log."""
    move()
    wait_for_others()
    attestation.attest()
    seal_everything()
    row = LogStatement.objects.filter(kind=attestation.KIND).latest("id")
    with superuser() as strong:
        forged = json.dumps({**json.loads(row.text), "transfers": 1})
        strong.execute("UPDATE privacy_logstatement SET text = %s WHERE id = %s", [forged, row.id])
        found = {one["promise"] for one in against_log()["differences"]}
        strong.execute("UPDATE privacy_logstatement SET text = %s WHERE id = %s", [row.text, row.id])
    assert "statement is in the log" in found
    assert against_log()["ok"] is True
