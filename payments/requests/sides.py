"""The two sides: who reads which words about a request."""

from payments.platforms import links
from payments.requests.models import PaymentRequest, RequestSide, Role, side_id
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
    concerned = (request.payee_link, request.payer_link, request.tapped_link)
    if any(link is not None and link.hide_note for link in concerned):
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
