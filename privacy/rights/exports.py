"""Exports: everything about one person in one signed document (GDPR art. 15 and 20, standard.md V10)."""

import gzip
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import override

from privacy.consent.signing import Signer, canonical
from privacy.crypto.keyring import Cell, KeyDestroyed, keyring
from privacy.exposure.models import Exposure, Recipient
from privacy.rights import kinds
from privacy.rights.models import Export, ExportStatus
from wallet.core import clock, outbox
from wallet.core.actors import Actor
from wallet.core.errors import Kind, NotFound, WalletError
from wallet.core.ids import is_id
from wallet.core.states import StateMachine
from wallet.core.transactions import needs_transaction, owns_transaction

log = structlog.get_logger(__name__)

TOPIC: Final = "rights.export"
#: How long a ready document may be fetched.
KEPT: Final = timedelta(days=7)
SIGNER: Final = Signer("export", "rights", "export", "ed25519", context=b"paravent/export/v1\0")
STATES: StateMachine[ExportStatus] = StateMachine(
    "privacy.export",
    {
        "finish": {ExportStatus.PENDING: ExportStatus.READY},
        "expire": {ExportStatus.READY: ExportStatus.EXPIRED, ExportStatus.PENDING: ExportStatus.EXPIRED},
    },
)


class ExportNotReady(WalletError):
    """The document is still being written, or its time has passed: ask for a new one."""

    kind = Kind.CONFLICT
    slug = "export-not-ready"
    title = "This export cannot be fetched now"


@owns_transaction
def request_export(*, holder_id: str, now: datetime) -> Export:
    """Promise a document; one at a time for a person, so another wish while it is written gets the same."""
    _one_at_a_time(holder_id)
    pending = list_exports(holder_id).filter(status=ExportStatus.PENDING).first()
    if pending is not None:
        return pending
    made = Export.objects.create(holder_id=holder_id, requested_at=now, kinds=len(kinds.every()))
    outbox.enqueue(topic=TOPIC, ref=made.id)
    return made


@needs_transaction
def _one_at_a_time(holder_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7053420))", [holder_id])


def list_exports(holder_id: str) -> QuerySet[Export]:
    """A person's exports, newest first; the documents stay where they are."""
    return Export.objects.filter(holder_id=holder_id).defer("document_sealed").order_by("-requested_at", "-pk")


def get_export(*, holder_id: str, export_id: str) -> Export:
    """One of this person's.

    Raises:
        NotFound: unknown, or another's.
    """
    found = list_exports(holder_id).filter(pk=export_id).first() if is_id(export_id, "exp") else None
    if found is None:
        raise NotFound
    return found


def read_document(*, holder_id: str, export_id: str, now: datetime) -> bytes:
    """The signed document.

    Raises:
        NotFound: unknown, or another's.
        ExportNotReady: not written yet, or its time has passed.
    """
    found = get_export(holder_id=holder_id, export_id=export_id)
    if found.status != ExportStatus.READY or found.expires_at is None or found.expires_at <= now:
        raise ExportNotReady
    sealed = bytes(found.document_sealed or b"")
    return gzip.decompress(keyring.open(sealed, cell=_cell(found), keys="life"))


def write_document(*, export_id: str) -> None:
    """Write, sign and seal it; safe to run twice. A person who left meanwhile gets none."""
    export = Export.objects.filter(pk=export_id, status=ExportStatus.PENDING).first()
    if export is None:
        return
    try:
        facts = gather(export, made_at=clock.now(), tell=_told(export.id))
        document = SIGNER.sign(facts)
        sealed = keyring.seal(gzip.compress(document, 6), cell=_cell(export), keys="life")
    except KeyDestroyed:
        _finish(export, status="expire", sealed=None, facts={"contents": []}, size=0, now=clock.now())
        return
    _finish(export, status="finish", sealed=sealed, facts=facts, size=len(document), now=clock.now())


