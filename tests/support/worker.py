"""The worker's turn, in the test's own process: what is due in the outbox is done."""

from wallet.core import clock, outbox
from wallet.core.models import OutboxEntry


def run_worker(topics: str) -> None:
    """Do what the worker would, until nothing is due whose topic begins so."""
    for _ in range(8):
        due = OutboxEntry.objects.filter(done_at=None, dead_at=None, topic__startswith=topics, due_at__lte=clock.now())
        entries = list(due.order_by("id").values_list("id", flat=True))
        if not entries:
            return
        for entry in entries:
            outbox.work(entry)


def retry_now(topics: str) -> None:
    """As if the time of every next try had come."""
    OutboxEntry.objects.filter(done_at=None, dead_at=None, topic__startswith=topics).update(due_at=clock.now())
    run_worker(topics)
