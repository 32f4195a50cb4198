"""File and database: whatever crashes or comes from a backup, what was destroyed stays destroyed (standard.md C09)."""

import io
import json
import os
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command

from privacy.crypto.aead import Cell
from privacy.crypto.erasures import reconcile
from privacy.crypto.journal import Erasure, ErasureJournal
from privacy.crypto.keyring import KeyDestroyed, Keyring, KeyUnavailable, keyring
from privacy.crypto.store import KeyStore
from tests.privacy.crypto.parts import Clock, NewHolder, SwitchedProvider

_WRAPPED = "SELECT count(*) FROM privacy_datakey WHERE holder_id = %s AND key_class = 'life' AND wrapped IS NOT NULL"


@pytest.fixture
def file() -> ErasureJournal:
    """The journal of this machine, as another process reads it."""
    return ErasureJournal(Path(settings.ERASURE_JOURNAL))


@pytest.fixture
def sealed(holder: NewHolder):
    """Alice's cell and what it holds."""
    cell = Cell("t", "c", "1", holder("alice"))
    return cell, keyring.seal(b"x", cell=cell, keys="life")


def is_open(cell: Cell, value: bytes) -> bool:
    """Whether a process that starts now opens it."""
    ring = Keyring(in_background=False)
    try:
        return ring.open(value, cell=cell, keys="life") == b"x"
    except KeyDestroyed:
        return False
    finally:
        ring.stop()


def bring_back(owner: psycopg.Connection, rows: list[tuple[Any, ...]]):
    """What a restored key table does: rows of before the erasure, whatever guards them."""
    with owner.transaction():
        owner.execute("ALTER TABLE privacy_datakey DISABLE TRIGGER keys_guard")
        for key_id, wrapped in rows:
            owner.execute(
                "UPDATE privacy_datakey SET wrapped = %s, destroyed_at = NULL WHERE id = %s", [wrapped, key_id]
            )
        owner.execute("ALTER TABLE privacy_datakey ENABLE TRIGGER keys_guard")


def keys_of(owner: psycopg.Connection, holder_id: str):
    return owner.execute("SELECT id, wrapped FROM privacy_datakey WHERE holder_id = %s", [holder_id]).fetchall()


def alive(owner: psycopg.Connection, holder_id: str):
    return owner.execute(_WRAPPED, [holder_id]).fetchone()[0] > 0


