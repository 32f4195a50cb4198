"""Checkpoints: on the disk outside the database before anybody sees them, and what an older database waits for.

The file (`CHECKPOINT_FILE`) has one JSON line for each checkpoint that was published. A database that does not hold the
last one has been restored from a backup, or is another line of history: nothing is sent to anybody from it until the
operator has said so in the log itself (`acknowledge_restore`).
"""

import atexit
import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
import structlog
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from privacy.exposure import notes, tree
from privacy.exposure.merkle import TileMissing, Tree
from privacy.exposure.notes import Checkpoint, NoteInvalid

log = structlog.get_logger(__name__)

RESTORED: Final = "restored"
#: A process sees within so many seconds that its database was exchanged, or that a restore was acknowledged.
LOOK_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 10.0
_TAIL_BYTES: Final = 16 * 1024


#: Runs a statement and gives its rows.
Ask = Callable[[str, Sequence[str | int]], list[tuple[Any, ...]]]


class LogBehind(Exception):
    """The database does not hold the last checkpoint that was published; nothing leaves until that is acknowledged."""


class FileUnusable(LogBehind):
    """The file of checkpoints cannot be read or written, or its end is not one."""


# --- The file -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CheckpointFile:
    """The checkpoints that were published, outside every database."""

    path: Path

    def last(self) -> Checkpoint | None:
        """The last one; None where there is no file.

        Raises:
            FileUnusable: it cannot be read, or does not end with a checkpoint of this log.
        """
        try:
            with self.path.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                file.seek(max(0, end - _TAIL_BYTES))
                whole = file.read().rpartition(b"\n")[0]
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FileUnusable(f"the file of checkpoints cannot be read ({type(error).__name__})") from None
        return _read(whole.rpartition(b"\n")[2])

    def append(self, note: str) -> None:
        """Write one; once this returns it is on the disk. What a crash left of a line is cut off.

        Raises:
            FileUnusable: the disk does not take it.
        """
        line = json.dumps({"at": timezone.now().isoformat(timespec="seconds"), "checkpoint": note}) + "\n"
        try:
            is_new = not self.path.exists()
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                _cut_torn_line(descriptor)
                rest = line.encode()
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if is_new:
                _sync_folder(self.path.parent)
        except OSError as error:
            raise FileUnusable(f"the file of checkpoints cannot be written ({type(error).__name__})") from None

    def all(self) -> Iterator[str]:
        """Every note in it, the oldest first.

        Raises:
            FileUnusable: a line is none.
        """
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield _note(line)


def from_settings() -> CheckpointFile:
    """The file that `CHECKPOINT_FILE` names."""
    return CheckpointFile(Path(settings.CHECKPOINT_FILE))


def _cut_torn_line(descriptor: int) -> None:
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
    if torn := len(tail) - (tail.rfind(b"\n") + 1):
        os.ftruncate(descriptor, size - torn)


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _note(line: bytes) -> str:
    try:
        return str(json.loads(line)["checkpoint"])
    except (ValueError, KeyError, TypeError):
        raise FileUnusable("a line of the file of checkpoints is none") from None


def _read(line: bytes) -> Checkpoint:
    try:
        return notes.read(_note(line))
    except NoteInvalid:
        raise FileUnusable("the file of checkpoints ends with something else") from None


