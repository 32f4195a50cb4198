"""The round of monitoring, every five minutes."""

from celery import shared_task

from wallet.core import clock
from wallet.monitoring import watch


@shared_task(name="wallet.monitoring.look")
def look() -> int:
    """Apply the rules to who moved money since the last round; how many cases are new."""
    return watch.look(now=clock.now())
