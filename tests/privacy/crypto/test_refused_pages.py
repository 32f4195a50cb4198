"""What people and programs see of a value that somebody touched: an error, and not a word of it (standard.md C03)."""

import ast
import re
from collections import defaultdict
from typing import Any

import psycopg
import pytest
from django.test import Client

from tests import environment
from tests.privacy.crypto.tampering import tampered
from tests.privacy.crypto.test_attacks import _other_holder
from tests.privacy.crypto.wallet_rows import OURS, Cast, Player, SealedCell

pytestmark = pytest.mark.django_db(transaction=True)

#: Who goes on after a value did not open, and what they give instead of it.
GOES_ON = {
    "privacy/crypto/trunk.py:refresh": "a damaged row of keys stops no other; it is logged and what it wrapped stays closed",
    "privacy/crypto/rotation/resealing.py:_seal_again": "counted; the key that it names is not thrown away",
    "privacy/crypto/rotation/indexing.py:_wanted": "counted; the rotation stops in its stage, with both keys",
    "privacy/exposure/verifying.py:verify": "reports the row as a fault",
    "privacy/exposure/sealing.py:_take_exposures": "tried again; then logged and laid aside, so that others are sealed",
    "privacy/exposure/sealing.py:_end_of_chain": "nothing more of that holder is sealed",
    "cards/authorizations/books.py:merchant_of": "logged; a merchant without a name, so that due money still moves",
}


def pages(who: Player) -> dict[str, Any]:
    """Everything that this person can look at: answers by path."""
    client: Client = who.person.client
    client.raise_request_exception = False
    bearer = {"Authorization": f"Bearer {who.wallet.token}"}
    paths = ["/", "/activity", "/inbox", "/cards", "/links", "/requests", "/settings/passkeys", "/privacy"]
    paths += [f"/cards/{card.id}" for card in who.cards]
    answers = {path: client.get(path) for path in paths}
    listed = {
        name: Client(raise_request_exception=False)
        for name in ("cards", "links", "requests", "transactions", "exposures")
    }
    for name, program in listed.items():
        answers[f"/v1/{name}"] = program.get(f"/v1/{name}", headers=bearer)
    return answers


def test_no_page_and_no_api_shows_what_does_not_open(
    cells: list[SealedCell], cast: Cast, superuser: psycopg.Connection
):
    """Another's value in alice's cell: what showed hers is an error now, and never the other's.

    Break: return "" for DecryptionFailed too in `lines._opened`.
    """
    alice = [cell for cell in cells if cell.holder_id == cast.alice.id]
    untouched = {path: answer.content for path, answer in pages(cast.alice).items()}
    assert {answer.status_code for answer in pages(cast.alice).values()} == {200}
    owners: dict[bytes, int] = defaultdict(int)
    for text in (text for cell in alice for text in _texts(cell.read())):
        owners[text] += 1
    tried, attacked = set(), set()
    for cell in alice:
        texts = _texts(cell.read())
        paths = {path for path, body in untouched.items() if any(text in body for text in texts)}
        if cell.place in tried or not paths:
            continue
        tried.add(cell.place)
        other = next(one for one in cells if _other_holder(cell, one))
        # An alias of hers is what bob's cells hold, and she may see it.
        theirs = {text for text in _texts(other.read()) if not any(text in body for body in untouched.values())}
        with tampered(cell, superuser, **{cell.column: other.stored}):
            after = pages(cast.alice)
        failed = {path for path, answer in after.items() if answer.status_code == 500}
        assert failed & paths or all(owners[text] > 1 for text in texts), cell.place
        assert {answer.status_code for answer in after.values()} <= {200, 500}
        assert not any(text in answer.content for answer in after.values() for text in theirs), cell.place
        assert not any(word in after[path].content for path in failed for word in (b"Canary", b"Traceback"))
        for path in paths - failed:
            # Another cell may hold the same text.
            assert not any(text in after[path].content for text in texts if owners[text] == 1), (cell.place, path)
        attacked |= {cell.place} if failed & paths else set()
    assert attacked >= {
        "wallet_line.merchant", "wallet_line.counterparty", "wallet_notice.facts", "cards_card.label",
        "payments_link.alias", "payments_requestside.note", "payments_requestside.other_alias",
    }  # fmt: skip


def _texts(value: Any) -> set[bytes]:
    """The texts that are in this cell and, being random, in few others."""
    return {found.encode() for found in re.findall(r"Canary-\w+-\w+-\w+", str(value))}


def test_only_these_places_go_on_after_a_value_did_not_open():
    """Each is in the list with its reason. Break: `except DecryptionFailed: return ""` in any service."""
    found = set()
    for path in (file for room in OURS for file in (environment.ROOT / room).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            for handler in (node for node in ast.walk(function) if isinstance(node, ast.ExceptHandler)):
                caught = ast.unparse(handler.type) if handler.type else "DecryptionFailed"
                raises = any(isinstance(node, ast.Raise) for node in ast.walk(handler))
                if "DecryptionFailed" in caught and not raises:
                    found.add(f"{path.relative_to(environment.ROOT)}:{function.name}")
    assert found == set(GOES_ON)
