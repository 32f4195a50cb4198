"""The person and their keys. No name and no e-mail is asked for; a sign-in name exists only beside a password."""

from typing import TYPE_CHECKING, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

from privacy.crypto.fields import EncryptedJSONField, EncryptedModel, EncryptedTextField
from wallet.core.ids import IdField
from wallet.core.models import DatabaseNow

if TYPE_CHECKING:
    from wallet.users.sessions import SessionStore


class HolderManager(BaseUserManager["Holder"]):
    """What Django's sign-in asks of a user manager."""

    def get_by_natural_key(self, username: str | None) -> "Holder":
        """The holder with this sign-in name; passkey accounts have none."""
        return self.get(username=username)


class Holder(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing] # of oauth2_provider's untyped models
    """A person with a wallet, or a member of staff (`is_staff`), who has none."""

    id = IdField("holder")
    #: Generated sign-in name of a password account; null for a passkey account (settled.md 11).
    username = models.TextField(unique=True, null=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    language = models.TextField(default="en")
    created_at = models.DateTimeField(db_default=DatabaseNow())
    #: When a recovery code was last used: some acts wait for 24 hours after it.
    recovered_at = models.DateTimeField(null=True)
    #: When one of the recovery codes was typed back; null while nobody knows that they were written down.
    codes_kept_at = models.DateTimeField(null=True)

    objects = HolderManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.id


class Passkey(EncryptedModel):
    """A discoverable credential: the public half of it, and how often it has signed."""

    encrypted_for = "holder_id"

    id = models.BigAutoField(primary_key=True)
    holder = models.ForeignKey(Holder, on_delete=models.CASCADE, related_name="passkeys")
    credential_id = models.BinaryField(unique=True)
    #: WebAuthn's attested credential data: what a signature is checked with.
    credential = models.BinaryField()
    name = EncryptedTextField(keys="life")
    sign_count = models.BigIntegerField(default=0)
    #: When it answered with a counter that was not higher than the last: it may have been copied, and opens nothing.
    suspected_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=DatabaseNow())
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"passkey {self.pk}"


class RecoveryCode(models.Model):
    """One of ten codes, as a digest of its hundred random bits: the code alone says whose it is."""

    id = models.BigAutoField(primary_key=True)
    holder = models.ForeignKey(Holder, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.BinaryField(max_length=32, unique=True)
    used_at = models.DateTimeField(null=True)
    #: Of a code that invites somebody to the staff; null for a holder's own codes.
    expires_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"recovery code {self.pk}"


class Freeze(models.Model):
    """A holder from whose wallet nothing goes out; written by `sql/freezes.sql` alone. Why: see StaffAct."""

    holder_id = models.TextField(primary_key=True)
    at = models.DateTimeField(db_default=DatabaseNow())

    def __str__(self) -> str:
        return self.holder_id


class ShownCodes(EncryptedModel):
    """A fresh set of recovery codes, until one of them was typed back.

    The session only names the row: a sealed value inside a session would be out of reach of a rotation of keys.
    """

    id = models.BigAutoField(primary_key=True)
    holder = models.ForeignKey(Holder, on_delete=models.CASCADE, related_name="+")
    codes = EncryptedJSONField(keys="life")
    made_at = models.DateTimeField(db_default=DatabaseNow())

    def __str__(self) -> str:
        return f"codes shown to {self.holder_id}"


class Ceremony(models.Model):
    """One question to a passkey: the row makes it answerable once, and its answer usable once."""

    id = models.BigAutoField(primary_key=True)
    purpose = models.TextField()
    #: Whose passkeys may answer; null while nobody has signed in.
    holder = models.ForeignKey(Holder, on_delete=models.CASCADE, null=True)
    challenge = models.BinaryField(max_length=32)
    #: SHA-256 of the canonical amount, currency and payee that the challenge is bound to, if it is.
    binding = models.BinaryField(max_length=32, null=True)
    asked_at = models.DateTimeField(db_default=DatabaseNow(), db_index=True)
    answered_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"ceremony {self.pk}"


class Session(AbstractBaseSession):
    """A browser's session. The key stands hashed: who reads this table cannot take a session over."""

    session_key = models.CharField(max_length=64, primary_key=True)
    holder = models.ForeignKey(Holder, on_delete=models.CASCADE, null=True, related_name="sessions")
    #: Family of browser and system, such as "Firefox, Linux"; the browser's own string is not kept.
    device = models.TextField(default="")
    started_at = models.DateTimeField()

    @classmethod
    def get_session_store_class(cls) -> "type[SessionStore]":
        """The store that reads and writes these rows."""
        from wallet.users.sessions import SessionStore  # noqa: PLC0415 - the store imports this table

        return SessionStore
