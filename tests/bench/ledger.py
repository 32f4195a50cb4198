"""Transfers: the product's `ledger_post` and `ledger.post` against a bare function; growth; the hot account."""

import json
import multiprocessing
import os
import random
import secrets
import time
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.bench.measuring import HotPath
from tests.bench.pgbench import per_second

HOLDERS = 10_000
SECONDS = float(os.environ.get("BENCH_LEDGER_SECONDS", "5"))
#: Transfers in the long past; the promise is made for 5,000,000 (`BENCH_LEDGER_TRANSFERS=5000000`).
TRANSFERS = int(os.environ.get("BENCH_LEDGER_TRANSFERS", "200000"))
PROCESSES = 8
_SMALL = "paravent_small"
_HERE = Path(__file__).parent

_TWO = rf"""
\set a random(1, {HOLDERS})
\set b random(1, {HOLDERS - 1})
\set b case when :b >= :a then :b + 1 else :b end
\set k random(1, 9223372036854775806)
"""
_FLOOR = _TWO + "SELECT floor.move(:a, :b, 1);\n"
_MAIN = '{"kind": "main", "owner": "holder_\' || :X || \'", "holder": "holder_\' || :X || \'", "currency": "EUR"}'
_NETWORK = '{"kind": "network_settlement", "owner": "", "holder": "", "currency": "EUR"}'


def _post(credit: str) -> str:
    item = (
        (
            '{"op": "post", "key": "bench:\' || :k || \'", "debit": DEBIT, "credit": CREDIT, "amount": 1, "currency": "EUR",'
            ' "code": "bench", "ref": "preq_bench"}'
        )
        .replace("DEBIT", _MAIN.replace(":X", ":a"))
        .replace("CREDIT", credit)
    )
    return f"{_TWO}SELECT ledger_post(('[{item}]')::jsonb);\n"


_UNIFORM = _post(_MAIN.replace(":X", ":b"))
_HOT = _post(_NETWORK)


def superuser(database: str) -> psycopg.Connection[Any]:
    """The superuser's connection: to copy a database, to write a past, to make many of a thing."""
    passwords = json.loads((Path(os.environ["VAR_DIR"]) / "postgres" / "passwords.json").read_text())
    url = os.environ["MIGRATION_DATABASE_URL"].replace(
        f"paravent_owner:{passwords['paravent_owner']}@/paravent", f"postgres:{passwords['postgres']}@/{database}"
    )
    return psycopg.connect(url, autocommit=True)


def _run(root: psycopg.Connection[Any], name: str) -> None:
    text = (_HERE / name).read_text(encoding="utf-8")
    root.execute(text.replace("{holders}", str(HOLDERS)).replace("{transfers}", str(TRANSFERS)).encode())


def prepare() -> None:
    """The floor's schema, and holders with money on both sides; once."""
    with superuser("paravent") as root:
        if root.execute("SELECT to_regnamespace('floor')").fetchone() == (None,):
            _run(root, "ledger.sql")
            root.execute("VACUUM (ANALYZE)")


def grow() -> None:
    """A copy with 10,000 transfers, and the long past in the other one."""
    from django.db import connection

    prepare()
    connection.close()
    with superuser("postgres") as root:
        root.execute(
            sql.SQL("CREATE DATABASE {} OWNER paravent_owner TEMPLATE paravent").format(sql.Identifier(_SMALL))
        )
        root.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO paravent_app").format(sql.Identifier(_SMALL)))
    with superuser("paravent") as root:
        _run(root, "ledger_history.sql")
        root.execute("VACUUM (ANALYZE)")
        root.execute("CHECKPOINT")
    _tell_of_the_long_past()


def _tell_of_the_long_past() -> None:
    from django.utils import timezone

    from wallet.ledger import accounts, balances, rollup, statements
    from wallet.ledger.accounts import AccountKind
    from wallet.ledger.verify import verify

    network = accounts.programme(AccountKind.NETWORK_SETTLEMENT, "EUR")
    started = time.perf_counter()
    taken = rollup.roll_up(pages=100_000)
    rolled = time.perf_counter()
    balances.of_programme(network)
    read = time.perf_counter()
    now = timezone.now()
    statements.of_account(accounts.main("holder_1", "EUR"), since=now.replace(year=now.year - 1), until=now)
    stated = time.perf_counter()
    verdict = verify()
    done = time.perf_counter()
    assert verdict.is_green, verdict.differences[:5]
    print(
        f"  {verdict.transfers:,} transfers: roll-up of {taken:,} in {rolled - started:.1f} s,"
        f" balance of the hot account {1000 * (read - rolled):.1f} ms, a holder's year {1000 * (stated - read):.1f} ms,"
        f" verify_ledger {done - stated:.1f} s",
        flush=True,
    )


def from_python() -> float:
    """`ledger.post` in its own transaction, from processes of their own."""
    from django.db import connection

    connection.close()
    fork = multiprocessing.get_context("fork")
    start, counts = fork.Barrier(PROCESSES + 1), fork.SimpleQueue()
    workers = [fork.Process(target=_poster, args=(start, counts, number)) for number in range(PROCESSES)]
    for worker in workers:
        worker.start()
    start.wait()
    total = sum(counts.get() for _ in workers)
    for worker in workers:
        worker.join()
    return total / SECONDS


def _poster(start: Any, counts: Any, number: int) -> None:
    from django.db import connection

    from wallet.core.money import Money
    from wallet.core.transactions import owns_transaction
    from wallet.ledger import accounts
    from wallet.ledger.transfers import Op, Transfer, post

    connection.ensure_connection()
    commit, chance, done = owns_transaction(post), random.Random(number), 0  # noqa: S311 - chances, no secret
    start.wait()
    until = time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        a, b = chance.sample(range(1, HOLDERS + 1), 2)
        commit([
            Transfer(
                op=Op.POST, key=f"bench:{secrets.token_hex(12)}", debit=accounts.main(f"holder_{a}", "EUR"),
                credit=accounts.main(f"holder_{b}", "EUR"), amount=Money(1, "EUR"), code="bench", ref="preq_bench",
            )
        ])  # fmt: skip
        done += 1
    counts.put(done)


def _small() -> float:
    url = os.environ["DATABASE_URL"].replace("@/paravent?", f"@/{_SMALL}?")
    return per_second(_UNIFORM, seconds=SECONDS, url=url)


PATHS = [
    HotPath("ledger_post", lambda: per_second(_UNIFORM, seconds=SECONDS), lambda: per_second(_FLOOR, seconds=SECONDS),
            prepare=prepare),
    HotPath("ledger_post_python", from_python, lambda: per_second(_FLOOR, seconds=SECONDS), prepare=prepare, must=0.5),
    HotPath("ledger_hot_account", lambda: per_second(_HOT, clients=16, seconds=SECONDS),
            lambda: per_second(_UNIFORM, clients=16, seconds=SECONDS), prepare=prepare, must=0.9),
    HotPath("ledger_growth", lambda: per_second(_UNIFORM, seconds=SECONDS), _small, prepare=grow, must=0.9),
]  # fmt: skip
