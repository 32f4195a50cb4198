"""The keys that the provider wraps, in memory: branch keys and root keys.

A background call to `refresh` unwraps them every 20 minutes and makes tomorrow's branch key today, so that every
process knows it before it is used. A key that could not be unwrapped again for an hour is forgotten. Who reads a key
that is not there is refused at once, and the background is asked to look: no reader waits for the provider.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from privacy.crypto import aead
from privacy.crypto.aead import DecryptionFailed
from privacy.crypto.providers import KeyProvider, KeyUnavailable, WrappedKey
from privacy.crypto.secret import SecretBytes
from privacy.crypto.store import BranchRow, KeyStore, RootRow

#: Seconds that a key stays in memory without the provider.
LIFETIME: Final = 3600.0
REFRESH_AFTER: Final = 1200.0
#: Each purpose has a root of its own; a new one is made when it is first asked for here.
PURPOSES: Final = ("index", "cvc", "webhook", "log", "pairwise")

_DERIVE_LABEL = b"paravent/derive/v1"
_DERIVED_KEPT = 2048
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Held:
    """One unwrapped key."""

    row: BranchRow | RootRow
    key: SecretBytes
    cipher: AESGCM
    unwrapped_at: float
    derived: dict[tuple[str, ...], SecretBytes] = field(default_factory=dict, repr=False)


class Trunk:
    """Branch and root keys of this process. Reading is lock-free; one refresh runs at a time."""

    def __init__(
        self,
        *,
        store: KeyStore,
        provider: KeyProvider,
        monotonic: Callable[[], float] = time.monotonic,
        ask_background: Callable[[], None] | None = None,
    ) -> None:
        """Without a background to ask, a key that is missing is looked for in the reader's own time."""
        self._store = store
        self._provider = provider
        self._monotonic = monotonic
        self._ask_background = ask_background
        self._refreshing = threading.Lock()
        self._branches: dict[UUID, _Held] = {}
        self._roots: dict[tuple[str, int], _Held] = {}
        self._clock_at = (datetime.min.replace(tzinfo=UTC), 0.0)
        self._catching_up = threading.Lock()
        self._caught_up_at: float | None = None

    def branch(self, key_id: UUID) -> AESGCM:
        """The cipher of one branch key.

        Raises:
            KeyUnavailable: it is not in memory, or was not unwrapped within the hour.
        """
        held = self._branches.get(key_id)
        if held is None:
            self._catch_up()
            held = self._branches.get(key_id)
        return self._fresh(held).cipher

    def holds_branch(self, key_id: UUID) -> bool:
        """Whether a branch key is in memory; one that was retired is not."""
        return key_id in self._branches

    def active_branch(self) -> tuple[UUID, AESGCM]:
        """The branch key that wraps new data keys now.

        Raises:
            KeyUnavailable: there is none in memory, or it was not unwrapped within the hour.
        """
        now = self._now()
        due = [held for held in list(self._branches.values()) if held.row.active_from <= now]
        newest = self._fresh(max(due, key=lambda held: held.row.active_from, default=None))
        return newest.row.id, newest.cipher

    def current_version(self, purpose: str) -> int:
        """The version of a purpose's root that new values are derived from."""
        now = self._now()
        held = list(self._roots.items())
        versions = [version for (name, version), root in held if name == purpose and root.row.active_from <= now]
        if not versions:
            raise KeyUnavailable("there is no such root key in memory")
        return max(versions)

    def derive(self, purpose: str, labels: tuple[str, ...], version: int) -> SecretBytes:
        """HKDF-SHA256 from a purpose's root, kept as long as the root itself.

        Raises:
            KeyUnavailable: the root is not in memory, or was not unwrapped within the hour.
        """
        place = (purpose, version)
        if place not in self._roots:
            self._catch_up()
        held = self._fresh(self._roots.get(place))
        found = held.derived.get(labels)
        if found is None:
            info = _DERIVE_LABEL + aead.framed(purpose.encode(), *[label.encode() for label in labels])
            kdf = HKDF(algorithm=hashes.SHA256(), length=aead.KEY_BYTES, salt=None, info=info)
            found = SecretBytes(kdf.derive(held.key.reveal()))
            if len(held.derived) >= _DERIVED_KEPT:
                held.derived.clear()
            held.derived[labels] = found
        return found

    def health(self) -> None:
        """Say nothing when a branch key and a root of each purpose can be used now; nobody is asked.

        Raises:
            KeyUnavailable: one cannot.
        """
        self.active_branch()
        for purpose in PURPOSES:
            self._fresh(self._roots.get((purpose, self.current_version(purpose))))

    def seconds_left(self) -> int:
        """How long the keys in memory can still be used if the provider does not answer any more."""
        held = list(self._held().values())
        if not held:
            return 0
        return max(0, int(min(one.unwrapped_at for one in held) + LIFETIME - self._monotonic()))

    def refresh(self) -> None:
        """Make what is missing, unwrap what is new or getting old, forget what is too old.

        Raises:
            KeyUnavailable: the provider or the key tables cannot be reached; what is younger than an hour stays.
        """
        with self._refreshing:
            try:
                self._make_missing()
            finally:
                self._forget_old()
            rows: list[BranchRow | RootRow] = [*self._store.branches(), *self._store.roots()]
            # After the rows, so that none of them lies in the future.
            self._clock_at = (self._store.now(), self._monotonic())
            held = self._held()
            self._forget_retired({row.id for row in rows})
            failure: KeyUnavailable | None = None
            for row in rows:
                try:
                    self._take(row, held.get(row.id))
                except KeyUnavailable as outage:
                    failure = outage
                    break
                except DecryptionFailed:
                    # One damaged row must not stop the others; what it wrapped stays closed.
                    _log.error("privacy.crypto.key_does_not_unwrap", extra={"key": str(row.id)})
            if failure is not None:
                raise failure

    def _now(self) -> datetime:
        # The database's clock, carried on from when it was last read: machines may disagree about the hour.
        read_at, monotonic = self._clock_at
        return read_at + timedelta(seconds=self._monotonic() - monotonic)

    def _fresh(self, held: _Held | None) -> _Held:
        if held is None or self._monotonic() - held.unwrapped_at > LIFETIME:
            if self._ask_background is not None:
                self._ask_background()
            raise KeyUnavailable("the key is not in memory: the key provider has not answered for too long")
        return held

    def _catch_up(self) -> None:
        # Only for a process that was not running, or idle, when the key was made; at most once a second. Whoever comes
        # meanwhile waits for it and finds the key too.
        if self._ask_background is not None:
            return  # `_fresh` asks
        with self._catching_up:
            last = self._caught_up_at
            if last is None or self._monotonic() - last > 1:
                self._caught_up_at = self._monotonic()
                self.refresh()

    def _held(self) -> dict[UUID, _Held]:
        return {held.row.id: held for held in (*self._branches.values(), *self._roots.values())}

    def _make_missing(self) -> None:
        midnight = self._store.now().replace(hour=0, minute=0, second=0, microsecond=0)
        newest = max((row.active_from for row in self._store.branches()), default=None)
        for day in (midnight, midnight + timedelta(days=1)):
            if newest is None or newest < day:
                self.make_branch(day)
        known = {row.purpose for row in self._store.roots()}
        for purpose in PURPOSES:
            if purpose not in known:
                self._make_root(purpose)

    def make_branch(self, active_from: datetime) -> UUID:
        """Make a branch key and store it, unless there is one for that time; its id."""
        key_id = _random_id()
        wrapped = self._provider.wrap(SecretBytes(os.urandom(aead.KEY_BYTES)), context=_branch_context(key_id))
        self._store.add_branch(key_id=key_id, active_from=active_from, wrapped=wrapped)
        return key_id

    def _make_root(self, purpose: str) -> None:
        key_id, wrapped = self.wrapped_root(purpose, 1)
        self._store.add_root(key_id=key_id, purpose=purpose, version=1, wrapped=wrapped)

    def wrapped_root(self, purpose: str, version: int) -> tuple[UUID, WrappedKey]:
        """A fresh root key under the provider's current KEK, with its id; to be stored by the caller."""
        key_id = _random_id()
        key = SecretBytes(os.urandom(aead.KEY_BYTES))
        return key_id, self._provider.wrap(key, context=_root_context(key_id, purpose, version))

    def _take(self, row: BranchRow | RootRow, held: _Held | None) -> None:
        if held is not None and held.row == row and self._monotonic() - held.unwrapped_at < REFRESH_AFTER:
            return
        asked_at = self._monotonic()
        key = self._provider.unwrap(row.wrapped, context=context_of(row))
        taken = _Held(row, key, AESGCM(key.reveal()), asked_at)
        if isinstance(row, BranchRow):
            self._branches[row.id] = taken
        else:
            self._roots[(row.purpose, row.version)] = taken

    def _forget_old(self) -> None:
        now = self._monotonic()
        self._keep(lambda held: now - held.unwrapped_at <= LIFETIME)

    def _forget_retired(self, in_use: set[UUID]) -> None:
        self._keep(lambda held: held.row.id in in_use)

    def _keep(self, wanted: Callable[[_Held], bool]) -> None:
        # New dictionaries: readers hold no lock.
        self._branches = {key: held for key, held in self._branches.items() if wanted(held)}
        self._roots = {key: held for key, held in self._roots.items() if wanted(held)}


def _random_id() -> UUID:
    return UUID(bytes=os.urandom(aead.KEY_ID_BYTES))


def context_of(row: BranchRow | RootRow) -> Mapping[str, str]:
    """What the provider binds a key to: what it is, and nothing of anybody's."""
    if isinstance(row, BranchRow):
        return _branch_context(row.id)
    return _root_context(row.id, row.purpose, row.version)


def _branch_context(key_id: UUID) -> Mapping[str, str]:
    return {"kind": "branch", "id": key_id.hex}


def _root_context(key_id: UUID, purpose: str, version: int) -> Mapping[str, str]:
    return {"kind": "root", "id": key_id.hex, "purpose": purpose, "version": str(version)}
