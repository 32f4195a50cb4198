"""`verify_ledger` names each difference. The faults are planted as the superuser, in a database of their own."""

import json
import os
import subprocess
import sys
from typing import Any

import psycopg
import pytest

from tests import environment

Planted = tuple[psycopg.Connection[Any], str, list[int], int]


@pytest.fixture(scope="module")
def planted():
    """A database with some honest transfers, a superuser's connection to it, and how to run the command there."""
    name = f"{environment.DATABASE}_verify"
    environment.make_database(name, template=environment.TEMPLATE)
    with psycopg.connect(environment.URLS["superuser"].replace("/postgres?", f"/{name}?"), autocommit=True) as root:
        main = [root.execute("SELECT ledger_open_account('main', %s, %s, 'EUR')", [h, h]).fetchone()[0] for h in "ab"]
        clearing = root.execute("SELECT ledger_open_account('sandbox_clearing', '', '', 'EUR')").fetchone()[0]
        root.execute("SELECT ledger_apply('post', 'k1', %s, %s, 1000, 'top_up', 'top_1')", [clearing, main[0]])
        hold = root.execute(
            "SELECT ledger_apply('hold', 'k2', %s, %s, 300, 'pay', 'auth_1')", [main[0], main[1]]
        ).fetchone()[0]
        root.execute("SELECT ledger_apply('settle', 'k3', %s, %s, 100, 'pay', 'auth_1', %s)", [*main, hold])
        yield root, name, main, hold
    environment.drop_database(name)


def command(name: str):
    """Exit code and document of `verify_ledger --json`."""
    done = subprocess.run(
        [sys.executable, "manage.py", "verify_ledger", "--json"],
        cwd=environment.ROOT, check=False, capture_output=True, text=True,
        env={**os.environ, **environment.settings_of(name)},
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)


def test_an_honest_ledger_is_green(planted: Planted):
    code, verdict = command(planted[1])
    assert code == 0
    assert verdict == {"ok": True, "differences": [], "accounts": 3, "transfers": 3, "holds": 1}


@pytest.mark.parametrize(
    ("fault", "promises"),
    [
        ("UPDATE wallet_account SET credits_posted = credits_posted + 1 WHERE id = {a}",
         {"posted debits = posted credits", "cached = sum of transfers: credits posted"}),
        ("UPDATE wallet_account SET debits_pending = debits_pending + 5 WHERE id = {a}",
         {"pending debits = pending credits", "cached = sum of transfers: debits pending", "pending = open holds"}),
        ("UPDATE wallet_hold SET remaining = 150 WHERE id = {hold}",
         {"hold = holds - settles - releases", "pending = open holds"}),
        ("DELETE FROM wallet_hold", {"hold = holds - settles - releases", "pending = open holds"}),
        ("UPDATE wallet_transfer SET amount = 999 WHERE key = 'k1'",
         {"posted debits = posted credits", "cached = sum of transfers: credits posted"}),
        ("UPDATE wallet_transfer SET currency = 'USD' WHERE key = 'k1'",
         {"transfers are in the currency of an account that exists"}),
        ("UPDATE wallet_account SET credits_posted = 7 WHERE is_derived",
         {"rolled up + tail = sum of transfers: credits posted"}),
        (("ALTER TABLE wallet_account DROP CONSTRAINT wallet_account_never_below_zero;"
          " UPDATE wallet_account SET debits_posted = 5000 WHERE id = {a}"),
         {"never below zero", "posted debits = posted credits", "cached = sum of transfers: debits posted"}),
    ],
)  # fmt: skip
def test_each_fault_is_named(planted: Planted, fault: str, promises: set[str]):
    """Break: any branch of ledger_differences left out makes one of these come out green or with fewer names."""
    root, _, main, hold = planted
    with root.transaction(force_rollback=True):
        root.execute("SET LOCAL session_replication_role = replica")
        for trigger, table in (("wallet_transfer_stays", "wallet_transfer"), ("wallet_hold_stays", "wallet_hold")):
            root.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        root.execute(fault.format(a=main[0], hold=hold))
        found = {promise for (promise,) in root.execute("SELECT promise FROM ledger_differences()").fetchall()}
    assert found == promises


def test_the_command_fails_on_a_difference(planted: Planted):
    """Break: leave the comparison with the cached columns out of `ledger_differences`."""
    root, name, main, _ = planted
    root.execute("UPDATE wallet_account SET credits_posted = credits_posted + 1 WHERE id = %s", [main[0]])
    code, verdict = command(name)
    root.execute("UPDATE wallet_account SET credits_posted = credits_posted - 1 WHERE id = %s", [main[0]])
    assert code == 1
    assert not verdict["ok"]
    assert {one["found"] - one["expected"] for one in verdict["differences"]} == {1}
