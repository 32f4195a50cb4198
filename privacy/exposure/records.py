"""The record of one exposure: canonical, committed to by a random r, sealed under the holder's own key.

The sealed value is r (32 bytes) followed by the record; the log's leaf will be an HMAC of the record under r
(settled.md 6), so that erasing the key leaves an intact tree and a commitment that nobody can open.
"""

import hashlib
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from privacy.crypto.keyring import Cell, keyring

VERSION: Final = 1
_R_BYTES = 32
_TABLE = "privacy_exposure"


@dataclass(frozen=True, slots=True)
class Record:
    """An opened record: r, the canonical bytes, and what they say."""

    r: bytes = field(repr=False)
    canonical: bytes = field(repr=False)

    @property
    def facts(self) -> dict[str, Any]:
        """The members of the record."""
        facts: dict[str, Any] = orjson.loads(self.canonical)
        return facts


def canonical(facts: dict[str, Any]) -> bytes:
    """JSON with sorted members and no spaces; it holds strings, integers and lists of strings only."""
    return orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)


def time_text(at: datetime) -> str:
    """The time as a record writes it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def digest(body: bytes) -> str:
    """SHA-256 in lower-case hexadecimal."""
    return hashlib.sha256(body).hexdigest()


def seal_record(*, exposure_id: str, holder_id: str, facts: dict[str, Any]) -> bytes:
    """R and the record, sealed for their cell."""
    plaintext = os.urandom(_R_BYTES) + canonical(facts)
    return keyring.seal(plaintext, cell=Cell(_TABLE, "record", exposure_id, holder_id), keys="life")


def seal_body(*, exposure_id: str, holder_id: str, body: bytes) -> bytes:
    """The bytes as this person may see them, sealed for their cell."""
    return keyring.seal(body, cell=Cell(_TABLE, "body", exposure_id, holder_id), keys="life")


def open_record(*, exposure_id: str, holder_id: str, sealed: bytes) -> Record:
    """The record.

    Raises:
        privacy.crypto.keyring.DecryptionFailed: not sealed for this row and person.
        privacy.crypto.keyring.KeyDestroyed: the person has left.
    """
    opened = keyring.open(sealed, cell=Cell(_TABLE, "record", exposure_id, holder_id), keys="life")
    return Record(opened[:_R_BYTES], opened[_R_BYTES:])


def open_body(*, exposure_id: str, holder_id: str, sealed: bytes) -> bytes:
    """The bytes; raises as `open_record` does."""
    return keyring.open(sealed, cell=Cell(_TABLE, "body", exposure_id, holder_id), keys="life")
