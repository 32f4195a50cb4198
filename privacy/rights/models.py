"""Tables of rights: exports."""

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


register(SealedTable(Export, columns=(SealedColumn("document_sealed", cell="document", keys="life"),)))
