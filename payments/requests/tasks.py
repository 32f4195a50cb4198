"""Tasks of requests: run by beat, safe to run twice."""

from celery import shared_task

from payments.requests.outcomes import expire_requests, expire_splits


@shared_task(name="payments.requests.expire")
def expire() -> int:
    """Expire what is past its time; returns how many."""
    return expire_requests() + expire_splits()
