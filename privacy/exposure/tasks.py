"""Tasks of the log, run by beat; safe to run twice."""

from celery import shared_task

from privacy.exposure import log, witnesses


@shared_task(name="privacy.exposure.ask_witnesses")
def ask_witnesses() -> int:
    """Ask the outside witnesses to sign what is published; returns how many did."""
    return witnesses.ask()


@shared_task(name="privacy.exposure.fold_counts")
def fold_counts() -> int:
    """Put the counts of days that are over into one row a month; returns how many rows went."""
    return log.fold_counts()
