"""The doors to the keys: seal, open, destroy, derive. Everybody uses the one `keyring` of the process.

Thread-safe. A forked child starts with an empty one: no connection, thread or key is shared across a fork.
"""

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Final, Literal, get_args
from uuid import UUID

from privacy.crypto.aead import Cell, DecryptionFailed
from privacy.crypto.datakeys import MESSAGE_BLOCK, MESSAGE_LIMIT, DataKeys, KeyClass, KeyDestroyed
from privacy.crypto.providers import KeyProvider, KeyUnavailable, provider_from_settings
from privacy.crypto.secret import SecretBytes, forgets_locals
from privacy.crypto.stages import IndexState
from privacy.crypto.store import KeyStore
from privacy.crypto.trunk import Trunk

Purpose = Literal["index", "cvc", "webhook", "log", "pairwise"]

__all__ = [
    "Cell",
    "DecryptionFailed",
    "KeyClass",
    "KeyDestroyed",
    "KeyUnavailable",
    "Keyring",
    "Purpose",
    "current_version",
    "derive",
    "destroy",
    "health",
    "index_state",
    "keyring",
    "open",
    "prefetch",
    "seal",
    "seconds_left",
    "start",
]

#: Seconds between two background rounds, after one that failed, and however often somebody asks for one.
ROUND: Final = 60.0
ROUND_AFTER_FAILURE: Final = 5.0
ROUND_WHEN_ASKED: Final = 1.0

_log = logging.getLogger(__name__)


class _Parts:
    """What a process holds once its keyring has started."""

    def __init__(
        self, *, provider: KeyProvider, monotonic: Callable[[], float], message_limit: int, message_block: int,
        in_background: bool,
    ) -> None:  # fmt: skip
        self.store = KeyStore()
        #: Rung when a rotation has changed the keys, or a key is missed: the background fetches them, no request does.
        self.bell = threading.Event()
        self.trunk = Trunk(
            store=self.store,
            provider=provider,
            monotonic=monotonic,
            ask_background=self.bell.set if in_background else None,
        )
        self.data_keys = DataKeys(
            store=self.store,
            trunk=self.trunk,
            monotonic=monotonic,
            message_limit=message_limit,
            message_block=message_block,
            on_change=self.bell.set,
        )
        self.stopped = threading.Event()
        self.thread: threading.Thread | None = None
        #: None before the first attempt; then when it failed, until one succeeds.
        self.loaded = False
        self.failed_at: float | None = None

    def tend(self) -> None:
        """Refresh what the provider wrapped; whatever comes of it, forget the data keys that had their time."""
        try:
            self.trunk.refresh()
            self.data_keys.check()
            self.data_keys.keep_erasures()
        finally:
            self.data_keys.sweep()


