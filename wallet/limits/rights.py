"""What this room holds about a person, and how it is exported and erased."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from privacy.rights import kinds, leaving
from wallet.limits import parking
from wallet.limits.models import Parking


@kinds.register
class Limits(kinds.Kind):
    """Tier, used limits, money that waits above one."""

    name = "limits"
    label = _("your tier and limits")


@leaving.step(30, "parked")
def send_parked_back(holder_id: str, now: datetime) -> None:
    """What waits above a limit goes back where it came from now, not after its thirty days."""
    for parking_id in Parking.objects.filter(holder_id=holder_id, left__gt=0).values_list("id", flat=True):
        parking.send_back(parking_id=parking_id, now=now)
