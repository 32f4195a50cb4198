"""Table: who looks after which platform."""

from typing import ClassVar

from django.db import models

from payments.platforms.models import Platform
from wallet.core.models import DatabaseNow


class Developer(models.Model):
    """A person who may look after a platform; the platform itself knows nothing of it."""

    id = models.BigAutoField(primary_key=True)
    holder_id = models.TextField()
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE)
    created_at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["holder_id", "platform"], name="one_developer"),
        ]

    def __str__(self) -> str:
        return str(self.id)
