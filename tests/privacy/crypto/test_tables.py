"""The key tables by SQL: what the application role may, and what nobody may."""

import threading

import psycopg
import pytest

from privacy.crypto.aead import Cell, DecryptionFailed
from privacy.crypto.keyring import Keyring, keyring
from tests.privacy.crypto.parts import NewHolder

TABLES = ("privacy_branchkey", "privacy_rootkey", "privacy_datakey", "privacy_keyerasure", "privacy_keyrotation")
REFUSED = psycopg.errors.InsufficientPrivilege


@pytest.fixture
def alice(holder: NewHolder):
    """Alice's cell; she has a key of each class."""
    cell = Cell("t", "c", "1", holder("alice"))
    for keys in ("life", "law"):
        keyring.seal(b"x", cell=cell, keys=keys)
    return cell


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO {} SELECT * FROM {}", "UPDATE {} SET {column} = {column}", "DELETE FROM {}", "TRUNCATE {}",
        "DROP TABLE {}",        "ALTER TABLE {} DISABLE TRIGGER ALL", "SELECT * FROM {} FOR UPDATE",
    ],
)  # fmt: skip
def test_the_application_role_writes_no_key_table(app: psycopg.Connection, table: str, statement: str):
    """Break: leave a table out of `protect_table` in the migration."""
    column = "seq" if table == "privacy_keyerasure" else "id"
    with pytest.raises(REFUSED):
        app.execute(statement.format(table, table, column=column))
    assert app.execute(f"SELECT count(*) FROM {table}").fetchone()


def test_only_the_doors_are_open_to_the_application_role(app: psycopg.Connection, owner: psycopg.Connection):
    """Break: grant keys_guard() or keys_lock() too."""
    found = owner.execute(
        "SELECT proname, has_function_privilege(%s, oid, 'EXECUTE'), has_function_privilege('public', oid, 'EXECUTE'),"
        " prosecdef, proconfig FROM pg_proc WHERE proname LIKE 'keys\\_%%'",
        [app.info.user],
    ).fetchall()
    doors = {
        "keys_add_branch", "keys_add_root", "keys_add_data", "keys_count_messages", "keys_destroy",
        "keys_announce", "keys_turn_index", "keys_add_version", "keys_rewrap_branch", "keys_rewrap_root",
        "keys_add_data_versions", "keys_rewrap_data", "keys_retire_branches", "keys_retire_data",
    }  # fmt: skip
    assert {name for name, may_app, _, _, _ in found if may_app} == doors
    assert not any(may_public for _, _, may_public, _, _ in found)
    assert all(definer for name, _, _, definer, _ in found if name in doors)
    assert all(config and config[0].startswith("search_path=pg_catalog") for *_, config in found)


def test_a_tombstone_stays_whoever_writes(owner: psycopg.Connection, alice: Cell):
    """Break: drop the trigger keys_guard."""
    before = owner.execute("SELECT wrapped FROM privacy_datakey WHERE holder_id = %s", [alice.holder_id]).fetchone()
    keyring.destroy(holder_id=alice.holder_id, keys="life")
    for statement in (
        "UPDATE privacy_datakey SET destroyed_at = NULL, wrapped = %s WHERE holder_id = %s AND key_class = 'life'",
        "UPDATE privacy_datakey SET wrapped = %s WHERE holder_id = %s AND key_class = 'life'",
        "DELETE FROM privacy_datakey WHERE %s::bytea IS NOT NULL AND holder_id = %s",
        "UPDATE privacy_datakey SET holder_id = 'holder_eve' WHERE %s::bytea IS NOT NULL AND holder_id = %s",
        "UPDATE privacy_keyerasure SET holder_id = 'holder_eve' WHERE %s::bytea IS NOT NULL AND holder_id = %s",
        "DELETE FROM privacy_keyerasure WHERE %s::bytea IS NOT NULL AND holder_id = %s",
    ):
        with pytest.raises(psycopg.errors.RestrictViolation):
            owner.execute(statement, [before[0], alice.holder_id])


