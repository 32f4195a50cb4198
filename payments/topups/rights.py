"""What this room holds about a person, and how it is exported and erased."""

from django.utils.translation import gettext_lazy as _

from payments.topups.models import TopUp, TopUpStatus
from privacy.rights import kinds, leaving
from privacy.rights.leaving import Named


@kinds.register
class TopUps(kinds.Kind):
    """Payments into the wallet."""

    name = "top_ups"
    label = _("your top-ups")


@leaving.named
def pending_of(holder_id: str) -> list[Named]:
    """Money that is on its way in is waited for: it belongs to the person, and must not come to nobody."""
    rows = TopUp.objects.filter(holder_id=holder_id, status=TopUpStatus.PENDING)
    return [Named("top_up", row.amount, is_waited_for=True) for row in rows]
