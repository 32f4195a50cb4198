"""The range that numbers are drawn from, and the drawing.

The BIN is 999900. ISO/IEC 7812-1 gives first digit 9 to national standards bodies, followed by the three-digit country
code of ISO 3166-1; there, 900 to 999 are left to users and never become a country. So 9999… belongs to no issuer, no
scheme routes it, and a number of ours that leaks into a real network is worth nothing. Nine random digits remain: 10^9.
"""

import secrets

from cards.vault.pan import Pan, check_digit

BIN = "999900"
_LENGTH = 16


def draw() -> Pan:
    """A fresh number from the operating system's CSPRNG."""
    free = _LENGTH - len(BIN) - 1
    payload = BIN + f"{secrets.randbelow(10**free):0{free}d}"
    return Pan(payload + check_digit(payload))
