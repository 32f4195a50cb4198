"""Cases, and how far the worker has looked."""

from django.db import models
from django.db.models import Q

from wallet.core.ids import IdField
from wallet.core.models import DatabaseNow
from wallet.core.states import state_check
from wallet.monitoring.states import CaseStatus


class Case(models.Model):
    """Something unusual about one holder, for a person to look at. Facts are counts, codes, ids and minor units."""

    id = IdField("case")
    holder_id = models.TextField(db_index=True)
    rule = models.TextField()
    version = models.IntegerField()
    #: The day or week that it is about.
    window = models.TextField()
    facts = models.JSONField(default=dict)
    refs = models.JSONField(default=list)
    status = models.TextField(default=CaseStatus.OPEN.value)
    #: Who of the staff works on it; "" while nobody does.
    assigned_to = models.TextField(default="")
    opened_at = models.DateTimeField(db_default=DatabaseNow())
    closed_at = models.DateTimeField(null=True)
    closed_by = models.TextField(default="")

    class Meta:
        db_table = "wallet_case"
        constraints = [
            state_check(CaseStatus, name="case_status"),
            models.UniqueConstraint(fields=["holder_id", "rule", "version", "window"], name="case_once"),
            models.CheckConstraint(
                condition=Q(status="open", closed_at=None, closed_by="")
                | ~Q(status="open") & Q(closed_at__isnull=False) & ~Q(closed_by=""),
                name="case_closed_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["opened_at"], condition=Q(status="open"), name="case_waiting")]

    def __str__(self) -> str:
        return self.id


class Mark(models.Model):
    """How far the worker has looked; one row."""

    id = models.IntegerField(primary_key=True, default=1)
    at = models.DateTimeField()

    class Meta:
        db_table = "wallet_monitoringmark"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="monitoringmark_one")]

    def __str__(self) -> str:
        return str(self.at)
