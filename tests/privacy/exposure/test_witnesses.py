"""Outside witnesses: who has not the operator's keys signs what the log was, and says so when it was rewritten."""

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from privacy.dashboard import public
from privacy.exposure import checkpoints, notes, tree, verifying, witnesses
from privacy.exposure.models import Exposure, LogWitness, Recipient
from tests.privacy.crypto.wallet_rows import Player
from tests.privacy.exposure.test_log import send
from tests.privacy.exposure.test_proofs import proof, run
from tests.support.people import sign_up
from tests.support.sealing import seal_everything
from tests.support.witness import Witness, serving
from wallet import checks
from wallet.core import addresses

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def log_keys(platform: Recipient, alice: str) -> list[str]:
    send(platform, {"payee": alice, "payer": None}, payer=None)
    seal_everything()
    return [str(one) for one in notes.own_keys()]


@pytest.fixture
def witness(settings: Any, log_keys: list[str]) -> Iterator[Witness]:
    with serving(Witness(name=f"witness.example/{secrets.token_hex(4)}", log_keys=log_keys)) as one:
        settings.WITNESSES = one.words
        yield one


def say_something() -> None:
    """One leaf more, published."""
    checkpoints._through_django("SELECT exposure_state('test', '{}', NULL)", ())
    seal_everything()


def get(path: str) -> str:
    answer = Client().get(path)
    assert answer.status_code == 200, path
    return str(answer.content.decode())


def state(witness: Witness) -> LogWitness:
    return LogWitness.objects.get(key=witness.words[0])


def test_a_proof_names_the_witness_that_saw_the_log(witness: Witness, platform: Recipient, tmp_path: Path) -> None:
    """Settled 15. Breaks: send no consistency proof; keep the note without the line; leave its key out of /log/key."""
    alice = Player(sign_up(), "alice")
    send(platform, {"payee": alice.id, "payer": None}, payer=None)
    seal_everything()
    assert witnesses.ask() == 1
    say_something()
    assert f" {witness.name} " not in get("/log/checkpoint"), "it has not seen this one yet"
    assert f" {witness.name} " in get("/log/witnessed")
    assert witnesses.ask() == 1
    assert witnesses.ask() == 0, "nothing new"
    assert witness.asked[0].startswith(b"old 0\n\n")
    assert witness.size == notes.read(get("/log/checkpoint")).size
    (tmp_path / "key").write_text(get("/log/key"))
    exposure = Exposure.objects.get(holder_id=alice.id)
    (tmp_path / "one").write_text(proof(alice.wallet, exposure.id), encoding="utf-8")
    done = run(tmp_path, "one", "--key", "key")
    assert (done.returncode, witness.name in done.stdout) == (0, True), done.stderr
    send(platform, {"payee": alice.id, "payer": None}, payer=None)
    seal_everything()
    newer = Exposure.objects.filter(holder_id=alice.id).latest("seq")
    (tmp_path / "two").write_text(proof(alice.wallet, newer.id), encoding="utf-8")
    done = run(tmp_path, "one", "two", "--key", "key")
    assert (done.returncode, "not witnessed" in done.stdout) == (0, True), "no proof waits for a witness"
    page = alice.person.client.get(f"/privacy/exposures/{exposure.id}").content.decode()
    assert witness.name in page
    assert witness.name in alice.person.client.get("/privacy").content.decode()


def test_without_a_witness_the_page_says_so(settings: Any) -> None:
    settings.WITNESSES = []
    assert "Not witnessed: nobody outside" in Player(sign_up(), "alice").person.client.get("/privacy").content.decode()


def test_who_remembers_another_size_is_asked_from_there(witness: Witness) -> None:
    """C2SP's 409. Break: take what it says for a refusal."""
    say_something()
    assert witnesses.ask() == 1
    assert witness.size > 1
    witness.size, witness.root = 1, tree.tree().root(1)
    say_something()
    assert witnesses.ask() == 1
    assert witness.size == tree.head().checkpoint_size
    assert state(witness).failure == ""


