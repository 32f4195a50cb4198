"""A proof in a file holds on a machine that has only Python and `cryptography`, and one flipped bit is named."""

import ast
import base64
import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from privacy import verify
from privacy.exposure import notes, sealing
from privacy.exposure.models import Exposure, Recipient
from tests.payments import cast
from tests.payments.cast import Api
from tests.privacy.crypto.wallet_rows import Player
from tests.privacy.exposure.test_log import send
from tests.support.people import sign_up
from tests.support.sealing import seal_everything, wait_for_others
from tests.test_tidy import ROOT

pytestmark = pytest.mark.django_db(transaction=True)

SCRIPT = ROOT / "privacy" / "verify.py"


@pytest.fixture
def holder() -> Player:
    return Player(sign_up(), "alice")


@pytest.fixture
def keys() -> str:
    return cast.api("").get("/log/key").content.decode()


def exposed(platform: Recipient, holder: Player, times: int = 1) -> list[str]:
    for _ in range(times):
        send(platform, {"payee": holder.id, "payer": None}, payer=None, note="Crêpes à l\u2019étage \U0001f95e")
    rows = Exposure.objects.filter(holder_id=holder.id).order_by("seq")
    return [row.id for row in rows]


def seal_unpublished() -> None:
    """Into the tree, before the next checkpoint."""
    wait_for_others()
    assert sealing.Sealing().seal_batch() >= 1


def proof(wallet: Api, exposure_id: str) -> str:
    answer = wallet.get(f"/v1/exposures/{exposure_id}/proof")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; charset=utf-8"), answer.content
    return str(answer.content.decode())


