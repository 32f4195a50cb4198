"""What the file and the environment share: lines `<version> <key in base64>`, read anew for each call.

The last line wraps, every line unwraps. Rotation appends a line: it is seen without a restart, and a line taken away is
an outage for what it wrapped.
"""

import base64
import binascii
from abc import ABC, abstractmethod
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from privacy.crypto import aead
from privacy.crypto.providers.port import KeyUnavailable, WrappedKey
from privacy.crypto.secret import SecretBytes, forgets_locals

_WRAP_LABEL = b"paravent/kek-wrap/v1"


class LocalProvider(ABC):
    """AES-256-GCM with the KEK's version and the context authenticated."""

    @abstractmethod
    def _keys(self) -> dict[str, SecretBytes]:
        """Every KEK by version, the newest last."""

    @forgets_locals
    def wrap(self, key: SecretBytes, *, context: Mapping[str, str]) -> WrappedKey:
        """Wrap under the newest KEK."""
        version, kek = list(self._keys().items())[-1]
        cipher = AESGCM(kek.reveal())
        return WrappedKey(version, aead.wrap(cipher, secret=key.reveal(), context=_context(version, context)))

    @forgets_locals
    def unwrap(self, wrapped: WrappedKey, *, context: Mapping[str, str]) -> SecretBytes:
        """Open what `wrap` made."""
        kek = self._keys().get(wrapped.kek)
        if kek is None:
            raise KeyUnavailable("the key provider has no such version of the key-encryption key")
        cipher = AESGCM(kek.reveal())
        return SecretBytes(aead.unwrap(cipher, wrapped=wrapped.blob, context=_context(wrapped.kek, context)))

    @forgets_locals
    def health(self) -> None:
        """Read the KEKs."""
        self._keys()


def parse(text: str) -> dict[str, SecretBytes]:
    """KEKs by version, the newest last, from lines `<version> <key in base64>`; `#` begins a comment.

    Raises:
        KeyUnavailable: there is none, or a line is something else.
    """
    keys: dict[str, SecretBytes] = {}
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        try:
            version, encoded = words
            key = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise KeyUnavailable("the key-encryption keys are not lines of a version and a base64 key") from None
        if len(key) != aead.KEY_BYTES or version in keys:
            raise KeyUnavailable("a key-encryption key is not 32 bytes, or its version stands there twice")
        keys[version] = SecretBytes(key)
    if not keys:
        raise KeyUnavailable("there is no key-encryption key")
    return keys


def _context(version: str, context: Mapping[str, str]) -> bytes:
    members = [text.encode() for item in sorted(context.items()) for text in item]
    return _WRAP_LABEL + aead.framed(version.encode(), *members)
