"""What the rooms above may ask of a number: its index, and whether a code fits. Never the number itself."""

import hmac
from dataclasses import dataclass

from cards.vault import cvc, domains, numbers, places, tokens
from cards.vault.pan import Pan
from privacy.crypto.secret import Secret

__all__ = ["Pan", "Presented", "domain_name", "last_day", "open_merchant", "place_name"]

last_day = numbers.last_day
open_merchant = places.open_merchant
place_name = tokens.name_of


@dataclass(frozen=True, slots=True)
class Presented:
    """What a merchant typed: none of it can be printed.

    Args:
        pan: the number.
        expiry: `YYYY-MM`.
        cvc: the code; None where none was asked for.
    """

    pan: Pan
    expiry: str
    cvc: Secret | None

    def index(self) -> bytes:
        """The keyed index by which the card is found."""
        return numbers.index_of(self.pan)

    def cvc_matches(self, *, version: int | None) -> bool | None:
        """Whether the code is the one of this number and date, in constant time; None where none was given.

        The code is derived from what was typed: a wrong date is a mismatch on its own, and an unknown number
        (`version` None) does the same work.
        """
        if self.cvc is None:
            return None
        derived = cvc.derive(self.pan, expiry=self.expiry, version=version or cvc.current_version())
        return hmac.compare_digest(derived.reveal().encode(), self.cvc.reveal().encode())


def domain_name(link: str | None) -> str:
    """What the platform of a link is called, or ""."""
    domain = domains.find(link) if link else None
    return domain.name if domain else ""
