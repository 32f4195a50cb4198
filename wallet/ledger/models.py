"""The ledger's tables as Django reads them; shape and rules are in sql/tables.sql, and nobody writes from here."""

from typing import TYPE_CHECKING, Any

from django.db import models

from wallet.core.models import DatabaseNow

if TYPE_CHECKING:
    _Field = models.Field[str, str]
else:
    _Field = models.Field


class TransactionIdField(_Field):
    """PostgreSQL's `xid8`: the 64-bit id of the transaction that wrote a row."""

    def db_type(self, connection: Any) -> str:  # noqa: ARG002 - Django's signature
        """The column's type."""
        return "xid8"


class Account(models.Model):
    """One account: of a holder (main, card, parked, shortfall), or the programme's own (its balance is derived)."""

    id = models.BigAutoField(primary_key=True)
    kind = models.TextField()
    owner = models.TextField()
    holder_id = models.TextField()
    currency = models.TextField()
    debits_posted = models.BigIntegerField()
    credits_posted = models.BigIntegerField()
    debits_pending = models.BigIntegerField()
    credits_pending = models.BigIntegerField()
    is_derived = models.BooleanField()
    rolled_to_xid = TransactionIdField()
    rolled_to_id = models.BigIntegerField()
    opened_at = models.DateTimeField(db_default=DatabaseNow())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "owner", "currency"], name="wallet_account_once")]


class Transfer(models.Model):
    """One movement; never changed."""

    id = models.BigAutoField(primary_key=True)
    xid = TransactionIdField()
    key = models.TextField(unique=True)
    op = models.TextField()
    debit_account = models.BigIntegerField()
    credit_account = models.BigIntegerField()
    amount = models.BigIntegerField()
    currency = models.TextField()
    hold_id = models.BigIntegerField(null=True)
    code = models.TextField()
    ref = models.TextField()
    at = models.DateTimeField(db_default=DatabaseNow())
    expires_at = models.DateTimeField(null=True)


class Hold(models.Model):
    """What is left of a hold; its id is that of the transfer that opened it."""

    id = models.BigIntegerField(primary_key=True)
    debit_account = models.BigIntegerField()
    credit_account = models.BigIntegerField()
    remaining = models.BigIntegerField()
    code = models.TextField()
    expires_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
