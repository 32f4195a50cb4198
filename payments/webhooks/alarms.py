"""Alarms: who hears that webhooks do not arrive: the operator by figures, a platform's people by whoever registers.

The room above that knows those people registers with `on_trouble`, as rooms do for the end of a link.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Min

from payments.webhooks.models import Delivery, DeliveryStatus, Endpoint, EndpointStatus
from wallet.core import clock, figures
from wallet.core.transactions import needs_transaction


class Trouble(StrEnum):
    """What went wrong for good, until somebody acts."""

    #: A delivery has had its last attempt.
    GIVEN_UP = "given_up"
    #: The endpoint said 410 and gets nothing more.
    DISABLED = "disabled"


Listener = Callable[[str, Trouble, datetime], None]
_LISTENERS: list[Listener] = []


def on_trouble(function: Listener) -> Listener:
    """Register who is told: called with the platform's id, in the transaction that records the attempt."""
    _LISTENERS.append(function)
    return function


@needs_transaction
def tell(*, platform_id: str, trouble: Trouble, now: datetime) -> None:
    """Somebody should look."""
    for function in _LISTENERS:
        function(platform_id, trouble, now)


@figures.source("webhooks")
def watched() -> list[tuple[str, str, int]]:
    """Name, meaning and value of what an operator watches."""
    now = clock.now()
    enabled = Endpoint.objects.filter(status=EndpointStatus.ENABLED)
    failing = enabled.exclude(failing_since=None)
    since = failing.aggregate(at=Min("failing_since"))["at"]
    given_up = Delivery.objects.filter(status=DeliveryStatus.DEAD, ended_at__gt=now - timedelta(days=1))
    waiting = Delivery.objects.filter(status=DeliveryStatus.PENDING)
    failing_for = int((now - since).total_seconds()) if since else 0
    return [
        ("waiting", "Webhooks that have not arrived yet", waiting.count()),
        ("dead", "Webhooks of the last day that were given up after all attempts", given_up.count()),
        ("endpoints", "Endpoints that want webhooks", enabled.count()),
        ("failing", "Endpoints whose last attempt failed; when it is all of them, the fault is here", failing.count()),
        ("failing_seconds", "For how long the worst of them has failed", failing_for),
    ]
