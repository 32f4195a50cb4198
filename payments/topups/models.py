"""Tables: top-ups (lots of money with a source), what goes back of them, disputes, and the inbox of gateway events."""

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
    #: What the gateway kept of it, once that is known and booked.
    fee_minor = models.BigIntegerField(null=True)
    #: The last fraud warning of the card's issuer that was acted on.
    warning_ref = models.TextField(default="", db_default="", blank=True)
    #: When the gateway was asked for what was applied last: an answer to an earlier question is old news.
    asked_at = models.DateTimeField(null=True)
    #: When to ask the gateway next, while the payment is under way.
    look_due_at = models.DateTimeField(null=True)
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
            models.Index(fields=["look_due_at"], condition=Q(status="pending"), name="top_up_look_due"),
        ]

    @property
    def amount(self) -> Money:
        """What the holder asked to bring in."""
        return Money(self.amount_minor, self.currency)


class EventVia(StrEnum):
    """How we learnt of an event."""

    WEBHOOK = "webhook"
    POLL = "poll"


class GatewayEvent(models.Model):
    """The inbox: that an event came, once; the object it names is fetched when it is worked on (settled.md 24)."""

    id = models.BigAutoField(primary_key=True)
    gateway = models.TextField()
    event_id = models.TextField()
    type = models.TextField()
    object_ref = models.TextField()
    digest = models.BinaryField(max_length=32)
    #: Whether it was delivered, or found by asking: many found ones are the alarm that deliveries fail.
    via = models.TextField(default=EventVia.WEBHOOK.value, db_default=EventVia.WEBHOOK.value)
    received_at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        constraints = [
            state_check(EventVia, field="via", name="gateway_event_via"),
            models.UniqueConstraint(fields=["gateway", "event_id"], name="gateway_event_once"),
        ]
        indexes = [models.Index(fields=["received_at"], condition=Q(via="poll"), name="gateway_event_found")]


class GatewayWatch(models.Model):
    """Until when the gateway was asked for events that never came."""

    gateway = models.TextField(primary_key=True)
    asked_until = models.DateTimeField()


class RefundStatus(StrEnum):
    """Where money stands that goes back to the source of a top-up."""

    CREATED = "created"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class WithdrawalStatus(StrEnum):
    """Where a withdrawal stands (contract.md)."""

    CREATED = "created"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Withdrawal(models.Model):
    """Money that a holder takes out: parts of it go back to the lots they came from."""

    id = IdField("wd")
    holder_id = models.TextField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    #: The one top-up that it was asked to go back to; "" for the newest ones.
    top_up_id = models.TextField(default="", blank=True)
    status = models.TextField(default=WithdrawalStatus.CREATED.value)
    #: What came back to the main account, because a part could not go out.
    returned_minor = models.BigIntegerField(default=0)
    failure = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(db_default=DatabaseNow())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            state_check(WithdrawalStatus, name="withdrawal_status"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, returned_minor__gte=0, amount_minor__gte=F("returned_minor")),
                name="withdrawal_amounts",
            ),
        ]
        indexes = [models.Index(fields=["holder_id", "-created_at"], name="withdrawal_of_holder")]

    @property
    def amount(self) -> Money:
        """What was asked for."""
        return Money(self.amount_minor, self.currency)

    @property
    def returned(self) -> Money:
        """What came back of it."""
        return Money(self.returned_minor, self.currency)


class TopUpRefund(models.Model):
    """A part of a top-up that goes back to the card or account that paid it."""

    id = IdField("part")
    top_up = models.ForeignKey(TopUp, on_delete=models.PROTECT, related_name="refunds")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.TextField(default=RefundStatus.CREATED.value)
    #: The gateway's name for it; "" until it has answered.
    gateway_ref = models.TextField(default="", blank=True)
    #: The withdrawal that it is a part of; "" for one that was made at the gateway itself.
    withdrawal = models.TextField(default="", blank=True)
    failure = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(db_default=DatabaseNow())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            state_check(RefundStatus, name="top_up_refund_status"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="top_up_refund_positive"),
            models.UniqueConstraint(fields=["gateway_ref"], condition=~Q(gateway_ref=""), name="top_up_refund_once"),
        ]
        indexes = [models.Index(fields=["withdrawal"], name="top_up_refund_withdrawal")]

    @property
    def amount(self) -> Money:
        """What goes back."""
        return Money(self.amount_minor, self.currency)


class PayoutStatus(StrEnum):
    """Where money stands that goes to a bank account."""

    CREATED = "created"
    WAITING = "waiting"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class BankPayout(models.Model):
    """The part of a withdrawal that came from other people: it goes to a bank account typed on the provider's page."""

    id = IdField("part")
    withdrawal = models.OneToOneField(Withdrawal, on_delete=models.PROTECT, related_name="payout")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.TextField(default=PayoutStatus.CREATED.value)
    gateway = models.TextField()
    session_ref = models.TextField(default="", blank=True)
    #: Where the holder types the bank account.
    hosted_url = models.TextField(default="", blank=True)
    failure = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(db_default=DatabaseNow())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            state_check(PayoutStatus, name="bank_payout_status"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="bank_payout_positive"),
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(status__in=["waiting", "pending"]), name="bank_payout_open")
        ]

    @property
    def amount(self) -> Money:
        """What goes."""
        return Money(self.amount_minor, self.currency)


class TopUpDispute(models.Model):
    """What a bank disputes of a top-up, as the gateway says, and what we have taken for it."""

    id = models.BigAutoField(primary_key=True)
    top_up = models.ForeignKey(TopUp, on_delete=models.PROTECT, related_name="disputes")
    gateway_ref = models.TextField(unique=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    #: In the gateway's words, such as `needs_response` or `won`.
    status = models.TextField()
    is_over = models.BooleanField(default=False)
    #: What is taken from the holder now, and how often money has moved for it.
    taken_minor = models.BigIntegerField(default=0)
    moves = models.IntegerField(default=0)
    #: What the gateway keeps for it: the operator's, as every fee.
    fee_minor = models.BigIntegerField(default=0, db_default=0)
    opened_at = models.DateTimeField(db_default=DatabaseNow())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(taken_minor__gte=0, amount_minor__gte=F("taken_minor")), name="top_up_dispute_taken"
            )
        ]


class Reconciliation(models.Model):
    """One comparison of the gateway's books with ours: what was compared and what differed."""

    id = models.BigAutoField(primary_key=True)
    gateway = models.TextField()
    #: A day such as `2026-11-30`, or the gateway's name of a payout.
    subject = models.TextField()
    checked = models.IntegerField()
    differing = models.IntegerField()
    #: Ids, amounts and kinds of differences alone.
    differences = models.JSONField(default=list)
    #: Of a day: what is owed to holders and what is held for them, by currency.
    safeguarding = models.JSONField(default=list, db_default=[])
    at = models.DateTimeField(db_default=DatabaseNow())


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


class SandboxPayout(models.Model):
    """The sandbox's own memory of a page that asks for bank details: the outcome alone, never an account."""

    reference = models.TextField(primary_key=True)
    session_ref = models.TextField(unique=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    return_url = models.TextField()
    status = models.TextField(default="open")
    created_at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=["open", "paid", "refused"]), name="sandbox_payout_status")
        ]
