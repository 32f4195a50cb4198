"""The card verification code: three digits derived from number and expiry under a versioned key, stored nowhere."""

import hmac

from cards.vault.pan import Pan
from privacy.crypto.keyring import keyring
from privacy.crypto.secret import Secret, SecretBytes, forgets_locals

_DIGITS = 3


def current_version() -> int:
    """The key version that a new card is made with; a card keeps its own for life."""
    return keyring.current_version("cvc")


@forgets_locals
def derive(pan: Pan, *, expiry: str, version: int) -> Secret:
    """The code of one number under the key of its version.

    Args:
        pan: the number.
        expiry: `YYYY-MM`.
        version: of the root that the number was made with.
    """
    return code(keyring.derive("cvc", "card", version=version), pan, expiry=expiry)


@forgets_locals
def code(key: SecretBytes, pan: Pan, *, expiry: str) -> Secret:
    """HMAC-SHA-256 over the number, behind its length, and the expiry: its first 64 bits modulo 1000."""
    digest = hmac.digest(key.reveal(), f"{len(pan.reveal())}:{pan.reveal()}|{expiry}".encode(), "sha256")
    # 2^64 is not a multiple of 1000: the bias is below 10^-16.
    return Secret(f"{int.from_bytes(digest[:8], 'big') % 10**_DIGITS:0{_DIGITS}d}")
