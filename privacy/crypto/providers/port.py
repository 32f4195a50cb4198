"""The port to whoever keeps the key-encryption keys (KEKs)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from privacy.crypto.secret import SecretBytes


class KeyUnavailable(Exception):
    """The keys cannot be reached now: nothing is sealed, opened or derived (503), and nothing goes out in clear."""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A key that only its provider can open; `kek` names the KEK that wrapped it."""

    kek: str
    blob: bytes


class KeyProvider(Protocol):
    """Wraps and unwraps keys; the context must be the same both times, and a remote provider's log may show it.

    A provider holds several KEKs by name: the newest wraps, every one unwraps. It answers or gives up within seconds.
    """

    def wrap(self, key: SecretBytes, *, context: Mapping[str, str]) -> WrappedKey:
        """Wrap under the newest KEK.

        Raises:
            KeyUnavailable: the provider cannot be reached.
        """

    def unwrap(self, wrapped: WrappedKey, *, context: Mapping[str, str]) -> SecretBytes:
        """Open what `wrap` made.

        Raises:
            KeyUnavailable: the provider cannot be reached, or no longer has that KEK.
            DecryptionFailed: another context, or bytes that were changed.
        """

    def health(self) -> None:
        """Say nothing when keys can be wrapped and unwrapped now.

        Raises:
            KeyUnavailable: they cannot.
        """
