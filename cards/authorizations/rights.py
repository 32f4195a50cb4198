"""What this room holds about a person, and how it is exported and erased."""

from django.utils.translation import gettext_lazy as _

from cards.authorizations.models import Chargeback
from cards.authorizations.states import ChargebackStatus
from privacy.rights import kinds, leaving
from privacy.rights.leaving import Named
from wallet.core.money import Money


@kinds.register
class CardPayments(kinds.Kind):
    """Payments, disputes, and what was spent."""

    name = "card_payments"
    label = _("payments with your cards")


@leaving.named
def disputes_of(holder_id: str) -> list[Named]:
    """Open disputes are named; what one brings after its holder has left goes to the programme."""
    rows = Chargeback.objects.filter(authorization__holder_id=holder_id, status=ChargebackStatus.OPEN)
    return [Named("dispute", Money(row.amount_minor, row.currency)) for row in rows]
