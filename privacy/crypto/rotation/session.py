"""One rotation at a time: its lock, its changes of the state, and the wait until everybody has seen one."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID

from django.db import connection

from privacy.crypto.aead import KEY_BYTES
from privacy.crypto.providers import KeyProvider, provider_from_settings
from privacy.crypto.rotation.progress import Progress
from privacy.crypto.rotation.store import RotationStore
from privacy.crypto.secret import SecretBytes
from privacy.crypto.stages import KeyState, Stage
from privacy.crypto.trunk import Trunk

#: Seconds for every process to see a change: they look each half second when they use a key.
MARGIN: Final = 3.0
#: Seconds to wait for the lock of one that is just ending, or was just killed.
_LOCK_PATIENCE: Final = 3.0
_POLL: Final = 0.1
_UNDER_WAY = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend' AND xact_start < %s"
)


class RotationRunning(Exception):
    """Another rotation holds the lock."""

    def __init__(self) -> None:
        super().__init__("another rotation is running")


class RotationIncomplete(Exception):
    """Something is still used that was to be thrown away; it was not. The message says what, without values."""


@dataclass
class Session:
    """What the steps of a rotation share.

    Args:
        margin: seconds for every process to see a change of the state. A process that stands still for longer between
            sealing a value and writing it, outside a transaction, would write one that opens no more.
        progress: where it says what it does.
        provider: whose KEKs wrap the branches and roots.
    """

    progress: Progress
    margin: float = MARGIN
    provider: Callable[[], KeyProvider] = provider_from_settings

    def __enter__(self) -> Self:
        self.store = RotationStore()
        give_up_at = time.monotonic() + _LOCK_PATIENCE
        while not self.store.take_lock():
            if time.monotonic() > give_up_at:
                self.store.close()
                raise RotationRunning
            time.sleep(_POLL)
        self.keys = self.provider()
        self.trunk = Trunk(store=self.store, provider=self.keys)
        self.trunk.refresh()
        self.state: KeyState = self.store.state()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.store.close()

    def announce(self, **changes: Any) -> None:
        """Store what is under way (`branch_target`, `data_since`, `data_holder`): every process sees it soon.

        Raises:
            RotationIncomplete: the state was changed by somebody else.
        """
        changed = replace(self.state, **changes)
        self._took(self.store.announce(changed))

    def turn(self, stage: Stage, *, version: int) -> None:
        """Go on to the next stage of the index rotation; raises as `announce` does."""
        self._took(self.store.turn_index(self.state.epoch, stage, version))

    def _took(self, epoch: int | None) -> None:
        if epoch is None:
            raise RotationIncomplete("another rotation has changed the state meanwhile")
        self.state = self.store.state()

    def settle(self) -> None:
        """Wait until every process has seen the last change, and no transaction from before that is left."""
        time.sleep(self.margin)
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp(), pg_snapshot_xmax(pg_current_snapshot())::text")
            at, following = cursor.fetchone()
            while waiting := self._under_way(cursor, at, following):
                self.progress.wait(f"waits for {waiting} transactions that began before")
                time.sleep(_POLL)

    def _under_way(self, cursor: Any, at: datetime, following: str) -> int:
        # The first sees also those that have only read so far; the second also those of other roles.
        cursor.execute(_UNDER_WAY, [at])
        (count,) = cursor.fetchone()
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot()) < %s::xid8", [following])
        (is_behind,) = cursor.fetchone()
        return int(count) or int(is_behind)

    def current_kek(self) -> str:
        """The version of the KEK that the provider wraps with now."""
        return self.keys.wrap(SecretBytes(os.urandom(KEY_BYTES)), context={"kind": "probe"}).kek

    def active_branch(self) -> tuple[UUID, Any]:
        """The branch that wraps new data keys now."""
        self.trunk.refresh()
        return self.trunk.active_branch()