def test_destruction_leaves_no_wrapped_key_and_one_line_of_the_journal(app: psycopg.Connection, alice: Cell):
    keyring.destroy(holder_id=alice.holder_id, keys="life")
    keyring.destroy(holder_id=alice.holder_id, keys="life")
    rows = app.execute(
        "SELECT key_class, wrapped IS NULL FROM privacy_datakey WHERE holder_id = %s ORDER BY 1", [alice.holder_id]
    ).fetchall()
    assert rows == [("law", False), ("life", True)]
    journal = app.execute("SELECT key_class FROM privacy_keyerasure WHERE holder_id = %s", [alice.holder_id]).fetchall()
    assert journal == [("life",)]


def test_a_destruction_waits_for_a_key_being_made(app: psycopg.Connection, alice: Cell) -> None:
    """Break: take no lock in `keys_add_data`."""
    made = "SELECT keys_add_data(gen_random_uuid(), holder_id, key_class, 2, branch_id, wrapped) FROM privacy_datakey"
    destroying = threading.Thread(target=lambda: keyring.destroy(holder_id=alice.holder_id, keys="life"))
    with app.transaction():
        app.execute(f"{made} WHERE holder_id = %s AND key_class = 'life'", [alice.holder_id])
        destroying.start()
        destroying.join(timeout=0.3)
        assert destroying.is_alive()
    destroying.join(timeout=5)
    left = "SELECT version, wrapped IS NULL FROM privacy_datakey WHERE holder_id = %s AND key_class = 'life' ORDER BY 1"
    assert app.execute(left, [alice.holder_id]).fetchall() == [(1, True), (2, True)]


def test_wrapped_keys_cannot_be_exchanged(owner: psycopg.Connection, alice: Cell):
    """Break: leave the class out of `datakeys._context`."""
    sealed = keyring.seal(b"x", cell=alice, keys="life")
    owner.execute(
        "UPDATE privacy_datakey AS life SET wrapped = law.wrapped, branch_id = law.branch_id"
        " FROM privacy_datakey AS law WHERE life.holder_id = %s AND law.holder_id = life.holder_id"
        " AND life.key_class = 'life' AND law.key_class = 'law'",
        [alice.holder_id],
    )
    other = Keyring(in_background=False)
    with pytest.raises(DecryptionFailed):
        other.open(sealed, cell=alice, keys="life")
    with pytest.raises(DecryptionFailed):
        other.seal(b"x", cell=alice, keys="life")
    other.stop()


@pytest.mark.parametrize(
    ("holder_id", "key_class"), [("", "life"), ("", "service"), ("holder_alice", "service"), ("holder_alice", "all")]
)
def test_the_database_refuses_to_destroy_what_belongs_to_nobody(
    app: psycopg.Connection, holder_id: str, key_class: str
):
    with pytest.raises(psycopg.errors.CheckViolation):
        app.execute("SELECT keys_destroy(%s, %s)", [holder_id, key_class])


def test_a_dump_holds_no_key_and_no_plaintext(owner: psycopg.Connection, alice: Cell):
    """Break: store `secret` beside `wrapped` in `_make`."""
    sealed = keyring.seal(b"a note that nobody may read", cell=alice, keys="life")
    secrets = [keyring.derive("index", "dump").reveal(), b"a note that nobody may read"]
    parts = keyring._parts
    secrets += [held.key.reveal() for held in (*parts.trunk._branches.values(), *parts.trunk._roots.values())]
    dump = b""
    for table in TABLES:
        with owner.cursor().copy(f"COPY {table} TO STDOUT (FORMAT binary)") as copy:
            dump += b"".join(copy)
    assert alice.holder_id.encode() in dump
    for secret in secrets:
        assert secret not in dump + sealed
        assert secret.hex().encode() not in dump
