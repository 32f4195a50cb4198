"""L04, L05: whatever SQL the application role issues, the ledger stays as it is."""

import json
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import DatabaseError

from tests.environment import DATABASE, URLS
from tests.wallet.ledger.moving import CLEARING, fresh_main, move, transfer
from wallet.core.ids import new_id
from wallet.core.transactions import sqlstate
from wallet.ledger import accounts, balances
from wallet.ledger.accounts import AccountKind, AccountRef
from wallet.ledger.transfers import Op, _as_json
from wallet.ledger.verify import verify

pytestmark = pytest.mark.django_db

_TABLES = ("wallet_account", "wallet_transfer", "wallet_hold")
_INNER = (
    "ledger_make(1, NULL)",
    "ledger_replay(NULL)",
    "ledger_is_earlier(1)",
    "ledger_change_hold('release', 1, 1, 2, -1, NULL)",
    "ledger_lock(1)",
)
_DENIED = "42501"
#: All of the ledger that the application role may call (docs/operators.md).
_DOORS = [
    "ledger_apply", "ledger_available", "ledger_balance", "ledger_close_account", "ledger_differences",
    "ledger_expire_holds", "ledger_find_account", "ledger_free", "ledger_lock_hold", "ledger_open_account",
    "ledger_order_differences", "ledger_post", "ledger_roll_up", "ledger_statement", "ledger_stored",
    "ledger_transferred",
]  # fmt: skip


