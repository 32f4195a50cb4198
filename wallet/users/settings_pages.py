"""Settings: passkeys, sessions, password."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from wallet.core import clock
from wallet.core.api import Audience, audience
from wallet.core.errors import WalletError
from wallet.users import codes, doors, passkeys, sessions, stepup
from wallet.users.answers import object_of, refuse, said, script_endpoint
from wallet.users.forms import ChangePasswordForm, PasskeyNameForm
from wallet.users.people import holder_of
from wallet.users.returning import next_page, safe_page


@audience(Audience.HOLDER)
@login_required
@require_GET
def settings(request: HttpRequest) -> HttpResponse:
    """What there is to set."""
    me = holder_of(request)
    context = {
        "username": me.username,
        "passkeys": len(passkeys.list_passkeys(holder_id=me.id)),
        "sessions": len(sessions.list_open(holder_id=me.id, current_key=request.session.session_key)),
        "codes_left": codes.count_left(holder_id=me.id),
        "codes_kept": me.codes_kept_at is not None,
        "has_password": me.has_usable_password(),
        "since": me.created_at,
    }
    return render(request, "wallet/users/settings.html", context)


# --- Passkeys --------------------------------------------------------------------------------------------


@audience(Audience.HOLDER)
@login_required
@require_GET
def passkeys_page(request: HttpRequest) -> HttpResponse:
    """The passkeys, and one more."""
    me = holder_of(request)
    lines = passkeys.list_passkeys(holder_id=me.id)
    usable = sum(not line.is_suspected for line in lines)
    context = {
        "passkeys": lines,
        "may_remove": usable > 1 or any(line.is_suspected for line in lines),
        "by_password": not usable and not doors.came_by_recovery(request),
        "recovering": doors.came_by_recovery(request),
        "needed": "needed" in request.GET,
        "next": next_page(request, "/settings/passkeys"),
    }
    return render(request, "wallet/users/passkeys.html", context)


@audience(Audience.HOLDER)
@script_endpoint
def passkey_begin(request: HttpRequest, body: Mapping[str, Any]) -> dict[str, Any]:
    """Options for one more passkey."""
    password = str(body.get("password") or "")[:200]
    return {"publicKey": doors.begin_adding(request, holder_of(request), password=password)}


@audience(Audience.HOLDER)
@script_endpoint
def passkey_finish(request: HttpRequest, body: Mapping[str, Any]) -> dict[str, Any]:
    """The passkey that was made."""
    doors.finish_adding(request, holder_of(request), object_of(body, "credential"))
    messages.success(request, _("The passkey was added. All other sessions were signed out."))
    return {"next": safe_page(request, body.get("next"), "/settings/passkeys")}


@audience(Audience.HOLDER)
@login_required
@require_POST
def passkey_rename(request: HttpRequest, number: int) -> HttpResponse:
    """Another name for it."""
    form = PasskeyNameForm(request.POST)
    if form.is_valid():
        passkeys.rename_passkey(holder=holder_of(request), number=number, name=form.cleaned_data["name"])
    return HttpResponseRedirect("/settings/passkeys")


@audience(Audience.HOLDER)
@login_required
@require_POST
def passkey_remove(request: HttpRequest, number: int) -> HttpResponse:
    """Remove it, after a passkey said yes."""
    me = holder_of(request)
    stepup.require(request)
    try:
        passkeys.remove_passkey(holder=me, number=number, now=clock.now())
    except passkeys.PasskeyNotFound:
        raise Http404 from None
    except passkeys.LastPasskey as refusal:
        messages.error(request, said(refusal))
    else:
        doors.keys_changed(request, me)
        messages.success(request, _("The passkey was removed. All other sessions were signed out."))
    return HttpResponseRedirect("/settings/passkeys")


# --- Sessions --------------------------------------------------------------------------------------------


@audience(Audience.HOLDER)
@login_required
@require_GET
def sessions_page(request: HttpRequest) -> HttpResponse:
    """Where one is signed in."""
    lines = sessions.list_open(holder_id=holder_of(request).id, current_key=request.session.session_key)
    return render(request, "wallet/users/sessions.html", {"sessions": lines})


@audience(Audience.HOLDER)
@login_required
@require_POST
def session_end(request: HttpRequest) -> HttpResponse:
    """End one session, or all but this one."""
    me = holder_of(request)
    if tag := request.POST.get("tag"):
        sessions.end_one(holder_id=me.id, tag=tag)
    else:
        sessions.end_others(holder_id=me.id, current_key=request.session.session_key)
    messages.success(request, _("Signed out there."))
    return HttpResponseRedirect("/settings/sessions")


# --- Password --------------------------------------------------------------------------------------------


@audience(Audience.HOLDER)
@login_required
@require_http_methods(["GET", "POST"])
def password_page(request: HttpRequest) -> HttpResponse:
    """Another password, for those who have one."""
    me = holder_of(request)
    form = ChangePasswordForm(request.POST or None)
    status = 200
    if me.has_usable_password() and form.is_valid():
        try:
            doors.change_password(request, me, old=form.cleaned_data["old"], new=form.cleaned_data["new"])
        except ValidationError as refusal:
            form.add_error("new", refusal)
            status = 422
        except stepup.StepUpRequired:
            raise
        except WalletError as refusal:
            status = refuse(form, refusal, field="old")
        else:
            messages.success(request, _("The password was changed. All other sessions were signed out."))
            return HttpResponseRedirect("/settings")
    context = {
        "form": form, "has_password": me.has_usable_password(), "username": me.username,
        "has_passkey": passkeys.has_passkey(holder_id=me.id),
    }  # fmt: skip
    return render(request, "wallet/users/password.html", context, status=status)
