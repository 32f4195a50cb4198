"""Tasks of rights: promised by the outbox, or run by beat; safe to run twice."""

from celery import shared_task

from privacy.rights import exports
from wallet.core import clock, outbox
from wallet.core.models import OutboxEntry


@outbox.handles(exports.TOPIC)
def write_export(entry: OutboxEntry) -> None:
    """Write the document that somebody asked for."""
    exports.write_document(export_id=entry.ref)


@shared_task(name="privacy.rights.expire")
def expire() -> int:
    """Throw away documents whose time has passed."""
    return exports.expire_exports(now=clock.now())
