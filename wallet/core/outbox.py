"""The outbox: work promised inside a transaction, done by a worker at least once, found again by a sweeper.

A task carries only the id of its row. A handler is idempotent: it may run twice, and on two workers.
"""

import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from queue import SimpleQueue
from threading import Lock, Thread

import structlog
from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.db.models import F, Min

from wallet.core import clock, figures
from wallet.core.models import OutboxEntry
from wallet.core.transactions import needs_transaction

log = structlog.get_logger(__name__)

Handler = Callable[[OutboxEntry], None]
_HANDLERS: dict[str, Handler] = {}

#: Attempts before a row is laid aside for a person (`dead_at`).
MAX_ATTEMPTS = 30
_SWEEP_BATCH = 200
_GATHER_SECONDS = 0.02
_KEPT = timedelta(days=30)


class Later(Exception):
    """Raised by a handler whose time has not come: try again after so many seconds, without counting a failure."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def handles(topic: str) -> Callable[[Handler], Handler]:
    """Register the one handler of a topic (in the room's `tasks.py`)."""

    def register(function: Handler) -> Handler:
        if topic in _HANDLERS and _HANDLERS[topic].__qualname__ != function.__qualname__:
            raise ValueError(f"two handlers for {topic}")
        _HANDLERS[topic] = function
        return function

    return register


@needs_transaction
def enqueue(
    *, topic: str, ref: str, payload: Mapping[str, str | int] | None = None, due_at: datetime | None = None
) -> OutboxEntry:
    """Promise work; a worker is woken after the commit, and the sweeper finds it if nobody was.

    Args:
        topic: `room.what`, such as `topups.create_session`.
        ref: opaque id of the thing.
        payload: ids and enum words only.
        due_at: not before this time of the database's clock.
    """
    entry = OutboxEntry(topic=topic, ref=ref, payload=dict(payload or {}))
    if due_at is not None:
        entry.due_at = due_at
    entry.save(force_insert=True)
    if due_at is None:
        transaction.on_commit(lambda: wake(entry.id, topic), robust=True)
    return entry


def wake(entry_id: int, topic: str = "") -> None:
    """Tell a worker about a row, after the commit; whoever is not told is found by the sweeper."""
    queue = settings.OUTBOX_QUEUES.get(topic, settings.CELERY_TASK_DEFAULT_QUEUE)
    work.apply_async((entry_id,), queue=queue, retry=False)


class _Waker:
    """Tells workers of many rows at once, in a thread of its own: one message a row costs a hot path too much."""

    def __init__(self) -> None:
        self._ids: SimpleQueue[int] = SimpleQueue()
        self._lock, self._process = Lock(), 0

    def wake(self, entry_id: int) -> None:
        """Return at once."""
        self._ids.put(entry_id)
        if self._process != os.getpid():  # the first time, and the first time in a fork
            with self._lock:
                if self._process != os.getpid():
                    self._process = os.getpid()
                    Thread(target=self._run, name="outbox-waker", daemon=True).start()

    def _run(self) -> None:
        while True:
            ids = [self._ids.get()]
            time.sleep(_GATHER_SECONDS)
            while len(ids) < _SWEEP_BATCH and not self._ids.empty():
                ids.append(self._ids.get())
            try:
                work_all.apply_async((ids,), retry=False)
            except Exception as error:  # noqa: BLE001 - whoever is not told is found by the sweeper
                log.warning("outbox.not_woken", error=type(error).__name__)


_waker = _Waker()


def wake_soon(entry_id: int) -> None:
    """Like `wake`, from a path that must not wait for the broker: within a moment, together with others."""
    _waker.wake(entry_id)


@shared_task(name="wallet.core.outbox.work_all")
def work_all(entry_ids: list[int]) -> None:
    """Do the work of many rows, one by one."""
    for entry_id in entry_ids:
        work(entry_id)


@shared_task(name="wallet.core.outbox.work")
def work(entry_id: int) -> None:
    """Do one row's work if it is due, not done, and not being done by another worker."""
    with transaction.atomic():
        entry = OutboxEntry.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            id=entry_id, done_at=None, dead_at=None
        ).first()  # fmt: skip
        if entry is None or entry.due_at > clock.now():
            return
        # A lease: whoever dies here leaves a row that becomes due again.
        entry.attempts += 1
        entry.due_at = clock.now() + timedelta(seconds=min(20 * entry.attempts, 3600))
        entry.save(update_fields=["attempts", "due_at"])
    try:
        _HANDLERS[entry.topic](entry)
    except Later as later:
        OutboxEntry.objects.filter(id=entry.id).update(
            due_at=clock.now() + timedelta(seconds=later.seconds), attempts=F("attempts") - 1
        )
    except Exception as error:  # noqa: BLE001 - whatever fails is tried again and in the end laid aside
        _failed(entry, error)
    else:
        OutboxEntry.objects.filter(id=entry.id).update(done_at=clock.now(), last_error="")


def _failed(entry: OutboxEntry, error: Exception) -> None:
    """Keep the class of the failure, never its message: a message may quote a value."""
    name = type(error).__name__
    dead = entry.attempts >= MAX_ATTEMPTS
    seconds = min(2 ** min(entry.attempts, 12), 3600)
    OutboxEntry.objects.filter(id=entry.id).update(
        last_error=name,
        due_at=clock.now() + timedelta(seconds=seconds),
        dead_at=clock.now() if dead else None,
    )
    log.error("outbox.entry.failed", entry=entry.id, topic=entry.topic, error=name, attempts=entry.attempts, dead=dead)


@needs_transaction
def try_again(entry_id: int) -> bool:
    """Give a row that was laid aside its attempts anew; False when it is not one."""
    revived = OutboxEntry.objects.filter(id=entry_id, done_at=None).exclude(dead_at=None)
    topic = revived.values_list("topic", flat=True).first()
    if topic is None or not revived.update(dead_at=None, attempts=0, due_at=clock.now()):
        return False
    transaction.on_commit(lambda: wake(entry_id, topic), robust=True)
    return True


@shared_task(name="wallet.core.outbox.sweep")
def sweep() -> int:
    """Wake a worker for each row that is due; returns how many."""
    due = OutboxEntry.objects.filter(done_at=None, dead_at=None, due_at__lte=clock.now()).order_by("due_at")
    found = list(due.values_list("id", "topic")[:_SWEEP_BATCH])
    for entry_id, topic in found:
        wake(entry_id, topic)
    return len(found)


@shared_task(name="wallet.core.outbox.purge")
def purge() -> int:
    """Delete work that was done 30 days ago; what was laid aside stays for a person. Returns how many rows."""
    deleted, _ = OutboxEntry.objects.filter(done_at__lt=clock.now() - _KEPT).delete()
    return deleted


@figures.source("outbox")
def watched() -> list[tuple[str, str, int]]:
    """Name, meaning and value of what an operator watches: read from the truth, so every process says the same."""
    waiting = OutboxEntry.objects.filter(done_at=None, dead_at=None)
    now = clock.now()
    oldest = waiting.filter(due_at__lte=now).aggregate(at=Min("due_at"))["at"]
    return [
        ("waiting", "Promised work that is not done", waiting.count()),
        ("overdue_seconds", "Age of the oldest work that is due", int((now - oldest).total_seconds()) if oldest else 0),
        ("dead", "Work laid aside for a person", OutboxEntry.objects.exclude(dead_at=None).count()),
    ]
