"""The cryptographic inventory equals the code (C16), and secrets are compared in constant time only (C17)."""

import ast
import json
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from privacy.crypto import inventory
from privacy.crypto.usage import UsageUnknown, Use, uses_in, uses_of
from tests.test_tidy import source


def uses(code: str) -> list[Use]:
    return list(uses_of(ast.parse(code), "x.py"))


def test_the_document_says_what_the_code_does() -> None:
    """Break: use `hashlib.sha256` in one more function. Mend: `manage.py crypto_inventory`."""
    assert (inventory.CHECKOUT / inventory.DOCUMENT).read_text(encoding="utf-8") == inventory.document()


def test_the_command_prints_each_use_with_its_key_and_period() -> None:
    said = StringIO()
    call_command("crypto_inventory", "--json", stdout=said)
    entries = json.loads(said.getvalue())["entries"]
    cvc = next(one for one in entries if one["place"] == "cards/vault/cvc.py: code")
    assert cvc["algorithm"] == "HMAC-SHA-256"
    assert cvc["key"] == "cvc"
    assert all(all(one.values()) for one in entries)


@pytest.mark.parametrize(
    "code",
    [
        "import hashlib\nx = hashlib.md5(b'')",
        "from hashlib import sha1 as digest\nx = digest(b'')",
        "import hashlib\nx = hashlib.new('md5')",
        "import hashlib as h\ndef f(): return h.sha1",
        "import hmac\nx = hmac.new(b'', b'', 'sha1')",
        "import hmac\nx = hmac.digest(b'', b'', 'sha1')",
        "import hmac\nx = hmac.digest(b'', b'', chosen)",
        "from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes\nx = Cipher(algorithms.AES(b''), modes.ECB())",
        "from cryptography.hazmat.primitives.hashes import SHA1\nx = SHA1()",
        "import random\nx = random.randint(0, 9)",
        "from random import choice\nx = choice('ab')",
        "import ssl\nx = ssl._create_unverified_context()",
        "import uuid\nx = uuid.uuid1()",
        "from cryptography.fernet import Fernet\nx = Fernet(b'')",
    ],
)
def test_what_the_inventory_does_not_know_is_refused(code: str) -> None:
    """MD5, SHA-1, ECB, `random`, unnamed hashes, clocks as ids, contexts that verify nothing."""
    with pytest.raises(UsageUnknown):
        uses(code)


def test_a_use_is_found_under_whatever_name_and_in_sql(tmp_path: Path) -> None:
    assert uses("import hashlib as h\nclass A:\n  def f(self): return h.sha256(b'').digest()") == [
        Use("x.py", "A.f", "SHA-256")
    ]
    assert uses("from secrets import token_bytes as t\nx = [t(1) for _ in 'a']") == [Use("x.py", "", "CSPRNG")]
    assert uses("import hashlib\ndef f(x: hashlib.sha256) -> None: ...") == []
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "a.sql").write_text("SELECT md5(x) -- sha1(y)\n")
    assert uses_in(tmp_path, ("room",)) == [Use("room/a.sql", "", "MD5")]


def test_nothing_weak_is_in_the_inventory() -> None:
    """`random` in one place, which is no secret: the jitter between two tries of a transaction."""
    entries = inventory.entries()
    assert not [one for one in entries if re.search(r"MD5|SHA-?1\b|ECB|DES|RC4", one.algorithm)]
    assert [one.place for one in entries if one.algorithm == "Mersenne Twister"] == [
        "wallet/core/transactions.py: owns_transaction.run"
    ]


#: Names that hold what an attacker could guess byte by byte.
_SECRET_NAME = re.compile(
    r"(?i)(?:^|_)(?:tokens?|secrets?|macs?|hmac|digests?|hash|hexdigest|signatures?|cvc|cvv|pan|passwords?|verifier"
    r"|challenge|nonce|csrf|session_key|network_key|api_key|recovery_code|auth_code|authorization_code|client_secret|kek|dek"
    r"|access_token|refresh_token|otp)\Z"
)


def _names(node: ast.expr) -> Iterator[str]:
    """The names that a compared expression ends in: `row.digest`, `_digest(x)`, `h.digest()`, `body["token"]`."""
    match node:
        case ast.Name():
            yield node.id
        case ast.Attribute():
            yield node.attr
        case ast.Call():
            yield from _names(node.func)
            if isinstance(node.func, ast.Attribute) and node.func.attr in {
                "encode",
                "decode",
                "strip",
                "reveal",
                "lower",
            }:
                yield from _names(node.func.value)
            for argument in node.args if isinstance(node.func, ast.Name) and node.func.id in {"bytes", "str"} else []:
                yield from _names(argument)
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            yield name
        case ast.Subscript():
            yield from _names(node.value)


def comparisons(tree: ast.Module) -> list[int]:
    """Lines that compare a secret with `==`; with a constant ("", None, a length) nothing can be guessed."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        equal = any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops)
        constant = any(isinstance(side, ast.Constant) for side in sides[:2])
        if equal and not constant and any(_SECRET_NAME.search(name) for side in sides for name in _names(side)):
            found.append(node.lineno)
    return found


@pytest.mark.parametrize(
    "code",
    [
        "token == given", "row.digest != digest", "_digest(a) == b", "hashlib.sha256(a).digest() == b", "body['token'] == t",
        "derived.reveal() == cvc.reveal()", "bytes(row.body_hash) == x", "request.headers['x-signature'] == signature",
        "secret.encode() == given", "given == settings.SANDBOX_NETWORK_KEY",
        "client.client_secret == provided", "a == h.hexdigest()",
    ],
)  # fmt: skip
def test_a_seeded_comparison_is_caught(code: str) -> None:
    assert comparisons(ast.parse(code)) == [1]


@pytest.mark.parametrize(
    "code",
    [
        "token == ''", "status_code == 200", "response.status_code != expected.status_code", "code == own", "key == 'service'",
        "hmac.compare_digest(token, given)", "cvc is None", "len(secret) < limit", "state == other.state", "kind == Kind.TOKEN_X",
    ],
)  # fmt: skip
def test_what_is_no_secret_is_left_alone(code: str) -> None:
    assert comparisons(ast.parse(code)) == []


#: What only sounds like one, or is compared where nobody measures.
NO_SECRETS = {
    "privacy/crypto/rotation/due.py": "names of versions of the key-encryption key",
    "privacy/crypto/rotation/wrapping.py": "names of versions of the key-encryption key",
    "privacy/verify_document.py": "digests that stand in the document itself, checked at home by whoever has it",
    "privacy/exposure/statements.py": "a leaf that is published, recomputed by an operator's command",
    "privacy/verify.py": "public keys and their names, checked at home by whoever has the proof",
    "privacy/exposure/verifying.py": "two members of one record that was opened, by an operator's command",
}


def test_no_secret_is_compared_but_in_constant_time() -> None:
    """standard.md C17. Break: `row.session_key == here` in the list of sessions."""
    found = [str(path) for path, tree in source() for _line in comparisons(tree)]
    assert set(found) == set(NO_SECRETS)