def run(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The script alone in a folder, by a Python that finds nothing of ours."""
    shutil.copy(SCRIPT, folder / "verify.py")
    return subprocess.run(
        [sys.executable, "-I", "verify.py", *arguments],
        cwd=folder, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def refusal(text: bytes, keys: list[verify.Key]) -> str:
    try:
        verify.verify(text.decode(), keys)
    except UnicodeDecodeError:
        return "it is not UTF-8"
    except verify.Refused as refused:
        return str(refused)
    return ""


def test_a_proof_is_refused_until_the_exposure_is_sealed(platform: Recipient, holder: Player) -> None:
    """Settled 38. Break: prove what no published checkpoint holds."""
    (exposure_id, *_) = exposed(platform, holder)
    wallet = holder.wallet
    early = wallet.get(f"/v1/exposures/{exposure_id}/proof")
    assert (early.status_code, early["Retry-After"], early.json()["type"]) == (409, "1", "/problems/not-sealed-yet")
    shown = wallet.get(f"/v1/exposures/{exposure_id}").json()
    assert (shown["sealed"], shown["leaf_index"]) == (False, None)
    seal_unpublished()
    assert wallet.get(f"/v1/exposures/{exposure_id}/proof").status_code == 409, "in the tree, in no checkpoint yet"
    seal_everything()
    shown = wallet.get(f"/v1/exposures/{exposure_id}").json()
    assert shown["sealed"] is True
    assert f"\nindex {shown['leaf_index']}\n" in proof(wallet, exposure_id)
    assert Player(sign_up(), "eve").wallet.get(f"/v1/exposures/{exposure_id}/proof").status_code == 404


def test_the_script_imports_nothing_but_python_and_cryptography() -> None:
    """Break: `from privacy.exposure.merkle import node_hash`."""
    names = set()
    for node in ast.walk(ast.parse(SCRIPT.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {one.name.split(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or ".").split(".")[0])
    assert names - set(sys.stdlib_module_names) == {"cryptography"}


def test_a_downloaded_proof_holds_offline_with_its_body_and_its_whole_chain(
    platform: Recipient, holder: Player, keys: str, tmp_path: Path
) -> None:
    """V06, contract.md. Breaks: leave a member out of `extra`; start a chain anywhere."""
    ids = exposed(platform, holder, 3)
    seal_everything()
    wallet = holder.wallet
    (tmp_path / "key").write_text(keys)
    files = []
    for number, exposure_id in enumerate(ids):
        files.append(tmp_path / f"{number}.tlog-proof")
        files[-1].write_text(proof(wallet, exposure_id), encoding="utf-8")
    (tmp_path / "body").write_text(wallet.get(f"/v1/exposures/{ids[0]}").json()["body"], encoding="utf-8")
    done = run(tmp_path, *files, "--key", "key", "--body", "body", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert [one["counter"] for one in said["proofs"]] == [1, 2, 3][: len(ids)]
    assert said["proofs"][0]["record"]["id"] == ids[0]
    assert "not witnessed" in run(tmp_path, files[0], "--key", "key").stdout
    gap = run(tmp_path, files[0], files[2], "--key", "key")
    assert (gap.returncode, "number 2 is missing" in gap.stderr) == (1, True)
    first = verify.verify(files[0].read_text(encoding="utf-8"), verify.read_keys(keys))
    with pytest.raises(verify.Refused, match="number 1 does not follow"):
        verify.verify_chain([dataclasses.replace(first, previous=b"\x01" * verify.LEAF_BYTES)])
    (tmp_path / "body").write_text("{}")
    assert "body: not the bytes" in run(tmp_path, files[0], "--key", "key", "--body", "body").stderr
    assert run(tmp_path, "none", "--key", "key").returncode == 1


def test_each_flipped_bit_is_refused_and_named(platform: Recipient, holder: Player, keys: str) -> None:
    """Contract.md. Break: decode base64 without asking for its canonical form; or pass over lines of unknown keys."""
    exposure_id = exposed(platform, holder)[0]
    seal_everything()
    whole = proof(holder.wallet, exposure_id).encode()
    known = verify.read_keys(keys)
    assert refusal(whole, known) == ""
    passed = []
    for place in range(len(whole)):
        for bit in range(8):
            flipped = bytearray(whole)
            flipped[place] ^= 1 << bit
            if not refusal(bytes(flipped), known):
                passed.append((place, bit))
    assert passed == []


def test_each_flipped_bit_of_the_key_file_is_refused(platform: Recipient, holder: Player, keys: str) -> None:
    exposure_id = exposed(platform, holder)[0]
    seal_everything()
    whole, known = proof(holder.wallet, exposure_id), keys.encode()
    for place in range(len(known)):
        flipped = bytearray(known)
        flipped[place] ^= 1
        with pytest.raises((verify.Refused, UnicodeDecodeError)):
            verify.verify(whole, verify.read_keys(bytes(flipped).decode()))


def changed(text: str, number: int, line: str | None) -> str:
    lines = text.split("\n")
    lines[number : number + 1] = [] if line is None else [line]
    return "\n".join(lines)


def test_what_fails_is_said(platform: Recipient, holder: Player, keys: str) -> None:
    """Each part has its own words. Break: one message for all."""
    exposure_id = exposed(platform, holder)[0]
    seal_everything()
    whole, known = proof(holder.wallet, exposure_id), verify.read_keys(keys)
    lines = whole.split("\n")
    index = int(lines[2].removeprefix("index "))
    blank = lines.index("")
    other = notes.sign(notes.Checkpoint(index + 1, bytes(32))).partition("\n\n")[2]
    # The same 32 bytes, with one of the bits set that base64 leaves over.
    loose = lines[3][:-2] + chr(ord(lines[3][-2]) + 1) + "="
    words: dict[str, str] = {
        "format": changed(whole, 0, "c2sp.org/tlog-proof@v2"),
        "extra": changed(whole, 1, "extra e30="),
        "canonical": changed(whole, 3, loose),
        "index": changed(whole, 2, f"index 0{index}"),
        "not that long": changed(whole, 2, f"index {10**9}"),
        "path, hash 1": changed(whole, 3, "AAAA"),
        "path: too short": changed(whole, 3, None),
        "path: too long": changed(whole, blank, lines[3] + "\n"),
        "checkpoint, size": changed(whole, blank + 2, "x"),
        "checkpoint, root": changed(whole, blank + 3, "AAAA"),
        "signature 1: it does not hold": whole.partition("\n\n")[0] + "\n\n" + _body(whole) + "\n" + other,
        "signature 2: the same key": whole + lines[-2] + "\n",
        "signature 2: by no key": whole + lines[-2].replace("/log", "/other") + "\n",
        "does not end": whole[:-1],
        "do not lead": changed(whole, 3, base64.b64encode(bytes(32)).decode()),
    }
    for word, text in words.items():
        assert word in refusal(text.encode(), known), word
    assert "by no key" in refusal(whole.encode(), [])


def _body(whole: str) -> str:
    return whole.split("\n\n")[1] + "\n"


def test_a_witness_is_named_and_its_time_told(platform: Recipient, holder: Player, keys: str) -> None:
    """C2SP cosignature/v1. Break: sign the note without its time."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    exposure_id = exposed(platform, holder)[0]
    seal_everything()
    whole = proof(holder.wallet, exposure_id)
    private = Ed25519PrivateKey.generate()
    key = notes.VerifierKey("witness.example", notes.COSIGNATURE, private.public_key().public_bytes_raw())
    time = 1_790_000_000
    signature = time.to_bytes(8, "big") + private.sign(f"cosignature/v1\ntime {time}\n{_body(whole)}".encode())
    witnessed = whole + notes.signature_line(key, signature)
    known = verify.read_keys(f"{keys}{key}\n")
    assert verify.verify(witnessed, known).witnesses == (("witness.example", "2026-09-21T14:13:20+00:00"),)
    assert "by no key" in refusal(witnessed.encode(), verify.read_keys(keys))
    forged = whole + notes.signature_line(key, (time + 1).to_bytes(8, "big") + signature[8:])
    assert "signature 2: it does not hold" in refusal(forged.encode(), known)
