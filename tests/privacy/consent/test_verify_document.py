"""A receipt is checked on a machine that has only Python and `cryptography`; one changed byte is named."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.db import transaction
from django.test import Client

from privacy.consent import consents
from privacy.fields import FieldClass
from tests.support.system import ROOT
from wallet.core import clock
from wallet.core.ids import new_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def receipt() -> bytes:
    with transaction.atomic():
        return consents.give(
            holder_id=new_id("holder"), recipient_id=new_id("rcp"), now=clock.now(),
            document={"z": "déjà vu — “…”", "a": [1, {"b": None}]}, classes={FieldClass.LINK_HANDLE},
        ).receipt  # fmt: skip


def verify(folder: Path, document: bytes, keys: bytes | None = None) -> tuple[int, str]:
    """The program alone, as the wallet hands it out, in another folder, without our packages and our environment."""
    served = Client().get("/.well-known/paravent-keys.json").content if keys is None else keys
    for name, content in (("document.json", document), ("keys.json", served)):
        (folder / name).write_bytes(content)
    (folder / "verify_document.py").write_bytes(Client().get("/privacy/verify_document.py").content)
    done = subprocess.run(
        [sys.executable, "verify_document.py", "document.json", "--keys", "keys.json"],
        cwd=folder, env={}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["verify.py", "verify_document.py"])
def test_the_wallet_hands_out_the_repositorys_programs(name: str) -> None:
    answer = Client().get(f"/privacy/{name}")
    assert answer.content == (ROOT / "privacy" / name).read_bytes()
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'


def test_a_receipt_is_valid_without_the_wallet(receipt: bytes, tmp_path: Path) -> None:
    code, said = verify(tmp_path, receipt)
    assert (code, said.split()[:2]) == (0, ["valid:", "receipt"])


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        (("receipt", "field_classes"), ["balance"], "the signature is not the wallet's"),
        (("receipt", "document", "a"), [2], "the signature is not the wallet's"),
        (("signature", "key_version"), 99, "the keys have none of version 99"),
        (("signature", "value"), "AAAA", "the signature is not the wallet's"),
        (("more",), 1, "neither a receipt nor an export"),
    ],
)
def test_what_was_changed_is_refused(
    receipt: bytes, tmp_path: Path, place: tuple[str, ...], value: Any, fault: str
) -> None:
    """Break: `_check_signature` returns early."""
    signed = orjson.loads(receipt)
    inner = signed
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    code, said = verify(tmp_path, orjson.dumps(signed))
    assert code == 1
    assert fault in said


def test_a_receipt_passes_for_no_export(receipt: bytes, tmp_path: Path) -> None:
    """Break: one context for both sorts of document."""
    signed = orjson.loads(receipt)
    keys = orjson.loads(Client().get("/.well-known/paravent-keys.json").content)
    receipts = [one for one in keys["keys"] if one["document"] == "receipt"]
    keys = {"keys": [{**one, "document": "export"} for one in receipts]}
    forged = orjson.dumps({"export": signed["receipt"], "signature": signed["signature"]})
    code, said = verify(tmp_path, forged, orjson.dumps(keys))
    assert code == 1
    assert "the signature is not the wallet's" in said
