"""Data keys: two for each holder, made at the first seal, in memory for minutes, gone for good once destroyed."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Literal
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from privacy.crypto import aead
from privacy.crypto.aead import Cell, DecryptionFailed
from privacy.crypto.erasures import reconcile
from privacy.crypto.journal import Erasure, ErasureJournal, journal_from_settings
from privacy.crypto.providers import KeyUnavailable
from privacy.crypto.stages import KeyState
from privacy.crypto.store import DataRow, KeyStore
from privacy.crypto.trunk import Trunk

#: `life` goes when its holder leaves, `law` when the law's clock ends, `service` belongs to nobody.
KeyClass = Literal["life", "law", "service"]

#: Seconds that a data key stays in memory; a sweep comes within the minute after.
KEPT: Final = 240.0
ENTRIES: Final = 10_000
#: A destruction elsewhere is seen within this many seconds.
CHECKED_EVERY: Final = 0.5
#: Random 96-bit nonces: far below the 2^32 messages of NIST SP 800-38D.
MESSAGE_LIMIT: Final = 2**31
MESSAGE_BLOCK: Final = 4096

_WRAP_LABEL = b"paravent/data-key/v1"


class KeyDestroyed(Exception):
    """The holder's keys of this class were destroyed: what they sealed is gone, and nothing more is sealed."""

    def __init__(self) -> None:
        super().__init__("the keys were destroyed")


@dataclass(slots=True)
class _DataKey:
    """One data key in memory."""

    id: UUID
    holder_id: str
    key_class: str
    branch_id: UUID
    cipher: AESGCM
    taken_at: float
    #: The look at the journal after which it was last found fit for use.
    looked: int = 0
    #: Seals not yet added to the stored count.
    unreported: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)


