"""Ten recovery codes of a hundred random bits each: a code alone opens the wallet, once."""

import hashlib
import secrets
from datetime import datetime

from django.db.models import Q

from wallet.core.errors import Kind, WalletError
from wallet.core.transactions import owns_transaction
from wallet.users import events
from wallet.users.models import Holder, RecoveryCode

COUNT = 10
#: Crockford's: no I, L, O, U, so that a code survives handwriting.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUPS, _GROUP = 5, 4
_MEANT = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V"})


class CodeRefused(WalletError):
    """This is not an unused recovery code."""

    kind = Kind.FORBIDDEN
    slug = "recovery-code-refused"
    title = "This code does not open a wallet"


def _new_code() -> str:
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))


def _digest(code: str) -> bytes:
    letters = "".join(letter for letter in code.upper() if letter.isalnum()).translate(_MEANT)
    return hashlib.sha256(b"paravent recovery code\0" + letters.encode()).digest()


@owns_transaction
def renew_codes(*, holder: Holder, now: datetime) -> list[str]:
    """Ten new codes in place of all older ones; nobody can read them again after this answer."""
    Holder.objects.select_for_update().get(pk=holder.pk)
    replaced, _details = RecoveryCode.objects.filter(holder=holder).delete()
    codes = [_new_code() for _ in range(COUNT)]
    RecoveryCode.objects.bulk_create(RecoveryCode(holder=holder, digest=_digest(code)) for code in codes)
    Holder.objects.filter(pk=holder.pk).update(codes_kept_at=None)
    if replaced:
        events.announce(holder_id=holder.id, event=events.KeyEvent.CODES_RENEWED, now=now)
    return codes


@owns_transaction
def invite(*, holder: Holder, expires_at: datetime) -> str:
    """One code in place of all others, for a member of the staff; it must be used in time."""
    RecoveryCode.objects.filter(holder=holder).delete()
    code = _new_code()
    RecoveryCode.objects.create(holder=holder, digest=_digest(code), expires_at=expires_at)
    return code


def confirm_kept(*, holder: Holder, code: str, now: datetime) -> None:
    """One of the codes was typed back: they were written down.

    Raises:
        CodeRefused: it is none of this holder's.
    """
    if not RecoveryCode.objects.filter(holder=holder, digest=_digest(code), used_at=None).exists():
        raise CodeRefused
    Holder.objects.filter(pk=holder.pk).update(codes_kept_at=now)


def count_left(*, holder_id: str) -> int:
    """How many codes were not used yet."""
    return RecoveryCode.objects.filter(holder_id=holder_id, used_at=None).count()


@owns_transaction
def spend_code(*, code: str, now: datetime) -> Holder:
    """The person whose code this is; the code is spent.

    Raises:
        CodeRefused: unknown, spent, over, or its person is shut out.
    """
    in_time = Q(expires_at=None) | Q(expires_at__gt=now)
    rows = RecoveryCode.objects.filter(in_time, digest=_digest(code), used_at=None, holder__is_active=True)
    found = rows.select_for_update(of=("self",)).first()
    if found is None:
        raise CodeRefused
    RecoveryCode.objects.filter(pk=found.pk).update(used_at=now)
    Holder.objects.filter(pk=found.holder_id).update(recovered_at=now)
    events.announce(holder_id=found.holder_id, event=events.KeyEvent.RECOVERED, now=now)
    return Holder.objects.get(pk=found.holder_id)