@owns_transaction
def _finish(
    export: Export, *, status: str, sealed: bytes | None, facts: dict[str, Any], size: int, now: datetime
) -> None:
    row = Export.objects.select_for_update().defer("document_sealed").get(pk=export.pk)
    if row.status != ExportStatus.PENDING:
        return
    after = STATES.after(ExportStatus.PENDING, status)
    Export.objects.filter(pk=row.pk).update(
        status=after, document_sealed=sealed, bytes=size, records=sum(one["records"] for one in facts["contents"]),
        ready_at=now, expires_at=now + KEPT,
    )  # fmt: skip
    STATES.record(
        subject=row.id, event=status, before=ExportStatus.PENDING, after=after, actor=Actor.system("privacy.rights")
    )
    log.info("privacy.export.finished", export=row.id, status=str(after), bytes=size)


def gather(export: Export, *, made_at: datetime, tell: Callable[[int], None]) -> dict[str, Any]:
    """Everything about one person at one moment, with what says that nothing is missing.

    Args:
        export: for whom.
        made_at: the moment.
        tell: hears how many kinds are written.
    """
    data: dict[str, list[dict[str, Any]]] = {}
    for number, kind in enumerate(kinds.every(), 1):
        # Each kind in a transaction of its own: a holder with much does not hold a snapshot open for a minute.
        with transaction.atomic():
            data[kind.name] = list(kind.records(export.holder_id))
        tell(number)
    with override("en"):
        withheld = [{"class": str(one), "why": str(why)} for one, why in kinds.WITHHELD.items()]
        contents = [
            {
                "kind": kind.name,
                "about": str(kind.label),
                "records": len(data[kind.name]),
                "sha256": hashlib.sha256(canonical(data[kind.name])).hexdigest(),
            }
            for kind in kinds.every()
        ]
    return {
        "version": 1,
        "id": export.id,
        "holder": export.holder_id,
        "wallet": settings.PUBLIC_URL,
        "schema": f"{settings.PUBLIC_URL}/privacy/export-schema.json",
        "made_at": kinds.plain(made_at),
        "contents": contents,
        "recipients": _recipients(export.holder_id),
        "withheld": withheld,
        "data": data,
    }


def _recipients(holder_id: str) -> list[dict[str, str]]:
    """By name, not by category (CJEU C-154/21): everybody who got anything."""
    ids = Exposure.objects.filter(holder_id=holder_id).values("recipient_id").distinct()
    found = Recipient.objects.filter(pk__in=ids).order_by("kind", "name", "pk")
    return [{"kind": one.kind, "id": one.id, "name": one.name} for one in found]


def schema() -> dict[str, Any]:
    """The published JSON Schema (2020-12) of a document."""
    text, count = {"type": "string"}, {"type": "integer", "minimum": 0}
    listed: Callable[[dict[str, Any]], dict[str, Any]] = lambda items: {"type": "array", "items": items}  # noqa: E731
    export = kinds.closed(
        version={"const": 1}, id=text, holder=text, wallet=text, schema=text,
        made_at={"type": "string", "format": "date-time"},
        contents=listed(kinds.closed(kind=text, about=text, records=count, sha256=text)),
        recipients=listed(kinds.closed(kind=text, id=text, name=text)),
        withheld=listed(kinds.closed(**{"class": text, "why": text})),
        data=kinds.closed(**{kind.name: listed(kind.shape()) for kind in kinds.every()}),
    )  # fmt: skip
    signature = kinds.closed(algorithm={"const": "Ed25519"}, key_version=count, public_key=text, value=text)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{settings.PUBLIC_URL}/privacy/export-schema.json",
        "title": "Everything that a Paravent wallet holds about one person",
        **kinds.closed(export=export, signature=signature),
    }


@owns_transaction
def expire_exports(*, now: datetime) -> int:
    """Throw away documents whose time has passed; returns how many."""
    due = Export.objects.select_for_update(skip_locked=True).defer("document_sealed")
    rows = list(due.filter(status=ExportStatus.READY, expires_at__lte=now)[:100])
    for row in rows:
        after = STATES.after(ExportStatus.READY, "expire")
        Export.objects.filter(pk=row.pk).update(status=after, document_sealed=None)
        STATES.record(
            subject=row.id, event="expire", before=ExportStatus.READY, after=after,
            actor=Actor.system("privacy.rights"),
        )  # fmt: skip
    return len(rows)


def _told(export_id: str) -> Callable[[int], None]:
    def tell(written: int) -> None:
        Export.objects.filter(pk=export_id).update(written=written)

    return tell


def _cell(export: Export) -> Cell:
    return Cell("privacy_export", "document", export.id, export.holder_id)
