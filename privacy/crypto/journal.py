"""The erasure journal's file: which keys were destroyed, kept outside every database that a backup can bring back.

The first line names the format and the file; then one canonical JSON line for each erasure. `chain` is SHA-256 over
the chain of the line before and the line without its own, so that a line cut out, moved or edited is noticed (by
accident or a careless hand: whoever may write the file can also write it anew, so copies belong elsewhere).

Writers take turns by `flock`; readers take no lock, because a line counts once its newline is there. What a crash left
of a line was never acknowledged: readers do not see it, the next writer cuts it off.
"""

import copy
import fcntl
import hashlib
import json
import os
import secrets
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from django.conf import settings

from privacy.crypto.providers import KeyUnavailable

FORMAT: Final = "paravent/erasures/v1"
#: Seconds that a writer waits for another one, who may be waiting for the database.
PATIENCE: Final = 15.0

_CLASSES = frozenset({"life", "law"})


class Erasure(NamedTuple):
    """A holder's keys of one class, destroyed."""

    holder_id: str
    key_class: str


class ErasureJournal:
    """One file, and what this process has read of it. Memory holds every erasure: about 200 bytes each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: set[Erasure] = set()
        self._read = _Position()
        self._stamp: tuple[int, ...] = ()
        self._seeing = threading.Lock()

    def __contains__(self, erasure: Erasure) -> bool:
        """Whether the file has named it, as far as it was read."""
        return erasure in self._known

    def __len__(self) -> int:
        return len(self._known)

    @property
    def erasures(self) -> frozenset[Erasure]:
        """All that was read."""
        return frozenset(self._known)

    def create(self) -> None:
        """Make the file with its first line, mode 0600; an existing one stays as it is."""
        members = {"format": FORMAT, "journal": secrets.token_hex(16)}
        with _translated():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = self.path.with_name(f".{self.path.name}.{os.getpid()}.{secrets.token_hex(4)}")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(_Position().write(members))
                    file.flush()
                    os.fsync(file.fileno())
                # A link fails where the name exists: of two first starts one wins, and nobody sees half a file.
                os.link(draft, self.path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
            self._sync_folder()

    def see(self) -> set[Erasure]:
        """Read what was added since the last look; costs one `stat` when nothing was.

        Raises:
            KeyUnavailable: it cannot be read, or it is not a continuation of what was read before.
        """
        with _translated():
            if _stamp(self.path.stat()) == self._stamp:
                return set()
            with self._seeing, self.path.open("rb") as file:
                return self._take(file)

    @contextmanager
    def locked(self) -> Iterator["Pen"]:
        """Alone with the file: nobody else on this machine writes, or is between the file and the database.

        Raises:
            KeyUnavailable: it cannot be opened, or another writer does not let go.
        """
        with _translated():
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND)
        try:
            with _translated():
                _wait_for_lock(descriptor)
                if os.fstat(descriptor).st_ino != self.path.stat().st_ino:
                    raise KeyUnavailable("the erasure journal was replaced a moment ago")
            self.see()
            yield Pen(self, descriptor)
        finally:
            os.close(descriptor)

    def _take(self, file: BinaryIO) -> set[Erasure]:
        status = os.fstat(file.fileno())
        goes_on = self._stamp[:1] == (status.st_ino,) and status.st_size > self._read.offset
        position = copy.copy(self._read) if goes_on else _Position()
        was = self._read
        is_same = goes_on or was.lines == 0
        found: set[Erasure] = set()
        for erasure in position.read(file):
            is_same = is_same or position == was
            if erasure is not None:
                found.add(erasure)
        if not is_same:
            raise KeyUnavailable("the erasure journal has lost or changed lines since they were read")
        if position.lines == 0:
            raise KeyUnavailable("the erasure journal has lost its first line")
        fresh = found - self._known
        self._known |= fresh
        self._read, self._stamp = position, _stamp(status)
        return fresh

    def _append(self, descriptor: int, erasures: Iterable[Erasure]) -> None:
        position = copy.copy(self._read)
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        lines = b"".join(
            position.write({"at": at, "class": erasure.key_class, "holder": erasure.holder_id}) for erasure in erasures
        )
        if os.fstat(descriptor).st_size != self._read.offset:
            os.ftruncate(descriptor, self._read.offset)
        while lines:
            lines = lines[os.write(descriptor, lines) :]

    def _sync_folder(self) -> None:
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def journal_from_settings() -> ErasureJournal:
    """The file that `ERASURE_JOURNAL` names."""
    return ErasureJournal(Path(settings.ERASURE_JOURNAL))


class Pen:
    """What only the one who holds the lock can do."""

    def __init__(self, journal: ErasureJournal, descriptor: int) -> None:
        self._journal = journal
        self._descriptor = descriptor

    def write(self, erasures: Iterable[Erasure]) -> int:
        """Add those that are not there; once this returns, all of them are on the disk. How many were new.

        Raises:
            KeyUnavailable: the disk does not take them.
            ValueError: a name that could not be read back or replayed.
        """
        asked = sorted(set(erasures))
        for erasure in asked:
            _check(erasure)
        fresh = [erasure for erasure in asked if erasure not in self._journal]
        with _translated():
            if fresh:
                self._journal._append(self._descriptor, fresh)  # noqa: SLF001 - one thing in two halves
            # Even when there is nothing new: the one who wrote it may have died before this.
            os.fsync(self._descriptor)
            self._journal._sync_folder()  # noqa: SLF001 - as above
        self._journal.see()
        return len(fresh)


@dataclass(slots=True)
class _Position:
    """How far a file was read or written, and the chain there."""

    offset: int = 0
    lines: int = 0
    chain: bytes = bytes(32)

    def write(self, members: dict[str, Any]) -> bytes:
        """The next line; the position moves behind it."""
        chain = hashlib.sha256(self.chain + _canonical(members)).digest()
        line = _canonical({**members, "chain": chain.hex()}) + b"\n"
        self.offset, self.lines, self.chain = self.offset + len(line), self.lines + 1, chain
        return line

    def read(self, file: BinaryIO) -> Iterator[Erasure | None]:
        """Each whole line from here on: an erasure, or None for the first line of the file."""
        file.seek(self.offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            number = self.lines + 1
            members = _members(line)
            if members is None or self.write(members) != line or (number == 1) != (members.get("format") == FORMAT):
                raise KeyUnavailable(f"line {number} of the erasure journal is not what was written")
            yield _erasure(members, number) if number > 1 else None


def _members(line: bytes) -> dict[str, Any] | None:
    try:
        members = json.loads(line)
    except ValueError:
        return None
    if not isinstance(members, dict):
        return None
    members.pop("chain", None)
    return members


def _erasure(members: dict[str, Any], number: int) -> Erasure:
    try:
        return _check(Erasure(members["holder"], members["class"]))
    except (KeyError, TypeError, ValueError):
        raise KeyUnavailable(f"line {number} of the erasure journal names no keys of a holder") from None


def _check(erasure: Erasure) -> Erasure:
    # What the database would refuse must not get into the file: it would be replayed for ever.
    if not erasure.holder_id or "\0" in erasure.holder_id or erasure.key_class not in _CLASSES:
        raise ValueError("only the keys of a holder can be destroyed")
    return erasure


def _canonical(members: dict[str, Any]) -> bytes:
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    return status.st_ino, status.st_dev, status.st_size, status.st_mtime_ns


def _wait_for_lock(descriptor: int) -> None:
    give_up_at = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > give_up_at:
                raise KeyUnavailable("another process holds the erasure journal") from None
            time.sleep(0.01)
        else:
            return


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise KeyUnavailable(f"the erasure journal cannot be used ({type(error).__name__})") from None
