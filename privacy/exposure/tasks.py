"""Tasks of the log, run by beat; safe to run twice."""

from celery import shared_task

from privacy.exposure import witnesses


@shared_task(name="privacy.exposure.ask_witnesses")
def ask_witnesses() -> int:
    """Ask the outside witnesses to sign what is published; returns how many did."""
    return witnesses.ask()
