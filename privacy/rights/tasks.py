"""Tasks of rights: promised by the outbox, or run by beat; safe to run twice."""

import structlog
from celery import shared_task

from privacy.rights import erasing, exports
from wallet.core import clock, outbox
from wallet.core.models import OutboxEntry

log = structlog.get_logger(__name__)


@outbox.handles(exports.TOPIC)
def write_export(entry: OutboxEntry) -> None:
    """Write the document that somebody asked for."""
    exports.write_document(export_id=entry.ref)


@shared_task(name="privacy.rights.expire")
def expire() -> int:
    """Throw away documents whose time has passed."""
    return exports.expire_exports(now=clock.now())


@outbox.handles(erasing.TOPIC)
def erase(entry: OutboxEntry) -> None:
    """Begin what somebody asked for; beat carries on."""
    erasing.carry_on(holder_id=entry.ref, now=clock.now())


@shared_task(name="privacy.rights.carry_on")
def carry_on() -> int:
    """Carry on with everybody who is leaving; returns how many. One who fails does not hold up the others."""
    ids = list(erasing.unfinished().values_list("pk", flat=True)[:200])
    for holder_id in ids:
        try:
            erasing.carry_on(holder_id=holder_id, now=clock.now())
        except Exception as error:  # noqa: BLE001 - tried again at the next beat
            log.error("privacy.erasure.failed", holder=holder_id, error=type(error).__name__)  # noqa: TRY400 - no values
    return len(ids)


@shared_task(name="privacy.rights.end_law")
def end_law() -> int:
    """Destroy what the law made us keep, where its clock has ended."""
    return erasing.end_law(now=clock.now())
