"""Seal what is written and not yet in the log: one batch, in one statement, in the order of the transactions.

Rows of transactions that are still open, or older than one that is, wait: what commits late is never passed over
(`pg_snapshot_xmin`). Only the holder of the sealer's lock seals (see `sealer`); the database refuses a second one.
"""

from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import connection

from privacy.crypto.aead import key_id_of
from privacy.crypto.keyring import Cell, DecryptionFailed, KeyDestroyed, keyring
from privacy.exposure import records
from privacy.exposure.leaves import NO_LEAF, exposure_leaf, statement_leaf
from privacy.exposure.merkle import Frontier, leaf_hash
from privacy.exposure.models import Exposure, LogHead
from privacy.exposure.tree import read_tile

log = structlog.get_logger(__name__)

#: Rows of one batch: some 50 ms of work.
BATCH: Final = 1000
#: A record that does not open may be under a key that was replaced a moment ago; it is tried so often.
TRIES: Final = 3
_CHAINS_KEPT = 50_000
_TABLE = "privacy_exposure"

_STATEMENTS = "SELECT id, at, text, r FROM privacy_logstatement WHERE leaf_index IS NULL ORDER BY id LIMIT %s"
_EXPOSURES = """
    SELECT id, holder_id, at, record_sealed FROM privacy_exposure
    WHERE leaf_index IS NULL AND NOT is_unsealable AND xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid, seq LIMIT %s
"""
_CHAINS = """
    SELECT h.holder_id, x.id, x.counter_sealed, x.leaf FROM unnest(%s::text[]) AS h (holder_id)
    CROSS JOIN LATERAL (
        SELECT id, counter_sealed, leaf FROM privacy_exposure
        WHERE holder_id = h.holder_id AND leaf_index IS NOT NULL ORDER BY leaf_index DESC LIMIT 1
    ) AS x
"""
_SEAL = """
    SELECT exposure_seal(
        %s, %s, %s::bigint[], %s::bytea[], %s::text[], %s::bytea[], %s::bytea[], %s::bytea[],
        %s::smallint[], %s::bigint[], %s::bytea[]
    )
"""


@dataclass(frozen=True, slots=True)
class Link:
    """Where a holder's chain ends: the counter of their last exposure, and its leaf."""

    counter: int
    leaf: bytes


_FIRST: Final = Link(0, NO_LEAF)


@dataclass(frozen=True, slots=True)
class _Unsealed:
    id: str
    holder_id: str
    at: datetime
    record_sealed: bytes = field(repr=False)


@dataclass(slots=True)
class _Batch:
    """What one call of `exposure_seal` appends."""

    statements: list[int] = field(default_factory=list)
    statement_leaves: list[bytes] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    counters: list[bytes] = field(default_factory=list)
    previous: list[bytes] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    chains: dict[str, Link] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.statements) + len(self.ids)


