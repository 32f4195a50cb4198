"""The erasure journal's file: what is written is on the disk, what was changed is noticed, half a line breaks nothing."""

import json
import os
import stat
from pathlib import Path

import pytest

from privacy.crypto.journal import Erasure, ErasureJournal
from privacy.crypto.providers import KeyUnavailable
from tests.privacy.crypto.parts import InProcesses

ALICE, BOB = Erasure("holder_alice", "life"), Erasure("holder_bob", "law")


@pytest.fixture
def path(tmp_path: Path):
    return tmp_path / "state" / "erasures.jsonl"


@pytest.fixture
def journal(path: Path):
    journal = ErasureJournal(path)
    journal.create()
    return journal


def write(journal: ErasureJournal, *erasures: Erasure) -> int:
    with journal.locked() as pen:
        return pen.write(erasures)


def read(path: Path) -> frozenset[Erasure]:
    """As another process does."""
    fresh = ErasureJournal(path)
    fresh.see()
    return fresh.erasures


def test_what_was_written_is_read_by_others_once(journal: ErasureJournal, path: Path):
    other = ErasureJournal(path)
    assert other.see() == set()
    assert write(journal, ALICE, BOB, ALICE) == 2
    assert write(journal, ALICE) == 0
    assert other.see() == {ALICE, BOB}
    assert other.see() == set()
    assert ALICE in other
    assert Erasure("holder_alice", "law") not in other
    assert len(path.read_bytes().splitlines()) == 3


def test_the_file_is_its_owners_and_one_canonical_line_each(journal: ErasureJournal, path: Path):
    write(journal, ALICE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first, line = path.read_bytes().splitlines()
    assert json.loads(first)["format"] == "paravent/erasures/v1"
    members = json.loads(line)
    assert {"at", "chain", "class", "holder"} == set(members)
    assert (members["holder"], members["class"]) == ALICE
    assert line == json.dumps(members, sort_keys=True, separators=(",", ":")).encode()


def test_making_it_twice_keeps_the_first(journal: ErasureJournal, path: Path):
    """Break: `os.replace` for `os.link` in `create`."""
    write(journal, ALICE)
    ErasureJournal(path).create()
    assert read(path) == {ALICE}
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_every_changed_byte_is_noticed(journal: ErasureJournal, path: Path):
    """Break: do not compare the line with the one written anew in `_Position.read`."""
    write(journal, ALICE, BOB)
    whole = path.read_bytes()
    for position in range(len(whole)):
        # The last newline alone makes the last line one that a crash left half written.
        if position == len(whole) - 1:
            continue
        forged = bytearray(whole)
        forged[position] ^= 0x01
        path.write_bytes(bytes(forged))
        with pytest.raises(KeyUnavailable):
            read(path)
    path.write_bytes(whole)
    assert read(path) == {ALICE, BOB}


@pytest.mark.parametrize("order", [(0, 2, 1), (0, 1, 1, 2), (1, 2), (0, 2), (), (0, 1, 2, 0)])
def test_lines_that_were_moved_doubled_or_cut_out_are_noticed(
    journal: ErasureJournal, path: Path, order: tuple[int, ...]
):
    """Break: leave the line before out of `chain`."""
    write(journal, ALICE, BOB)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[one] for one in order))
    with pytest.raises(KeyUnavailable):
        read(path)


@pytest.mark.parametrize("lines", [2, 1, 0])
def test_a_running_process_notices_a_file_that_lost_its_end(journal: ErasureJournal, path: Path, lines: int):
    """Break: take `is_same` for True in `_take`."""
    write(journal, ALICE, BOB)
    kept = path.read_bytes().splitlines(keepends=True)[:lines]
    path.write_bytes(b"".join(kept))
    with pytest.raises(KeyUnavailable):
        journal.see()
    with pytest.raises(KeyUnavailable):
        write(journal, Erasure("holder_eve", "life"))


def test_a_file_that_is_gone_or_another_one_is_noticed(journal: ErasureJournal, path: Path):
    write(journal, ALICE)
    path.rename(path.with_name("elsewhere"))
    with pytest.raises(KeyUnavailable):
        journal.see()
    other = ErasureJournal(path)
    other.create()
    write(other, BOB, Erasure("holder_carol", "life"))
    with pytest.raises(KeyUnavailable):
        journal.see()


def test_a_longer_copy_of_the_file_may_take_its_place(journal: ErasureJournal, path: Path):
    write(journal, ALICE)
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    write(ErasureJournal(copy), BOB)
    copy.replace(path)
    assert journal.see() == {BOB}


def test_half_a_line_counts_for_nothing_and_hinders_nobody(journal: ErasureJournal, path: Path):
    """Break: leave out `os.ftruncate` in `_append`; or read a line without its newline."""
    write(journal, ALICE)
    before = path.read_bytes()
    write(journal, BOB)
    line = path.read_bytes()[len(before) :]
    carol = Erasure("holder_carol", "life")
    for end in range(len(line)):
        path.write_bytes(before + line[:end])
        crashed = ErasureJournal(path)
        assert crashed.see() == {ALICE}
        assert write(crashed, carol) == 1
        assert read(path) == {ALICE, carol}


def test_a_full_disk_is_an_outage_and_leaves_the_file_readable(
    journal: ErasureJournal, path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Break: leave out `_translated` around `_append`."""
    write(journal, ALICE)
    real = os.write

    def full(descriptor: int, data: bytes) -> int:
        if len(data) < 40:
            raise OSError(28, "No space left on device")
        return real(descriptor, data[: len(data) - 20])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(KeyUnavailable):
        write(journal, BOB)
    monkeypatch.undo()
    assert read(path) == {ALICE}
    assert write(journal, BOB) == 1
    assert read(path) == {ALICE, BOB}


def test_nothing_is_acknowledged_before_file_and_folder_are_on_the_disk(
    journal: ErasureJournal, path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Break: sync only when there is something new in `Pen.write`."""
    synced: list[str] = []
    real = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda fd: (synced.append(str(Path(f"/proc/self/fd/{fd}").readlink())), real(fd))[1]
    )
    write(journal, ALICE)
    assert synced == [str(path), str(path.parent)]
    # The one who wrote the line may have died before it was on the disk.
    write(journal, ALICE)
    assert synced == [str(path), str(path.parent)] * 2


@pytest.mark.parametrize(
    "erasure",
    [Erasure("", "life"), Erasure("holder_x", "service"), Erasure("holder_x", "all"), Erasure("a\0b", "life")],
)
def test_what_could_not_be_replayed_is_not_written(journal: ErasureJournal, path: Path, erasure: Erasure):
    before = path.read_bytes()
    with pytest.raises(ValueError, match="keys of a holder"):
        write(journal, ALICE, erasure)
    assert path.read_bytes() == before


def test_eight_processes_write_at_once_and_lose_nothing(journal: ErasureJournal, path: Path, in_processes: InProcesses):
    """Break: leave out `_wait_for_lock`."""

    def work(number: int) -> int:
        own = ErasureJournal(path)
        return sum(write(own, Erasure(f"holder_{number}_{one}", "life"), ALICE) for one in range(25))

    counts = in_processes(8, work)
    assert sum(counts) == 8 * 25 + 1
    assert len(read(path)) == 8 * 25 + 1
