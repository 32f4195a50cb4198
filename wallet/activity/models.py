"""Lines of activity and notices. Names are sealed under the holder's key; codes, amounts and ids are not."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from privacy.crypto.fields import EncryptedJSONField, EncryptedModel, EncryptedTextField
from wallet.core.ids import IdField
from wallet.core.models import DatabaseNow


class Line(EncryptedModel):
    """One thing that happened, as its holder sees it."""

    id = IdField("act")
    holder_id = models.TextField()
    kind = models.TextField()
    direction = models.TextField()
    amount_minor = models.BigIntegerField()
    currency = models.TextField()
    status = models.TextField()
    #: The public id of the thing itself.
    ref = models.TextField()
    #: Why not, as a code of `words`.
    reason = models.TextField(default="")
    next_step = models.TextField(default="")
    merchant = EncryptedTextField(keys="life", default="")
    counterparty = EncryptedTextField(keys="life", default="")
    at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        indexes = [
            models.Index(fields=["holder_id", "-at", "-id"], name="wallet_line_newest"),
            models.Index(fields=["ref"], name="wallet_line_ref"),
            # For whoever looks at what moved lately, whosever it is; small, because lines come in the order of time.
            BrinIndex(fields=["at"], name="wallet_line_at"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(direction__in=["in", "out", "none"]), name="wallet_line_direction"
            ),
            models.CheckConstraint(condition=models.Q(amount_minor__gte=0), name="wallet_line_amount"),
        ]


class Notice(EncryptedModel):
    """Something that its holder should know or do."""

    id = IdField("ntc")
    holder_id = models.TextField()
    kind = models.TextField()
    ref = models.TextField(default="")
    facts = EncryptedJSONField(keys="life", default=dict)
    at = models.DateTimeField(db_default=DatabaseNow())
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["holder_id", "-at", "-id"], name="wallet_notice_newest"),
            models.Index(fields=["ref"], condition=models.Q(read_at=None), name="wallet_notice_waiting"),
        ]
