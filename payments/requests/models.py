"""Tables: payment requests, the splits that some of them are shares of, and what each of the two people reads."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from payments.platforms.models import Link, Platform
from privacy.crypto.fields import EncryptedJSONField, EncryptedModel, EncryptedTextField
from wallet.core.ids import IdField
from wallet.core.models import DatabaseNow
from wallet.core.money import Money
from wallet.core.states import StateMachine, state_check

#: Seconds that a request stays open (settled.md 29).
MIN_LIFE, MAX_LIFE, DEFAULT_LIFE = 60, 2_592_000, 604_800
#: The same where all pay or nobody: people's money is held meanwhile (settled.md 22).
MAX_HOLD, DEFAULT_HOLD = 604_800, 86_400
MOST_SHARES = 50


class RequestStatus(StrEnum):
    """settled.md 31; `held`: approved as a share of a split in which all pay or nobody."""

    OPEN = "open"
    HELD = "held"
    PAID = "paid"
    DECLINED = "declined"
    CANCELED = "canceled"
    EXPIRED = "expired"


class Role(StrEnum):
    """The two sides of a request."""

    PAYEE = "payee"
    PAYER = "payer"


STATES: StateMachine[RequestStatus] = StateMachine(
    "payments.request",
    {
        "pay": {RequestStatus.OPEN: RequestStatus.PAID, RequestStatus.HELD: RequestStatus.PAID},
        "hold": {RequestStatus.OPEN: RequestStatus.HELD},
        "decline": {RequestStatus.OPEN: RequestStatus.DECLINED},
        "cancel": {RequestStatus.OPEN: RequestStatus.CANCELED, RequestStatus.HELD: RequestStatus.CANCELED},
        "expire": {RequestStatus.OPEN: RequestStatus.EXPIRED, RequestStatus.HELD: RequestStatus.EXPIRED},
    },
)


class SplitStatus(StrEnum):
    """settled.md 31."""

    OPEN = "open"
    COMPLETED = "completed"
    CANCELED = "canceled"
    EXPIRED = "expired"


SPLIT: StateMachine[SplitStatus] = StateMachine(
    "payments.split",
    {
        "complete": {SplitStatus.OPEN: SplitStatus.COMPLETED},
        "cancel": {SplitStatus.OPEN: SplitStatus.CANCELED},
        "expire": {SplitStatus.OPEN: SplitStatus.EXPIRED},
    },
)


class Split(models.Model):
    """What several people owe one person: each share is a payment request, and money moves with those alone."""

    id = IdField("split")
    platform = models.ForeignKey(Platform, on_delete=models.PROTECT)
    status = models.TextField(default=SplitStatus.OPEN.value)
    payee_link = models.ForeignKey(Link, on_delete=models.PROTECT, related_name="+")
    payee_id = models.TextField(db_index=True)
    total_minor = models.BigIntegerField()
    currency = models.TextField()
    #: The payee's own share, which nobody is asked for, and its place among the others.
    own_minor = models.BigIntegerField(default=0)
    own_position = models.IntegerField(null=True)
    all_or_nothing = models.BooleanField(default=False)
    reference = models.TextField(null=True)
    created_at = models.DateTimeField(db_default=DatabaseNow())
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            state_check(SplitStatus, name="split_status"),
            models.CheckConstraint(
                condition=Q(own_minor__gte=0) & Q(own_minor__lt=F("total_minor")), name="split_own_share_within_total"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["expires_at"], condition=Q(status="open"), name="split_expiring"),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def total(self) -> Money:
        """What all shares come to."""
        return Money(self.total_minor, self.currency)


class CheckoutStatus(StrEnum):
    """settled.md 31."""

    OPEN = "open"
    PAID = "paid"
    CANCELED = "canceled"
    EXPIRED = "expired"


CHECKOUT: StateMachine[CheckoutStatus] = StateMachine(
    "payments.checkout",
    {
        "pay": {CheckoutStatus.OPEN: CheckoutStatus.PAID},
        "cancel": {CheckoutStatus.OPEN: CheckoutStatus.CANCELED},
        "decline": {CheckoutStatus.OPEN: CheckoutStatus.CANCELED},
        "expire": {CheckoutStatus.OPEN: CheckoutStatus.EXPIRED},
    },
)


class Checkout(models.Model):
    """What a bot sells: items, perhaps a tip, a way back. It is paid as the payment request that is made with it."""

    id = IdField("chk")
    platform = models.ForeignKey(Platform, on_delete=models.PROTECT)
    status = models.TextField(default=CheckoutStatus.OPEN.value)
    payee_id = models.TextField(db_index=True)
    total_minor = models.BigIntegerField()
    tip_minor = models.BigIntegerField(default=0)
    max_tip_minor = models.BigIntegerField(default=0)
    suggested_tips_minor = models.JSONField(default=list)
    currency = models.TextField()
    #: On an origin that the platform has registered.
    return_url = models.TextField(default="")

    class Meta:
        constraints: ClassVar = [
            state_check(CheckoutStatus, name="checkout_status"),
            models.CheckConstraint(
                condition=Q(total_minor__gt=0) & Q(tip_minor__gte=0) & Q(tip_minor__lte=F("max_tip_minor")),
                name="checkout_tip_within_limit",
            ),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def total(self) -> Money:
        """What the items come to."""
        return Money(self.total_minor, self.currency)

    @property
    def tip(self) -> Money:
        """What the payer added."""
        return Money(self.tip_minor, self.currency)

    @property
    def max_tip(self) -> Money:
        """The most they may add."""
        return Money(self.max_tip_minor, self.currency)

    @property
    def suggested_tips(self) -> list[Money]:
        """What the page proposes."""
        return [Money(minor, self.currency) for minor in self.suggested_tips_minor]


class PaymentRequest(models.Model):
    """Somebody's wish for money, carried by a platform: alone, or as one share of a split."""

    id = IdField("preq")
    platform = models.ForeignKey(Platform, on_delete=models.PROTECT)
    status = models.TextField(default=RequestStatus.OPEN.value)
    payee_link = models.ForeignKey(Link, on_delete=models.PROTECT, related_name="asked")
    payee_id = models.TextField(db_index=True)
    #: Only what the platform sent; never filled in (settled.md 21).
    payer_link = models.ForeignKey(Link, null=True, on_delete=models.PROTECT, related_name="asked_of")
    amount_minor = models.BigIntegerField()
    currency = models.TextField()
    refunded_minor = models.BigIntegerField(default=0)
    #: The platform's own word for it; echoed to this platform only.
    reference = models.TextField(null=True)
    locale = models.TextField(default="en")
    created_at = models.DateTimeField(db_default=DatabaseNow())
    expires_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    #: Who paid, or whose money was held: known to the wallet, and to the platform only when its own token paid.
    paid_by = models.TextField(default="")
    split = models.ForeignKey(Split, null=True, on_delete=models.PROTECT, related_name="requests")
    #: Its place among the shares.
    position = models.IntegerField(default=0)
    checkout = models.OneToOneField(Checkout, null=True, on_delete=models.PROTECT, related_name="request")
    #: The ledger's hold, since when, and on which card ("": the main account).
    hold = models.BigIntegerField(null=True)
    held_at = models.DateTimeField(null=True)
    held_card = models.TextField(default="")
    tapped_link = models.ForeignKey(Link, null=True, on_delete=models.PROTECT, related_name="tapped")

    class Meta:
        constraints: ClassVar = [
            state_check(RequestStatus, name="request_status"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="request_amount_positive"),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0) & Q(refunded_minor__lte=F("amount_minor")),
                name="request_refund_within_amount",
            ),
            models.CheckConstraint(
                condition=Q(status="paid", paid_at__isnull=False) & ~Q(paid_by="") | ~Q(status="paid"),
                name="request_paid_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(status="held")
                | Q(split__isnull=False, hold__isnull=False, held_at__isnull=False) & ~Q(paid_by=""),
                name="request_held_for_somebody",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["expires_at"], condition=Q(status="open"), name="request_expiring"),
            models.Index(fields=["platform", "-created_at", "-id"], name="request_of_platform"),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def amount(self) -> Money:
        """What is asked for."""
        return Money(self.amount_minor, self.currency)

    def is_payable(self, now: datetime) -> bool:
        """Open, and not past its time even if nobody has swept it yet."""
        return self.status == RequestStatus.OPEN and self.expires_at > now

    @property
    def is_held_first(self) -> bool:
        """Whether approving it holds the money until all others of its split have approved too."""
        return self.split is not None and self.split.all_or_nothing


