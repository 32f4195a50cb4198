"""A holder's passkeys: add, name, list, remove; never the last one."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from fido2.webauthn import AuthenticatorData

from wallet.core.errors import Kind, NotFound, WalletError
from wallet.core.transactions import needs_transaction, owns_transaction
from wallet.users import events
from wallet.users.models import Holder, Passkey

#: More than anybody owns; enough that nobody fills a table.
MOST = 20


class LastPasskey(WalletError):
    """The last passkey cannot be removed: add another first."""

    kind = Kind.CONFLICT
    slug = "last-passkey"
    title = "The last passkey cannot be removed"


class TooManyPasskeys(WalletError):
    """A wallet takes twenty passkeys at most: remove one first."""

    kind = Kind.CONFLICT
    slug = "too-many-passkeys"
    title = "There are too many passkeys"


class PasskeyNotFound(NotFound):
    """There is no such passkey of this holder."""


@dataclass(frozen=True, slots=True)
class PasskeyLine:
    """A passkey as its page shows it."""

    number: int
    name: str
    created_at: datetime
    last_used_at: datetime | None
    is_suspected: bool


def list_passkeys(*, holder_id: str) -> list[PasskeyLine]:
    """The holder's passkeys, the oldest first."""
    return [
        PasskeyLine(row.pk, row.name, row.created_at, row.last_used_at, row.suspected_at is not None)
        for row in Passkey.objects.filter(holder_id=holder_id).order_by("pk")
    ]


def has_passkey(*, holder_id: str) -> bool:
    """Whether the holder has one that still opens something."""
    return Passkey.objects.filter(holder_id=holder_id, suspected_at=None).exists()


@needs_transaction
def keep_made(*, holder: Holder, made: AuthenticatorData, now: datetime) -> Passkey:
    """Store the credential that a ceremony has made."""
    Holder.objects.select_for_update().get(pk=holder.pk)
    count = Passkey.objects.filter(holder=holder).count()
    if count >= MOST:
        raise TooManyPasskeys
    assert made.credential_data is not None  # for the type checker: a made credential has its data
    passkey = Passkey(
        holder=holder,
        credential_id=made.credential_data.credential_id,
        credential=bytes(made.credential_data),
        sign_count=made.counter,
        created_at=now,
    )
    passkey.name = _("Passkey %(number)s") % {"number": count + 1}
    passkey.save(force_insert=True)
    return passkey


@owns_transaction
def add_passkey(*, holder: Holder, made: AuthenticatorData, now: datetime) -> Passkey:
    """Add the passkey that a ceremony has made; the caller ends the holder's other sessions."""
    passkey = keep_made(holder=holder, made=made, now=now)
    events.announce(holder_id=holder.id, event=events.KeyEvent.PASSKEY_ADDED, now=now)
    return passkey


@owns_transaction
def rename_passkey(*, holder: Holder, number: int, name: str) -> None:
    """Give a passkey a name that only its holder sees."""
    passkey = Passkey.objects.select_for_update().filter(holder=holder, pk=number).first()
    if passkey is None:
        raise PasskeyNotFound
    passkey.name = name
    passkey.save(update_fields=["name"])


@owns_transaction
def remove_passkey(*, holder: Holder, number: int, now: datetime) -> None:
    """Remove one; the last that opens something stays."""
    Holder.objects.select_for_update().get(pk=holder.pk)
    passkey = Passkey.objects.filter(holder=holder, pk=number).first()
    if passkey is None:
        raise PasskeyNotFound
    if not Passkey.objects.filter(holder=holder, suspected_at=None).exclude(pk=number).exists():
        raise LastPasskey
    passkey.delete()
    events.announce(holder_id=holder.id, event=events.KeyEvent.PASSKEY_REMOVED, now=now)