class DataKeys:
    """The data keys of this process. Looking one up that is in memory takes no lock and no query."""

    def __init__(
        self,
        *,
        store: KeyStore,
        trunk: Trunk,
        journal: ErasureJournal | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        message_limit: int = MESSAGE_LIMIT,
        message_block: int = MESSAGE_BLOCK,
        entries: int = ENTRIES,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._trunk = trunk
        self._journal = journal or journal_from_settings()
        self._monotonic = monotonic
        self._message_limit = message_limit
        self._message_block = message_block
        self._entries = entries
        self._lock = threading.Lock()
        #: By the 16 bytes that stand in a sealed value.
        self._by_id: dict[bytes, _DataKey] = {}
        self._current: dict[tuple[str, str], _DataKey] = {}
        self._owed: dict[UUID, int] = {}
        self._checking = threading.Lock()
        self._checked_at: float | None = None
        #: How often the journal was looked at: what holds for a key is looked at again after each.
        self._looks = 0
        self._last_erasure = 0
        self._on_change = on_change
        self._state: KeyState | None = None
        #: Rises when keys leave memory for a reason: what was read before must not come in as current after.
        self._generation = 0
        self._reconciled: tuple[int, int] | None = None

    def seal(self, plaintext: bytes, *, cell: Cell, keys: KeyClass) -> bytes:
        """Seal under the holder's current key of this class."""
        holder_id, key_class = owner(cell, keys)
        self._see_erasures()
        key = self._current.get((holder_id, key_class))
        if key is None or (key.looked != self._looks and not self._may_use(key)):
            key = self._take_current(holder_id, key_class)
        sealed = aead.seal(key.cipher, key_id=key.id.bytes, plaintext=plaintext, cell=cell)
        self._count(key)
        return sealed

    def open(self, sealed: bytes, *, cell: Cell, keys: KeyClass) -> bytes:
        """Open with the key that the value names, if it is this holder's and of this class."""
        holder_id, key_class = owner(cell, keys)
        key_id = aead.key_id_of(sealed)
        self._see_erasures()
        key = self._by_id.get(key_id)
        if key is None or (key.looked != self._looks and not self._may_use(key)):
            key = self._take(UUID(bytes=key_id), holder_id, key_class)
        if (key.holder_id, key.key_class) != (holder_id, key_class):
            raise DecryptionFailed
        return aead.open_sealed(key.cipher, sealed=sealed, cell=cell)

    def state(self) -> KeyState:
        """How far a rotation has got, as known within the last half second.

        Raises:
            KeyUnavailable: the key tables cannot be reached.
        """
        self._see_erasures()
        if self._state is None:
            raise KeyUnavailable("the state of the keys is not known")
        return self._state

    def prefetch(self, *, key_ids: Iterable[UUID], owners: Iterable[tuple[str, str]]) -> None:
        """Bring keys into memory in two queries instead of one each; those that are gone are left out."""
        self._see_erasures()
        generation = self._generation
        unknown = [key_id for key_id in key_ids if not self._touch(key_id.bytes)]
        missing = [
            place for place in owners if (key := self._current.get(place)) is None or not self._touch(key.id.bytes)
        ]
        rows = [(row, False) for row in self._store.find_data_keys(unknown)] if unknown else []
        if missing:
            rows += [(row, True) for row in self._store.find_newest_data_keys(missing)]
        for row, is_newest in rows:
            if row.wrapped is not None and not row.is_destroyed:
                with contextlib.suppress(DecryptionFailed, KeyDestroyed):
                    self._admit(row, as_current=generation if self._is_usable(row) and is_newest else None)

    def _touch(self, key_id: bytes) -> bool:
        # The youngest again: what comes in after it does not push it out.
        with self._lock:
            if (key := self._by_id.pop(key_id, None)) is not None:
                self._by_id[key_id] = key
        return key is not None

    def destroy(self, holder_id: str, key_class: str) -> bool:
        """Destroy a holder's keys of one class, everywhere and for good.

        The file comes first: whoever dies on the way has decided, and the next one to look carries it out.
        """
        with self._journal.locked() as pen:
            pen.write([Erasure(holder_id, key_class)])
            done = self._store.destroy(holder_id, key_class)
        self._evict(lambda key: (key.holder_id, key.key_class) == (holder_id, key_class))
        return done

    def check(self) -> None:
        """Make sure that nothing destroyed is in memory or gets there.

        File and database are compared the first time, and looked at again after half a second.

        Raises:
            KeyUnavailable: one of them cannot be read, or they cannot be brought together; then nothing opens.
        """
        self._see_erasures()

    def keep_erasures(self) -> None:
        """Bring file and database together again when one of them has changed (in the background)."""
        self._journal.see()
        if self._reconciled != (self._store.last_erasure(), len(self._journal)):
            self._reconcile()

    def sweep(self) -> None:
        """Forget what has been in memory long enough, and add the counts owed to the stored ones."""
        self._evict(self._is_stale, is_change=False)
        self._report()

    def forget_all(self) -> None:
        """Forget every key, and add the counts owed to the stored ones."""
        self._evict(lambda _key: True)
        self._report()

    def _report(self) -> None:
        with self._lock:
            owed, self._owed = self._owed, {}
        for key_id, messages in owed.items():
            self._store.count_messages(key_id, messages)

    def _take_current(self, holder_id: str, key_class: str) -> _DataKey:
        self._refuse_erased(holder_id, key_class)
        generation = self._generation
        row = self._store.find_newest_data_key(holder_id, key_class)
        if row is None or not (row.is_destroyed or self._is_usable(row)):
            row = self._make(holder_id, key_class, version=row.version + 1 if row else 1)
        return self._admit(row, as_current=generation)

    def _is_usable(self, row: DataRow) -> bool:
        return row.wrapped is not None and row.messages < self._message_limit

    def _make(self, holder_id: str, key_class: str, *, version: int) -> DataRow:
        # Two processes may come here at once: both read back the one row that was stored first.
        branch_id, branch = self._trunk.active_branch()
        key_id = UUID(bytes=os.urandom(aead.KEY_ID_BYTES))
        wrapped = wrap_data_key(
            branch, secret=os.urandom(aead.KEY_BYTES), key_id=key_id, holder_id=holder_id, key_class=key_class,
            version=version, branch_id=branch_id,
        )  # fmt: skip
        self._store.add_data_key(
            key_id=key_id,
            holder_id=holder_id,
            key_class=key_class,
            version=version,
            branch_id=branch_id,
            wrapped=wrapped,
        )
        row = self._store.find_newest_data_key(holder_id, key_class)
        if row is None:
            raise KeyUnavailable("the data key was not stored")
        return row

    def _take(self, key_id: UUID, holder_id: str, key_class: str) -> _DataKey:
        row = self._store.find_data_key(key_id)
        # Whose key it is comes first: nobody learns from the answer that another holder's key was destroyed.
        if row is None or (row.holder_id, row.key_class) != (holder_id, key_class):
            raise DecryptionFailed
        return self._admit(row, as_current=None)

    def _admit(self, row: DataRow, *, as_current: int | None) -> _DataKey:
        # `as_current`: the generation that the row was read in, for a key that new values are to be sealed under.
        self._refuse_erased(row.holder_id, row.key_class)
        if row.is_destroyed:
            raise KeyDestroyed
        if row.wrapped is None or row.branch_id is None:
            raise DecryptionFailed
        cipher = AESGCM(unwrap_data_key(self._trunk.branch(row.branch_id), row))
        key = _DataKey(row.id, row.holder_id, row.key_class, row.branch_id, cipher, self._monotonic())
        with self._lock:
            if (known := self._by_id.pop(row.id.bytes, None)) is not None:
                self._forget(known)
            while len(self._by_id) >= self._entries:
                self._forget(self._by_id.pop(next(iter(self._by_id))))
            self._by_id[row.id.bytes] = key
            if as_current == self._generation:
                self._current[(row.holder_id, row.key_class)] = key
        return key

    def _count(self, key: _DataKey) -> None:
        with key.lock:
            key.unreported += 1
            if key.unreported < self._message_block:
                return
            messages, key.unreported = key.unreported, 0
        if self._store.count_messages(key.id, messages) >= self._message_limit:
            # The next seal reads the count, and makes the next version.
            with self._lock:
                self._current.pop((key.holder_id, key.key_class), None)

    def _is_stale(self, key: _DataKey) -> bool:
        # A branch that was retired has left memory: the data key stands in its row under another one.
        return self._monotonic() - key.taken_at > KEPT or not self._trunk.holds_branch(key.branch_id)

    def _may_use(self, key: _DataKey) -> bool:
        if self._is_stale(key):
            return False
        # An hour without the provider, and nothing that it protects is used any more.
        self._trunk.branch(key.branch_id)
        key.looked = self._looks
        return True

    def _see_erasures(self) -> None:
        checked_at = self._checked_at
        if checked_at is not None and self._monotonic() - checked_at <= CHECKED_EVERY:
            return
        with self._checking:
            checked_at = self._checked_at
            started_at = self._monotonic()
            if checked_at is not None and started_at - checked_at <= CHECKED_EVERY:
                return
            self._read_journal(is_first=checked_at is None)
            self._looks += 1
            self._checked_at = started_at

    def _read_journal(self, *, is_first: bool) -> None:
        if is_first:
            # Nothing is in memory yet, and every row read from here on shows its tombstone.
            self._reconcile()
        else:
            self._see_file()
        state, erasures = self._store.news_from(self._last_erasure)
        self._see_state(state)
        if is_first:
            return
        if self._last_erasure and (not erasures or erasures[0].seq != self._last_erasure):
            # The journal lost its end: another database came back under us.
            self._evict(lambda _key: True)
            self._reconcile()
            return
        gone = {(erasure.holder_id, erasure.key_class) for erasure in erasures if erasure.seq > self._last_erasure}
        if gone:
            self._evict(lambda key: (key.holder_id, key.key_class) in gone)
            self._last_erasure = erasures[-1].seq

    def _see_state(self, state: KeyState) -> None:
        before, self._state = self._state, state
        if before is not None and before != state:
            # There may be newer versions: the next seal of each holder looks.
            with self._lock:
                self._generation += 1
                self._current.clear()
            self._on_change()

    def _reconcile(self) -> None:
        reconcile(store=self._store, journal=self._journal)
        self._last_erasure = self._store.last_erasure()
        self._reconciled = (self._last_erasure, len(self._journal))

    def _see_file(self) -> None:
        if gone := self._journal.see():
            self._evict(lambda key: Erasure(key.holder_id, key.key_class) in gone)

    def _refuse_erased(self, holder_id: str, key_class: str) -> None:
        # Whatever the database says: it may have come from a backup a moment ago.
        self._see_file()
        if Erasure(holder_id, key_class) in self._journal:
            raise KeyDestroyed

    def _evict(self, unwanted: Callable[[_DataKey], bool], *, is_change: bool = True) -> None:
        with self._lock:
            self._generation += is_change
            for key in [key for key in self._by_id.values() if unwanted(key)]:
                del self._by_id[key.id.bytes]
                self._forget(key)

    def _forget(self, key: _DataKey) -> None:
        # Under the lock, after the key left `_by_id`.
        place = (key.holder_id, key.key_class)
        if self._current.get(place) is key:
            del self._current[place]
        with key.lock:
            messages, key.unreported = key.unreported, 0
        if messages:
            self._owed[key.id] = self._owed.get(key.id, 0) + messages


def owner(cell: Cell, keys: KeyClass) -> tuple[str, str]:
    """Whose key seals this cell: the holder's of that class, or the service's where there is no holder."""
    if keys == "service" or not cell.holder_id:
        return "", "service"
    return cell.holder_id, keys


def wrap_data_key(
    branch: AESGCM, *, secret: bytes, key_id: UUID, holder_id: str, key_class: str, version: int, branch_id: UUID
) -> bytes:
    """Wrap a data key under a branch, bound to all that it is for."""
    context = _context(key_id, holder_id, key_class, version, branch_id)
    return aead.wrap(branch, secret=secret, context=context)


def unwrap_data_key(branch: AESGCM, row: DataRow) -> bytes:
    """The data key of a row that holds one.

    Raises:
        DecryptionFailed: it holds none, or it was not wrapped for this row.
    """
    if row.wrapped is None or row.branch_id is None:
        raise DecryptionFailed
    context = _context(row.id, row.holder_id, row.key_class, row.version, row.branch_id)
    return aead.unwrap(branch, wrapped=row.wrapped, context=context)


def _context(key_id: UUID, holder_id: str, key_class: str, version: int, branch_id: UUID) -> bytes:
    return _WRAP_LABEL + aead.framed(
        key_id.bytes, holder_id.encode(), key_class.encode(), version.to_bytes(8, "little"), branch_id.bytes
    )
