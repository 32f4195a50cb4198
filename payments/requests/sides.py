"""The two sides: who reads which words about a request."""

from collections.abc import Sequence
from dataclasses import dataclass

from payments.platforms import links
from payments.requests.models import Checkout, CheckoutItems, PaymentRequest, RequestSide, Role, side_id
from privacy.crypto.keyring import KeyDestroyed
from wallet.core.money import Money
from wallet.core.transactions import needs_transaction


def new_side(*, request: PaymentRequest, role: Role, holder_id: str, note: str, other_alias: str) -> RequestSide:
    """One person's copy, not written down yet."""
    side = RequestSide(id=side_id(request.id, role), request=request, role=role, holder_id=holder_id)
    side.note, side.other_alias = note, other_alias
    return side


@needs_transaction
def write_side(*, request: PaymentRequest, role: Role, holder_id: str, note: str, other_alias: str) -> None:
    """Give one person their own copy, under their own key."""
    side = new_side(request=request, role=role, holder_id=holder_id, note=note, other_alias=other_alias)
    side.save(force_insert=True)


def read_side(request: PaymentRequest, role: Role) -> RequestSide | None:
    """One person's copy, or None where there is none (any more)."""
    return RequestSide.objects.filter(pk=side_id(request.id, role)).first()


def note_of(request: PaymentRequest) -> str | None:
    """The note as the platform sent it, from the payee's copy; null where either side hides it from the platform."""
    concerned = (request.payer_link, request.tapped_link)
    if any(link is not None and link.hide_note for link in concerned):
        return None
    return payees_note_of(request)


def payees_note_of(request: PaymentRequest) -> str | None:
    """The note in the payee's copy; null where the payee hides it from the platform."""
    if request.payee_link.hide_note:
        return None
    side = read_side(request, Role.PAYEE)
    return None if side is None or side.note == "" else side.note


def shown_name(alias: str, platform: str) -> str:
    """An alias never stands alone: it means something on its platform only."""
    return f"{alias} ({platform})" if alias else platform


def alias_on(*, holder_id: str, platform_id: str) -> str:
    """What others on this platform read for this person; "" for one who has no link there."""
    link = links.find_active(holder_id=holder_id, platform_id=platform_id)
    return "" if link is None else link.alias


# --- What a checkout is for -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is sold."""

    label: str
    amount: Money


@needs_transaction
def write_items(*, checkout: Checkout, role: Role, holder_id: str, items: Sequence[Item]) -> None:
    """Give one person their own copy, in place of somebody's who only looked."""
    CheckoutItems.objects.filter(pk=side_id(checkout.id, role)).delete()
    copy = CheckoutItems(id=side_id(checkout.id, role), checkout=checkout, role=role, holder_id=holder_id)
    copy.items = [{"label": item.label, "minor": item.amount.minor} for item in items]
    copy.save(force_insert=True)


def read_items(checkout: Checkout, holder_id: str = "") -> list[Item]:
    """This person's own copy, else the payee's; nothing where nobody's key opens one any more."""
    copies = {one.role: one for one in checkout.copies.all()}
    mine = copies.get(Role.PAYER)
    copy = mine if mine is not None and mine.holder_id == holder_id else copies.get(Role.PAYEE)
    try:
        items = [] if copy is None else copy.items
    except KeyDestroyed:
        items = []
    return [Item(one["label"], Money(one["minor"], checkout.currency)) for one in items]
