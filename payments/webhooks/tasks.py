"""The outbox topics of webhooks."""

from datetime import timedelta

from celery import shared_task

from payments.webhooks import deliveries
from payments.webhooks.models import Event
from wallet.core import clock
from wallet.core.models import OutboxEntry
from wallet.core.outbox import handles

#: How long a platform may ask again what it was told.
_KEPT = timedelta(days=90)


@handles("platform.event")
def platform_event(entry: OutboxEntry) -> None:
    """Something happened that a platform may hear of."""
    deliveries.take_in(entry)


@handles(deliveries.TOPIC)
def deliver(entry: OutboxEntry) -> None:
    """One attempt of one delivery."""
    deliveries.attempt(delivery_id=entry.ref, number=entry.payload["attempt"])


@shared_task(name="payments.webhooks.forget")
def forget() -> int:
    """Delete events with their deliveries after 90 days; returns how many rows."""
    deleted, _ = Event.objects.filter(at__lt=clock.now() - _KEPT).delete()
    return deleted
