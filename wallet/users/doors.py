"""The doors: sign up, sign in, recover, sign out, change a password. Each ends with a session of its own."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import login, logout
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import get_language

from wallet.core import clock
from wallet.core.errors import Kind, WalletError
from wallet.core.ids import is_id, new_id
from wallet.core.staff import BY_PASSKEY
from wallet.users import ceremonies, codes, events, names, passkeys, passwords, people, sessions, stepup, throttle
from wallet.users.ceremonies import Purpose
from wallet.users.models import Holder, Passkey

_BACKEND = "django.contrib.auth.backends.ModelBackend"
_ASKED, _PROMISED, _RECOVERED = "passkey_asked", "promised_holder", "recovered"


class SignInRefused(WalletError):
    """The sign-in name and the password do not belong together; nobody says which of them is wrong."""

    kind = Kind.FORBIDDEN
    slug = "sign-in-refused"
    title = "This name and password do not open a wallet"


# --- Sign-up -----------------------------------------------------------------------------------------


def begin_sign_up(request: HttpRequest) -> dict[str, Any]:
    """Options for the browser to make the first passkey of somebody who does not exist yet."""
    holder_id = new_id("holder")
    asked = ceremonies.ask_to_make(purpose=Purpose.SIGN_UP, holder_id=holder_id, holder=None, now=clock.now())
    request.session[_ASKED], request.session[_PROMISED] = asked.ceremony, holder_id
    return asked.options


def finish_sign_up(request: HttpRequest, response: Mapping[str, Any]) -> list[str]:
    """Create the person with the passkey that was made, and sign them in; their recovery codes."""
    now = clock.now()
    asked, holder_id = request.session.pop(_ASKED, None), request.session.pop(_PROMISED, None)
    made = ceremonies.read_made(ceremony=asked, purpose=Purpose.SIGN_UP, holder=None, response=response, now=now)
    if not is_id(holder_id, "holder"):
        raise ceremonies.PasskeyRefused
    with transaction.atomic():
        holder = people.create_holder(username=None, now=now, holder_id=str(holder_id), language=get_language() or "en")
        passkeys.keep_made(holder=holder, made=made, now=now)
        fresh = codes.renew_codes(holder=holder, now=now)
    _enter(request, holder, is_new=True)
    return fresh


def sign_up_with_password(request: HttpRequest, *, name: str, password: str) -> list[str]:
    """Create a person with a generated sign-in name, and sign them in; their recovery codes.

    Raises:
        django.core.exceptions.ValidationError: the password is too short or too common.
    """
    validate_password(password)
    encoded = passwords.encode(password)
    now = clock.now()
    with transaction.atomic():
        holder = people.create_named_holder(
            wanted=name, encoded_password=encoded, now=now, language=get_language() or "en"
        )
        fresh = codes.renew_codes(holder=holder, now=now)
    _enter(request, holder, is_new=True)
    return fresh


# --- Sign-in -----------------------------------------------------------------------------------------


def begin_sign_in(request: HttpRequest) -> dict[str, Any]:
    """Options for the browser to ask for any passkey of this wallet: the same for everybody."""
    asked = ceremonies.ask(purpose=Purpose.SIGN_IN, holder=None, now=clock.now())
    request.session[_ASKED] = asked.ceremony
    return asked.options


def finish_sign_in(request: HttpRequest, response: Mapping[str, Any]) -> Holder:
    """Sign in whoever the passkey belongs to."""
    throttle.count_try(door="passkey", account=_named_credential(response))
    passkey = ceremonies.read_answer(
        ceremony=request.session.pop(_ASKED, None), purpose=Purpose.SIGN_IN, holder=None, response=response,
        now=clock.now(),
    )  # fmt: skip
    _enter(request, passkey.holder)
    request.session[BY_PASSKEY] = True
    return passkey.holder


def sign_in_with_password(request: HttpRequest, *, name: str, password: str) -> Holder:
    """Sign in by name and password.

    Raises:
        SignInRefused: they do not belong together, whichever is wrong.
    """
    throttle.count_try(door="password", account=names.normal(name))
    holder = people.find_by_username(name)
    if not passwords.matches(holder=holder, password=password) or holder is None or holder.is_staff:
        raise SignInRefused
    return _enter(request, holder)


def recover(request: HttpRequest, *, code: str) -> Holder:
    """Sign in with a recovery code, end every other session, and let a new passkey be added.

    Raises:
        CodeRefused: it is no unused code.
    """
    throttle.count_try(door="recover", account=code)
    holder = codes.spend_code(code=code, now=clock.now())
    _enter(request, holder)
    request.session[_RECOVERED] = True
    sessions.end_others(holder_id=holder.id, current_key=request.session.session_key)
    return holder


def sign_out(request: HttpRequest) -> None:
    """End this session."""
    logout(request)


def _enter(request: HttpRequest, holder: Holder, *, is_new: bool = False) -> Holder:
    now = clock.now()
    request.session.flush()
    login(request, holder, backend=_BACKEND)
    sessions.begin(request, now=now)
    if not is_new:
        device = sessions.device_of(request)
        events.announce(holder_id=holder.id, event=events.KeyEvent.SIGNED_IN, device=device, now=now)
    return holder


# --- Keys of somebody who is in ------------------------------------------------------------------------


def confirm_key_change(request: HttpRequest, holder: Holder, *, password: str = "") -> None:
    """Say nothing when this browser may change the holder's keys.

    A passkey confirms it; before the first passkey the password does; after a recovery the code already did.

    Raises:
        StepUpRequired: there is a passkey, and it has not said yes in the last five minutes.
        SignInRefused: there is none, and this is not the password.
    """
    if came_by_recovery(request):
        return
    if passkeys.has_passkey(holder_id=holder.id):
        stepup.require(request)
    else:
        check_password_of(holder, password)


def begin_adding(request: HttpRequest, holder: Holder, *, password: str = "") -> dict[str, Any]:
    """Options for the browser to make one more passkey."""
    confirm_key_change(request, holder, password=password)
    asked = ceremonies.ask_to_make(purpose=Purpose.ADD, holder_id=holder.id, holder=holder, now=clock.now())
    request.session[_ASKED] = asked.ceremony
    return asked.options


def finish_adding(request: HttpRequest, holder: Holder, response: Mapping[str, Any]) -> Passkey:
    """Keep the passkey that was made; every other session ends."""
    now = clock.now()
    # Outside the transaction: a challenge stays spent when the answer is refused.
    made = ceremonies.read_made(
        ceremony=request.session.pop(_ASKED, None), purpose=Purpose.ADD, holder=holder, response=response, now=now
    )
    passkey = passkeys.add_passkey(holder=holder, made=made, now=now)
    request.session.pop(_RECOVERED, None)
    request.session[BY_PASSKEY] = True
    keys_changed(request, holder)
    return passkey


def change_password(request: HttpRequest, holder: Holder, *, old: str, new: str) -> None:
    """Set another password; every other session ends.

    Raises:
        SignInRefused: the old one is wrong.
        django.core.exceptions.ValidationError: the new one is too short or too common.
    """
    if passkeys.has_passkey(holder_id=holder.id):
        stepup.require(request)
    check_password_of(holder, old)
    validate_password(new, user=holder)
    holder.password = passwords.encode(new)
    holder.save(update_fields=["password"])
    events.announce(holder_id=holder.id, event=events.KeyEvent.PASSWORD_CHANGED, now=clock.now())
    login(request, holder, backend=_BACKEND)
    keys_changed(request, holder)


def check_password_of(holder: Holder, password: str) -> None:
    """Say nothing when it is the holder's password; counted like a sign-in.

    Raises:
        SignInRefused: it is not.
    """
    throttle.count_try(door="password", account=holder.username or holder.id)
    if not passwords.matches(holder=holder, password=password):
        raise SignInRefused


def keys_changed(request: HttpRequest, holder: Holder) -> None:
    """Rotate this session and end all the others."""
    request.session.cycle_key()
    sessions.end_others(holder_id=holder.id, current_key=request.session.session_key)


def came_by_recovery(request: HttpRequest) -> bool:
    """Whether this session was opened with a recovery code and has no new passkey yet."""
    return bool(request.session.get(_RECOVERED))


def _named_credential(response: Mapping[str, Any]) -> str:
    return str(response.get("id", ""))[:1400]
