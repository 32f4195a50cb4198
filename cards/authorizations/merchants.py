"""Who asks for money, and how a merchant is recognised."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Merchant:
    """A merchant as the network names it.

    Args:
        id: the acquirer's merchant id.
        name: the descriptor that stands on a statement.
        mcc: merchant category code, 4 digits.
        country: ISO 3166 alpha-2; "" for a payment in chat, which happens in none.
    """

    id: str
    name: str
    mcc: str
    country: str

    def as_json(self) -> dict[str, str]:
        """As it is kept, sealed, with a payment."""
        return {"id": self.id, "name": self.name, "mcc": self.mcc, "country": self.country}


#: Below this, a descriptor prefix would match by accident.
_SHORTEST_PREFIX = 3


def is_among(merchant: Merchant, accepted: Iterable[str]) -> bool:
    """Whether the merchant is one of those accepted: an id, or a descriptor prefix that ends in `*`."""
    name = merchant.name.casefold()
    for entry in accepted:
        if entry == merchant.id:
            return True
        prefix = entry[:-1].casefold()
        if entry.endswith("*") and len(prefix) >= _SHORTEST_PREFIX and name.startswith(prefix):
            return True
    return False