def _through_django(statement: str, parameters: Sequence[str | int]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


# --- Publishing -------------------------------------------------------------------------------------------


def publish() -> bool:
    """Sign the log as it is, write that to the file, then show it; False when it is shown already.

    Raises:
        LogBehind: the file has one that this database does not hold; nothing is signed.
        KeyUnavailable: the key of the log cannot be reached.
    """
    head = tree.head()
    if head.checkpoint and head.checkpoint_size == head.size:
        return False
    refuse_if_behind()
    checkpoint = Checkpoint(head.size, bytes(head.root))
    note = notes.sign(checkpoint)
    from_settings().append(note)
    show(checkpoint, note)
    return True


def show(checkpoint: Checkpoint, note: str) -> None:
    """Let `/log/checkpoint` show a note that the file has."""
    _through_django("SELECT exposure_publish(%s, %s)", (checkpoint.size, note))


# --- Whether the database holds what was published -----------------------------------------------------------


def refuse_if_behind(ask: Ask = _through_django) -> None:
    """Compare file and database now.

    Raises:
        LogBehind: the database does not hold the file's last checkpoint, and nobody has acknowledged that.
    """
    last = from_settings().last()
    if not _holds(last, ask) and last not in acknowledged(ask):
        raise LogBehind("the database is older than the checkpoints that were published, or another one")


def _holds(last: Checkpoint | None, ask: Ask) -> bool:
    ((size, root, is_published),) = ask("SELECT size, root, checkpoint <> '' FROM privacy_loghead", ())
    if last is None:
        return not is_published
    if last.size >= size:
        return (last.size, last.root) == (size, bytes(root))

    def read_tile(level: int, n: int) -> bytes:
        found = ask("SELECT hashes FROM privacy_logtile WHERE level = %s AND n = %s", (level, n))
        return bytes(found[0][0]) if found else b""

    try:
        return Tree(read_tile).root(last.size) == last.root
    except TileMissing:
        return False


def acknowledged(ask: Ask = _through_django) -> list[Checkpoint | None]:
    """The last published checkpoints of other histories, given up by `acknowledge_restore`; None for a lost file."""
    said = ask("SELECT text FROM privacy_logstatement WHERE kind = %s ORDER BY id DESC", (RESTORED,))
    published = [json.loads(text)["published"] for (text,) in said]
    return [one and Checkpoint(one["size"], bytes.fromhex(one["root"])) for one in published]


def acknowledge_restore(*, reason: str) -> bool:
    """Say in the log, for everybody to read, that this database is not the one that was published; False if it is.

    The log goes on from what this database holds: whoever kept a later checkpoint will see that it is another history,
    and find the reason in it.
    """
    last, head = from_settings().last(), tree.head()
    if _holds(last, _through_django) or last in acknowledged():
        return False
    statement = {
        "goes_on_from": _as_json(Checkpoint(head.size, bytes(head.root))),
        "log": settings.LOG_ORIGIN,
        "published": _as_json(last),
        "reason": reason,
        "statement": RESTORED,
    }
    text = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    _through_django("SELECT exposure_state(%s, %s, NULL)", (RESTORED, text))
    log.warning("privacy.log.restore_acknowledged", size=head.size)
    return True


def _as_json(checkpoint: Checkpoint | None) -> dict[str, str | int] | None:
    return None if checkpoint is None else {"root": checkpoint.root.hex(), "size": checkpoint.size}


# --- For everybody who sends ----------------------------------------------------------------------------------


class _Watch:
    """What this process knows about its database; a thread of its own looks, so that nobody waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looked = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._connection: psycopg.Connection[Any] | None = None
        self._is_behind = True

    def may_send(self) -> bool:
        """What the last look has found; the first one is waited for."""
        if not self._looked.is_set():
            self._start()
            self._looked.wait(PATIENCE_SECONDS)
        return not self._is_behind

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._go_on, name="paravent-log", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread; for the end of the process."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(PATIENCE_SECONDS)
        if self._connection is not None:
            self._connection.close()

    def _go_on(self) -> None:
        self._look()
        while not self._stopped.wait(LOOK_SECONDS):
            self._look()

    def _look(self) -> None:
        try:
            refuse_if_behind(self._ask)
        except LogBehind as behind:
            if not self._is_behind or not self._looked.is_set():
                log.error("privacy.log.behind", reason=str(behind))  # noqa: TRY400 - the reason says it all
            self._is_behind = True
        except (psycopg.Error, OSError) as outage:
            # Without a database nothing is written down, and nothing sent; the next look tells.
            log.warning("privacy.log.not_compared", error=type(outage).__name__)
            if self._connection is not None:
                self._connection.close()
            return
        else:
            self._is_behind = False
        self._looked.set()

    def _ask(self, statement: str, parameters: Sequence[str | int]) -> list[tuple[Any, ...]]:
        # A connection of its own: Django's belong to requests.
        if self._connection is None or self._connection.closed:
            settled = connections["default"].get_connection_params()
            for name in ("context", "cursor_factory", "pool"):
                settled.pop(name, None)
            settled["application_name"] = "paravent-log"
            self._connection = psycopg.connect(**settled, autocommit=True, connect_timeout=3)
        return self._connection.execute(statement, parameters).fetchall()


_watch = _Watch()


def _forget_after_fork() -> None:
    global _watch  # noqa: PLW0603 - the one of this process
    _watch = _Watch()


def _stop() -> None:
    _watch.stop()


os.register_at_fork(after_in_child=_forget_after_fork)
atexit.register(_stop)


def may_send() -> bool:
    """Whether data may leave: the database holds what was published, as known within the last second or so."""
    return _watch.may_send()
