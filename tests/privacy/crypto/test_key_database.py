"""The key tables in a database of their own (standard.md O04): other roles, another backup, the same service."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests import environment
from tests.privacy.crypto.test_tables import TABLES
from tests.support.system import ROOT
from tests.support.web import serve
from wallet.embedded.children import server_account
from wallet.embedded.programs import find_postgres

MOVED = "--table=privacy_*key*"


@dataclass(frozen=True)
class Apart:
    """A main database and one for the keys, whose roles are strangers to each other."""

    main: str
    keys: str
    owner: str
    service: str

    def url(self, role: str, database: str) -> str:
        """How a role reaches a database."""
        if role in {"app", "owner"}:
            return environment.URLS[role].replace("{db}", database)
        return make_conninfo(environment.URLS["superuser"], dbname=database, user=role, password=role)

    def settings(self) -> dict[str, str]:
        """What `migrate` is given; a web gets no owner's."""
        return {
            **environment.settings_of(self.main),
            "KEYS_DATABASE_URL": self.url(self.service, self.keys),
            "KEYS_MIGRATION_DATABASE_URL": self.url(self.owner, self.keys),
        }

    def command(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """manage.py in a process of its own."""
        given = {**os.environ, **self.settings(), **settings}
        return subprocess.run(
            [sys.executable, "manage.py", *words], cwd=ROOT, env=given, capture_output=True, text=True, check=False
        )


@contextmanager
def _two_databases(template: str | None = None) -> Iterator[Apart]:
    mark = secrets.token_hex(4)
    apart = Apart(f"test_main_{mark}", f"test_keys_{mark}", f"keys_owner_{mark}", f"keys_app_{mark}")
    environment.make_database(apart.main, template=template)
    with psycopg.connect(environment.URLS["superuser"], autocommit=True) as superuser:
        owner, service, keys, main = map(sql.Identifier, (apart.owner, apart.service, apart.keys, apart.main))
        for role in (owner, service):
            superuser.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, role.as_string().strip('"')))
        superuser.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(keys, owner))
        for database in (keys, main):
            superuser.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
        superuser.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(keys, service))
        try:
            yield apart
        finally:
            environment.drop_database(apart.main)
            environment.drop_database(apart.keys)
            superuser.execute(sql.SQL("DROP ROLE {}, {}").format(owner, service))


