"""Which payments a card was asked for, for its own page: also those that moved nothing."""

from collections.abc import Iterable

from cards.authorizations.models import Authorization
from cards.issuing.models import Card
from cards.issuing.uses import source


@source
def asked_of(card: Card, count: int) -> Iterable[str]:
    """References of the newest payments, and of what was given back."""
    newest = Authorization.objects.filter(card=card).order_by("-decided_at").values_list("id", flat=True)[: 2 * count]
    for authorization_id in newest:
        yield authorization_id
        yield f"{authorization_id}:refund"
