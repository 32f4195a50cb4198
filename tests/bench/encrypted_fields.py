"""One encrypted field through its class, against the cipher alone with the same bytes (a card's label, a card's number)."""

import hmac
import os
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.bench.measuring import HotPath, rate

TIMES = 20_000
LABEL = "For the summer in Brittany"
NUMBER = "9999001234567898"


@cache
def _card() -> Any:
    from cards.issuing.models import Card

    card = Card(id="card_bench", holder_id="holder_bench")
    card.label = LABEL
    return card


@cache
def _raw() -> tuple[AESGCM, bytes, bytes]:
    """A cipher, the bytes that the field seals, and the associated data of its cell."""
    from privacy.crypto.aead import associated_data

    field = _field()
    return AESGCM(os.urandom(32)), field.encode(LABEL), associated_data(field.cell(_card()), bytes(18))


def _field() -> Any:
    from cards.issuing.models import Card

    return Card._meta.get_field("label")


def write() -> float:
    card, field = _card(), _field()
    card.label = LABEL
    return rate(lambda: field.pre_save(card, add=False), times=TIMES)


def encrypt() -> float:
    cipher, plain, associated = _raw()
    return rate(lambda: cipher.encrypt(os.urandom(12), plain, associated), times=TIMES)


def read() -> float:
    from privacy.crypto.fields import Sealed

    card, field = _card(), _field()
    card.label = LABEL
    token = bytes(field.pre_save(card, add=False))

    def once() -> str:
        card.__dict__["label_sealed"] = Sealed(token)
        return str(card.label)

    assert once() == LABEL
    return rate(once, times=TIMES)


def decrypt() -> float:
    cipher, plain, associated = _raw()
    nonce = os.urandom(12)
    sealed = cipher.encrypt(nonce, plain, associated)
    return rate(lambda: cipher.decrypt(nonce, sealed, associated), times=TIMES)


def index() -> float:
    from cards.vault.models import CardNumber

    field: Any = CardNumber._meta.get_field("pan_index")
    return rate(lambda: field.digest(NUMBER), times=TIMES)


def mac() -> float:
    key, number = os.urandom(32), NUMBER.encode()
    return rate(lambda: hmac.digest(key, number, "sha256"), times=TIMES)


PATHS = [
    HotPath("encrypted_field_write", write, encrypt, must_microseconds=10),
    HotPath("encrypted_field_read", read, decrypt, must_microseconds=10),
    HotPath("encrypted_field_index", index, mac, must_microseconds=10),
]
