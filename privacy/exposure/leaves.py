"""What stands in the log: `kind(1) | hour(4) | …`, where the hour counts from 1970 and comes big-endian.

Of an exposure, 32 bytes follow: a commitment that only its holder can open (settled.md 6). Of a statement, a commitment
to its text, or the text itself where everybody may read it.
"""

import hashlib
import hmac
from datetime import datetime
from typing import Final

#: The first byte of a leaf.
EXPOSURE: Final = 1
COMMITTED: Final = 2
SPOKEN: Final = 3

LEAF_BYTES: Final = 37
#: What the first exposure of a holder has for the leaf before it.
NO_LEAF: Final = bytes(LEAF_BYTES)
_HOUR_SECONDS = 3600


def hour(at: datetime) -> bytes:
    """The coarse time of a leaf."""
    return (int(at.timestamp()) // _HOUR_SECONDS).to_bytes(4, "big")


def exposure_leaf(*, at: datetime, r: bytes, counter: int, previous: bytes, record: bytes) -> bytes:
    """The leaf of one exposure: `HMAC(r, counter(8) | previous leaf | SHA-256(record))`."""
    message = counter.to_bytes(8, "big") + previous + hashlib.sha256(record).digest()
    return bytes((EXPOSURE,)) + hour(at) + hmac.digest(r, message, "sha256")


def statement_leaf(*, at: datetime, text: str, r: bytes | None) -> bytes:
    """The leaf of a statement: its text, or a commitment to it."""
    if r is None:
        return bytes((SPOKEN,)) + hour(at) + text.encode()
    return bytes((COMMITTED,)) + hour(at) + hmac.digest(r, text.encode(), "sha256")
