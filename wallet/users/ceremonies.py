"""The two ceremonies of WebAuthn: making a passkey and asking one.

fido2 checks the signatures; this file keeps what it leaves to the caller: the exact origin, a challenge that is
answered once and within five minutes, whose passkey it was, and its counter.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from wallet.core.errors import Kind, WalletError
from wallet.users import events
from wallet.users.models import Ceremony, Holder, Passkey

log = structlog.get_logger(__name__)

#: How long a challenge may wait for its answer (standard.md P15).
LIFETIME = timedelta(minutes=5)


class Purpose(StrEnum):
    """What a passkey is asked for; an answer to one question is no answer to another."""

    SIGN_UP = "sign-up"
    ADD = "add"
    SIGN_IN = "sign-in"
    STEP_UP = "step-up"


class PasskeyRefused(WalletError):
    """Not accepted: another wallet's key, an old or used question, a changed answer, or no user verification."""

    kind = Kind.FORBIDDEN
    slug = "passkey-refused"
    title = "This passkey was not accepted"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that is out: what the browser needs, and the number that the session keeps."""

    ceremony: int
    options: dict[str, Any]


def _server() -> Fido2Server:
    return Fido2Server(
        PublicKeyCredentialRpEntity(id=settings.PUBLIC_HOST, name="Paravent"),
        verify_origin=lambda origin: secrets.compare_digest(origin.encode(), settings.PUBLIC_URL.encode()),
    )


def handle_of(holder_id: str) -> bytes:
    """The user handle inside a passkey: says nothing to the passkey's provider, not even our id."""
    return hashlib.sha256(b"paravent passkey handle\0" + holder_id.encode()).digest()


# --- Making one ------------------------------------------------------------------------------------


def ask_to_make(*, purpose: Purpose, holder_id: str, holder: Holder | None, now: datetime) -> Asked:
    """Options for `navigator.credentials.create`; a holder who exists makes one beside those they have."""
    challenge = secrets.token_bytes(32)
    label = f"Paravent {now:%Y-%m-%d}"
    have = [_descriptor(passkey) for passkey in Passkey.objects.filter(holder=holder)] if holder else []
    options, _state = _server().register_begin(
        PublicKeyCredentialUserEntity(id=handle_of(holder_id), name=label, display_name=label),
        credentials=have,
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
        challenge=challenge,
    )
    ceremony = Ceremony.objects.create(purpose=purpose, holder=holder, challenge=challenge, asked_at=now)
    return Asked(ceremony.pk, {**dict(options.public_key), "timeout": _timeout_ms(), "extensions": {"credProps": True}})


def read_made(
    *, ceremony: int | None, purpose: Purpose, holder: Holder | None, response: Mapping[str, Any], now: datetime
) -> AuthenticatorData:
    """The new credential in a browser's answer; the challenge is spent whatever comes of it.

    Raises:
        PasskeyRefused: any check failed.
    """
    asked = _take(ceremony=ceremony, purpose=purpose, holder=holder, now=now)
    try:
        data = _server().register_complete(_state(asked), RegistrationResponse.from_dict(response))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise PasskeyRefused from None
    if not data.is_user_verified() or data.credential_data is None:
        raise PasskeyRefused
    if Passkey.objects.filter(credential_id=data.credential_data.credential_id).exists():
        raise PasskeyRefused
    Ceremony.objects.filter(pk=asked.pk).update(verified_at=now)
    return data


# --- Asking one ------------------------------------------------------------------------------------


def ask(
    *,
    purpose: Purpose,
    holder: Holder | None,
    now: datetime,
    challenge: bytes | None = None,
    binding: bytes | None = None,
) -> Asked:
    """Options for `navigator.credentials.get`; without a holder any passkey of this wallet may answer."""
    challenge = challenge or secrets.token_bytes(32)
    keys = [_descriptor(passkey) for passkey in Passkey.objects.filter(holder=holder)] if holder else None
    options, _state = _server().authenticate_begin(
        credentials=keys, user_verification=UserVerificationRequirement.REQUIRED, challenge=challenge
    )
    ceremony = Ceremony.objects.create(
        purpose=purpose, holder=holder, challenge=challenge, binding=binding, asked_at=now
    )
    return Asked(ceremony.pk, {**dict(options.public_key), "timeout": _timeout_ms()})


def read_answer(
    *, ceremony: int | None, purpose: Purpose, holder: Holder | None, response: Mapping[str, Any], now: datetime
) -> Passkey:
    """The passkey that answered; the challenge is spent whatever comes of it.

    Raises:
        PasskeyRefused: any check failed, the passkey is another's, or its counter went back.
    """
    asked = _take(ceremony=ceremony, purpose=purpose, holder=holder, now=now)
    try:
        answer = AuthenticationResponse.from_dict(response)
        passkey = Passkey.objects.select_related("holder").filter(credential_id=answer.raw_id).first()
        credentials = [AttestedCredentialData(bytes(passkey.credential))] if passkey else []
        _server().authenticate_complete(_state(asked), credentials, answer)
        data = answer.response.authenticator_data
        user_handle = answer.response.user_handle
    except (ValueError, KeyError, TypeError, AttributeError):
        raise PasskeyRefused from None
    if passkey is None or not data.is_user_verified() or not passkey.holder.is_active or passkey.suspected_at:
        raise PasskeyRefused
    if holder is not None and passkey.holder_id != holder.id:
        raise PasskeyRefused
    # A signed-in holder's key may leave the handle out; a key that names itself must say whose it is.
    if (holder is None or user_handle) and user_handle != handle_of(passkey.holder_id):
        raise PasskeyRefused
    _count(passkey=passkey, counter=data.counter, now=now)
    Ceremony.objects.filter(pk=asked.pk).update(verified_at=now, holder_id=passkey.holder_id)
    return passkey


def _count(*, passkey: Passkey, counter: int, now: datetime) -> None:
    """Keep the counter; a key that has one and does not raise it may have been copied (WebAuthn 7.2, step 22)."""
    rows = Passkey.objects.filter(pk=passkey.pk, suspected_at=None)
    if counter == 0:
        moved = rows.filter(sign_count=0).update(last_used_at=now)
    else:
        moved = rows.filter(sign_count__lt=counter).update(sign_count=counter, last_used_at=now)
    if moved:
        return
    with transaction.atomic():
        if rows.update(suspected_at=now):
            events.announce(holder_id=passkey.holder_id, event=events.KeyEvent.PASSKEY_SUSPECTED, now=now)
    log.warning("users.passkey.counter_regressed", holder=passkey.holder_id, passkey=passkey.pk)
    raise PasskeyRefused


# --- Shared ----------------------------------------------------------------------------------------


def _take(*, ceremony: int | None, purpose: Purpose, holder: Holder | None, now: datetime) -> Ceremony:
    """The open question, spent by this one UPDATE: of two answers that race, one finds nothing."""
    if ceremony is None:
        raise PasskeyRefused
    rows = Ceremony.objects.filter(
        pk=ceremony, purpose=purpose, holder=holder, answered_at=None, asked_at__gt=now - LIFETIME
    )
    if not rows.update(answered_at=now):
        raise PasskeyRefused
    return Ceremony.objects.get(pk=ceremony)


def _state(asked: Ceremony) -> dict[str, Any]:
    return {
        "challenge": websafe_encode(bytes(asked.challenge)),
        "user_verification": UserVerificationRequirement.REQUIRED,
    }


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=bytes(passkey.credential_id))


def _timeout_ms() -> int:
    return int(LIFETIME.total_seconds() * 1000)
