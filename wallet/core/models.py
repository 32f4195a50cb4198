"""Tables of the floor: the audit of states, the outbox, and the keys of repeated requests."""

from datetime import UTC, datetime, timedelta

from django.db import models
from django.db.models.functions import Now

from privacy.crypto import marks
from privacy.crypto.sealed import SealedColumn, SealedTable, register

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class DatabaseNow(Now):
    """`core_now()` as a column default: the database's clock with the sandbox's offset."""

    template = "core_now()"

    def as_postgresql(self, compiler, connection, **extra):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN003, ANN201, D102
        return self.as_sql(compiler, connection, template="core_now()", **extra)


class StateChange(models.Model):
    """One move of one thing from state to state; append-only for the application role."""

    id = models.BigAutoField(primary_key=True)
    machine = models.TextField()
    subject = models.TextField(db_index=True)
    event = models.TextField()
    before = models.TextField()
    after = models.TextField()
    actor_kind = models.TextField()
    actor_id = models.TextField()
    at = models.DateTimeField(db_default=DatabaseNow())


class OutboxEntry(models.Model):
    """Work that a committed transaction has promised; PostgreSQL is the truth, Redis only wakes somebody up."""

    id = models.BigAutoField(primary_key=True)
    topic = models.TextField()
    #: The opaque id of the thing that the work is about.
    ref = models.TextField()
    #: Ids and enum words only; never an amount's owner, a name or a number.
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=DatabaseNow())
    due_at = models.DateTimeField(db_default=DatabaseNow())
    attempts = models.IntegerField(default=0)
    #: The class name of the last failure, without its message.
    last_error = models.TextField(default="")
    done_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(done_at=None, dead_at=None), name="outbox_waiting")
        ]


def _scope_in_hex(scope: bytes | memoryview) -> str:
    return bytes(scope).hex()


class IdempotencyKey(models.Model):
    """What a request with an Idempotency-Key has answered; written in the transaction of its effect (settled.md 3)."""

    id = models.BigAutoField(primary_key=True)
    #: SHA-256 over client, holder, method, path and key.
    scope = models.BinaryField(max_length=32, unique=True)
    holder_id = models.TextField(default="", db_index=True)
    #: The mark of the canonical body: a body may hold what must not be found by hashing guesses.
    body_hash = models.BinaryField(max_length=marks.BYTES)
    #: The answer, sealed under the holder's key (the service's key where there is no holder).
    answer = models.BinaryField()
    created_at = models.DateTimeField(db_default=DatabaseNow(), db_index=True)


class StaffAct(models.Model):
    """What somebody of the staff, or a command of theirs, did and why. Never changed, by anybody (sql/staff.sql)."""

    id = models.BigAutoField(primary_key=True)
    actor_kind = models.TextField()
    actor_id = models.TextField()
    act = models.TextField()
    #: The public id of the thing, or `table:number`.
    subject = models.TextField()
    #: Whom it concerns; "" for nobody.
    holder_id = models.TextField(default="")
    reason_code = models.TextField(default="")
    #: One line; a control character is refused by the table itself.
    reason = models.TextField(default="")
    #: Ids, codes and minor units.
    facts = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        #: The powers of the staff: Django's permissions need a table to hang on.
        default_permissions = ()
        permissions = [
            ("read_console", "Read the console"),
            ("look_at_people", "Look at personal data, with a reason"),
            ("freeze_holder", "Freeze a holder"),
            ("work_cases", "Work on cases"),
            ("retry_work", "Have work tried again"),
            ("propose_money", "Propose a manual credit or debit"),
            ("approve_money", "Approve a manual credit or debit"),
        ]
        indexes = [
            models.Index(fields=["subject", "-at"], name="staffact_of_subject"),
            models.Index(fields=["holder_id", "-at"], condition=~models.Q(holder_id=""), name="staffact_of_holder"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reason__regex=r"[[:cntrl:]]") & ~models.Q(subject__regex=r"[[:cntrl:]]"),
                name="staffact_one_line",
            )
        ]


def answer_version(created_at: datetime) -> int:
    """The version in the cell of an answer: the moment of its row, in microseconds.

    A key may be used again once its answer is forgotten: the answer of then must not open in the row of now.
    """
    return (created_at - _EPOCH) // timedelta(microseconds=1)


register(
    SealedTable(
        IdempotencyKey, columns=(SealedColumn("answer", keys="life"),), key="scope", row_id=_scope_in_hex,
        version="created_at", version_of=answer_version,
    )
)  # fmt: skip