def replay(*words: str) -> tuple[int, dict[str, Any]]:
    """The command: its exit code and its document."""
    out = io.StringIO()
    try:
        call_command("replay_erasures", "--json", *words, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


# --- A destruction ----------------------------------------------------------------------------------


def test_a_destruction_is_in_the_file_and_in_the_database(sealed: tuple[Cell, bytes], file: ErasureJournal):
    cell, value = sealed
    assert keyring.destroy(holder_id=cell.holder_id, keys="life") is True
    assert Erasure(cell.holder_id, "life") in file.see()
    assert not is_open(cell, value)
    lines = file.path.read_bytes()
    assert keyring.destroy(holder_id=cell.holder_id, keys="life") is False
    assert file.path.read_bytes() == lines


def test_what_cannot_be_journaled_is_not_destroyed_and_not_acknowledged(
    sealed: tuple[Cell, bytes], owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
):
    """Break: destroy in the database before `pen.write`."""
    cell, _ = sealed

    def failing(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    ring = Keyring(in_background=False)
    ring.start()
    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(KeyUnavailable):
        ring.destroy(holder_id=cell.holder_id, keys="life")
    monkeypatch.undo()
    assert alive(owner, cell.holder_id)
    ring.stop()


@pytest.mark.parametrize(("holder_id", "keys"), [("holder_x", "all"), ("holder_x", "service"), ("", "law")])
def test_what_the_database_would_refuse_never_reaches_the_file(file: ErasureJournal, holder_id: str, keys: Any):
    """Break: refuse only `service` in `Keyring.destroy` and nothing in `journal._check`: no process starts again."""
    keyring.start()
    before = file.path.read_bytes()
    with pytest.raises(ValueError, match="keys of a holder"):
        keyring.destroy(holder_id=holder_id, keys=keys)
    assert file.path.read_bytes() == before


def _crash(cell: Cell, at: int) -> tuple[bytes, int]:
    """Destroy in a child that is killed (-9) at its event number `at`; what it acknowledged, and how many it had."""
    readable, writable = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        try:
            signal.alarm(30)
            os.close(readable)
            ring = Keyring(in_background=False)
            ring.start()
            count = 0

            def event(frame: FrameType, kind: str, _what: object) -> None:
                nonlocal count
                if "privacy/crypto/" in frame.f_code.co_filename:
                    count += 1
                    if count == at:
                        os.kill(os.getpid(), signal.SIGKILL)

            sys.setprofile(event)
            ring.destroy(holder_id=cell.holder_id, keys="life")
            sys.setprofile(None)
            os.write(writable, f"done {count}".encode())
        finally:
            os._exit(0)
    os.close(writable)
    with os.fdopen(readable, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(pid, 0)
    return answer[:4], int(answer[5:] or 0)


def test_killed_between_any_two_steps_it_ends_destroyed_or_was_never_begun(
    holder: NewHolder, file: ErasureJournal, owner: psycopg.Connection
):
    """Break: `store.destroy` before `pen.write` (destroyed and in no file); no `_reconcile` at the start (alive)."""

    def new() -> tuple[Cell, bytes]:
        cell = Cell("t", "c", "1", holder("alice"))
        return cell, keyring.seal(b"x", cell=cell, keys="life")

    cell, _ = new()
    acknowledged, steps = _crash(cell, 0)
    assert acknowledged == b"done"
    assert steps > 40
    seen = set()
    # Calls and returns of Python and of C, in every file of the room: every third is killed, all around the writing.
    for at in range(1, steps + 1, 3):
        cell, value = new()
        acknowledged, _ = _crash(cell, at)
        file.see()
        is_written = Erasure(cell.holder_id, "life") in file
        was_alive = alive(owner, cell.holder_id)
        assert is_written or was_alive, "destroyed in the database and in no file"
        assert is_open(cell, value) is not is_written
        assert alive(owner, cell.holder_id) is not is_written
        assert acknowledged != b"done" or is_written
        seen.add((is_written, was_alive))
    assert seen == {(False, True), (True, True), (True, False)}


# --- A database from a backup -----------------------------------------------------------------------


def test_a_process_that_starts_on_a_restored_database_destroys_again(
    sealed: tuple[Cell, bytes], owner: psycopg.Connection
):
    """Break: do not `reconcile` in `DataKeys._reconcile`."""
    cell, value = sealed
    before = keys_of(owner, cell.holder_id)
    keyring.destroy(holder_id=cell.holder_id, keys="life")
    bring_back(owner, before)
    assert alive(owner, cell.holder_id)
    assert not is_open(cell, value)
    assert not alive(owner, cell.holder_id)


def test_a_running_process_opens_nothing_of_a_database_restored_under_it(
    ring: Keyring, clock: Clock, sealed: tuple[Cell, bytes], owner: psycopg.Connection
):
    """Break: drop `_refuse_erased` from `_admit`."""
    cell, value = sealed
    assert ring.open(value, cell=cell, keys="life") == b"x"
    before = keys_of(owner, cell.holder_id)
    keyring.destroy(holder_id=cell.holder_id, keys="life")
    bring_back(owner, before)
    clock.seconds += 1
    for _ in range(2):
        with pytest.raises(KeyDestroyed):
            ring.open(value, cell=cell, keys="life")
        with pytest.raises(KeyDestroyed):
            ring.seal(b"y", cell=cell, keys="life")


def test_the_background_round_mends_what_a_crash_left_between_file_and_database(
    ring: Keyring, sealed: tuple[Cell, bytes], owner: psycopg.Connection, file: ErasureJournal
):
    """Break: drop `keep_erasures` from `_tend`."""
    cell, _ = sealed
    ring.start()
    with file.locked() as pen:
        pen.write([Erasure(cell.holder_id, "life")])
    assert alive(owner, cell.holder_id)
    ring.tend()
    assert not alive(owner, cell.holder_id)


def test_a_key_that_came_back_beside_a_tombstone_goes_too(sealed: tuple[Cell, bytes], owner: psycopg.Connection):
    """Break: return false in `keys_destroy` as soon as there is a tombstone."""
    cell, _ = sealed
    (first,) = keys_of(owner, cell.holder_id)
    keyring.destroy(holder_id=cell.holder_id, keys="life")
    owner.execute(
        "INSERT INTO privacy_datakey (id, holder_id, key_class, version, branch_id, wrapped)"
        " SELECT gen_random_uuid(), %s, 'life', 2, id, %s FROM privacy_branchkey LIMIT 1",
        [cell.holder_id, first[1]],
    )
    code, found = replay()
    assert code == 0
    assert {"holder": cell.holder_id, "keys": "life"} in found["destroyed"]
    assert not alive(owner, cell.holder_id)


def test_what_another_machine_destroyed_is_in_this_ones_file_too(
    ring: Keyring, sealed: tuple[Cell, bytes], file: ErasureJournal
):
    """Break: write only `others` in `reconcile`."""
    cell, _ = sealed
    ring.start()
    elsewhere = KeyStore()
    elsewhere.destroy(cell.holder_id, "life")
    elsewhere.close()
    ring.tend()
    assert Erasure(cell.holder_id, "life") in file.see()


# --- Fail closed ------------------------------------------------------------------------------------


@pytest.fixture
def own_file(tmp_path: Path, settings: Any):
    """A journal that this test may damage, already filled from the database."""
    settings.ERASURE_JOURNAL = tmp_path / "erasures.jsonl"
    journal, store = ErasureJournal(settings.ERASURE_JOURNAL), KeyStore()
    journal.create()
    reconcile(store=store, journal=journal)
    store.close()
    return journal.path


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-70] + b"\n")


def _edit(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"class":"life"', b'"class":"law"', 1))


def _loosen(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("harm", [Path.unlink, _cut, _edit, _loosen, lambda path: path.write_bytes(b"")])
def test_without_a_sound_journal_nothing_opens(
    own_file: Path, harm: Callable[[Path], None], holder: NewHolder, provider: SwitchedProvider, clock: Clock
):
    """Break: catch KeyUnavailable around `see` or `_reconcile` in `DataKeys`."""
    running = Keyring(provider=lambda: provider, monotonic=clock, in_background=False)
    running.destroy(holder_id=holder("bob"), keys="life")
    cell = Cell("t", "c", "1", holder("alice"))
    value = running.seal(b"x", cell=cell, keys="life")
    sound = own_file.read_bytes()
    harm(own_file)
    clock.seconds += 1
    starting = Keyring(provider=lambda: provider, monotonic=clock, in_background=False)
    for ring in (running, starting):
        with pytest.raises(KeyUnavailable):
            ring.open(value, cell=cell, keys="life")
        with pytest.raises(KeyUnavailable):
            ring.destroy(holder_id=cell.holder_id, keys="life")
    code, found = replay()
    assert (code, found["ok"]) == (1, False)
    assert "journal" in found["reason"]
    if own_file.is_dir():
        own_file.rmdir()
    own_file.write_bytes(sound)
    clock.seconds += 2
    assert starting.open(value, cell=cell, keys="life") == b"x"
    assert running.open(value, cell=cell, keys="life") == b"x"
    starting.stop()
    running.stop()


def test_a_key_table_that_cannot_be_mended_opens_nothing(
    sealed: tuple[Cell, bytes], owner: psycopg.Connection, clock: Clock, provider: SwitchedProvider
):
    """Break: swallow the error of `store.destroy` in `reconcile`."""
    cell, _ = sealed
    other = Cell("t", "c", "1", cell.holder_id + "b")
    value = keyring.seal(b"x", cell=other, keys="life")
    before = keys_of(owner, cell.holder_id)
    keyring.destroy(holder_id=cell.holder_id, keys="life")
    bring_back(owner, before)
    role = settings.DATABASES["default"]["USER"]
    owner.execute(f"REVOKE EXECUTE ON FUNCTION keys_destroy(text, text) FROM {role}")
    ring = Keyring(provider=lambda: provider, monotonic=clock, in_background=False)
    try:
        with pytest.raises(KeyUnavailable):
            ring.open(value, cell=other, keys="life")
    finally:
        owner.execute(f"GRANT EXECUTE ON FUNCTION keys_destroy(text, text) TO {role}")
    clock.seconds += 2
    assert ring.open(value, cell=other, keys="life") == b"x"
    ring.stop()


# --- The operator's command -------------------------------------------------------------------------


def test_the_command_says_what_it_does_and_does_it_once(
    own_file: Path, sealed: tuple[Cell, bytes], owner: psycopg.Connection, tmp_path: Path
):
    """Break: let `--check` reconcile; or read `--journal` and not replay it."""
    cell, _ = sealed
    other = ErasureJournal(tmp_path / "of another machine")
    other.create()
    with other.locked() as pen:
        pen.write([Erasure(cell.holder_id, "life"), Erasure("holder_never_here", "law")])
    erased = [{"holder": cell.holder_id, "keys": "life"}, {"holder": "holder_never_here", "keys": "law"}]
    words = ("--journal", str(other.path))
    code, found = replay("--check", *words)
    assert (code, found["ok"], found["destroyed"], found["copied"]) == (1, False, erased, 2)
    assert alive(owner, cell.holder_id)
    code, found = replay(*words)
    assert (code, found["ok"], found["destroyed"], found["copied"]) == (0, True, erased, 2)
    assert not alive(owner, cell.holder_id)
    code, found = replay("--check", *words)
    assert (code, found["destroyed"], found["copied"]) == (0, [], 0)
    assert Erasure(cell.holder_id, "life") in ErasureJournal(own_file).see()


def test_a_lost_file_is_started_anew_only_when_an_operator_says_so(
    own_file: Path, sealed: tuple[Cell, bytes], owner: psycopg.Connection
):
    """Break: create the file whenever it is missing in `_begin`."""
    cell, value = sealed
    keyring.destroy(holder_id=cell.holder_id, keys="life")
    own_file.unlink()
    assert replay()[0] == 1
    assert not own_file.exists()
    assert replay("--start")[0] == 0
    assert Erasure(cell.holder_id, "life") in ErasureJournal(own_file).see()
    assert not is_open(cell, value)
