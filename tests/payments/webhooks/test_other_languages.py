"""Webhooks verified in another language than the one that signs them: the page's own function, run by Node (W05)."""

import json
import re
import subprocess
from datetime import timedelta
from pathlib import Path

import playwright
import pytest

from payments.webhooks.signing import new_secret, sign
from tests.support.system import ROOT
from wallet.core import clock

#: The browser tests' own Node: where they run, it is there.
NODE = Path(playwright.__file__).parent / "driver" / "node"
_ASK = """
const { secret, headers, body } = JSON.parse(process.argv[2]);
try { console.log(verify(secret, headers, Buffer.from(body)).type); } catch (error) { console.log(error.message); }
"""


def verified(folder: Path, secret: str, headers: dict[str, str], body: str) -> str:
    """What the function of docs/platforms.md says: the event's type, or why not."""
    text = (ROOT / "docs/platforms.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```js\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    program = folder / "verify.mjs"
    program.write_text(block + _ASK, encoding="utf-8")
    asked = json.dumps({"secret": secret, "headers": headers, "body": body})
    done = subprocess.run([NODE, program, asked], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


@pytest.mark.django_db
def test_javascript_believes_the_wallet_and_nobody_else(tmp_path: Path) -> None:
    """Break: sign the body alone; one signature during a rotation; leave the time or `v1` out of the page's function."""
    old, new, body, now = new_secret(), new_secret(), '{"type":"payment_request.paid","note":"Zoé"}', clock.now()
    headers = sign(keys=[new, old], message_id="evt_1", at=now, body=body.encode())
    assert verified(tmp_path, old, headers, body) == "payment_request.paid"
    assert verified(tmp_path, new, headers, body) == "payment_request.paid"
    stranger = "not signed by the wallet"
    assert verified(tmp_path, new_secret(), headers, body) == stranger
    assert verified(tmp_path, new, headers, body.replace("paid", "made")) == stranger
    assert verified(tmp_path, new, {**headers, "webhook-id": "evt_2"}, body) == stranger
    assert (
        verified(
            tmp_path, new, {**headers, "webhook-signature": headers["webhook-signature"].replace("v1,", "v2,")}, body
        )
        == stranger
    )
    assert verified(tmp_path, new, {}, body) == "not of these five minutes"
    late = sign(keys=[new], message_id="evt_1", at=now - timedelta(minutes=6), body=body.encode())
    assert verified(tmp_path, new, late, body) == "not of these five minutes"
