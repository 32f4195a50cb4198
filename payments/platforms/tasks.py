"""Housekeeping of tokens: run by beat, safe to run twice."""

from celery import shared_task

from payments.platforms.tokens import clear_over


@shared_task(name="payments.platforms.clear_tokens")
def clear_tokens() -> int:
    """Delete tokens and codes that are over; returns how many."""
    return clear_over()
