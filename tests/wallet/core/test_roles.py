"""The application role: rows of ordinary tables yes, structure no, the clock no (O04, settled.md 25 and 26)."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

ROOT = Path(__file__).resolve().parents[3]

REFUSED = [
    "CREATE TABLE extra (id int)",
    "DROP TABLE wallet_outboxentry",
    "ALTER TABLE wallet_holder ADD COLUMN extra int",
    "TRUNCATE wallet_outboxentry",
    "UPDATE core_clock SET shift = '1 day'",
    "DELETE FROM core_clock",
    "UPDATE wallet_statechange SET event = 'x'",
    "DELETE FROM wallet_statechange",
    "CREATE FUNCTION core_now2() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE OR REPLACE FUNCTION core_now() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'",
    "SET session_replication_role = replica",
    "ALTER ROLE paravent_app SUPERUSER",
    "INSERT INTO django_migrations (app, name, applied) VALUES ('x', 'y', now())",
]


@pytest.mark.django_db
@pytest.mark.parametrize("statement", REFUSED)
def test_the_application_role_may_not(statement: str) -> None:
    """Break: drop `protect_table('core_clock')` from the first migration."""
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db
def test_the_tests_run_as_the_application_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, usesuper FROM pg_user WHERE usename = current_user")
        assert cursor.fetchone() == ("paravent_app", False)


@pytest.mark.django_db
def test_nobody_may_execute_a_function_that_was_not_granted() -> None:
    """Every function of ours is closed to PUBLIC, so a new one is closed until a migration opens it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " AND has_function_privilege('public', oid, 'EXECUTE')"
        )
        assert cursor.fetchall() == []


@pytest.mark.django_db
def test_every_function_that_acts_as_the_owner_pins_its_search_path() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef"
            " AND NOT coalesce(array_to_string(proconfig, ',') ~ 'search_path=', false)"
        )
        assert cursor.fetchall() == []


@pytest.mark.django_db
def test_migrations_refuse_to_run_as_the_application_role() -> None:
    with pytest.raises(CommandError, match="application role"):
        call_command("migrate", database="default")


def test_the_clock_moves_for_everybody_and_only_by_the_owner(tmp_path: Path) -> None:
    """`set_clock` in a process of its own: the tests' own connections may not reach the owner."""
    from tests import environment

    name = f"{environment.DATABASE}_clock"
    environment.make_database(name, template=environment.TEMPLATE)
    try:
        urls = environment.settings_of(name)
        said = _command(urls, "set_clock", "+8d", "--json")
        assert said.returncode == 0
        assert f'"offset_seconds": {int(timedelta(days=8).total_seconds())}' in said.stdout
        assert _command(urls, "set_clock", "tomorrow").returncode != 0
        assert _command({**urls, "MIGRATION_DATABASE_URL": ""}, "set_clock", "0").returncode
    finally:
        environment.drop_database(name)


def _command(urls: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={**os.environ, **urls},
        capture_output=True,
        text=True,
        check=False,
    )
