"""What is published is on the disk first; an older database sends nothing until that is said in the log itself."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from privacy.exposure import checkpoints, gate, notes, tree, verifying
from privacy.exposure.checkpoints import CheckpointFile, FileUnusable, LogBehind
from privacy.exposure.merkle import leaf_hash
from privacy.exposure.models import LogStatement, Recipient
from privacy.exposure.notes import Checkpoint, NoteInvalid, VerifierKey
from tests import environment
from tests.payments import cast
from tests.privacy.crypto import backups
from tests.privacy.crypto.wallet_rows import Player
from tests.privacy.exposure.test_log import send
from tests.privacy.exposure.test_proofs import seal_unpublished
from tests.support.people import sign_up
from tests.support.sealing import seal_everything, wait_for_others
from tests.support.web import serve
from wallet.core.ids import new_id

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def _may_send(django_db_setup: None) -> None:
    """This process may have looked at the file of the test before."""
    _wait(checkpoints.may_send)


@pytest.fixture(scope="module", autouse=True)
def _next_file_may_send() -> Iterator[None]:
    yield
    _wait(checkpoints.may_send)


@pytest.fixture(autouse=True)
def _sealed(_may_send: None, platform: Recipient, alice: str, bob: str) -> None:
    send(platform, {"payee": alice, "payer": bob})
    seal_everything()


@pytest.fixture
def file(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CheckpointFile]:
    """A file of one's own, which begins with what is published; and a process that has not looked yet."""
    copy = tmp_path / "kept" / "checkpoints.jsonl"
    settings.CHECKPOINT_FILE = copy
    file = checkpoints.from_settings()
    file.append(tree.head().checkpoint)
    monkeypatch.setattr(checkpoints, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(checkpoints, "_watch", checkpoints._Watch())
    yield file
    checkpoints._watch.stop()


def later(file: CheckpointFile) -> Checkpoint:
    """Publish in the file what this database does not hold: it looks as after a restore."""
    ahead = Checkpoint(tree.head().size + 7, os.urandom(32))
    file.append(notes.sign(ahead))
    return ahead


def test_the_checkpoint_is_signed_and_in_the_file_before_it_is_shown(file: CheckpointFile, monkeypatch: Any) -> None:
    """Settled 15. Break: show it, then write it."""
    shown = Client().get("/log/checkpoint").content.decode()
    lines = Client().get("/log/key").content.decode().splitlines()
    found = notes.verify(shown, [VerifierKey.parse(line) for line in lines])
    assert (found.size, found.root) == (tree.head().size, bytes(tree.head().root))
    with monkeypatch.context() as broken:
        broken.setattr(CheckpointFile, "append", lambda *_: (_ for _ in ()).throw(FileUnusable("full")))
        checkpoints._through_django("SELECT exposure_state('test', '{}', NULL)", ())
        with pytest.raises(FileUnusable):
            seal_everything()
        assert Client().get("/log/checkpoint").content.decode() == shown
    seal_everything()
    assert notes.read(Client().get("/log/checkpoint").content.decode()).size == found.size + 1
    assert file.last() == notes.read(tree.head().checkpoint)


def test_what_a_crash_left_of_a_line_counts_for_nothing(file: CheckpointFile) -> None:
    """Break: append without `_cut_torn_line`; or read a line that does not end."""
    whole = file.last()
    with file.path.open("ab") as torn:
        torn.write(b'{"at": "2026-11-30T20:00:00+00:00", "checkp')
    assert file.last() == whole
    file.append(tree.head().checkpoint)
    assert len(list(file.all())) == 2


@pytest.mark.parametrize("end", [b"{}\n", b"nonsense\n", b'{"checkpoint": "other.example/log\\n3\\nAAAA\\n\\n"}\n'])
def test_a_file_that_ends_with_something_else_stops_everything(file: CheckpointFile, end: bytes) -> None:
    """Break: go back to the last line that is one."""
    with file.path.open("ab") as spoiled:
        spoiled.write(end)
    with pytest.raises(LogBehind):
        checkpoints.refuse_if_behind()


def test_an_older_database_sends_nothing_until_it_is_said_in_the_log(
    file: CheckpointFile, platform: Recipient, alice: str
) -> None:
    """Settled 15, L14. Break: let `may_send` say yes; or forget `DisclosingView.initial`."""
    chat = cast.api(cast.chat_token(cast.platform("Forum")))
    assert chat.get("/v1/payment-requests").status_code == 200
    ahead = later(file)
    _wait(lambda: not checkpoints.may_send())
    answer = chat.get("/v1/payment-requests")
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    unknown = f"/v1/payment-requests/{new_id('preq')}"
    assert chat.get(unknown).status_code == 503, "what it does not know it may have known"
    with pytest.raises(gate.DisclosureRefused):  # what a webhook and the card network's door meet
        send(platform, {"payee": alice, "payer": None}, payer=None)
    with pytest.raises(LogBehind):
        seal_everything()
    with pytest.raises(CommandError):
        call_command("acknowledge_restore", reason="short")
    said = StringIO()
    call_command(
        "acknowledge_restore", reason="The disk of Monday was lost; restored from Sunday.", json=True, stdout=said
    )
    assert json.loads(said.getvalue()) == {"acknowledged": True}
    _wait(checkpoints.may_send)
    assert chat.get("/v1/payment-requests").status_code == 200
    seal_everything()
    assert file.last() == notes.read(tree.head().checkpoint) != ahead
    statement = LogStatement.objects.filter(kind="restored").latest("id")
    index = statement.leaf_index
    assert index is not None
    (entry,) = tree.leaves(index, index + 1)
    assert b"The disk of Monday" in entry, "the reason stands in the log for everybody"
    assert json.loads(statement.text)["published"] == {"size": ahead.size, "root": ahead.root.hex()}
    said = StringIO()
    call_command("acknowledge_restore", reason="Nothing of that sort happened.", stdout=said)
    assert "Nothing to acknowledge" in said.getvalue()
    assert verifying.verify().faults == []


def test_a_restored_backup_sends_nothing_until_it_is_said_and_then_the_other_line_does_not(
    file: CheckpointFile, platform: Recipient, alice: str, tmp_path: Path
) -> None:
    """L14 with pg_dump, pg_restore, a real process and the operator's own commands. Break: as above."""
    person = sign_up()
    token, own = cast.chat_token(cast.platform("Forum")), Player(person, "alice").wallet.token
    send(platform, {"payee": person.holder.id, "payer": None}, payer=None)
    seal_everything()
    backup = backups.dump(environment.DATABASE, tmp_path / "backup")
    send(platform, {"payee": alice, "payer": None}, payer=None)
    seal_everything()
    published = file.last()
    with backups.empty_database() as name:
        backups.restore(backup, name)
        settings = {
            "DATABASE_URL": environment.URLS["app"].replace("{db}", name), "CHECKPOINT_FILE": str(file.path),
        }  # fmt: skip

        def command(*words: str) -> str:
            done = subprocess.run(
                [sys.executable, "manage.py", *words], cwd=environment.ROOT, env={**os.environ, **settings},
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            return done.stdout if done.returncode == 0 else f"rc {done.returncode}: {done.stderr[-400:]}"

        with serve(tmp_path, settings) as web:

            def asked(path: str, bearer: str = token) -> int:
                headers = {"Authorization": f"Bearer {bearer}"}
                return httpx.get(web.url + path, headers=headers, trust_env=False, timeout=60).status_code

            assert asked("/v1/payment-requests") == 503
            assert asked("/v1/exposures", own) == 200, "people see their own pages"
            assert "LogBehind" in command("seal_exposures", "--once")
            assert file.last() == published, "nothing is published over it"
            said = command("acknowledge_restore", "--reason", "The disk of Monday was lost.", "--json")
            assert json.loads(said) == {"acknowledged": True}
            _wait(lambda: asked("/v1/payment-requests") == 200)
            assert command("seal_exposures", "--once").endswith(" sealed\n")
        last = file.last()
        assert last is not None
        assert published is not None
        assert (last.size, last.root == published.root) == (published.size, False), "two lines of history"
    _wait(lambda: not checkpoints.may_send())
    assert cast.api(token).get("/v1/payment-requests").status_code == 503, "the line that was given up"


def test_another_history_of_the_same_length_is_noticed(file: CheckpointFile) -> None:
    """Break: compare sizes alone."""
    file.append(notes.sign(Checkpoint(tree.head().size, os.urandom(32))))
    with pytest.raises(LogBehind):
        checkpoints.refuse_if_behind()
    assert [one["fault"] for one in verifying.verify().faults] == ["is not of this log's history"]


def test_a_lost_file_is_noticed_and_can_be_given_up(file: CheckpointFile) -> None:
    """Break: take no file for a new installation."""
    file.path.unlink()
    with pytest.raises(LogBehind):
        checkpoints.refuse_if_behind()
    call_command("acknowledge_restore", reason="The volume with the file was lost.", stdout=StringIO())
    seal_everything()
    assert file.last() == notes.read(tree.head().checkpoint)


def test_a_database_ahead_of_its_file_goes_on(file: CheckpointFile, platform: Recipient, alice: str) -> None:
    """A crash between the two. Break: ask for the same size."""
    send(platform, {"payee": alice, "payer": None}, payer=None)
    from privacy.exposure.sealing import Sealing

    wait_for_others()
    Sealing().seal_batch()
    checkpoints.refuse_if_behind()
    seal_everything()
    assert file.last() == notes.read(tree.head().checkpoint)


def test_the_tiles_and_entries_are_those_of_the_checkpoint() -> None:
    """C2SP tlog-tiles. Break: serve what is sealed and not published."""
    checkpoints._through_django("SELECT exposure_state('test', '{}', NULL)", ())
    seal_unpublished()
    checkpoint = notes.read(Client().get("/log/checkpoint").content.decode())
    n, width = divmod(checkpoint.size, 256)
    hashes = Client().get(f"/log/tile/0/{n:03}.p/{width}").content if width else b""
    bundle = Client().get(f"/log/tile/entries/{n:03}.p/{width}").content if width else b""
    assert len(hashes) == 32 * width
    leaves = []
    while bundle:
        end = 2 + int.from_bytes(bundle[:2], "big")
        leaves.append(bundle[2:end])
        bundle = bundle[end:]
    assert b"".join(leaf_hash(leaf) for leaf in leaves) == hashes
    for path in (
        f"0/{n:03}",
        f"0/{n:03}.p/{width + 1}",
        f"entries/{n:03}.p/{width + 1}",
        f"0/{n + 1:03}.p/1",
        "0/0",
        "0/x000",
        "9/000",
        "0/000.p/256",
        "0/000.p/0",
    ):
        assert Client().get(f"/log/tile/{path}").status_code == 404, path


def test_a_smaller_log_is_proved_to_be_the_beginning() -> None:
    size = tree.head().checkpoint_size
    answer = Client().get(f"/log/consistency/1/{size}")
    assert answer.status_code == 200
    assert len(answer.json()["proof"]) == len(tree.tree().consistency(1, size))
    for old, new in ((0, size), (1, size + 1), (size, 1)):
        assert Client().get(f"/log/consistency/{old}/{new}").status_code == 404


@pytest.mark.parametrize("line", ["", "a+b+c", "paravent.test/log+00000000+AQ==", "x+y"])
def test_a_key_line_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(NoteInvalid):
        VerifierKey.parse(line)


def _wait(is_so: Any) -> None:
    import time

    give_up_at = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)