class RefundStatus(StrEnum):
    """settled.md 31."""

    REQUIRES_APPROVAL = "requires_approval"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


REFUND: StateMachine[RefundStatus] = StateMachine(
    "payments.refund",
    {
        "ask": {RefundStatus.PENDING: RefundStatus.REQUIRES_APPROVAL},
        "succeed": dict.fromkeys((RefundStatus.PENDING, RefundStatus.REQUIRES_APPROVAL), RefundStatus.SUCCEEDED),
        "fail": dict.fromkeys((RefundStatus.PENDING, RefundStatus.REQUIRES_APPROVAL), RefundStatus.FAILED),
    },
)


class Refund(models.Model):
    """Money that goes back to the payer of a request, in whole or in part."""

    id = IdField("ref")
    platform = models.ForeignKey(Platform, on_delete=models.PROTECT)
    request = models.ForeignKey(PaymentRequest, on_delete=models.PROTECT, related_name="refunds")
    #: The payee's, whose token asked.
    link = models.ForeignKey(Link, on_delete=models.PROTECT, related_name="+")
    payee_id = models.TextField(db_index=True)
    payer_id = models.TextField()
    status = models.TextField(default=RefundStatus.PENDING.value)
    amount_minor = models.BigIntegerField()
    currency = models.TextField()
    created_at = models.DateTimeField(db_default=DatabaseNow())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            state_check(RefundStatus, name="refund_status"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_amount_positive"),
            models.UniqueConstraint(
                fields=["request"], condition=Q(status="requires_approval"), name="one_refund_waits_for_approval"
            ),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def amount(self) -> Money:
        """What goes back."""
        return Money(self.amount_minor, self.currency)


class RequestSide(EncryptedModel):
    """What one of the two reads: the note and the other's alias, sealed under the reader's own key (settled.md 7)."""

    encrypted_for = "holder_id"

    #: `<request id>/<role>`: known before the row exists, as associated data wants it.
    id = models.TextField(primary_key=True)
    request = models.ForeignKey(PaymentRequest, on_delete=models.CASCADE, related_name="sides")
    role = models.TextField()
    holder_id = models.TextField(db_index=True)
    note = EncryptedTextField(keys="life", default="")
    other_alias = EncryptedTextField(keys="life", default="")
    created_at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        constraints: ClassVar = [state_check(Role, field="role", name="request_side_role")]

    def __str__(self) -> str:
        return self.id


class CheckoutItems(EncryptedModel):
    """The items of a checkout as one of the two reads them, sealed under the reader's own key (settled.md 7)."""

    encrypted_for = "holder_id"

    #: `<checkout id>/<role>`.
    id = models.TextField(primary_key=True)
    checkout = models.ForeignKey(Checkout, on_delete=models.CASCADE, related_name="copies")
    role = models.TextField()
    holder_id = models.TextField(db_index=True)
    #: `[{"label", "minor"}]`
    items = EncryptedJSONField(keys="life")
    created_at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        constraints: ClassVar = [state_check(Role, field="role", name="checkout_items_role")]

    def __str__(self) -> str:
        return self.id


def side_id(object_id: str, role: Role) -> str:
    """The key of one side's row."""
    return f"{object_id}/{role}"
