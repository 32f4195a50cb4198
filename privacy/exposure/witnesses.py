"""Outside witnesses: they sign that the log only ever grew (C2SP tlog-witness), so that its operator cannot rewrite it.

`WITNESSES` names each by its verifier key and the URL that takes checkpoints. A task asks all of them, side by side, to
sign the newest published checkpoint; the sealer knows nothing of it and waits for nobody. A witness in the operator's
own hands proves nothing against the operator (settled.md 15): who they are is on the page and in `/log/key`.
"""

import base64
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Final

import httpcore
import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from privacy.exposure import notes, tree
from privacy.exposure.models import LogWitness
from privacy.exposure.notes import COSIGNATURE, Checkpoint, NoteInvalid, VerifierKey
from wallet.core import calls
from wallet.core.calls import CallFailed
from wallet.core.transactions import refuse_open_transaction

log = structlog.get_logger(__name__)

#: Seconds for one question; the next round comes soon enough.
PATIENCE: Final = 5.0
_AT_ONCE: Final = 8
#: Of an answer no more is read: a signature line has some 150 bytes.
_MOST_READ: Final = 8 * 1024
_DIGITS: Final = 18
_DAY_SECONDS: Final = 86_400


class Refusal(StrEnum):
    """Why a witness did not sign; further words are those of `calls.Failure`."""

    #: It has signed a longer log: this database was restored, or somebody else publishes under our name.
    AHEAD = "ahead"
    #: What it has signed is not the beginning of this log.
    OTHER_HISTORY = "other_history"
    #: It does not know this log, or not this key.
    UNKNOWN = "unknown_log"
    #: It was asked by two of us at once.
    MEANWHILE = "meanwhile"
    #: Its answer is none.
    UNREADABLE = "unreadable"


#: These two say that the log was rewritten, as the witness sees it.
ACCUSES: Final = frozenset({Refusal.AHEAD, Refusal.OTHER_HISTORY})


#: What C2SP's statuses mean.
_REFUSALS: Final[dict[int, Refusal]] = {
    HTTPStatus.FORBIDDEN: Refusal.UNKNOWN,
    HTTPStatus.NOT_FOUND: Refusal.UNKNOWN,
    HTTPStatus.UNPROCESSABLE_ENTITY: Refusal.OTHER_HISTORY,
}


