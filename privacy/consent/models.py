"""The table of consents. The application role only reads it; `sql/consents.sql` holds the ways in."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from privacy.crypto.sealed import SealedColumn, SealedTable, register
from wallet.core.ids import IdField
from wallet.core.models import DatabaseNow


class Consent(models.Model):
    """What one holder allowed one recipient to learn, from then until withdrawn."""

    id = IdField("cns")
    holder_id = models.TextField()
    #: Opaque: recipients live in the room above.
    recipient_id = models.TextField()
    #: 1, 2, 3… for a holder and a recipient.
    version = models.IntegerField()
    #: Field classes that may go to the recipient.
    classes = ArrayField(models.TextField())
    #: The literal document that was shown, sealed.
    document_sealed = models.BinaryField()
    #: The signed receipt, sealed: it names the holder.
    receipt_sealed = models.BinaryField()
    given_at = models.DateTimeField(db_default=DatabaseNow())
    ends_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["holder_id", "recipient_id"], condition=models.Q(withdrawn_at=None), name="consent_one_live"
            ),
            models.UniqueConstraint(fields=["holder_id", "recipient_id", "version"], name="consent_version_once"),
            models.CheckConstraint(
                condition=~models.Q(holder_id="") & ~models.Q(recipient_id=""), name="consent_has_parties"
            ),
        ]

    def __str__(self) -> str:
        return self.id


register(
    SealedTable(
        Consent,
        columns=tuple(SealedColumn(f"{name}_sealed", cell=name, keys="life") for name in ("document", "receipt")),
        reseal="consent_reseal",
    )
)
