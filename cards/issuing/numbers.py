"""What the rooms above may ask of a number: its index, and whether a code fits. Never the number itself."""

import hmac
from dataclasses import dataclass
from typing import Protocol

from cards.vault import cvc, domains, numbers, places, tokens
from cards.vault.pan import Pan
from privacy.crypto.secret import Secret

__all__ = ["Evidence", "Pan", "Presented", "Vouched", "domain_name", "last_day", "open_merchant", "place_name"]

last_day = numbers.last_day
open_merchant = places.open_merchant
place_name = tokens.name_of


class Evidence(Protocol):
    """What a merchant has of a card: looked at here, or by the network that keeps the number."""

    def index(self) -> bytes:
        """The keyed index by which the card is found."""

    def has_code(self) -> bool:
        """Whether a code was given."""

    def cvc_matches(self, *, version: int | None) -> bool | None:
        """Whether the code is the one of this number and date; None where none was given."""

    def expiry_matches(self, expiry: str) -> bool:
        """Whether the date is the card's."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a network that keeps the number has looked at itself.

    Args:
        name: what it calls the card.
        is_date_right: the date that was typed; true where none was asked for.
        is_code_right: the code that was typed; None where none was asked for.
    """

    name: Secret
    is_date_right: bool = True
    is_code_right: bool | None = None

    def index(self) -> bytes:
        """The index of the network's name."""
        return numbers.index_of(self.name)

    def has_code(self) -> bool:
        """Whether a code was given."""
        return self.is_code_right is not None

    def cvc_matches(self, *, version: int | None) -> bool | None:  # noqa: ARG002 - the port's
        """What the network says."""
        return self.is_code_right

    def expiry_matches(self, expiry: str) -> bool:  # noqa: ARG002 - the port's
        """What the network says."""
        return self.is_date_right


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

    def has_code(self) -> bool:
        """Whether a code was given."""
        return self.cvc is not None

    def expiry_matches(self, expiry: str) -> bool:
        """Compared in constant time."""
        return hmac.compare_digest(self.expiry.encode(), expiry.encode())

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
