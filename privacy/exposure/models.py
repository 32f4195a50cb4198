"""Tables of the exposure log. The application role only reads them; `sql/exposures.sql` holds the ways in."""

from enum import StrEnum
from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func

from privacy.crypto.sealed import SealedColumn, SealedTable, register
from wallet.core.ids import IdField
from wallet.core.models import DatabaseNow

if TYPE_CHECKING:
    _BigInteger = models.BigIntegerField[int, int]
else:
    _BigInteger = models.BigIntegerField


class RecipientKind(StrEnum):
    """Who may get data."""

    PLATFORM = "platform"
    MERCHANT = "merchant"
    NETWORK = "network"
    GATEWAY = "gateway"
    HOLDER = "holder"
    EMAIL = "email"
    STAFF = "staff"
    SELF = "self"


class SequenceField(_BigInteger):
    """A number that the database gives; gaps and disorder are normal (the sealer orders by transaction)."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:  # noqa: ARG002 - Django's signature
        """Always the database's, never the writer's."""
        return "bigint GENERATED ALWAYS AS IDENTITY"


class TransactionIdField(_BigInteger):
    """The writing transaction's 64-bit id: what is below `pg_snapshot_xmin` is complete."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:  # noqa: ARG002 - Django's signature
        """PostgreSQL's own type."""
        return "xid8"


class CurrentTransaction(Func):
    """`pg_current_xact_id()` as a column default."""

    function = "pg_current_xact_id"
    output_field = TransactionIdField()


class Recipient(models.Model):
    """One who may get data; registered by the room that deals with them, never deleted."""

    id = IdField("rcp")
    kind = models.TextField()
    #: The other room's own opaque id.
    ref = models.TextField()
    name = models.TextField()
    created_at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "ref"], name="recipient_once")]

    def __str__(self) -> str:
        return self.id


class Disclosure(models.Model):
    """One body that left: an answer, a webhook, a message. Says nothing about anybody.

    Its words are the values of `privacy.fields.Purpose`, `Basis` and `Channel`.
    """

    id = models.BigAutoField(primary_key=True)
    #: Recipients are never deleted: a constraint would only make every platform's row a hot one.
    recipient = models.ForeignKey(
        Recipient, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    schema = models.TextField()
    purpose = models.TextField()
    basis = models.TextField()
    channel = models.TextField()
    #: SHA-256 of the bytes that left.
    digest = models.BinaryField(max_length=32)
    request_id = models.TextField(default="")
    at = models.DateTimeField(db_default=DatabaseNow())


class Exposure(models.Model):
    """What one body said about one person: sealed under that person's key, unsequenced until the sealer comes."""

    id = IdField("xpo")
    seq = SequenceField(unique=True, editable=False)
    xid = TransactionIdField(db_default=CurrentTransaction(), editable=False)
    #: Both rows come from one function: a constraint would only look up what it has just written.
    disclosure = models.ForeignKey(
        Disclosure, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="exposures"
    )
    holder_id = models.TextField()
    recipient = models.ForeignKey(
        Recipient, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    #: Field classes, in clear: the matrix is counted from them.
    fields = ArrayField(models.TextField())
    at = models.DateTimeField(db_default=DatabaseNow())
    #: r (32 random bytes) and the canonical record.
    record_sealed = models.BinaryField()
    #: The bytes with members about others replaced by null.
    body_sealed = models.BinaryField()
    # The sealer's columns (settled.md 6).
    counter_sealed = models.BinaryField(null=True)
    previous_sealed = models.BinaryField(null=True)
    leaf = models.BinaryField(null=True)
    leaf_index = models.BigIntegerField(null=True)
    #: Its record does not open any more (its holder has left before the sealer came): it will never be sealed.
    is_unsealable = models.BooleanField(db_default=False)
    #: The tally that counts it, from the sealer; until then it is among the few that are not sealed.
    tally_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["disclosure", "holder_id"], name="exposure_once_a_person"),
            models.UniqueConstraint(
                fields=["leaf_index"], condition=models.Q(leaf_index__isnull=False), name="exposure_leaf_once"
            ),
            models.CheckConstraint(condition=~models.Q(holder_id=""), name="exposure_has_holder"),
        ]
        indexes = [
            # The dashboard counts and looks for rows in here, and never among the sealed bytes.
            models.Index(
                fields=["holder_id", "-at", "-id"], include=["recipient", "fields"], name="exposure_of_holder_told"
            ),
            models.Index(
                fields=["xid", "seq"], condition=models.Q(leaf_index=None, is_unsealable=False), name="exposure_to_seal"
            ),
            models.Index(
                fields=["holder_id", "-leaf_index"], condition=models.Q(leaf_index__isnull=False), name="exposure_chain"
            ),
            models.Index(
                fields=["tally_id", "-at", "-id"], condition=models.Q(tally_id__isnull=False), name="exposure_of_tally"
            ),
        ]


