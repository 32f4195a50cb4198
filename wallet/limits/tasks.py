"""The hourly round over money that waits above a limit."""

from celery import shared_task

from wallet.core import clock
from wallet.limits import parking
from wallet.limits.models import Parking

_BATCH = 500


@shared_task(name="wallet.limits.return_parked")
def return_parked() -> int:
    """Take in what fits, then send back what has waited 30 days; how many went back. Safe to run twice."""
    waiting = Parking.objects.filter(left__gt=0)
    for holder_id, currency in waiting.values_list("holder_id", "currency").distinct()[:_BATCH]:
        parking.take_in(holder_id=holder_id, currency=currency, now=clock.now())
    due = parking.due(clock.now())
    sent = [parking.send_back(parking_id=one, now=clock.now()) for one in due.values_list("id", flat=True)[:_BATCH]]
    return sum(1 for amount in sent if amount is not None)
