"""Tables: endpoints, events, deliveries."""

from enum import StrEnum
from typing import ClassVar

from django.db import models

from payments.platforms.models import Platform
from privacy.crypto.fields import EncryptedModel, EncryptedTextField
from wallet.core.ids import IdField
from wallet.core.models import DatabaseNow
from wallet.core.states import state_check


class EndpointStatus(StrEnum):
    """`disabled` after a 410; only a new endpoint replaces it."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class DeliveryStatus(StrEnum):
    """`dead` after the last attempt or a 410, until it is replayed; `dropped` with a link or an endpoint that ended."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    DROPPED = "dropped"


class Endpoint(EncryptedModel):
    """Where a platform wants to hear of what. The secrets are sealed under the service's own key."""

    encrypted_for = ""

    id = IdField("whe")
    platform = models.ForeignKey(Platform, on_delete=models.PROTECT)
    url = models.TextField()
    events = models.JSONField(default=list)
    status = models.TextField(default=EndpointStatus.ENABLED.value)
    secret = EncryptedTextField(keys="life")
    previous_secret = EncryptedTextField(keys="life", default="")
    previous_until = models.DateTimeField(null=True)
    #: Since when no attempt has succeeded: it then gets few calls at once, and others their turn.
    failing_since = models.DateTimeField(null=True)
    #: Not before this time: it has said so itself (`Retry-After`).
    resting_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        constraints: ClassVar = [state_check(EndpointStatus, name="endpoint_status")]

    def __str__(self) -> str:
        return self.id


class Event(models.Model):
    """One thing that happened, as a platform may know it: a type, an object, and the handles of those in it."""

    id = IdField("evt")
    #: The outbox row that promised it: told twice, it is one event.
    entry_id = models.BigIntegerField(unique=True)
    platform = models.ForeignKey(Platform, on_delete=models.PROTECT)
    type = models.TextField()
    object_id = models.TextField()
    payee_link = models.TextField(default="", db_index=True)
    payer_link = models.TextField(default="", db_index=True)
    #: Of `link.revoked`: the requests that were canceled with the link.
    canceled = models.JSONField(null=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.id


class Delivery(models.Model):
    """An event on its way to one endpoint."""

    id = IdField("del")
    event = models.ForeignKey(Event, on_delete=models.CASCADE)
    endpoint = models.ForeignKey(Endpoint, null=True, on_delete=models.SET_NULL)
    status = models.TextField(default=DeliveryStatus.PENDING.value)
    attempts = models.IntegerField(default=0)
    #: How many attempts there were before the last replay, which begins at the top of the table again.
    attempts_before = models.IntegerField(default=0, db_default=0)
    #: Somebody is calling until then, or has died over it.
    calling_until = models.DateTimeField(null=True)
    #: HTTP status of the last answer; null where there was none.
    last_status = models.IntegerField(null=True)
    #: Why there was none: a word of `calls.Failure`.
    last_error = models.TextField(default="")
    created_at = models.DateTimeField(db_default=DatabaseNow())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            state_check(DeliveryStatus, name="delivery_status"),
            models.UniqueConstraint(fields=["event", "endpoint"], name="one_delivery_an_endpoint"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["endpoint", "-created_at", "-id"], name="delivery_of_endpoint"),
            models.Index(fields=["endpoint"], condition=models.Q(status="pending"), name="delivery_pending"),
            models.Index(fields=["ended_at"], condition=models.Q(status="dead"), name="delivery_dead"),
        ]

    def __str__(self) -> str:
        return self.id