def run(statement: str, *parameters: Any):
    """The SQLSTATE that the statement is refused with, "" when it is not."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, parameters)
    except DatabaseError as error:
        return sqlstate(error)
    return ""


def test_the_tests_themselves_run_as_the_application_role():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper, pg_has_role(current_user, c.relowner, 'MEMBER')"
            " FROM pg_roles, pg_class c WHERE rolname = current_user AND c.relname = 'wallet_transfer'"
        )
        assert cursor.fetchone() == (settings.APP_ROLE, False, False)


@pytest.mark.parametrize("table", _TABLES)
def test_the_application_role_only_reads(table: str):
    """Break: leaving a table out of `protect_table` in the migration."""
    columns = {"wallet_account": "currency", "wallet_transfer": "ref", "wallet_hold": "code"}[table]
    assert run(f"SELECT count(*) FROM {table}") == ""
    for statement in (
        f"INSERT INTO {table} DEFAULT VALUES",
        f"UPDATE {table} SET {columns} = {columns}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
        f"ALTER TABLE {table} ADD COLUMN more int",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"DROP TABLE {table}",
        f"SELECT 1 FROM {table} FOR UPDATE",
        f"COPY {table} FROM PROGRAM 'true'",
        f"COPY {table} FROM STDIN",
        f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM {table} ON CONFLICT DO NOTHING",
        f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM {table} ON CONFLICT (id) DO UPDATE SET {columns} = EXCLUDED.{columns}",
        f"MERGE INTO {table} t USING (SELECT 1) one ON false WHEN NOT MATCHED THEN INSERT DEFAULT VALUES",
        f"WITH gone AS (DELETE FROM {table} RETURNING 1) SELECT count(*) FROM gone",
        f"LOCK TABLE {table} IN SHARE MODE",
        f"ALTER TABLE {table} DISABLE TRIGGER USER",
        f"ALTER TABLE {table} OWNER TO CURRENT_USER",
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        f"CREATE INDEX mine ON {table} (id)",
        f"CREATE TRIGGER mine BEFORE INSERT ON {table} EXECUTE FUNCTION ledger_refuse_change()",
        f"CREATE RULE mine AS ON INSERT TO {table} DO INSTEAD NOTHING",
    ):
        assert run(statement) == _DENIED, statement


@pytest.mark.parametrize(
    "statement",
    [
        "SET session_replication_role = replica",
        "SET LOCAL session_replication_role = replica",
        "SELECT set_config('session_replication_role', 'replica', true)",
        "SET ROLE paravent_owner",
        "SET SESSION AUTHORIZATION paravent_owner",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "GRANT paravent_owner TO CURRENT_USER",
        "CREATE TABLE mine (id int)",
        "DROP SCHEMA public CASCADE",
        "DROP FUNCTION ledger_refuse_change() CASCADE",
        "DROP TRIGGER wallet_transfer_stays ON wallet_transfer",
        "ALTER FUNCTION ledger_post(jsonb) RESET ALL",
        "ALTER FUNCTION ledger_post(jsonb) SECURITY INVOKER",
        "ALTER TABLE wallet_account ALTER COLUMN debits_posted DROP NOT NULL",
        "ALTER DOMAIN ledger_total DROP CONSTRAINT ledger_total_check",
        "ALTER SEQUENCE wallet_transfer_id_seq RESTART",
        "CREATE FUNCTION core_now() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'",
        "CREATE OR REPLACE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "ALTER FUNCTION ledger_apply OWNER TO CURRENT_USER",
        "UPDATE core_clock SET shift = '1 day'",
        "SELECT setval('wallet_transfer_id_seq', 1)",
        *(f"SELECT {call}" for call in _INNER),
    ],
)
def test_the_application_role_cannot_step_around_the_functions(statement: str):
    """Break: grant it `ledger_lock`, or an UPDATE of `core_clock`."""
    assert run(statement) == _DENIED


def apply(op: str | None, debit: int | None, credit: int | None, amount: int | None, hold: int | None = None):
    return run(
        "SELECT ledger_apply(%s, gen_random_uuid()::text, %s, %s, %s, 'test', 'raw', %s)",
        op,
        debit,
        credit,
        amount,
        hold,
    )


def test_raw_calls_keep_every_rule():
    """Break: leave the sign out of `ledger_make`, the end out of `ledger_change_hold`, the currency out of both."""
    alice, bob = fresh_main(1000), fresh_main()
    yen = accounts.open_account(fresh_main(1000, "JPY"))
    a, b, clearing = (accounts.open_account(ref) for ref in (alice, bob, CLEARING))
    hold = move(alice, bob, 300, op=Op.HOLD).id
    assert apply("post", a, b, 0) == "PV005"
    assert apply("post", a, b, -1) == "PV005"
    assert apply("post", a, b, None) == "PV005"
    assert apply("post", a, a, 1) == "PV005"
    assert apply("post", clearing, clearing, 1) == "PV005"
    assert apply("post", a, yen, 1) == "PV005"
    assert apply("post", a, 0, 1) == "PV005"
    assert apply("post", None, b, 1) == "PV005"
    assert apply("mint", a, b, 1) == "PV005"
    assert apply(None, a, b, 1) == "PV005"
    assert apply("post", a, b, 701) == "PV001"
    assert apply("settle", a, b, 301, hold) == "PV004"
    assert apply("release", a, b, 301, hold) == "PV004"
    assert apply("settle", b, a, 1, hold) == "PV005"
    assert apply("settle", a, b, 300, hold) == ""
    assert apply("release", a, b, 1, hold) == "PV003"
    assert apply("hold", a, b, 1, hold) == "PV003"
    assert verify().differences == []


@pytest.mark.parametrize("amount", [2**63 - 1, 2**62, 2**62 + 1])
def test_a_total_at_the_edge_of_64_bits_is_an_error_and_does_not_wrap(amount: int):
    """L13. Break: cut a total off at the edge."""
    # A currency that no other test has money in: the programme's total is at the edge too.
    alice, source = fresh_main(currency="ISK"), accounts.programme(AccountKind.SANDBOX_CLEARING, "ISK")
    a, clearing = accounts.open_account(alice), accounts.open_account(source)
    assert apply("post", clearing, a, amount) == ""
    assert apply("post", clearing, a, amount) == "22003"
    assert apply("hold", a, clearing, amount) == ""
    assert apply("hold", a, clearing, 1) == "PV001"
    assert apply("post", clearing, a, 2**63) == "42883"
    assert balances.of_account(alice).held.minor == amount
    assert verify().differences == []
    transaction.set_rollback(True)


def test_a_batch_of_nonsense_is_refused():
    """Break: take what is no array for an empty one."""
    for batch in ("{}", "[{}]", '[{"op": "post"}]', "[1]", '[{"amount": "x"}]'):
        with connection.cursor() as cursor:
            cursor.execute("SELECT ledger_post(%s)", [batch])
            assert '"refused"' in cursor.fetchone()[0]
    assert verify().differences == []


def test_every_function_that_acts_as_the_owner_has_a_pinned_search_path():
    """Break: leaving SET search_path out of ledger_post."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, proconfig FROM pg_proc WHERE prosecdef AND (proname ~ '^ledger_' OR proname ~ '^limits_')"
        )
        found = dict(cursor.fetchall())
    assert len(found) > 15
    assert {config[0] for config in found.values()} == {"search_path=pg_catalog, public, pg_temp"}


def test_a_temporary_table_of_the_same_name_is_not_looked_at():
    """The tables of the schema are meant, whatever a session puts before them.

    Break: `pg_temp` first in the search path of `ledger_post`.
    """
    alice, bob = fresh_main(1000), fresh_main()
    assert run("CREATE TEMP TABLE wallet_account (LIKE wallet_account INCLUDING ALL)") == ""
    try:
        move(alice, bob, 300)
        with connection.cursor() as cursor:
            cursor.execute("SELECT credits_posted FROM public.wallet_account WHERE owner = %s", [bob.owner])
            assert cursor.fetchone() == (300,)
    finally:
        run("DROP TABLE pg_temp.wallet_account")


