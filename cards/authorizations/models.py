"""Tables of card payments. Approvals, declines and counters are written by `sql/place.sql` alone."""

from django.contrib.postgres.indexes import HashIndex
from django.db import models

from cards.authorizations.states import AuthorizationStatus, CaseStatus, ChargebackStatus, MessageKind
from cards.issuing.models import Card
from privacy.crypto import marks
from privacy.crypto.fields import EncryptedJSONField, EncryptedModel, EncryptedTextField
from wallet.core.ids import IdField
from wallet.core.models import DatabaseNow
from wallet.core.states import state_check


class Authorization(EncryptedModel):
    """One payment with a card, from the asking on; also a force post, which nobody asked for."""

    id = IdField("auth")
    #: Null for a number that is nobody's.
    card = models.ForeignKey(Card, null=True, on_delete=models.PROTECT, db_index=False, related_name="authorizations")
    #: The number that was shown: the card's own has the card's id; "" for one that is nobody's.
    number = models.TextField(default="", db_default="")
    holder_id = models.TextField()
    status = models.TextField(choices=AuthorizationStatus.choices)
    currency = models.TextField()
    requested_minor = models.BigIntegerField()
    #: Approved and increased.
    authorized_minor = models.BigIntegerField(default=0)
    reversed_minor = models.BigIntegerField(default=0)
    captured_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    #: Of refunds that the network took back; may come before its refund.
    refund_reversed_minor = models.BigIntegerField(default=0, db_default=0)
    #: What the programme has paid for it and nobody has paid back: the first that a refund pays.
    lost_minor = models.BigIntegerField(default=0, db_default=0)
    held_minor = models.BigIntegerField(default=0)
    #: The ledger's hold.
    hold = models.BigIntegerField(null=True)
    mcc = models.TextField()
    country = models.TextField()
    entry = models.TextField()
    reason = models.TextField(default="")
    response_code = models.TextField()
    #: `{id, name, mcc, country}`: where somebody buys; `law`: kept as long as the movement itself.
    merchant = EncryptedJSONField(keys="law")
    decided_at = models.DateTimeField(db_default=DatabaseNow())
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            state_check(AuthorizationStatus, name="authorization_status"),
            models.CheckConstraint(
                condition=models.Q(held_minor=0) | models.Q(held_minor__gt=0, status="approved"),
                name="authorization_held_while_approved",
            ),
        ]
        indexes = [
            models.Index(fields=["card", "-decided_at"], name="authorization_of_card"),
            models.Index(fields=["expires_at"], condition=models.Q(status="approved"), name="authorization_expiring"),
        ]

    def __str__(self) -> str:
        return self.id


class NetworkMessage(models.Model):
    """A message that came, and what it was answered: the same one again gets the same answer."""

    id = models.BigAutoField(primary_key=True)
    network = models.TextField()
    ref = models.TextField()
    kind = models.TextField(choices=MessageKind.choices)
    #: Which part of a clearing in parts; 0: not in parts.
    sequence = models.SmallIntegerField(default=0, db_default=0)
    #: The mark of the canonical body: a body holds a card number.
    body_hash = models.BinaryField(max_length=marks.BYTES)
    authorization_id = models.TextField(default="")
    #: Ids, amounts and codes only.
    answer = models.JSONField()
    at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["network", "ref", "kind", "sequence"], name="networkmessage_once")
        ]
        indexes = [
            # Nothing else is looked for by what it is about; an authorization has enough indexes to write.
            HashIndex(fields=["authorization_id"], condition=models.Q(kind="capture"), name="networkmessage_captures")
        ]


class Spending(models.Model):
    """What a card has spent in the open day, the open month and ever; one row a card, under the card's lock."""

    card = models.OneToOneField(Card, primary_key=True, on_delete=models.PROTECT, related_name="spending")
    day = models.DateField()
    day_minor = models.BigIntegerField()
    month = models.DateField()
    month_minor = models.BigIntegerField()
    lifetime_minor = models.BigIntegerField()
    #: Approved payments of more than nothing.
    approvals = models.IntegerField()
    #: The mark of the merchant id that a card has locked to.
    locked_to = models.BinaryField(null=True)


class Mismatch(models.Model):
    """Wrong dates and codes for one number on one UTC day; also for numbers that are nobody's.

    By the number's id, not by its index: a rotation of the index key gives nobody fresh tries.
    """

    id = models.BigAutoField(primary_key=True)
    #: The number (a card's own has the card's id), or the index of one that is nobody's.
    subject = models.TextField()
    day = models.DateField(db_index=True)
    count = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "day"], name="mismatch_once")]


class Chargeback(models.Model):
    """A dispute about what was cleared: the money comes for the time being, and stays or goes with the outcome."""

    id = IdField("cbk")
    authorization = models.ForeignKey(Authorization, on_delete=models.PROTECT, related_name="chargebacks")
    status = models.TextField(choices=ChargebackStatus.choices, default=ChargebackStatus.OPEN)
    amount_minor = models.BigIntegerField()
    #: What of it the holder has: the provisional credit, and all of it once won.
    credited_minor = models.BigIntegerField(default=0)
    currency = models.TextField()
    opened_at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        constraints = [
            state_check(ChargebackStatus, name="chargeback_status"),
            models.CheckConstraint(
                condition=models.Q(credited_minor__gte=0, credited_minor__lte=models.F("amount_minor")),
                name="chargeback_credited_within",
            ),
        ]

    def __str__(self) -> str:
        return self.id


class QueuedCase(models.Model):
    """What no rule decides: the exception queue, for a person."""

    id = models.BigAutoField(primary_key=True)
    #: A `cases.CaseReason`.
    reason = models.TextField()
    network = models.TextField()
    ref = models.TextField()
    kind = models.TextField(choices=MessageKind.choices)
    authorization_id = models.TextField(default="")
    amount_minor = models.BigIntegerField()
    #: What the programme paid by it, and what it keeps apart by it.
    lost_minor = models.BigIntegerField(default=0, db_default=0)
    kept_minor = models.BigIntegerField(default=0, db_default=0)
    currency = models.TextField()
    status = models.TextField(choices=CaseStatus.choices, default=CaseStatus.OPEN, db_default=CaseStatus.OPEN)
    at = models.DateTimeField(db_default=DatabaseNow())
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            state_check(CaseStatus, name="queuedcase_status"),
            models.CheckConstraint(
                condition=models.Q(status="open", resolved_at=None)
                | (~models.Q(status="open") & models.Q(resolved_at__isnull=False)),
                name="queuedcase_resolved",
            ),
        ]
        indexes = [models.Index(fields=["at"], condition=models.Q(status="open"), name="queuedcase_open")]


class CaseDecision(EncryptedModel):
    """How a member of staff closed a case: once, and never changed."""

    encrypted_for = ""

    id = models.BigAutoField(primary_key=True)
    case = models.OneToOneField(QueuedCase, on_delete=models.PROTECT, related_name="decided")
    decision = models.TextField(choices=CaseStatus.choices)
    amount_minor = models.BigIntegerField()
    #: The id of the member of staff.
    staff = models.TextField()
    #: Sealed: a person's words may name another.
    note = EncryptedTextField(keys="service", max_length=500)
    at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        constraints = [
            state_check(CaseStatus, field="decision", name="casedecision_decision"),
            models.CheckConstraint(condition=models.Q(amount_minor__gte=0), name="casedecision_amount"),
        ]
