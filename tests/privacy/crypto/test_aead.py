import json
import os
import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.crypto import aead
from privacy.crypto.aead import Cell, DecryptionFailed

VECTORS = json.loads((Path(__file__).parent / "wycheproof_aes_gcm.json").read_text())["tests"]
CELL = Cell("cards_card", "number", "17", "holder_alice", 3, 1)
KEY_ID = bytes(range(16))


def read(cipher: AESGCM, sealed: bytes) -> bytes:
    """As the keyring does: first whose key, then open."""
    assert aead.key_id_of(sealed)
    return aead.open_sealed(cipher, sealed=sealed, cell=CELL)


@pytest.fixture
def cipher():
    return AESGCM(bytes(range(32)))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['id']}-{vector['comment'] or 'plain'}")
def test_the_codec_accepts_and_refuses_what_wycheproof_says(vector: dict[str, Any]):
    """Break: catch InvalidTag in `unwrap` and return b""."""
    cipher = AESGCM(bytes.fromhex(vector["key"]))
    wrapped = bytes((aead.AES_256_GCM,)) + bytes.fromhex(vector["iv"] + vector["ct"] + vector["tag"])
    context = bytes.fromhex(vector["aad"])
    if vector["result"] == "valid":
        assert aead.unwrap(cipher, wrapped=wrapped, context=context).hex() == vector["msg"]
    else:
        with pytest.raises(DecryptionFailed):
            aead.unwrap(cipher, wrapped=wrapped, context=context)


def test_the_format_is_the_documented_one(cipher: AESGCM):
    """Known answer, computed here from the document and nothing of ours: the format is final."""
    sealed = aead.seal(cipher, key_id=KEY_ID, plaintext=b"4000000000000002", cell=CELL)
    assert sealed[:2] == b"\x01\x01"
    assert sealed[2:18] == KEY_ID
    assert len(sealed) == 2 + 16 + 12 + 16 + 16
    length = lambda n: n.to_bytes(8, "little")  # noqa: E731 - shorter than the thing it says
    elements = [b"paravent", b"cards_card", b"number", b"17", b"holder_alice", length(1), length(3)]
    data = sealed[:18] + b"paravent/cell/v1" + b"".join(length(len(part)) + part for part in elements)
    assert cipher.decrypt(sealed[18:30], sealed[30:], data) == b"4000000000000002"


def test_every_flipped_byte_is_refused_with_the_same_error(cipher: AESGCM):
    """Break: drop `header` from `associated_data`."""
    for length in range(50):
        sealed = aead.seal(cipher, key_id=KEY_ID, plaintext=os.urandom(length), cell=CELL)
        for position in range(len(sealed)):
            forged = bytearray(sealed)
            forged[position] ^= 1 + os.urandom(1)[0] % 255
            with pytest.raises(DecryptionFailed) as refused:
                read(cipher, bytes(forged))
            assert str(refused.value) == str(DecryptionFailed())


def test_every_cut_is_refused(cipher: AESGCM):
    sealed = aead.seal(cipher, key_id=KEY_ID, plaintext=b"seventeen letters", cell=CELL)
    for end in range(len(sealed)):
        with pytest.raises(DecryptionFailed):
            read(cipher, sealed[:end])
    with pytest.raises(DecryptionFailed):
        read(cipher, sealed + b"\x00")


@pytest.mark.parametrize(
    "other",
    [
        Cell("cards_cards", "number", "17", "holder_alice", 3, 1),
        Cell("cards_card", "expiry", "17", "holder_alice", 3, 1),
        Cell("cards_card", "number", "18", "holder_alice", 3, 1),
        Cell("cards_card", "number", "17", "holder_bob", 3, 1),
        Cell("cards_card", "number", "17", "holder_alice", 2, 1),
        Cell("cards_card", "number", "17", "holder_alice", 3, 2),
        Cell("cards_card", "number", "17", "holder_alice", 1, 3),
        Cell("cards_car", "dnumber", "17", "holder_alice", 3, 1),
        Cell("cards_card", "number1", "7", "holder_alice", 3, 1),
        Cell("cards_card", "number", "17", "holder_alice", 2**70, 1),
    ],
)
def test_a_value_opens_in_its_own_cell_only(cipher: AESGCM, other: Cell):
    """Break: leave one element out of `associated_data`."""
    sealed = aead.seal(cipher, key_id=KEY_ID, plaintext=b"x", cell=CELL)
    assert aead.open_sealed(cipher, sealed=sealed, cell=CELL) == b"x"
    with pytest.raises(DecryptionFailed):
        aead.open_sealed(cipher, sealed=sealed, cell=other)


