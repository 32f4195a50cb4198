"""Tiers, used windows, and money that waits above a limit."""

from django.db import models

from wallet.core.models import DatabaseNow


class TierOf(models.Model):
    """A holder's tier; without a row: anonymous."""

    holder_id = models.TextField(primary_key=True)
    tier = models.TextField()
    since = models.DateTimeField()

    class Meta:
        db_table = "wallet_tier"
        constraints = [
            models.CheckConstraint(condition=models.Q(tier__in=["anonymous", "verified"]), name="wallet_tier_known")
        ]


class Usage(models.Model):
    """How much of one window is used; written by limits_consume and limits_give_back alone."""

    id = models.BigAutoField(primary_key=True)
    holder_id = models.TextField()
    name = models.TextField()
    period = models.TextField()
    currency = models.TextField()
    starts_on = models.DateField()
    used = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["holder_id", "name", "currency", "period", "starts_on"], name="wallet_usage_once"
            ),
            models.CheckConstraint(condition=models.Q(used__gte=0), name="wallet_usage_not_negative"),
        ]


class Parking(models.Model):
    """Money that waits above its receiver's limit, and where it came from; written by the functions alone."""

    id = models.BigAutoField(primary_key=True)
    holder_id = models.TextField()
    currency = models.TextField()
    #: Minor units that still wait.
    left = models.BigIntegerField()
    source_kind = models.TextField()
    source_owner = models.TextField()
    source_holder = models.TextField()
    ref = models.TextField()
    #: The key of the transfer that brought it.
    key = models.TextField(unique=True)
    at = models.DateTimeField(db_default=DatabaseNow())
    due_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(left__gte=0), name="wallet_parking_left")]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(left__gt=0), name="wallet_parking_waiting"),
            models.Index(fields=["holder_id"], condition=models.Q(left__gt=0), name="wallet_parking_of_holder"),
        ]
