"""Tables of rights: exports and erasures."""

from enum import StrEnum

from django.db import models
from django.db.models import Q

from privacy.crypto.sealed import SealedColumn, SealedTable, register
from wallet.core.ids import IdField
from wallet.core.models import DatabaseNow
from wallet.core.states import state_check


class ExportStatus(StrEnum):
    """settled.md 31."""

    PENDING = "pending"
    READY = "ready"
    EXPIRED = "expired"


class Export(models.Model):
    """Everything about one person in one signed document, for as long as it may be fetched."""

    id = IdField("exp")
    holder_id = models.TextField()
    status = models.TextField(default=ExportStatus.PENDING.value)
    #: Kinds of data that are written, and how many there are.
    written = models.IntegerField(default=0)
    kinds = models.IntegerField(default=0)
    #: Of a ready one.
    records = models.IntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    #: The document, packed with gzip, sealed under the holder's key.
    document_sealed = models.BinaryField(null=True)
    requested_at = models.DateTimeField(db_default=DatabaseNow())
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            state_check(ExportStatus, name="export_status"),
            models.UniqueConstraint(fields=["holder_id"], condition=Q(status="pending"), name="export_one_pending"),
            models.CheckConstraint(
                condition=Q(status="ready", document_sealed__isnull=False, expires_at__isnull=False)
                | ~Q(status="ready") & Q(document_sealed=None),
                name="export_ready_has_document",
            ),
        ]
        indexes = [
            models.Index(fields=["holder_id", "-requested_at"], name="export_of_holder"),
            models.Index(fields=["expires_at"], condition=Q(status="ready"), name="export_expiring"),
        ]

    def __str__(self) -> str:
        return self.id


class ErasureStatus(StrEnum):
    """settled.md 10."""

    REQUESTED = "requested"
    PAYING_OUT = "paying_out"
    NEEDS_DESTINATION = "needs_destination"
    DONE = "done"


class Erasure(models.Model):
    """Somebody leaves: how far it is. The row stays, so that the law's clock runs: it holds a random id and times."""

    holder_id = models.TextField(primary_key=True)
    status = models.TextField(default=ErasureStatus.REQUESTED.value)
    requested_at = models.DateTimeField(db_default=DatabaseNow())
    done_at = models.DateTimeField(null=True)
    law_due_at = models.DateTimeField(null=True)
    law_done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            state_check(ErasureStatus, name="erasure_status"),
            models.CheckConstraint(
                condition=Q(status="done", done_at__isnull=False, law_due_at__isnull=False)
                | ~Q(status="done") & Q(done_at=None, law_done_at=None),
                name="erasure_done_has_clock",
            ),
        ]
        indexes = [
            models.Index(fields=["requested_at"], condition=~Q(status="done"), name="erasure_unfinished"),
            models.Index(fields=["law_due_at"], condition=Q(law_done_at=None), name="erasure_law_due"),
        ]

    def __str__(self) -> str:
        return self.holder_id


register(SealedTable(Export, columns=(SealedColumn("document_sealed", cell="document", keys="life"),)))
