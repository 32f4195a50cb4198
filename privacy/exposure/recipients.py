"""Who may get data: registered by the rooms above, by their own opaque id."""

from django.db import connection

from privacy.exposure.models import Recipient, RecipientKind
from wallet.core.ids import new_id

__all__ = ["Recipient", "RecipientKind", "RecipientUnknown", "find", "get", "register"]


class RecipientUnknown(Exception):
    """Data was to go to one that nobody has registered: a defect, never a refusal."""


def register(*, kind: RecipientKind, ref: str, name: str) -> Recipient:
    """Make a recipient known, or take over its new name; the same (kind, ref) is always the same recipient."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT exposure_register_recipient(%s, %s, %s, %s)", [new_id("rcp"), kind, ref, name])
        (recipient_id,) = cursor.fetchone()
    return Recipient(id=recipient_id, kind=kind, ref=ref, name=name)


def find(kind: RecipientKind, ref: str) -> Recipient | None:
    """The recipient, if it was registered."""
    return Recipient.objects.filter(kind=kind, ref=ref).first()


def get(kind: RecipientKind, ref: str) -> Recipient:
    """The recipient.

    Raises:
        RecipientUnknown: nobody has registered it.
    """
    found = find(kind, ref)
    if found is None:
        raise RecipientUnknown(kind)
    return found
