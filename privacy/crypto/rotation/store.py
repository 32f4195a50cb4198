"""What a rotation reads and writes of the key tables, beside what every process does (`privacy.crypto.store`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from privacy.crypto.providers import KeyUnavailable, WrappedKey
from privacy.crypto.stages import KeyState, Stage
from privacy.crypto.store import DataRow, KeyStore

#: Any number: the name of the lock that one rotation at a time holds.
_LOCK = 7053414
_UNDER_OTHERS = (
    "SELECT k.id, k.holder_id, k.key_class, k.version, k.branch_id, k.wrapped, k.messages, false"
    " FROM privacy_datakey k WHERE k.wrapped IS NOT NULL"
    " AND k.branch_id IN (SELECT b.id FROM privacy_branchkey b, privacy_branchkey t"
    " WHERE t.id = %s AND b.active_from < t.active_from AND b.retired_at IS NULL) LIMIT %s"
)
_OLD = (
    "SELECT id, holder_id, key_class FROM privacy_datakey"
    " WHERE wrapped IS NOT NULL AND created_at < %(since)s AND (%(holder)s = '' OR holder_id = %(holder)s)"
)
_WITHOUT_SUCCESSOR = (
    "SELECT k.holder_id, k.key_class, max(n.version) FROM privacy_datakey k"
    " JOIN privacy_datakey n ON n.holder_id = k.holder_id AND n.key_class = k.key_class"
    " WHERE k.wrapped IS NOT NULL AND k.created_at < %(since)s AND (%(holder)s = '' OR k.holder_id = %(holder)s)"
    " GROUP BY 1, 2"
    " HAVING bool_and(n.destroyed_at IS NULL) AND NOT bool_or(n.created_at >= %(since)s AND n.wrapped IS NOT NULL)"
    " LIMIT %(limit)s"
)


class NewVersion(NamedTuple):
    """A data key to be stored."""

    id: UUID
    holder_id: str
    key_class: str
    version: int
    wrapped: bytes


class RotationStore(KeyStore):
    """The key tables for the one who rotates. It holds the lock on the connection that does the work."""

    session = "SET statement_timeout = '5min'; SET lock_timeout = '10s'"

    def __init__(self) -> None:
        super().__init__()
        self._has_lock = False

    def take_lock(self) -> bool:
        """Whether no other rotation is running; the lock goes with the connection."""
        self._has_lock = bool(self._rows("SELECT pg_try_advisory_lock(%s)", _LOCK)[0][0])
        return self._has_lock

    def _connected(self) -> psycopg.Connection[Any]:
        if self._has_lock and self._connection is None:
            raise KeyUnavailable(
                "the connection to the key tables broke, and the rotation's lock with it: run it again"
            )
        return super()._connected()

    def state(self) -> KeyState:
        """How far a rotation has got, now."""
        return self.news_from(2**62)[0]

    def announce(self, state: KeyState) -> int | None:
        """Store what is under way; the new epoch, or None when another one changed it meanwhile."""
        found: int | None = self._rows(
            "SELECT keys_announce(%s, %s, %s, %s)",
            state.epoch,
            state.branch_target,
            state.data_since,
            state.data_holder,
        )[0][0]
        return found

    def turn_index(self, epoch: int, stage: Stage, version: int) -> int | None:
        """Go on to the next stage of the index rotation; the new epoch, or None when another one did."""
        found: int | None = self._rows("SELECT keys_turn_index(%s, %s, %s)", epoch, str(stage), version)[0][0]
        return found

    def add_version(
        self, *, key_id: UUID, purpose: str, version: int, active_from: datetime, wrapped: WrappedKey
    ) -> None:
        """Store a further version of a root; when it is taken, nothing happens."""
        row = (key_id, purpose, version, active_from, wrapped.kek, wrapped.blob)
        self._rows("SELECT keys_add_version(%s, %s, %s, %s, %s, %s)", *row)

    def rewrap(self, kind: str, key_id: UUID, *, old: bytes, wrapped: WrappedKey) -> bool:
        """Put a branch or a root under another KEK; False when it changed meanwhile."""
        function = {"branch": "keys_rewrap_branch", "root": "keys_rewrap_root"}[kind]
        return bool(self._rows(f"SELECT {function}(%s, %s, %s, %s)", key_id, old, wrapped.kek, wrapped.blob)[0][0])

    def data_keys_under_others(self, branch_id: UUID, *, limit: int) -> list[DataRow]:
        """Live data keys that branches older than this one wrap."""
        rows = self._rows(_UNDER_OTHERS, branch_id, limit)
        return [DataRow(*row) for row in rows]

    def count_data_keys_under_others(self, branch_id: UUID) -> int:
        """How many there are."""
        found: int = self._rows(
            "SELECT count(*) FROM privacy_datakey k JOIN privacy_branchkey b ON b.id = k.branch_id"
            " JOIN privacy_branchkey t ON t.id = %s AND b.active_from < t.active_from"
            " WHERE k.wrapped IS NOT NULL AND b.retired_at IS NULL", branch_id,
        )[0][0]  # fmt: skip
        return found

    def rewrap_data(self, rows: Sequence[DataRow], *, branch_id: UUID, wrapped: Sequence[bytes]) -> int:
        """Put data keys under another branch; how many had not changed meanwhile."""
        ids, old = [row.id for row in rows], [row.wrapped for row in rows]
        found: int = self._rows("SELECT keys_rewrap_data(%b, %b, %b, %b)", ids, old, branch_id, list(wrapped))[0][0]
        return found

    def retire_branches(self, branch_id: UUID) -> int:
        """Throw away the branches older than this one that wrap nothing; how many."""
        found: int = self._rows("SELECT keys_retire_branches(%s)", branch_id)[0][0]
        return found

    def count_branches_before(self, branch_id: UUID) -> int:
        """How many live branches are older than this one."""
        found: int = self._rows(
            "SELECT count(*) FROM privacy_branchkey b, privacy_branchkey t"
            " WHERE t.id = %s AND b.active_from < t.active_from AND b.retired_at IS NULL", branch_id,
        )[0][0]  # fmt: skip
        return found

    def old_data_keys(self, since: datetime, holder_id: str) -> dict[UUID, tuple[str, str]]:
        """The live data keys made before, with their holder and class."""
        rows = self._rows(_OLD, since=since, holder=holder_id)
        return {key_id: (holder, key_class) for key_id, holder, key_class in rows}

    def without_successor(self, since: datetime, holder_id: str, *, limit: int) -> list[tuple[str, str, int]]:
        """Holder, class and newest version where all live keys were made before."""
        rows = self._rows(_WITHOUT_SUCCESSOR, since=since, holder=holder_id, limit=limit)
        return [(row[0], row[1], row[2]) for row in rows]

    def add_versions(self, versions: Sequence[NewVersion], *, branch_id: UUID) -> None:
        """Store new versions of data keys; where one is taken, nothing happens."""
        ids, holders, classes, numbers, wrapped = (list(column) for column in zip(*versions, strict=True))
        self._rows(
            "SELECT keys_add_data_versions(%b, %b, %b, %b::integer[], %b, %b)",
            ids,
            holders,
            classes,
            numbers,
            branch_id,
            wrapped,
        )

    def retire_data(self, key_ids: Sequence[UUID]) -> int:
        """Throw away data keys that the rotation under way replaces; how many."""
        found: int = self._rows("SELECT keys_retire_data(%b)", list(key_ids))[0][0]
        return found

    def ages(self) -> list[dict[str, Any]]:
        """Live branch and root keys: kind, name, when their KEK came to wrap them, when they were made, until now."""
        rows = self._rows(
            "SELECT 'branch', id::text, kek, wrapped_at, created_at, clock_timestamp() FROM privacy_branchkey"
            " WHERE retired_at IS NULL UNION ALL"
            " SELECT 'root', purpose || '/' || version, kek, wrapped_at, created_at, clock_timestamp()"
            " FROM privacy_rootkey WHERE retired_at IS NULL ORDER BY 1, 2"
        )
        return [dict(zip(("kind", "name", "kek", "wrapped_at", "created_at", "now"), row, strict=True)) for row in rows]

    def data_ages(self, made_before: datetime, messages: int) -> dict[str, int]:
        """Live data keys in all, of superseded versions, made before a moment, and with so many messages."""
        row = self._rows(
            "SELECT count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM privacy_datakey n"
            " WHERE n.holder_id = k.holder_id AND n.key_class = k.key_class AND n.version > k.version)),"
            " count(*) FILTER (WHERE created_at < %s), count(*) FILTER (WHERE messages >= %s)"
            " FROM privacy_datakey k WHERE wrapped IS NOT NULL", made_before, messages,
        )[0]  # fmt: skip
        return dict(zip(("keys", "superseded", "too_old", "too_many_messages"), row, strict=True))
