"""Step-up: the holder says yes with a passkey, now, and for one thing when the yes is bound to one.

Bound: challenge = SHA-256(nonce || canonical JSON of the binding), so the passkey signs the amount, the currency and
the payee; the yes is used up by the act it was given for. Unbound: good for five minutes in the session that gave it.
There is no way around it with a password.
"""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db.models import QuerySet
from django.http import HttpRequest

from wallet.core import clock
from wallet.core.errors import Invalid, Kind, WalletError
from wallet.core.transactions import owns_transaction
from wallet.users import acts, ceremonies, passkeys
from wallet.users.ceremonies import Purpose
from wallet.users.models import Ceremony
from wallet.users.people import holder_of

#: How old a proof may be (standard.md, parameters).
FRESH = timedelta(minutes=5)
_ASKED, _PROVED = "stepup_asked", "stepup_proved"
_MOST_MEMBERS, _MOST_TEXT = 6, 200


class StepUpRequired(WalletError):
    """Confirm with a passkey first; a confirmation is good for five minutes, or for the one payment that it names."""

    kind = Kind.FORBIDDEN
    slug = "step-up-required"
    title = "Confirm this with your passkey"


def digest_of(binding: Mapping[str, str | int]) -> bytes:
    """SHA-256 of the canonical JSON (sorted, no spaces) of what is agreed to."""
    return hashlib.sha256(_canonical(binding)).digest()


def _canonical(binding: Mapping[str, str | int]) -> bytes:
    if not 0 < len(binding) <= _MOST_MEMBERS:
        raise Invalid("names nothing, or too much", pointer="/binding")
    for name, value in binding.items():
        if not isinstance(name, str) or isinstance(value, bool) or not isinstance(value, str | int):
            raise Invalid("must be a text or a whole number", pointer="/binding")
        if len(str(value)) > _MOST_TEXT or len(name) > _MOST_TEXT:
            raise Invalid("is too long", pointer="/binding")
    return orjson.dumps(dict(binding), option=orjson.OPT_SORT_KEYS)


def begin(request: HttpRequest, binding: Mapping[str, str | int] | None = None) -> dict[str, Any]:
    """Options for the browser; bound to `binding` where there is one.

    Raises:
        PasskeyNeeded: the holder has no passkey to ask.
    """
    holder = holder_of(request)
    if not passkeys.has_passkey(holder_id=holder.id):
        raise acts.PasskeyNeeded
    nonce = secrets.token_bytes(32)
    asked = ceremonies.ask(
        purpose=Purpose.STEP_UP,
        holder=holder,
        now=clock.now(),
        challenge=hashlib.sha256(nonce + (b"" if binding is None else _canonical(binding))).digest(),
        binding=None if binding is None else digest_of(binding),
    )
    request.session[_ASKED] = asked.ceremony
    return asked.options


def finish(request: HttpRequest, response: Mapping[str, Any]) -> None:
    """Check the passkey's answer and keep the proof in the session.

    Raises:
        PasskeyRefused: any check failed.
    """
    asked = request.session.pop(_ASKED, None)
    ceremonies.read_answer(
        ceremony=asked, purpose=Purpose.STEP_UP, holder=holder_of(request), response=response, now=clock.now()
    )
    request.session[_PROVED] = asked


def proof_of(request: HttpRequest) -> int | None:
    """The number of this session's proof, for a room's own SQL that calls `users_spend_proof`."""
    proved = request.session.get(_PROVED)
    return proved if isinstance(proved, int) else None


def is_fresh(request: HttpRequest) -> bool:
    """Whether this session gave a passkey's yes in the last five minutes."""
    return _unbound(request, clock.now()).exists()


@owns_transaction
def require(request: HttpRequest, binding: Mapping[str, str | int] | None = None) -> None:
    """Say nothing when the proof is there. A bound one is used up: call it in the transaction of the act.

    Raises:
        StepUpRequired: there is none, it is older than five minutes, or it was given for something else.
    """
    now = clock.now()
    if binding is None:
        if not _unbound(request, now).exists():
            raise StepUpRequired
        return
    if not _proofs(request, now).filter(binding=digest_of(binding), used_at=None).update(used_at=now):
        raise StepUpRequired


def _unbound(request: HttpRequest, now: datetime) -> QuerySet[Ceremony, Ceremony]:
    """A yes that named no payment: one that did is good for that payment and for nothing else."""
    return _proofs(request, now).filter(binding=None)


def _proofs(request: HttpRequest, now: datetime) -> QuerySet[Ceremony, Ceremony]:
    """The proof that this session holds, if it stands; another session's is none."""
    proved = request.session.get(_PROVED)
    if proved is None or not request.user.is_authenticated:
        return Ceremony.objects.none()
    return Ceremony.objects.filter(
        pk=proved, holder_id=request.user.pk, purpose=Purpose.STEP_UP, verified_at__gt=now - FRESH
    )