@pytest.mark.parametrize(
    "shadow",
    [
        "CREATE TEMP TABLE wallet_transfer (LIKE wallet_transfer INCLUDING ALL)",
        "CREATE TEMP TABLE wallet_hold (LIKE wallet_hold INCLUDING ALL)",
        "CREATE TEMP VIEW core_clock AS SELECT true AS only_row, interval '100 years' AS shift",
        "CREATE TEMP SEQUENCE wallet_transfer_id_seq",
        "SET LOCAL search_path = pg_temp, pg_catalog",
        "SET LOCAL search_path = ''",
    ],
)
def test_nothing_that_a_session_puts_before_the_schema_is_looked_at(shadow: str):
    """Functions and operators are never looked for in `pg_temp`: PostgreSQL sees to that.

    Break: `pg_temp` first in the search path of `ledger_post`, or none; for the clock's the same in `core_now`, with the
    table's name alone.
    """
    alice, bob = fresh_main(1000), fresh_main()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL search_path = pg_temp, public")
            cursor.execute(shadow)
            cursor.execute("SELECT public.ledger_post(%s)", [batch(alice, bob, 1001)])
            assert "PV001" in cursor.fetchone()[0]
            cursor.execute("SELECT public.ledger_post(%s)", [batch(alice, bob, 300)])
            assert "posted" in cursor.fetchone()[0]
            cursor.execute("SELECT public.ledger_post(%s)", [batch(alice, bob, 50, op=Op.HOLD)])
            hold = json.loads(cursor.fetchone()[0])["posted"][0]["hold"]
            cursor.execute("SET LOCAL search_path = public, pg_temp")
            cursor.execute("SELECT remaining FROM public.wallet_hold WHERE id = %s", [hold])
            assert cursor.fetchone() == (50,)
            cursor.execute(
                "SELECT a.credits_posted, (SELECT count(*) FROM public.wallet_transfer t WHERE t.credit_account = a.id AND t.op = 'post'"
                " AND t.at > '2000-01-01' AND t.at < '2100-01-01') FROM public.wallet_account a WHERE a.owner = %s",
                [bob.owner],
            )
            assert cursor.fetchone() == (300, 1)
        transaction.set_rollback(True)


def batch(debit: AccountRef, credit: AccountRef, minor: int, *, op: Op = Op.POST) -> str:
    return json.dumps([_as_json(transfer(debit, credit, minor, op=op))])


def test_the_two_logins_are_two_people():
    """The application is nobody's member, owns nothing, and of the ledger may call what is listed: no more.

    Break: granting it `ledger_make`, which asks its caller to have locked the accounts.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_auth_members WHERE member = current_user::regrole")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT count(*) FROM pg_shdepend WHERE refobjid = current_user::regrole AND deptype = 'o'")
        assert cursor.fetchone() == (0,)
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname ~ '^ledger_'"
            " AND has_function_privilege(current_user, oid, 'EXECUTE') ORDER BY 1"
        )
        assert [name for (name,) in cursor.fetchall()] == _DOORS


@pytest.mark.parametrize("role", ["owner", "superuser"])
@pytest.mark.parametrize(
    "statement", ["UPDATE wallet_transfer SET amount = 1", "DELETE FROM wallet_transfer", "TRUNCATE wallet_transfer"]
)
def test_not_even_the_owner_rewrites_a_transfer(role: str, statement: str):
    """Break: a trigger that is not ENABLE ALWAYS (the superuser says `replica`), or none (the owner)."""
    url = (
        URLS["owner"].replace("{db}", DATABASE)
        if role == "owner"
        else URLS["superuser"].replace("/postgres?", f"/{DATABASE}?")
    )
    with psycopg.connect(url) as owner:
        if role == "superuser":
            owner.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.Error) as refused:
            owner.execute(statement)
        assert refused.value.sqlstate == "PV009"
        owner.rollback()


@pytest.mark.parametrize("kind", ["main", "parked", "shortfall"])
def test_nobody_takes_the_place_of_anothers_account(kind: str):
    """Break: without the check in ledger_open_account; the trigger `wallet_account_is` then still refuses the row."""
    alice, eve = new_id("holder"), new_id("holder")
    assert run("SELECT ledger_open_account(%s, %s, %s, 'EUR')", kind, alice, eve) == "PV005"
    assert run("SELECT ledger_open_account(%s, %s, %s, 'EUR')", kind, alice, alice) == ""
    row = "INSERT INTO wallet_account (kind, owner, holder_id, currency, is_derived) VALUES (%s, %s, %s, 'JPY', false)"
    with psycopg.connect(URLS["owner"].replace("{db}", DATABASE)) as owner:
        with pytest.raises(psycopg.errors.CheckViolation):
            owner.execute(row, [kind, alice, eve])
        owner.rollback()
        owner.execute(row, [kind, alice, alice])
        with pytest.raises(psycopg.Error) as refused:
            owner.execute("UPDATE wallet_account SET holder_id = %s WHERE owner = %s", [eve, alice])
        assert refused.value.sqlstate == "PV009"
        owner.rollback()