@dataclass(frozen=True, slots=True)
class Witness:
    """One of `WITNESSES`."""

    key: VerifierKey
    url: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What one witness has said, for pages: when it signed last, and whether it refuses since."""

    name: str
    size: int
    seen_at: datetime | None
    accuses: bool
    is_silent: bool


@dataclass(frozen=True, slots=True)
class _Answer:
    """Lines to put under the note, or why there are none; `size` is what a conflict tells."""

    lines: str = ""
    failure: str = ""
    size: int | None = None


def configured() -> list[Witness]:
    """Those that `WITNESSES` names.

    Raises:
        ImproperlyConfigured: a key is none.
    """
    words = settings.WITNESSES
    try:
        keys = [VerifierKey.parse(line) for line in words[::2]]
    except NoteInvalid:
        raise ImproperlyConfigured("WITNESSES: a verifier key is none") from None
    if any(key.kind != COSIGNATURE for key in keys):
        raise ImproperlyConfigured("WITNESSES: a verifier key is not one for cosignatures (type 0x04)")
    return [Witness(key, url.rstrip("/")) for key, url in zip(keys, words[1::2], strict=True)]


# --- Asking ---------------------------------------------------------------------------------------------------


def ask() -> int:
    """Ask every witness that has not signed the newest published checkpoint yet; how many did."""
    refuse_open_transaction("witness")
    note = tree.head().checkpoint
    if not note or not (checkpoint := notes.read(note)).size:
        return 0
    known = {row.key: row for row in LogWitness.objects.all()}
    waiting = [one for one in configured() if not _has_signed(known.get(str(one.key)), note)]
    if not waiting:
        return 0
    sizes = [row.size if (row := known.get(str(one.key))) else 0 for one in waiting]
    proofs = [_request(size, checkpoint, note) for size in sizes]
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="witness") as runner:
        answers = list(runner.map(_post, waiting, proofs))
        # Who remembers another size than we do says so, and is asked once more from there.
        again = [
            place for place, one in enumerate(answers) if one.size is not None and one.size <= checkpoint.size
        ]  # fmt: skip
        retried = [_request(answers[place].size or 0, checkpoint, note) for place in again]
        for place, answer in zip(again, runner.map(_post, [waiting[place] for place in again], retried), strict=True):
            answers[place] = answer
    return sum(_keep(witness, checkpoint, note, answer) for witness, answer in zip(waiting, answers, strict=True))


def _has_signed(row: LogWitness | None, note: str) -> bool:
    return row is not None and _body(row.note) == _body(note)


def _body(note: str) -> str:
    return note.partition("\n\n")[0]


def _request(old: int, checkpoint: Checkpoint, note: str) -> bytes:
    proof = tree.tree().consistency(old, checkpoint.size) if 0 < old < checkpoint.size else []
    lines = [f"old {old}", *(base64.b64encode(one).decode() for one in proof)]
    return ("\n".join(lines) + "\n\n" + note).encode()


def _post(witness: Witness, body: bytes) -> _Answer:
    """In a thread of its own, without a database."""
    try:
        return calls.post(
            what="witness", url=f"{witness.url}/add-checkpoint", body=body, seconds=PATIENCE, read=_read,
            headers={"content-type": "text/plain; charset=utf-8", "user-agent": "Paravent-Log/1"},
        )  # fmt: skip
    except CallFailed as failed:
        return _Answer(failure=failed.failure)


def _read(response: httpcore.Response) -> _Answer:
    status = response.status
    if status not in {HTTPStatus.OK, HTTPStatus.CONFLICT}:
        return _Answer(failure=_REFUSALS.get(status, Refusal.UNREADABLE))
    raw = b""
    for piece in response.iter_stream():
        raw += piece
        if len(raw) > _MOST_READ:
            return _Answer(failure=Refusal.UNREADABLE)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return _Answer(failure=Refusal.UNREADABLE)
    if status == HTTPStatus.OK:
        return _Answer(lines=text)
    digits = text.removesuffix("\n")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS):
        return _Answer(failure=Refusal.UNREADABLE)
    return _Answer(failure=Refusal.AHEAD, size=int(digits))


def _keep(witness: Witness, checkpoint: Checkpoint, note: str, answer: _Answer) -> bool:
    key, failure = str(witness.key), answer.failure
    line = "" if failure else _line_of(witness.key, note, answer.lines)
    at = _time_of(witness.key, line) if line else None
    if not failure and at is None:
        failure = Refusal.UNREADABLE
    if failure == Refusal.AHEAD and answer.size is not None and answer.size <= tree.head().size:
        failure = Refusal.MEANWHILE
    with connection.cursor() as cursor:
        if failure:
            cursor.execute("SELECT exposure_unwitnessed(%s, %s)", [key, str(failure)])
        else:
            cursor.execute("SELECT exposure_witnessed(%s, %s, %s, %s)", [key, checkpoint.size, note + line, at])
    if failure in ACCUSES:
        log.error("privacy.log.witness_accuses", witness=witness.key.name, failure=str(failure))
    elif failure:
        log.warning("privacy.log.not_witnessed", witness=witness.key.name, failure=str(failure))
    return not failure


def _line_of(key: VerifierKey, note: str, lines: str) -> str:
    """The witness's own line; others are passed over, as C2SP asks."""
    try:
        return next((line for _key, line in notes.signatures(f"{_body(note)}\n\n{lines}", [key])), "")
    except NoteInvalid:
        return ""


def _time_of(key: VerifierKey, line: str) -> datetime | None:
    """When it looked; None where its clock and ours are a day apart."""
    raw = base64.b64decode(line.rstrip("\n").rpartition(" ")[2])[len(key.id) :]
    seconds, now = int.from_bytes(raw[:8], "big"), time.time()
    return datetime.fromtimestamp(seconds, UTC) if abs(seconds - now) < _DAY_SECONDS else None


# --- What they have signed ---------------------------------------------------------------------------------------


def keys() -> list[VerifierKey]:
    """The keys of all who have ever signed: proofs hold their lines."""
    return [VerifierKey.parse(row.key) for row in _signed()]


def newest() -> str | None:
    """The longest checkpoint that a witness has signed, with the lines of all who signed it; None where none has."""
    rows = sorted(_signed(), key=lambda row: row.size, reverse=True)
    return with_lines(rows[0].note.partition("\n\n")[0], rows) if rows else None


def with_lines(note: str, rows: Sequence[LogWitness] | None = None) -> str:
    """A note with the lines of all witnesses that have signed this very checkpoint."""
    rows = _signed() if rows is None else rows
    same = [row.note for row in rows if _body(row.note) == _body(note)]
    lines = dict.fromkeys(line for one in (note, *same) for line in one.partition("\n\n")[2].splitlines(keepends=True))
    return f"{_body(note)}\n\n{''.join(lines)}"


def _signed() -> list[LogWitness]:
    return list(LogWitness.objects.exclude(note="").order_by("key"))


def seen() -> list[Seen]:
    """Those of `WITNESSES`, as the pages name them."""
    known = {row.key: row for row in LogWitness.objects.all()}
    return [_seen(one.key, known.get(str(one.key))) for one in configured()]


def _seen(key: VerifierKey, row: LogWitness | None) -> Seen:
    if row is None:
        return Seen(key.name, 0, None, accuses=False, is_silent=True)
    return Seen(key.name, row.size, row.seen_at, accuses=row.failure in ACCUSES, is_silent=bool(row.failure))
