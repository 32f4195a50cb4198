"""Tables: top-ups (lots of money with a source), and the inbox of gateway events."""

from enum import StrEnum

from django.db import models
from django.db.models import F, Q

from wallet.core.ids import IdField
from wallet.core.models import DatabaseNow
from wallet.core.money import Money
from wallet.core.states import state_check


class TopUpStatus(StrEnum):
    """Where a top-up stands (contract.md)."""

    CREATED = "created"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"
    REFUNDED = "refunded"
    DISPUTED = "disputed"


class TopUp(models.Model):
    """One payment into the wallet; afterwards a lot: what is not refunded or disputed may go back to its source."""

    id = IdField("top")
    holder_id = models.TextField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    #: The card to load once the money is there; "" keeps it in the main account.
    card_id = models.TextField(default="", blank=True)
    status = models.TextField(default=TopUpStatus.CREATED.value)
    #: Which gateway, and its names for the session and the payment.
    gateway = models.TextField()
    session_ref = models.TextField(default="", blank=True)
    payment_ref = models.TextField(default="", blank=True)
    #: Where the holder pays: the gateway's hosted page.
    hosted_url = models.TextField(default="", blank=True)
    #: A word of ours for why it failed, such as `declined`.
    failure = models.TextField(default="", blank=True)
    refunded_minor = models.BigIntegerField(default=0)
    disputed_minor = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(db_default=DatabaseNow())
    succeeded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            state_check(TopUpStatus, name="top_up_status"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="top_up_amount_positive"),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0, disputed_minor__gte=0)
                & Q(amount_minor__gte=F("refunded_minor") + F("disputed_minor")),
                name="top_up_lot_is_a_cap",
            ),
            models.UniqueConstraint(
                fields=["gateway", "session_ref"], condition=~Q(session_ref=""), name="top_up_session_once"
            ),
            models.UniqueConstraint(
                fields=["gateway", "payment_ref"], condition=~Q(payment_ref=""), name="top_up_payment_once"
            ),
        ]
        indexes = [
            models.Index(fields=["holder_id", "-created_at"], name="top_up_of_holder"),
            models.Index(fields=["created_at"], condition=Q(status="pending"), name="top_up_pending"),
        ]

    @property
    def amount(self) -> Money:
        """What the holder asked to bring in."""
        return Money(self.amount_minor, self.currency)


class GatewayEvent(models.Model):
    """The inbox: that an event came, once; the object it names is fetched when it is worked on (settled.md 24)."""

    id = models.BigAutoField(primary_key=True)
    gateway = models.TextField()
    event_id = models.TextField()
    type = models.TextField()
    object_ref = models.TextField()
    digest = models.BinaryField(max_length=32)
    received_at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gateway", "event_id"], name="gateway_event_once")]


class SandboxCheckout(models.Model):
    """The sandbox gateway's own memory of a payment page: the outcome alone, never a number that was typed."""

    #: The top-up that the page is for; the gateway knows nothing else of the wallet.
    reference = models.TextField(primary_key=True)
    session_ref = models.TextField(unique=True)
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, default="", blank=True)
    return_url = models.TextField(default="", blank=True)
    #: open → challenge → processing → paid | declined; open → expired.
    status = models.TextField(default="open")
    settles_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["open", "challenge", "processing", "paid", "declined", "expired"]),
                name="sandbox_checkout_status",
            )
        ]
