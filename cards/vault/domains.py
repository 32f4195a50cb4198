"""Domains: where a platform's number works, as the rooms above register it."""

from collections.abc import Iterable

from cards.vault.models import TokenDomain
from wallet.core.errors import Kind, WalletError


class DomainUnknown(WalletError):
    """There is no such platform link, or it is another's: nobody learns which."""

    kind = Kind.INVALID
    slug = "validation-failed"
    title = "A value is not valid"


def register(ref: str, name: str, merchants: Iterable[str], *, holder_id: str = "") -> TokenDomain:
    """Say which merchants a platform link's number works at; again replaces what was said.

    Args:
        ref: the link, opaque here.
        name: the platform, as people know it.
        merchants: merchant ids, and descriptor prefixes that end in `*` (three characters or more before it).
        holder_id: whose link it is; a card of another holder is then refused.
    """
    domain, _created = TokenDomain.objects.update_or_create(
        ref=ref, defaults={"name": name, "merchants": sorted(set(merchants)), "holder_id": holder_id}
    )
    return domain


def get(ref: str, *, holder_id: str) -> TokenDomain:
    """The domain of this holder's link.

    Raises:
        DomainUnknown: unknown, or another's.
    """
    domain = TokenDomain.objects.filter(ref=ref).first()
    if domain is None or domain.holder_id not in {"", holder_id}:
        raise DomainUnknown("must be a link_ id that you may use", pointer="/link")
    return domain


def find(ref: str) -> TokenDomain | None:
    """The domain, if somebody registered it."""
    return TokenDomain.objects.filter(ref=ref).first()


def names(refs: Iterable[str]) -> dict[str, str]:
    """What the platforms of these links are called."""
    return dict(TokenDomain.objects.filter(ref__in=list(refs)).values_list("ref", "name"))


def list_of(holder_id: str) -> list[TokenDomain]:
    """The domains of a holder's links, by name."""
    return list(TokenDomain.objects.filter(holder_id=holder_id).exclude(holder_id="").order_by("name", "ref"))


def end(ref: str) -> None:
    """A link has ended: no new card is made in its domain; those that are there keep what they accept."""
    TokenDomain.objects.filter(ref=ref).update(holder_id="", merchants=[])
