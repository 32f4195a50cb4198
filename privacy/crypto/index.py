"""Blind indexes: find a row by a value that the database cannot read."""

import hmac

from privacy.crypto.keyring import keyring


def blind_index(table: str, column: str, index: str, value: bytes, *, version: int | None = None) -> bytes:
    """HMAC-SHA-256, in full length, under a key of this table, column and index alone.

    Only for values with many possibilities, such as card numbers, tokens and addresses: equal values show as equal.
    Without a version it is the digest to look for. Columns are written by a `BlindIndexField`, which a rotation knows;
    a digest stored by other means would be lost with its key.
    """
    return hmac.digest(keyring.derive("index", table, column, index, version=version).reveal(), value, "sha256")
