"""The ledger's own round."""

from celery import shared_task

from wallet.ledger import attestation, rollup


@shared_task(name="wallet.ledger.roll_up")
def roll_up() -> int:
    """Bring the programme's accounts up to date; how many transfers were taken in."""
    return rollup.roll_up()


@shared_task(name="wallet.ledger.attest")
def attest() -> None:
    """Commit the exposure log to all transfers so far."""
    attestation.attest()
