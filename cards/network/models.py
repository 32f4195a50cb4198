"""What we know of Stripe's objects: their ids, and what we have last seen of them."""

from django.db import models

from wallet.core.ids import IdField
from wallet.core.models import DatabaseNow


class IssuingPerson(models.Model):
    """A holder as a cardholder of Stripe's, who has no name there."""

    #: What Stripe knows them by: no id of ours that means anything elsewhere.
    id = IdField("chr")
    holder_id = models.TextField(unique=True)
    #: Stripe's id; "" until it is made.
    ref = models.TextField(default="", db_default="")
    created_at = models.DateTimeField(db_default=DatabaseNow())


class IssuingNumber(models.Model):
    """A number that Stripe makes and keeps: a card of Stripe's each."""

    number_id = models.TextField(primary_key=True)
    card_id = models.TextField(db_index=True)
    holder_id = models.TextField()
    #: Stripe's id; null until it is made.
    ref = models.TextField(null=True, unique=True)
    #: How many cards were asked for in its place; belongs to the idempotency key.
    tries = models.IntegerField(default=0)
    #: When Stripe's copy was last compared, and what differed though nobody here had changed it.
    compared_at = models.DateTimeField(null=True)
    drifted_at = models.DateTimeField(null=True)
    drift = models.TextField(default="", db_default="")
    created_at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        indexes = [models.Index(fields=["compared_at"], name="issuingnumber_compared")]

    def __str__(self) -> str:
        return self.number_id


class IssuingEvent(models.Model):
    """That Stripe told of something: ids alone, the object is fetched when it is worked on."""

    id = models.BigAutoField(primary_key=True)
    event_id = models.TextField(unique=True)
    type = models.TextField()
    object_ref = models.TextField()
    received_at = models.DateTimeField(db_default=DatabaseNow())


class IssuingWatch(models.Model):
    """Until when Stripe was asked for events that never came; one row."""

    name = models.TextField(primary_key=True)
    asked_until = models.DateTimeField()


class WalletToken(models.Model):
    """A network token: a party holds a stand-in for one of a holder's numbers."""

    ref = models.TextField(primary_key=True)
    number_id = models.TextField()
    card_id = models.TextField(db_index=True)
    holder_id = models.TextField()
    #: `apple_pay`, `google_pay`, `samsung_pay`, or the requestor that the scheme names.
    party = models.TextField()
    #: `phone`, `watch`, `other`, or "".
    device = models.TextField(default="", db_default="")
    status = models.TextField()
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_default=DatabaseNow())

    def __str__(self) -> str:
        return self.ref
