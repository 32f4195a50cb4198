"""The blind index of card numbers against somebody who holds a dump of their table (standard.md C10)."""

import hashlib
import hmac
import re
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import connection

from cards.vault import number_range, numbers
from cards.vault.models import CardNumber
from cards.vault.pan import Pan, check_digit, is_luhn
from privacy.crypto.index import blind_index
from privacy.crypto.keyring import Cell, Keyring, keyring
from tests.cards.acquirer import TestCard, issue, number_for

Digest = Callable[[bytes], bytes]
PLAIN = (
    hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.sha512, hashlib.blake2b, hashlib.blake2s, hashlib.sha3_256,
)  # fmt: skip


def dump() -> str:
    """What pg_dump writes of the table: the lines of its COPY."""
    with connection.cursor() as cursor, cursor.copy("COPY cards_cardnumber TO STDOUT") as lines:
        return b"".join(bytes(line) for line in lines).decode()


def public_keys(dumped: str) -> list[bytes]:
    """Keys that the thief of a dump has or guesses: none, Django's, names, and whatever stands in the dump itself."""
    names = ("pan", "pan_index", "paravent/derive/v1", *re.findall(r"(?:card|num|holder)_[0-9A-Za-z]{22}", dumped)[:2])
    return [b"", settings.SECRET_KEY.encode(), *(name.encode() for name in names)]


def consistent(last4: str) -> Iterator[bytes]:
    """Every number of our BIN that ends so and passes Luhn's test: the middle six digits, a tenth of a million."""
    halves: dict[tuple[int, int], list[str]] = {}
    for half, digits in product((0, 1), range(1000)):
        text = f"{digits:03d}"
        filled = number_range.BIN + (text + "000" if half == 0 else "000" + text) + last4
        halves.setdefault((half, int(check_digit(filled[:-1]))), []).append(text)
    base = int(check_digit(f"{number_range.BIN}000000{last4[:3]}"))
    for first, second in product(range(10), repeat=2):
        # Check digits add up, but the fixed digits are in both of them.
        if (first + second - base) % 10 == int(last4[3]):
            for left, right in product(halves.get((0, first), ()), halves.get((1, second), ())):
                yield f"{number_range.BIN}{left}{right}{last4}".encode()


def careless(dumped: str) -> list[Digest]:
    """What somebody careless would have stored for a number: hashes without a key, and with a key that is none."""
    keys = public_keys(dumped)
    keyed = [(key, "sha256") for key in keys] + [(key, name) for key in keys[:2] for name in ("md5", "sha1", "sha512")]
    return [
        *(partial(_plain, algorithm) for algorithm in PLAIN),
        *(partial(_keyed, key, name) for key, name in keyed),
    ]


def _plain(algorithm: Any, number: bytes) -> bytes:
    digest: bytes = algorithm(number).digest()
    return digest


def _keyed(key: bytes, name: str, number: bytes) -> bytes:
    return hmac.digest(key, number, name)


def attack(dumped: str, candidates: Iterable[bytes]) -> set[bytes]:
    """The numbers that the dump gives away: a digest, whole or cut to 16 bytes, stands in it."""
    stored = {bytes.fromhex(blob[:32]) for blob in re.findall(r"\\\\x([0-9a-f]{32,})", dumped)}
    assert stored, "there is nothing to attack"
    numbers_of_bin = list(candidates)
    return {number for digest in careless(dumped) for number in numbers_of_bin if digest(number)[:16] in stored}


@pytest.fixture
def card() -> TestCard:
    return issue(100)


@pytest.mark.django_db
def test_no_number_is_found_from_a_dump_of_its_table(card: TestCard) -> None:
    """standard.md C10. Break: `hashlib.sha256(value)` or `hmac.digest(b"", …)` in `blind_index`."""
    number = number_for(card)
    dumped = dump()
    assert number.pan not in dumped
    assert number.pan[:12] not in dumped
    candidates = list(consistent(number.pan[-4:]))
    assert len(candidates) == 10**5
    assert number.pan.encode() in candidates
    assert attack(dumped, candidates) == set()


@pytest.mark.django_db
def test_the_attack_would_find_every_careless_index(card: TestCard) -> None:
    """What the test above can see."""
    number, dumped = card.pan.encode(), dump()
    nearby = [f"{int(number) - step:016d}".encode() for step in range(3)]
    for digest in careless(dumped):
        assert attack(dumped + f"\t\\\\x{digest(number).hex()}\n", nearby) == {number}


@pytest.fixture
def keys_in_clear(monkeypatch: pytest.MonkeyPatch) -> set[bytes]:
    """Every key that a cipher is made with from now on: KEK, branch, root and data keys."""
    seen: set[bytes] = set()

    def tapped(key: bytes) -> AESGCM:
        seen.add(bytes(key))
        return AESGCM(key)

    for name, module in list(sys.modules.items()):
        if name.startswith("privacy.crypto.") and getattr(module, "AESGCM", None) is AESGCM:
            monkeypatch.setattr(module, "AESGCM", tapped)
    return seen


@pytest.mark.django_db
def test_each_index_has_a_key_of_its_own_and_no_cipher_has_one_of_them(keys_in_clear: set[bytes]) -> None:
    """standard.md C10. Break: join the labels without their lengths, or return the root itself from `derive`."""
    ring = Keyring(in_background=False)
    holder = f"holder_{secrets.token_hex(8)}"
    for keys in ("life", "law", "service"):
        ring.seal(b"x", cell=Cell("t", "c", "1", holder), keys=keys)  # type: ignore[arg-type]
    labels: list[tuple[str, ...]] = [
        ("cards_cardnumber", "pan", "pan_index"), ("cards_cardnumber", "pan_index", "pan"),
        ("cards_cardnumber", "panpan", "_index"), ("cards_cardnumberpan", "", "pan_index"),
        ("cards_cardnumber", "pan", "pan_index2"), ("cards_spending", "locked_to", "merchant"), ("network", "body"),
    ]  # fmt: skip
    derived = {ring.derive("index", *one).reveal() for one in labels}
    others = {ring.derive(purpose, *labels[0]).reveal() for purpose in ("cvc", "webhook", "log", "pairwise")}
    ring.stop()
    assert len(derived) == len(labels)
    assert len(derived | others) == len(labels) + 4
    # A KEK, two branch keys, five roots, three data keys at the least.
    assert len(keys_in_clear) >= 11
    assert not keys_in_clear & (derived | others)


@pytest.mark.django_db
def test_a_number_is_found_by_its_index_alone_and_in_full_length(card: TestCard) -> None:
    row = CardNumber.objects.get(id=card.card.id)
    assert bytes(row.pan_index) == numbers.index_of(Pan(card.pan))
    assert len(row.pan_index) == 32
    key = keyring.derive("index", "cards_cardnumber", "pan", "pan_index").reveal()
    assert numbers.index_of(Pan(card.pan)) == hmac.digest(key, card.pan.encode(), "sha256")
    assert blind_index("cards_cardnumber", "pan", "other", card.pan.encode()) != bytes(row.pan_index)


def test_candidates_are_what_a_thief_would_try() -> None:
    some: list[Any] = list(consistent("1234"))[::9973]
    assert all(is_luhn(one.decode()) and one.endswith(b"1234") and one.startswith(b"999900") for one in some)