def _tool(name: str, *words: str, text: str = "") -> str:
    program = find_postgres(account=server_account()).bindir / name
    return subprocess.run([program, *words], input=text, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with _two_databases() as apart:
        migrated = apart.command("migrate", "--no-input", "--verbosity", "0")
        assert migrated.returncode == 0, migrated.stderr
        yield apart


@pytest.fixture
def keys(apart: Apart) -> Iterator[psycopg.Connection]:
    """The key database as the service sees it."""
    with psycopg.connect(apart.url(apart.service, apart.keys), autocommit=True) as connection:
        yield connection


def test_the_service_does_its_work_and_the_main_databases_dump_holds_no_key(apart: Apart, tmp_path: Path):
    """Break: let KeyRouter leave the main database its key tables, and KeyStore write there."""
    token = json.loads(apart.command("create_holder", "--username", "alice", "--json").stdout)["access_token"]
    settings = {name: url for name, url in apart.settings().items() if "MIGRATION" not in name}
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
    body = {"kind": "standard", "currency": "EUR", "label": "Lunch"}
    with serve(tmp_path, {**settings, "MIGRATION_DATABASE_URL": ""}) as web:
        made = httpx.post(f"{web.url}/v1/cards", json=body, headers=headers, timeout=60).json()
        again = httpx.post(f"{web.url}/v1/cards", json=body, headers=headers, timeout=60)
    # The answer was kept sealed for its Idempotency-Key, and is opened for the second.
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (made, "true")
    # Another process opens the number that the web sealed.
    details = json.loads(apart.command("card_details", "--card", made["id"], "--json").stdout)
    assert details["pan"].endswith(made["last4"])
    dumps = [_tool("pg_dump", apart.url(*where)) for where in (("owner", apart.main), (apart.owner, apart.keys))]
    with psycopg.connect(apart.url(apart.owner, apart.keys)) as owner:
        wrapped = [
            row[0].hex()
            for table in TABLES[:3]
            for row in owner.execute(f"SELECT wrapped FROM {table} WHERE wrapped IS NOT NULL").fetchall()
        ]
    assert len(wrapped) >= 8
    assert all(one in dumps[1] for one in wrapped)
    assert not [one for one in wrapped if one in dumps[0]]
    assert made["id"] in dumps[0]
    assert not [table for table in TABLES if table in dumps[0]]


def test_the_service_only_reads_there_and_writes_through_the_doors(keys: psycopg.Connection, apart: Apart):
    """Break: let KeyRouter skip the steps of `protect_table` or `grant_execute`."""
    rights = keys.execute(
        "SELECT relname, array(SELECT privilege FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'])"
        " AS privilege WHERE has_table_privilege(oid, privilege)) FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
    ).fetchall()
    assert {*TABLES, "django_migrations"} <= {table for table, _ in rights}
    assert {tuple(allowed) for _, allowed in rights} == {("SELECT",)}
    doors = keys.execute(
        "SELECT proname, prosecdef FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " AND has_function_privilege(oid, 'EXECUTE')"
    ).fetchall()
    assert all(is_door for _, is_door in doors)
    assert {"keys_add_branch", "keys_add_root", "keys_add_data", "keys_destroy"} <= {name for name, _ in doors}
    assert not {"keys_lock", "keys_guard", "keys_journal_guard"} & {name for name, _ in doors}
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        keys.execute("CREATE TABLE extra (id int)")
    assert keys.execute("SELECT count(*) FROM pg_constraint WHERE contype = 'f'").fetchone() == (0,)


def test_neither_service_role_reaches_the_other_database(apart: Apart):
    for role, database in ((apart.service, apart.main), ("app", apart.keys)):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(apart.url(role, database))


def test_migrate_says_whose_password_is_missing(apart: Apart):
    """Break: leave the question for KEYS_MIGRATION_DATABASE_URL out of `migrate`."""
    missing = apart.command("migrate", "--no-input", KEYS_MIGRATION_DATABASE_URL="")
    assert missing.returncode == 1
    assert "KEYS_MIGRATION_DATABASE_URL" in missing.stderr


def _count(connection: psycopg.Connection) -> list[int]:
    return [row[0] for table in TABLES for row in connection.execute(f"SELECT count(*) FROM {table}").fetchall()]


def test_keys_that_the_main_database_holds_are_moved_before_anything_starts():
    """As docs/operators.md says. Break: drop `_refuse_keys_left_behind`."""
    with _two_databases(environment.TEMPLATE) as apart:
        with psycopg.connect(apart.url("app", apart.main), autocommit=True) as app:
            app.execute("SELECT keys_add_branch(gen_random_uuid(), now(), '1', 'wrapped')")
            app.execute("SELECT keys_add_data(gen_random_uuid(), 'a', 'life', 1, gen_random_uuid(), 'wrapped')")
            app.execute("SELECT keys_add_root(gen_random_uuid(), 'index', 1, '1', 'wrapped'), keys_destroy('b', 'law')")
            before = _count(app)
            assert all(before)
        refused = apart.command("migrate", "--no-input")
        assert refused.returncode == 1
        assert "still holds keys" in refused.stderr
        urls = apart.settings()
        dump = _tool("pg_dump", "--data-only", MOVED, urls["MIGRATION_DATABASE_URL"])
        _tool("psql", urls["KEYS_MIGRATION_DATABASE_URL"], "--command", "TRUNCATE privacy_keyrotation")
        quiet = ["--quiet", "--single-transaction", "--set", "ON_ERROR_STOP=1"]
        _tool("psql", *quiet, urls["KEYS_MIGRATION_DATABASE_URL"], text=dump)
        _tool("psql", urls["MIGRATION_DATABASE_URL"], "--command", f"TRUNCATE {', '.join(TABLES)}, privacy_keyrotation")
        again = apart.command("migrate", "--no-input")
        assert (again.returncode, again.stdout.count("No migrations to apply")) == (0, 2)
        with psycopg.connect(apart.url(apart.service, apart.keys)) as keys:
            assert _count(keys) == before
