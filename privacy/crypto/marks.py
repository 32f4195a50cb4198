"""Marks: tell whether a value is the same as before, where the row is found by something else.

`version(2) | HMAC-SHA-256(32)`, under a key of the `pairwise` root that belongs to the labels alone. A mark names the
version that it was made with, so a rotation of the root only adds one, and every mark compares for as long as it lives.
Not for finding rows: the same value has another mark after a rotation (`BlindIndexField` finds).
"""

import hmac
from typing import Final

from privacy.crypto.keyring import keyring

_VERSION_BYTES: Final = 2
BYTES: Final = _VERSION_BYTES + 32


def mark(*labels: str, value: bytes, like: bytes | None = None) -> bytes:
    """The mark of a value.

    Args:
        labels: what it is a mark of.
        value: the clear value.
        like: a mark from before, to be compared with this one; without one, the newest version is taken. What is no
            mark compares with nothing.

    Raises:
        KeyUnavailable: the keys cannot be reached, or there is no such version.
    """
    is_mark = like is not None and len(like) == BYTES
    version = int.from_bytes(like[:_VERSION_BYTES], "big") if is_mark else keyring.current_version("pairwise")  # type: ignore[index]
    key = keyring.derive("pairwise", "mark", *labels, version=version)
    return version.to_bytes(_VERSION_BYTES, "big") + hmac.digest(key.reveal(), value, "sha256")


def is_same(before: bytes, *labels: str, value: bytes) -> bool:
    """Whether a mark from before is this value's, in constant time."""
    return hmac.compare_digest(before, mark(*labels, value=value, like=before))
