"""The key tables by SQL, on a connection of the keyring's own.

Why not Django's: a data key must be committed before its first use, whatever becomes of the business transaction (a key
rolled back would take every value sealed under it along), two first uses must not wait for each other's transactions,
and the tables may live in another database (`KEYS_DATABASE_URL`, see `routing`). One connection serves the process;
calls are short.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connections

from privacy.crypto.journal import Erasure
from privacy.crypto.providers import KeyUnavailable, WrappedKey
from privacy.crypto.stages import IndexState, KeyState, Stage

T = TypeVar("T")

_SESSION = "SET statement_timeout = '2s'; SET lock_timeout = '1s'"


class BranchRow(NamedTuple):
    """One branch key as stored."""

    id: UUID
    active_from: datetime
    wrapped: WrappedKey


class RootRow(NamedTuple):
    """One root key as stored."""

    id: UUID
    purpose: str
    version: int
    active_from: datetime
    wrapped: WrappedKey


class DataRow(NamedTuple):
    """One data key as stored; `wrapped` is None once it is destroyed or retired."""

    id: UUID
    holder_id: str
    key_class: str
    version: int
    branch_id: UUID | None
    wrapped: bytes | None
    messages: int
    is_destroyed: bool


class ErasureRow(NamedTuple):
    """One line of the erasure journal."""

    seq: int
    holder_id: str
    key_class: str


_DATA = (
    "SELECT id, holder_id, key_class, version, branch_id, wrapped, messages, destroyed_at IS NOT NULL"
    " FROM privacy_datakey"
)
_NEWS = (
    "SELECT r.epoch, r.stage, r.index_version, r.index_next, r.branch_target, r.data_since, r.data_holder,"
    " e.seq, e.holder_id, e.key_class"
    " FROM privacy_keyrotation r LEFT JOIN privacy_keyerasure e ON e.seq >= %s ORDER BY e.seq"
)
_NEWEST_OF = (
    "SELECT k.id, k.holder_id, k.key_class, k.version, k.branch_id, k.wrapped, k.messages, k.destroyed_at IS NOT NULL"
    " FROM unnest(%s::text[], %s::text[]) AS o (holder_id, key_class) CROSS JOIN LATERAL ("
    "SELECT * FROM privacy_datakey d WHERE d.holder_id = o.holder_id AND d.key_class = o.key_class"
    " ORDER BY d.version DESC LIMIT 1) AS k"
)
_DESTROYED = (
    "SELECT DISTINCT holder_id, key_class FROM privacy_datakey AS gone WHERE destroyed_at IS NOT NULL"
    " AND NOT EXISTS (SELECT FROM privacy_datakey WHERE holder_id = gone.holder_id AND key_class = gone.key_class"
    " AND wrapped IS NOT NULL)"
)
_NEWEST = f"{_DATA} WHERE holder_id = %s AND key_class = %s ORDER BY version DESC LIMIT 1"


class KeyStore:
    """Reads the key tables, and writes them through their functions; each call commits by itself."""

    session: str = _SESSION

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None

    def now(self) -> datetime:
        """The database's real clock."""
        found: datetime = self._rows("SELECT clock_timestamp()")[0][0]
        return found

    def branches(self) -> list[BranchRow]:
        """The branch keys in use, oldest first."""
        rows = self._rows(
            "SELECT id, active_from, kek, wrapped FROM privacy_branchkey WHERE retired_at IS NULL ORDER BY active_from"
        )
        return [BranchRow(row[0], row[1], WrappedKey(row[2], row[3])) for row in rows]

    def roots(self) -> list[RootRow]:
        """The root keys in use, oldest version first."""
        rows = self._rows(
            "SELECT id, purpose, version, active_from, kek, wrapped FROM privacy_rootkey"
            " WHERE retired_at IS NULL ORDER BY purpose, version"
        )
        return [RootRow(row[0], row[1], row[2], row[3], WrappedKey(row[4], row[5])) for row in rows]

    def add_branch(self, *, key_id: UUID, active_from: datetime, wrapped: WrappedKey) -> None:
        """Store a branch key; when there is one for that time, nothing happens."""
        self._rows("SELECT keys_add_branch(%s, %s, %s, %s)", key_id, active_from, wrapped.kek, wrapped.blob)

    def add_root(self, *, key_id: UUID, purpose: str, version: int, wrapped: WrappedKey) -> None:
        """Store a root key; when the version is taken, nothing happens."""
        self._rows("SELECT keys_add_root(%s, %s, %s, %s, %s)", key_id, purpose, version, wrapped.kek, wrapped.blob)

    def find_data_key(self, key_id: UUID) -> DataRow | None:
        """A data key by its id."""
        rows = self._rows(f"{_DATA} WHERE id = %s", key_id)
        return DataRow(*rows[0]) if rows else None

    def find_data_keys(self, key_ids: Sequence[UUID]) -> list[DataRow]:
        """Those of these data keys that there are."""
        return [DataRow(*row) for row in self._rows(f"{_DATA} WHERE id = ANY(%b)", list(key_ids))]

    def find_newest_data_keys(self, owners: Sequence[tuple[str, str]]) -> list[DataRow]:
        """The newest version for each of these holders and classes that has one."""
        holders, classes = [holder for holder, _ in owners], [key_class for _, key_class in owners]
        return [DataRow(*row) for row in self._rows(_NEWEST_OF, holders, classes)]

    def find_newest_data_key(self, holder_id: str, key_class: str) -> DataRow | None:
        """The newest version of a holder's key of one class."""
        rows = self._rows(_NEWEST, holder_id, key_class)
        return DataRow(*rows[0]) if rows else None

    def add_data_key(
        self, *, key_id: UUID, holder_id: str, key_class: str, version: int, branch_id: UUID, wrapped: bytes
    ) -> None:
        """Store a data key; when the version is taken or the class was destroyed, nothing happens."""
        row = (key_id, holder_id, key_class, version, branch_id, wrapped)
        self._rows("SELECT keys_add_data(%s, %s, %s, %s, %s, %s)", *row)

    def count_messages(self, key_id: UUID, messages: int) -> int:
        """Add to a key's count of sealed values; the new count."""
        found: int | None = self._rows("SELECT keys_count_messages(%s, %s)", key_id, messages)[0][0]
        return found or 0

    def destroy(self, holder_id: str, key_class: str) -> bool:
        """Destroy a holder's keys of one class; False when they were destroyed before."""
        found: bool = self._rows("SELECT keys_destroy(%s, %s)", holder_id, key_class)[0][0]
        return found

    def destroyed(self) -> set[Erasure]:
        """Every holder and class with a tombstone and no wrapped key left."""
        return {Erasure(*row) for row in self._rows(_DESTROYED)}

    def last_erasure(self) -> int:
        """The journal's last number, 0 when it is empty."""
        found: int = self._rows("SELECT coalesce(max(seq), 0) FROM privacy_keyerasure")[0][0]
        return found

    def news_from(self, seq: int) -> tuple[KeyState, list[ErasureRow]]:
        """How far a rotation has got, and the journal from this number on, in commit order: one query."""
        rows = self._rows(_NEWS, seq)
        epoch, stage, version, following, branch, since, holder = rows[0][:7]
        state = KeyState(epoch, IndexState(Stage(stage), version, following), branch, since, holder)
        return state, [ErasureRow(*row[7:]) for row in rows if row[7] is not None]

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        with self._lock:
            self._drop()

    def _rows(self, statement: str, *parameters: object, **named: object) -> Sequence[tuple[Any, ...]]:
        def run(connection: psycopg.Connection[Any]) -> Sequence[tuple[Any, ...]]:
            return connection.execute(statement, named or parameters).fetchall()

        with self._lock:
            return self._with_connection(run)

    def _with_connection(self, run: Callable[[psycopg.Connection[Any]], T]) -> T:
        try:
            had_connection = self._connection is not None
            try:
                return run(self._connected())
            except psycopg.OperationalError:
                # A restarted server leaves a dead connection: once more, with a fresh one. All calls may run twice.
                broken = self._connection is None or self._connection.closed
                self._drop()
                if not (had_connection and broken):
                    raise
                return run(self._connected())
        except psycopg.Error as error:
            raise KeyUnavailable(f"the key tables cannot be reached ({type(error).__name__})") from None

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            connection = psycopg.connect(**_parameters(), autocommit=True, connect_timeout=3)
            connection.execute(self.session)
            self._connection = connection
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _parameters() -> dict[str, Any]:
    if url := getattr(settings, "KEYS_DATABASE_URL", ""):
        return {"conninfo": url, "application_name": "paravent-keys"}
    parameters = connections["default"].get_connection_params()
    # Django's adapters and cursors belong to Django's connections.
    for name in ("context", "cursor_factory"):
        parameters.pop(name, None)
    return {**parameters, "application_name": "paravent-keys"}
