"""Places: the one party that a token was made for, and how it is kept."""

from dataclasses import dataclass

from cards.vault.models import NumberPlace
from privacy.crypto.keyring import KeyDestroyed, keyring
from privacy.crypto.secret import forgets_locals
from wallet.core.errors import Invalid

#: Below this, a descriptor prefix would match by accident (settled.md 16).
SHORTEST_PREFIX = 3
_LONGEST_MERCHANT, _LONGEST_NAME = 64, 60


@dataclass(frozen=True, slots=True)
class Place:
    """One place: a platform's link or a merchant, never both.

    Args:
        link: the reference of a registered domain; "" for a merchant.
        merchant: the acquirer's merchant id, or a descriptor prefix that ends in `*`; "" for a link.
        name: what its owner calls the merchant; "" for a link, whose platform has a name.

    Raises:
        Invalid: neither or both, or a merchant that would match by accident.
    """

    link: str = ""
    merchant: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        if bool(self.link) == bool(self.merchant):
            raise Invalid("either link or merchant is needed", pointer="/merchant")
        is_prefix = self.merchant.endswith("*")
        if len(self.merchant) > _LONGEST_MERCHANT or (is_prefix and len(self.merchant) <= SHORTEST_PREFIX):
            raise Invalid("must be a merchant id, or three characters or more before a star", pointer="/merchant")
        if self.link and self.name:
            raise Invalid("a link has the name of its platform", pointer="/name")
        if len(self.name) > _LONGEST_NAME:
            raise Invalid(f"at most {_LONGEST_NAME} characters", pointer="/name")


def keep(place: Place, *, number_id: str, holder_id: str) -> None:
    """Seal the merchant of a token."""
    row = NumberPlace(number_id=number_id, holder_id=holder_id)
    row.place = {"merchant": place.merchant, "name": place.name or place.merchant.removesuffix("*")}
    row.save(force_insert=True)


@forgets_locals
def open_merchant(*, number_id: str, holder_id: str, version: int, sealed: bytes) -> str:
    """The merchant of a token, from what a decision's own query read; "" where the holder's keys are destroyed.

    Raises:
        DecryptionFailed: sealed for another number or person.
    """
    row = NumberPlace(number_id=number_id, holder_id=holder_id, enc_version=version)
    field = NumberPlace._meta.get_field("place")  # noqa: SLF001 - Django's documented API
    try:
        plain = keyring.open(sealed, cell=field.cell(row), keys="life")
    except KeyDestroyed:
        return ""
    return str(field.decode(plain)["merchant"])