# Few letters, digits and NULs: what a careless join would confuse.
_PART = st.text(alphabet="ab1\x00", max_size=5)
_CELLS = st.builds(Cell, _PART, _PART, _PART, _PART, st.integers(0, 300), st.integers(0, 300))


@settings(max_examples=100, deadline=None)
@given(st.lists(_CELLS, min_size=12, max_size=12, unique=True))
def test_different_cells_never_give_the_same_bytes(cells: list[Cell]):
    """Break: join the parts of `framed` without their lengths."""
    assert len({aead.associated_data(cell, b"h" * 18) for cell in cells}) == len(cells)


def test_of_twenty_thousand_cells_no_two_give_the_same_bytes():
    """standard.md C05, 2 * 10^8 pairs at once. Break: as above; or leave one element out of `associated_data`."""

    def part() -> str:
        return "".join(secrets.choice("ab1\x00") for _ in range(secrets.randbelow(4)))

    versions = (0, 1, 10, 11, 256, 2**40)
    cells = {
        Cell(part(), part(), part(), part(), secrets.choice(versions), secrets.choice(versions)) for _ in range(20_000)
    }
    assert len(cells) > 15_000
    assert len({aead.associated_data(cell, b"h" * 18) for cell in cells}) == len(cells)


def _joined(*parts: bytes) -> bytes:
    return b"".join(parts)


def _decimal(*parts: bytes) -> bytes:
    """Lengths in decimal and no separator, as some libraries have it: ambiguous (standard.md, ciphertext format)."""
    return b"".join(str(len(part)).encode() + part for part in parts)


@pytest.mark.parametrize(
    ("careless", "left", "right"),
    [
        (_joined, ("ab", "c"), ("a", "bc")),
        (_joined, ("abc", ""), ("", "abc")),
        (_decimal, ("2", "aaaaaaaaaa0"), ("11aaaaaaaaaa", "")),
    ],
)
@pytest.mark.parametrize("members", [("table", "column"), ("column", "row_id"), ("row_id", "holder_id")])
def test_pairs_that_a_careless_encoding_confuses_differ(
    careless: Callable[..., bytes], left: tuple[str, str], right: tuple[str, str], members: tuple[str, str]
):
    """standard.md C05. Break: `framed = _joined`, or `_decimal`."""
    assert careless(*[part.encode() for part in left]) == careless(*[part.encode() for part in right])
    cells = [CELL._replace(**dict(zip(members, pair, strict=True))) for pair in (left, right)]
    assert aead.associated_data(cells[0], b"h" * 18) != aead.associated_data(cells[1], b"h" * 18)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.binary(max_size=9), max_size=4), st.lists(st.binary(max_size=9), max_size=4))
def test_framing_is_injective(left: list[bytes], right: list[bytes]):
    assert (aead.framed(*left) == aead.framed(*right)) == (left == right)


def test_a_nonce_is_never_seen_twice(cipher: AESGCM):
    """standard.md C06. Break: only 4 random bytes in the nonce."""
    seal = partial(aead.seal, cipher, key_id=KEY_ID, plaintext=b"", cell=CELL)
    nonces = {seal()[18:30] for _ in range(1_000_000)}
    assert len(nonces) == 1_000_000
    # Random in every byte: a counter or a clock would leave some alone.
    assert all(len({nonce[position] for nonce in list(nonces)[:20_000]}) == 256 for position in range(12))
