"""The sealer's process: alone (an advisory lock), woken by the first exposure after a quiet time.

How it sleeps: it takes the lock ASLEEP alone, looks once more, and waits for a notification. Who writes an exposure
shares that lock until their transaction ends, or, if they cannot, notifies. So the sealer falls asleep only when
nobody is writing, and whoever comes after wakes it: no wake-up is lost, and under load nobody notifies. After
`POLL_SECONDS` it looks anyway.
"""

import time
from collections.abc import Callable

import structlog
from django.db import DatabaseError, connection

from privacy.crypto.keyring import KeyUnavailable
from privacy.exposure.sealing import BATCH, Sealing

log = structlog.get_logger(__name__)

#: Advisory locks of the whole database: held by the one sealer, and by it while it sleeps (`exposure_wake`).
SEALER = 7053414
ASLEEP = 7053415
CHANNEL = "exposure_unsealed"
#: Between two batches that were not full: what comes meanwhile is sealed together.
GATHER_SECONDS = 0.1
POLL_SECONDS = 1.0
RETRY_SECONDS = 1.0

Clock = Callable[[], float]


def run(should_stop: Callable[[], bool]) -> None:
    """Seal until told to stop. Whatever fails is tried again: exposures wait, nobody who writes one does."""
    while not should_stop():
        try:
            _lead(should_stop)
        except KeyUnavailable:
            log.warning("privacy.sealer.keys_unavailable")
        except DatabaseError as error:
            log.warning("privacy.sealer.interrupted", error=type(error).__name__)
        finally:
            # Gives every lock back; the next round begins from what the database says.
            connection.close()
        if not should_stop():
            time.sleep(RETRY_SECONDS)


def seal_all() -> int:
    """Seal all that can be sealed now, once, and go; how many. Nothing where another sealer is at work."""
    if not _try_lock(SEALER):
        return 0
    try:
        sealing = Sealing()
        sealed = 0
        while count := sealing.seal_batch():
            sealed += count
        return sealed
    finally:
        _unlock(SEALER)


def _lead(should_stop: Callable[[], bool]) -> None:
    while not _try_lock(SEALER):
        if should_stop():
            return
        time.sleep(RETRY_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT exposure_renumber()")
        cursor.execute(f"LISTEN {CHANNEL}")
    sealing = Sealing()
    log.info("privacy.sealer.leads", size=sealing.size)
    while not should_stop():
        if sealing.seal_batch() < BATCH:
            _rest()


def _rest() -> None:
    """Sleep until there is something; a moment only while somebody is writing or something waits for its turn."""
    if not _try_lock(ASLEEP):
        time.sleep(GATHER_SECONDS)
        return
    try:
        if _is_waiting():
            time.sleep(GATHER_SECONDS)
            return
        _listen(POLL_SECONDS)
    finally:
        _unlock(ASLEEP)


def _is_waiting() -> bool:
    statement = """
        SELECT EXISTS (SELECT FROM privacy_exposure WHERE leaf_index IS NULL AND NOT is_unsealable)
            OR EXISTS (SELECT FROM privacy_logstatement WHERE leaf_index IS NULL)
    """
    return bool(_ask(statement))


def _listen(seconds: float) -> None:
    # psycopg's own door: Django has none for notifications.
    for _notice in connection.connection.notifies(timeout=seconds, stop_after=1):
        return


def _try_lock(key: int) -> bool:
    return bool(_ask("SELECT pg_try_advisory_lock(%s)", key))


def _unlock(key: int) -> None:
    _ask("SELECT pg_advisory_unlock(%s)", key)


def _ask(statement: str, *parameters: int) -> object:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone()[0]