class Keyring:
    """Seals, opens, destroys and derives. Tests make their own with another provider or clock."""

    def __init__(
        self,
        *,
        provider: Callable[[], KeyProvider] = provider_from_settings,
        monotonic: Callable[[], float] = time.monotonic,
        message_limit: int = MESSAGE_LIMIT,
        message_block: int = MESSAGE_BLOCK,
        in_background: bool = True,
    ) -> None:
        self._provider = provider
        self._monotonic = monotonic
        self._message_limit = message_limit
        self._message_block = message_block
        self._in_background = in_background
        self._lock = threading.Lock()
        self._parts: _Parts | None = None

    @forgets_locals
    def seal(self, plaintext: bytes, *, cell: Cell, keys: KeyClass) -> bytes:
        """Seal for one cell under its holder's key, made now if there is none.

        Raises:
            KeyUnavailable: the keys cannot be reached.
            KeyDestroyed: this holder's keys of this class are gone.
        """
        return self._started().data_keys.seal(plaintext, cell=cell, keys=keys)

    @forgets_locals
    def open(self, sealed: bytes, *, cell: Cell, keys: KeyClass) -> bytes:
        """Open what was sealed for exactly this cell.

        Raises:
            DecryptionFailed: it was not, or a byte differs.
            KeyUnavailable: the keys cannot be reached.
            KeyDestroyed: this holder's keys of this class are gone.
        """
        return self._started().data_keys.open(sealed, cell=cell, keys=keys)

    def destroy(self, *, holder_id: str, keys: KeyClass) -> bool:
        """Destroy a holder's keys of one class; False when that was done before.

        It commits at once, whatever becomes of the caller's transaction, and cannot be undone: call it last. Once this
        returns it is on the disk outside the database too, and no restored database brings the keys back. Other
        processes stop opening within a second.

        Raises:
            KeyUnavailable: the erasure journal or the key tables cannot be written; it may still be carried out later.
        """
        if not holder_id or keys not in {"life", "law"}:
            raise ValueError("only the keys of a holder can be destroyed")
        return self._started().data_keys.destroy(holder_id, keys)

    @forgets_locals
    def derive(self, purpose: Purpose, *labels: str, version: int | None = None) -> SecretBytes:
        """32 bytes for one use, from the purpose's own root; the same labels give the same bytes.

        Raises:
            KeyUnavailable: the keys cannot be reached, or there is no such version.
        """
        if purpose not in get_args(Purpose):
            raise ValueError("no such purpose")
        if version is None:
            version = self.current_version(purpose)
        return self._started().trunk.derive(purpose, labels, version)

    def current_version(self, purpose: Purpose) -> int:
        """The version of the purpose's root that new values are derived from; store it beside what must outlive it.

        Of `index` it is the version to look for: only a `BlindIndexField` knows what to write while its key rotates.
        """
        if purpose == "index":
            return self.index_state().sought
        return self._started().trunk.current_version(purpose)

    def index_state(self) -> IndexState:
        """Which versions of the index root are in use, as known within the last half second.

        Raises:
            KeyUnavailable: the keys cannot be reached.
        """
        return self._started().data_keys.state().index

    def prefetch(self, *, key_ids: Iterable[UUID], owners: Iterable[tuple[str, str]]) -> None:
        """Bring the keys of many values into memory at once; what is missing is looked up one by one later.

        Args:
            key_ids: what sealed the values that will be opened.
            owners: holder ids with a class, that new values will be sealed for.
        """
        self._started().data_keys.prefetch(key_ids=key_ids, owners=owners)

    def start(self) -> None:
        """Unwrap the keys now, so that no request of this process ever waits for the provider.

        Raises:
            KeyUnavailable: the keys cannot be reached; the background goes on trying.
        """
        self._started()

    def health(self) -> None:
        """Say nothing when the keys can be used now (for `/readyz`).

        The provider is not asked: while an outage is bridged this process does its work, and must go on getting it.

        Raises:
            KeyUnavailable: they cannot.
        """
        parts = self._started()
        parts.data_keys.check()
        parts.trunk.health()

    def seconds_left(self) -> int:
        """How long this process can go on without the provider: 2,300 to 3,600 when all is well."""
        parts = self._parts
        return 0 if parts is None else parts.trunk.seconds_left()

    def tend(self) -> None:
        """One background round, for those who run without the thread: refresh, sweep.

        Raises:
            KeyUnavailable: the keys cannot be reached; what is younger than an hour stays.
        """
        self._started().tend()

    def stop(self) -> None:
        """Forget every key and close the connection; the next call starts anew."""
        with self._lock:
            parts, self._parts = self._parts, None
        if parts is not None:
            parts.stopped.set()
            parts.bell.set()
            try:
                parts.data_keys.forget_all()
            except KeyUnavailable:
                _log.warning("privacy.crypto.message_counts_lost")
            parts.store.close()

    def forget_after_fork(self) -> None:
        """In a forked child: leave everything to the parent. Its locks may be held, its connection is not ours."""
        self._lock = threading.Lock()
        self._parts = None

    def _started(self) -> _Parts:
        parts = self._parts
        if parts is not None and parts.loaded:
            return parts
        return self._start()

    def _start(self) -> _Parts:
        with self._lock:
            parts = self._parts
            if parts is None:
                parts = self._parts = _Parts(
                    provider=self._provider(),
                    monotonic=self._monotonic,
                    message_limit=self._message_limit,
                    message_block=self._message_block,
                    in_background=self._in_background,
                )
            if parts.loaded:
                return parts
            if parts.thread is not None:
                # The first attempt failed, and the background tries again: nobody else waits for the provider.
                parts.bell.set()
                raise KeyUnavailable("the keys could not be unwrapped yet")
            if parts.failed_at is not None and self._monotonic() - parts.failed_at < 1:
                raise KeyUnavailable("the keys could not be reached a moment ago")
            try:
                parts.data_keys.check()
                parts.trunk.refresh()
            except KeyUnavailable:
                parts.failed_at = self._monotonic()
                raise
            else:
                parts.loaded = True
            finally:
                self._start_thread(parts)
            return parts

    def _start_thread(self, parts: _Parts) -> None:
        if self._in_background and parts.thread is None:
            parts.thread = threading.Thread(target=_rounds, args=(parts,), name="paravent-keys", daemon=True)
            parts.thread.start()


def _rounds(parts: _Parts) -> None:
    wait = ROUND if parts.loaded else ROUND_AFTER_FAILURE
    while not parts.stopped.wait(ROUND_WHEN_ASKED):
        parts.bell.wait(wait)
        parts.bell.clear()
        if parts.stopped.is_set():
            return
        wait = ROUND if _round(parts) else ROUND_AFTER_FAILURE


def _round(parts: _Parts) -> bool:
    try:
        parts.tend()
    except KeyUnavailable as outage:
        _log.warning("privacy.crypto.keys_unavailable", extra={"reason": str(outage)})
        return False
    except Exception:  # noqa: BLE001 - a defect must not end the rounds: an hour later nothing would open, for good
        _log.exception("privacy.crypto.round_failed")
        return False
    parts.loaded = True
    return True


keyring: Final = Keyring()
os.register_at_fork(after_in_child=keyring.forget_after_fork)
atexit.register(keyring.stop)

# The same doors for `from privacy.crypto import keyring`.
seal = keyring.seal
open = keyring.open  # noqa: A001 - the counterpart of seal, always called as keyring.open
destroy = keyring.destroy
derive = keyring.derive
index_state = keyring.index_state
prefetch = keyring.prefetch
current_version = keyring.current_version
start = keyring.start
health = keyring.health
seconds_left = keyring.seconds_left
