"""AES-256-GCM bound to a cell: `version(1) | alg(1) | key id(16) | nonce(12) | ciphertext | tag(16)`.

Associated data is the first 18 bytes, a fixed label, then each element with its length as eight little-endian bytes:
no two different cells give the same bytes, whatever their names hold. A KEK's version is never in it, so that a KEK
rotates without touching data. The format is final; a new algorithm takes a new `alg` byte.
"""

import os
from functools import lru_cache
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION: Final = 1
AES_256_GCM: Final = 1
KEY_BYTES: Final = 32
KEY_ID_BYTES: Final = 16

_NONCE_BYTES = 12
_TAG_BYTES = 16
_PREFIX = bytes((VERSION, AES_256_GCM))
_NONCE_AT = len(_PREFIX) + KEY_ID_BYTES
_BODY_AT = _NONCE_AT + _NONCE_BYTES
_LABEL = b"paravent/cell/v1"
_EIGHT = (8).to_bytes(8, "little")
#: One installation serves one tenant; the element is there so that a second one would need no new format.
_TENANT = b"paravent"


class DecryptionFailed(Exception):
    """The bytes do not open in this cell; which byte or which part was wrong is told to nobody."""

    def __init__(self) -> None:
        super().__init__("the sealed value does not open here")


class Cell(NamedTuple):
    """The one place where a sealed value is valid."""

    table: str
    column: str
    row_id: str
    #: Opaque; "" where there is no holder: the service's own key.
    holder_id: str
    row_version: int = 1
    schema_version: int = 1


def framed(*parts: bytes) -> bytes:
    """Join parts so that different parts never give the same bytes: each after its length, eight bytes wide."""
    return b"".join([len(part).to_bytes(8, "little") + part for part in parts])


def associated_data(cell: Cell, header: bytes) -> bytes:
    """What the tag covers besides the ciphertext."""
    # As `framed` would write it, without its loop: this is on the path of every field.
    row, holder = cell.row_id.encode(), cell.holder_id.encode()
    return b"".join(
        (
            header, _column_data(cell.table, cell.column),
            len(row).to_bytes(8, "little"), row,
            len(holder).to_bytes(8, "little"), holder,
            _EIGHT, cell.schema_version.to_bytes(8, "little", signed=True),
            _EIGHT, cell.row_version.to_bytes(8, "little", signed=True),
        )
    )  # fmt: skip


@lru_cache(maxsize=1024)
def _column_data(table: str, column: str) -> bytes:
    return _LABEL + framed(_TENANT, table.encode(), column.encode())


def seal(cipher: AESGCM, *, key_id: bytes, plaintext: bytes, cell: Cell) -> bytes:
    """Encrypt for one cell under a fresh random nonce."""
    header = _PREFIX + key_id
    nonce = os.urandom(_NONCE_BYTES)
    return header + nonce + cipher.encrypt(nonce, plaintext, associated_data(cell, header))


def open_sealed(cipher: AESGCM, *, sealed: bytes, cell: Cell) -> bytes:
    """Decrypt what `seal` made for exactly this cell.

    Raises:
        DecryptionFailed: any byte, the key or the cell differs.
    """
    header = sealed[:_NONCE_AT]
    try:
        return cipher.decrypt(sealed[_NONCE_AT:_BODY_AT], sealed[_BODY_AT:], associated_data(cell, header))
    except (InvalidTag, ValueError, OverflowError):
        raise DecryptionFailed from None


def key_id_of(sealed: bytes) -> bytes:
    """The id of the data key that sealed this.

    Raises:
        DecryptionFailed: too short, or of a format or algorithm that we do not use.
    """
    if len(sealed) < _BODY_AT + _TAG_BYTES or not sealed.startswith(_PREFIX):
        raise DecryptionFailed
    return sealed[len(_PREFIX) : _NONCE_AT]


def wrap(cipher: AESGCM, *, secret: bytes, context: bytes) -> bytes:
    """Encrypt a key under another key: `alg(1) | nonce(12) | ciphertext | tag(16)`."""
    nonce = os.urandom(_NONCE_BYTES)
    return bytes((AES_256_GCM,)) + nonce + cipher.encrypt(nonce, secret, context)


def unwrap(cipher: AESGCM, *, wrapped: bytes, context: bytes) -> bytes:
    """Decrypt what `wrap` made for exactly this context.

    Raises:
        DecryptionFailed: any byte, the key or the context differs.
    """
    if wrapped[:1] != bytes((AES_256_GCM,)):
        raise DecryptionFailed
    nonce_end = 1 + _NONCE_BYTES
    try:
        return cipher.decrypt(wrapped[1:nonce_end], wrapped[nonce_end:], context)
    except (InvalidTag, ValueError):
        raise DecryptionFailed from None
