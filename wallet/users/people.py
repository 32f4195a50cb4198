"""Making people, and finding them."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.http import HttpRequest

from wallet.core.errors import Kind, NotFound, WalletError
from wallet.core.transactions import needs_transaction, owns_transaction
from wallet.users.models import Holder
from wallet.users.names import new_name, normal


class HolderNotFound(NotFound):
    """There is no such person, or none any more."""


class SignedOut(WalletError):
    """This session is over, or was never signed in."""

    kind = Kind.UNAUTHENTICATED
    slug = "unauthenticated"
    title = "Sign in first"


@owns_transaction
def create_holder(*, username: str | None, now: datetime, holder_id: str = "", language: str = "en") -> Holder:
    """A person without a key yet; for a sign-in name that exists already, the one who has it.

    Args:
        username: a sign-in name, or None for somebody who will only ever use passkeys.
        now: the database's time.
        holder_id: the id that a passkey's ceremony has already promised, or "" for a new one.
        language: of the pages, as the visitor chose it.
    """
    name = normal(username) if username else None
    holder = Holder(username=name, created_at=now, language=language)
    if holder_id:
        holder.id = holder_id
    holder.set_unusable_password()
    try:
        with transaction.atomic():
            holder.save(force_insert=True)
    except IntegrityError:
        if name is None:
            raise
        return Holder.objects.get(username=name)
    return holder


@owns_transaction
def create_named_holder(*, wanted: str, encoded_password: str, now: datetime, language: str) -> Holder:
    """A person with a generated sign-in name and a password that is hashed already; another name if two met."""
    name = wanted
    while Holder.objects.filter(username=name).exists():
        name = new_name()
    return Holder.objects.create(username=name, password=encoded_password, created_at=now, language=language)


def get_holder(holder_id: str) -> Holder:
    """The person with this id.

    Raises:
        HolderNotFound: there is none, or they were shut out.
    """
    holder = Holder.objects.filter(id=holder_id, is_active=True).first()
    if holder is None:
        raise HolderNotFound
    return holder


def is_here(holder_id: str) -> bool:
    """Whether the person has not left."""
    return Holder.objects.filter(id=holder_id, is_active=True).exists()


@needs_transaction
def is_staying(holder_id: str) -> bool:
    """Whether there is still somebody to be given money; it stays so until the transaction ends, erasure waits."""
    return Holder.objects.select_for_update(no_key=True).filter(id=holder_id, is_active=True).exists()


def find_by_username(username: str) -> Holder | None:
    """The person with this sign-in name, or None."""
    return Holder.objects.filter(username=normal(username)).first()


def holder_of(request: HttpRequest) -> Holder:
    """The person whose session this is.

    Raises:
        SignedOut: it is nobody's.
    """
    if not isinstance(request.user, Holder):
        raise SignedOut
    return request.user