class Sealing:
    """The state of one sealer: the tree's edge and the ends of chains, as the database has them."""

    def __init__(self, *, batch: int = BATCH) -> None:
        head = LogHead.objects.get()
        self._limit = batch
        self._frontier = Frontier.of(head.size, read_tile)
        self._chains: OrderedDict[str, Link] = OrderedDict()
        self._failures: dict[str, int] = {}

    @property
    def size(self) -> int:
        """How many leaves the log has."""
        return self._frontier.size

    def seal_batch(self) -> int:
        """Seal the next rows; how many. After any error this object is spent: begin with a new one.

        Raises:
            KeyUnavailable: the keys cannot be reached; nothing was sealed.
            django.db.DatabaseError: nothing was sealed; PV010 when another sealer was there.
        """
        with connection.cursor() as cursor:
            cursor.execute(_STATEMENTS, [self._limit])
            statements = cursor.fetchall()
            cursor.execute(_EXPOSURES, [self._limit])
            rows = [_Unsealed(row[0], row[1], row[2], bytes(row[3])) for row in cursor.fetchall()]
        batch = _Batch()
        for statement_id, at, text, r in statements:
            batch.statements.append(statement_id)
            batch.statement_leaves.append(statement_leaf(at=at, text=text, r=bytes(r) if r is not None else None))
        aside = self._take_exposures(rows, batch)
        if aside:
            _lay_aside(aside)
        if batch.size:
            self._write(batch)
        return batch.size

    def _take_exposures(self, rows: list[_Unsealed], batch: _Batch) -> list[str]:
        if not rows:
            return []
        keyring.prefetch(
            key_ids=_key_ids(row.record_sealed for row in rows), owners={(row.holder_id, "life") for row in rows}
        )
        self._find_chains({row.holder_id for row in rows})
        aside = []
        #: Nobody's later exposure goes in before an earlier one that is tried again.
        waiting: set[str] = set()
        for row in rows:
            if row.holder_id in waiting:
                continue
            try:
                self._take(row, batch)
            except KeyDestroyed:
                aside.append(row.id)
            except DecryptionFailed:
                self._failures[row.id] = self._failures.get(row.id, 0) + 1
                if self._failures[row.id] < TRIES:
                    waiting.add(row.holder_id)
                    continue
                log.error("privacy.sealing.record_unreadable", exposure=row.id)  # noqa: TRY400 - the class says it all
                aside.append(row.id)
        return aside

    def _take(self, row: _Unsealed, batch: _Batch) -> None:
        record = records.open_record(exposure_id=row.id, holder_id=row.holder_id, sealed=row.record_sealed)
        last = batch.chains.get(row.holder_id) or self._chain(row.holder_id)
        counter = last.counter + 1
        leaf = exposure_leaf(at=row.at, r=record.r, counter=counter, previous=last.leaf, record=record.canonical)
        sealed = [
            keyring.seal(value, cell=Cell(_TABLE, column, row.id, row.holder_id), keys="life")
            for column, value in (("counter", counter.to_bytes(8, "big")), ("previous", last.leaf))
        ]
        batch.ids.append(row.id)
        batch.counters.append(sealed[0])
        batch.previous.append(sealed[1])
        batch.leaves.append(leaf)
        batch.chains[row.holder_id] = Link(counter, leaf)

    def _chain(self, holder_id: str) -> Link:
        if holder_id not in self._chains:
            raise DecryptionFailed
        return self._chains[holder_id]

    def _find_chains(self, holders: set[str]) -> None:
        unknown = sorted(holders - self._chains.keys())
        if unknown:
            with connection.cursor() as cursor:
                cursor.execute(_CHAINS, [unknown])
                found = {row[0]: row for row in cursor.fetchall()}
            keyring.prefetch(key_ids=_key_ids(bytes(row[2]) for row in found.values()), owners=())
            for holder_id in unknown:
                if holder_id not in found:
                    self._chains[holder_id] = _FIRST
                elif (link := _end_of_chain(*found[holder_id])) is not None:
                    self._chains[holder_id] = link
        for holder_id in holders & self._chains.keys():
            self._chains.move_to_end(holder_id)

    def _write(self, batch: _Batch) -> None:
        leaves = batch.statement_leaves + batch.leaves
        before = self._frontier.size
        tiles = self._frontier.grow(leaf_hash(leaf) for leaf in leaves)
        places, hashes = list(tiles), list(tiles.values())
        parameters: list[Any] = [
            before, self._frontier.root(), batch.statements, batch.statement_leaves, batch.ids, batch.counters,
            batch.previous, batch.leaves, [level for level, _n in places], [n for _level, n in places], hashes,
        ]  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_SEAL, parameters)
        self._chains.update(batch.chains)
        while len(self._chains) > _CHAINS_KEPT:
            self._chains.popitem(last=False)


def _end_of_chain(holder_id: str, exposure_id: str, counter_sealed: bytes, leaf: bytes) -> Link | None:
    try:
        return Link(
            open_counter(exposure_id=exposure_id, holder_id=holder_id, sealed=bytes(counter_sealed)), bytes(leaf)
        )
    except (KeyDestroyed, DecryptionFailed):
        return None


def _key_ids(sealed: Iterable[bytes]) -> set[UUID]:
    found = set()
    for one in sealed:
        with suppress(DecryptionFailed):
            found.add(UUID(bytes=key_id_of(one)))
    return found


def _lay_aside(ids: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT exposure_lay_aside(%s)", [ids])


# --- What was sealed ----------------------------------------------------------------------------------


def open_counter(*, exposure_id: str, holder_id: str, sealed: bytes) -> int:
    """The holder's own number of a sealed exposure, from 1.

    Raises:
        DecryptionFailed: not sealed for this row and person.
        KeyDestroyed: the person has left.
    """
    cell = Cell(_TABLE, "counter", exposure_id, holder_id)
    return int.from_bytes(keyring.open(sealed, cell=cell, keys="life"), "big")


def open_previous(*, exposure_id: str, holder_id: str, sealed: bytes) -> bytes:
    """The leaf of the holder's exposure before; raises as `open_counter` does."""
    return keyring.open(sealed, cell=Cell(_TABLE, "previous", exposure_id, holder_id), keys="life")


def chain_of(row: Exposure) -> tuple[int | None, bytes | None]:
    """The holder's number of an exposure and the leaf before it; None and None until it is sealed."""
    if row.counter_sealed is None or row.previous_sealed is None:
        return None, None
    who = {"exposure_id": row.id, "holder_id": row.holder_id}
    counter = open_counter(**who, sealed=bytes(row.counter_sealed))
    return counter, open_previous(**who, sealed=bytes(row.previous_sealed))


def is_sealed(holder_id: str) -> bool:
    """Whether everything that was written down about this holder, and is committed, stands in the sealed log.

    Erasure waits for it: once the holder's key is gone, nothing of theirs can be sealed any more.
    """
    waiting = Exposure.objects.filter(holder_id=holder_id, leaf_index=None, is_unsealable=False)
    return not waiting.exists()
