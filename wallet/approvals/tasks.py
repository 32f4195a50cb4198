"""The hourly round over proposals that nobody decided."""

from celery import shared_task

from wallet.approvals import proposals
from wallet.core import clock
from wallet.core.actors import Actor


@shared_task(name="wallet.approvals.expire")
def expire() -> int:
    """End what is older than 72 hours; how many. Safe to run twice."""
    return proposals.expire(actor=Actor.system("approvals.expire"), now=clock.now())