register(
    SealedTable(
        Exposure,
        columns=tuple(
            SealedColumn(f"{name}_sealed", cell=name, keys="life") for name in ("record", "body", "counter", "previous")
        ),
        reseal="exposure_reseal",
    )
)


class Tally(models.Model):
    """How often a recipient was told these classes about a person: counted by the sealer, whom nobody waits for."""

    id = models.BigAutoField(primary_key=True)
    holder_id = models.TextField()
    recipient_id = models.TextField()
    fields = ArrayField(models.TextField())
    count = models.BigIntegerField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["holder_id", "recipient_id", "fields"], name="tally_once"),
        ]


class Count(models.Model):
    """How many bodies without a person in them went where on a day, in a few shards so that nobody waits.

    Days that are over are put together: one row a month, on its first day, with the shard -1.
    """

    id = models.BigAutoField(primary_key=True)
    recipient = models.ForeignKey(
        Recipient, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    schema = models.TextField()
    channel = models.TextField()
    day = models.DateField()
    shard = models.SmallIntegerField()
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recipient", "schema", "channel", "day", "shard"], name="count_once"),
        ]


# --- The sealed log -----------------------------------------------------------------------------------


class LogHead(models.Model):
    """Where the log ends and what of it is published: one row."""

    id = models.IntegerField(primary_key=True, default=1)
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    #: The signed note that `/log/checkpoint` shows, and the size that it is about.
    checkpoint = models.TextField(db_default="")
    checkpoint_size = models.BigIntegerField(db_default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="loghead_one")]


class LogTile(models.Model):
    """Up to 256 hashes of one level of the tree (C2SP tlog-tiles); it only grows."""

    id = models.BigAutoField(primary_key=True)
    level = models.SmallIntegerField()
    n = models.BigIntegerField()
    hashes = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "n"], name="logtile_once")]


class LogWitness(models.Model):
    """What an outside witness has signed of the log last, and why it did not sign since."""

    #: Its verifier key, whole.
    key = models.TextField(primary_key=True)
    size = models.BigIntegerField(db_default=0)
    #: A checkpoint with the log's signature and the witness's; "" until there is one.
    note = models.TextField(db_default="")
    seen_at = models.DateTimeField(null=True)
    #: A word of `witnesses.Refusal` or `calls.Failure`; "" while it signs.
    failure = models.TextField(db_default="")
    failed_at = models.DateTimeField(null=True)


class LogStatement(models.Model):
    """What the log says that is about nobody: the state of the ledger, a restore that was acknowledged."""

    id = models.BigAutoField(primary_key=True)
    kind = models.TextField()
    #: Canonical JSON.
    text = models.TextField()
    #: Blinds the text's commitment; null where the leaf shows the text itself.
    r = models.BinaryField(null=True)
    at = models.DateTimeField(db_default=DatabaseNow())
    leaf = models.BinaryField(null=True)
    leaf_index = models.BigIntegerField(null=True, unique=True)

    class Meta:
        indexes = [models.Index(fields=["id"], condition=models.Q(leaf_index=None), name="logstatement_to_seal")]