@pytest.mark.parametrize(("behaviour", "word"), [("is longer", "ahead"), ("refuses", "other_history")])
def test_a_witness_that_saw_another_log_is_heard(witness: Witness, behaviour: str, word: str) -> None:
    """Breaks: leave `ACCUSES` out of the check of the whole log; or the mark out of the page."""
    assert witnesses.ask() == 1
    signed = state(witness).note
    witness.behaviour = behaviour
    say_something()
    assert witnesses.ask() == 0
    assert (state(witness).failure, state(witness).note) == (word, signed)
    faults = [one["fault"] for one in verifying.verify().faults if one.get("witness") == witness.name]
    assert faults == [f"does not sign: {word}"]
    assert "says that the log was rewritten" in Player(sign_up(), "eve").person.client.get("/privacy").content.decode()
    witness.behaviour = ""
    assert witnesses.ask() == 1
    assert state(witness).failure == ""


def test_a_rewritten_log_gets_no_signature(witness: Witness) -> None:
    """What a witness is for: here it has seen another tree of the same length."""
    assert witnesses.ask() == 1
    kept = witness.root
    witness.root = secrets.token_bytes(32)
    say_something()
    assert witnesses.ask() == 0
    assert state(witness).failure == "other_history"
    witness.root = kept
    assert witnesses.ask() == 1


@pytest.mark.parametrize(
    ("behaviour", "word"),
    [
        ("hangs", "timeout"),
        ("talks", "unreadable"),
        ("forges", "unreadable"),
        ("signs nothing", "unreadable"),
        ("comes from the future", "unreadable"),
    ],
)
def test_a_bad_witness_is_bounded_and_nobody_waits_for_it(
    witness: Witness, monkeypatch: pytest.MonkeyPatch, behaviour: str, word: str
) -> None:
    """Break: keep whatever it answers."""
    monkeypatch.setattr(witnesses, "PATIENCE", 1.0)
    with serving(Witness(name="witness.example/good", log_keys=witness.log_keys)) as good:
        from django.conf import settings

        settings.WITNESSES = witness.words + good.words
        witness.behaviour = behaviour
        began = time.monotonic()
        assert witnesses.ask() == 1, "the other one has signed meanwhile"
        assert time.monotonic() - began < 20
        assert (state(witness).failure, state(witness).note) == (word, "")
        before = tree.head().checkpoint_size
        say_something()
        assert tree.head().checkpoint_size > before
        assert witness.name not in get("/log/key")


def test_a_witness_inside_is_not_called(settings: Any, log_keys: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """W07. Break: connect to whatever address a name has."""
    inside = Witness(name="witness.example/inside", log_keys=log_keys)
    settings.WITNESSES = [inside.words[0], "https://witness.example/"]
    monkeypatch.setattr(addresses, "look_up", lambda *_who: ["10.0.0.1"])
    assert witnesses.ask() == 0
    assert state(inside).failure == "address_refused"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda key, url: [key], "pairs"),
        (lambda key, url: [url, key], "pairs"),
        (lambda key, url: [key, "http://witness.example/"], "https"),
        (lambda key, url: [key, "https://a.example", key, "https://b.example"], "twice"),
    ],
)
def test_what_is_no_witness_is_refused_at_the_start(change: Callable[[str, str], list[str]], word: str) -> None:
    key, url = Witness(port=1).words[0], "https://witness.example/"
    checks.refuse_witnesses([key, url], sandbox=False)
    with pytest.raises(checks.SettingsRefused, match=word):
        checks.refuse_witnesses(change(key, url), sandbox=False)


def test_a_key_of_another_kind_is_refused(settings: Any) -> None:
    settings.WITNESSES = [str(notes.own_keys()[0]), "https://witness.example/"]
    with pytest.raises(ImproperlyConfigured, match="cosignatures"):
        witnesses.configured()


def test_who_reads_the_log_too_fast_waits(settings: Any, log_keys: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """P13 for the public log. Break: leave `limited` off `consistency`."""
    settings.RATE_LIMITS = True
    # So few that no machine is too slow for it.
    monkeypatch.setattr(public, "_PER_SECOND", 1)
    monkeypatch.setattr(public, "_AT_ONCE", 4)
    size = tree.head().checkpoint_size
    address = f"203.0.113.{secrets.randbelow(250)}"
    answers = [Client().get(f"/log/consistency/1/{size}", REMOTE_ADDR=address) for _ in range(40)]
    late = [one for one in answers if one.status_code == 429]
    assert late, {one.status_code for one in answers}
    assert int(late[0]["Retry-After"]) >= 1
    assert late[0]["Content-Type"] == "application/problem+json"
