"""The values between a column and its attribute: sealed as stored, unsealed as assigned, and the text that is sealed.

Before encryption a value gets one byte for its kind and is padded to a multiple of 32 bytes (0x80, then zeros), so
that a dump does not tell a short name from a long one: lengths show in steps of 32 bytes, and None is as long as a
short text.
"""

import base64
import binascii
from typing import Any, Final, NoReturn

from privacy.crypto.aead import DecryptionFailed

KIND_NONE: Final = b"\x00"
KIND_TEXT: Final = b"\x01"
KIND_JSON: Final = b"\x02"

_PAD_TO = 32
_FIXTURE_PREFIX = "sealed:"
_UNOPENED: Final = object()


class EncryptedFieldError(Exception):
    """An encrypted column was used so that it would be written in clear or unbound, or compared by the database.

    No FieldError: Django catches those on the way and says something else.
    """


class Ciphertext(bytes):
    """What an encrypted column accepts: nothing else is ever written to one."""

    __slots__ = ()


class Sealed:
    """A cell as stored, opened by the attribute, which knows the row; what was opened is in no repr and no pickle."""

    __slots__ = ("opened", "plain", "token")

    def __init__(self, token: bytes, *, plain: bytes = b"", opened: Any = _UNOPENED) -> None:
        self.token = token
        #: What was sealed, to tell whether a mutable value has changed since.
        self.plain = plain
        self.opened = opened

    @property
    def is_opened(self) -> bool:
        """Whether the plaintext is in memory."""
        return self.opened is not _UNOPENED

    def __repr__(self) -> str:
        return "<sealed>"

    def __reduce__(self) -> tuple[type["Sealed"], tuple[bytes]]:
        return type(self), (self.token,)

    def to_fixture(self) -> str:
        """The sealed bytes as text, for fixtures: they open only where the same row and keys are."""
        return _FIXTURE_PREFIX + base64.b64encode(self.token).decode()


class Restored(Sealed):
    """A cell that a fixture brought, written back as it is."""

    __slots__ = ()


class Unsealed:
    """A value that was assigned and not yet written; it can be neither printed nor pickled."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "<unsealed ***>"

    def __reduce_ex__(self, protocol: object, /) -> NoReturn:
        raise EncryptedFieldError("save the row first: an unsealed value is not pickled or copied")


def from_fixture(text: str) -> Restored | None:
    """The cell that `to_fixture` wrote, None for any other text."""
    if not text.startswith(_FIXTURE_PREFIX):
        return None
    try:
        return Restored(base64.b64decode(text.removeprefix(_FIXTURE_PREFIX), validate=True))
    except binascii.Error:
        raise DecryptionFailed from None


def pack(kind: bytes, value: bytes) -> bytes:
    """Kind, value, padding."""
    packed = kind + value + b"\x80"
    return packed + bytes(-len(packed) % _PAD_TO)


def unpack(packed: bytes) -> tuple[bytes, bytes]:
    """The kind and the value.

    Raises:
        DecryptionFailed: nothing that `pack` made.
    """
    end = packed.rstrip(b"\x00")
    if len(end) < len(KIND_NONE) + 1 or not end.endswith(b"\x80"):
        raise DecryptionFailed
    return end[:1], end[1:-1]
