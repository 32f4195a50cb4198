"""The outbox topics of webhooks."""

from payments.webhooks import deliveries
from wallet.core.models import OutboxEntry
from wallet.core.outbox import handles


@handles("platform.event")
def platform_event(entry: OutboxEntry) -> None:
    """Something happened that a platform may hear of."""
    deliveries.take_in(entry)


@handles(deliveries.TOPIC)
def deliver(entry: OutboxEntry) -> None:
    """One attempt of one delivery."""
    deliveries.attempt(delivery_id=entry.ref, number=entry.payload["attempt"])
