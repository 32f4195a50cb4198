"""The key tables, and no others. No foreign keys and opaque holder ids: they may live in a database of their own.

The application role only reads them; it writes through the functions in `sql/keys.sql`. Ids are 16 random bytes, and a
wrapped key authenticates its id and everything it is for, so rows cannot be exchanged. Times are the database's real
clock, not the sandbox's: the life of a key is not part of a story that is being played.
"""

from django.db import models
from django.db.models.functions import Now


class BranchKey(models.Model):
    """Wraps the data keys made on one day; wrapped by the KEK."""

    id = models.UUIDField(primary_key=True)
    #: The active branch is the latest whose time has come; unique, so that two processes make one.
    active_from = models.DateTimeField(unique=True)
    kek = models.TextField()
    #: Empty once retired.
    wrapped = models.BinaryField()
    #: When this KEK came to wrap it.
    wrapped_at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True)


class RootKey(models.Model):
    """The root of one purpose's derived keys (index, cvc, webhook, log, pairwise); wrapped by the KEK."""

    id = models.UUIDField(primary_key=True)
    purpose = models.TextField()
    version = models.IntegerField()
    #: A version is written with from here on; before, it is only read with (rotation).
    active_from = models.DateTimeField(db_default=Now())
    kek = models.TextField()
    #: Empty once retired.
    wrapped = models.BinaryField()
    #: When this KEK came to wrap it.
    wrapped_at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["purpose", "version"], name="privacy_rootkey_once")]


class DataKey(models.Model):
    """Seals one holder's fields of one class; wrapped by a branch key.

    Destroyed (erasure) it is a tombstone, and its holder gets no other; retired (rotation) a newer version goes on.
    """

    id = models.UUIDField(primary_key=True)
    #: Opaque; "" for the service's own key.
    holder_id = models.TextField()
    key_class = models.TextField()
    version = models.IntegerField()
    branch_id = models.UUIDField(null=True)
    wrapped = models.BinaryField(null=True)
    #: Values sealed under it, counted in blocks: past the limit a new version is made.
    messages = models.BigIntegerField(db_default=0)
    created_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["holder_id", "key_class", "version"], name="privacy_datakey_once"),
            models.CheckConstraint(
                condition=models.Q(key_class__in=["life", "law"]) & ~models.Q(holder_id="")
                | models.Q(key_class="service", holder_id=""),
                name="privacy_datakey_class",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    destroyed_at__isnull=True, retired_at__isnull=True, wrapped__isnull=False, branch_id__isnull=False
                )
                | models.Q(wrapped__isnull=True)
                & (models.Q(destroyed_at__isnull=False) | models.Q(retired_at__isnull=False)),
                name="privacy_datakey_tombstone",
            ),
        ]
        indexes = [
            models.Index(fields=["branch_id"], name="privacy_datakey_branch"),
            models.Index(
                fields=["holder_id", "key_class"],
                name="privacy_datakey_destroyed",
                condition=models.Q(destroyed_at__isnull=False),
            ),
        ]


class KeyErasure(models.Model):
    """Which keys were destroyed, in commit order, for other processes to see; `journal` is what outlives this table."""

    seq = models.BigIntegerField(primary_key=True)
    holder_id = models.TextField()
    key_class = models.TextField()
    destroyed_at = models.DateTimeField(db_default=Now())


class KeyRotation(models.Model):
    """One row: how far a rotation has got, for every process to see (`stages`)."""

    id = models.IntegerField(primary_key=True)
    #: Rises with every change.
    epoch = models.BigIntegerField()
    stage = models.TextField()
    index_version = models.IntegerField()
    index_next = models.IntegerField(null=True)
    branch_target = models.UUIDField(null=True)
    data_since = models.DateTimeField(null=True)
    data_holder = models.TextField(db_default="")
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="privacy_keyrotation_one")]
