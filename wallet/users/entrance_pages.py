"""Pages in front of the wallet: sign-up, sign-in, recovery."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from wallet.core.api import Audience, audience
from wallet.core.errors import WalletError
from wallet.users import codes_pages, doors, names, passkeys
from wallet.users.answers import object_of, refuse, script_endpoint
from wallet.users.forms import CodeForm, SignInForm, SignUpPasswordForm
from wallet.users.models import Holder
from wallet.users.people import holder_of
from wallet.users.returning import next_page, safe_page
from wallet.users.staff_door import CONSOLE

_NAME = "offered_name"


# --- Sign-up -------------------------------------------------------------------------------------------


@audience(Audience.PUBLIC)
@require_GET
def sign_up(request: HttpRequest) -> HttpResponse:
    """Choose: a passkey, or a name and a password."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(next_page(request, "/"))
    return render(request, "wallet/users/sign_up.html", {"next": next_page(request)})


@audience(Audience.PUBLIC)
@require_GET
def sign_up_passkey(request: HttpRequest) -> HttpResponse:
    """The passkey alone, for who comes here by a link."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(next_page(request, "/"))
    return render(request, "wallet/users/sign_up_passkey.html", {"next": next_page(request)})


@audience(Audience.PUBLIC)
@script_endpoint
def sign_up_begin(request: HttpRequest, body: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - a script's shape
    """Options for `navigator.credentials.create`."""
    return {"publicKey": doors.begin_sign_up(request)}


@audience(Audience.PUBLIC)
@script_endpoint
def sign_up_finish(request: HttpRequest, body: Mapping[str, Any]) -> dict[str, Any]:
    """The passkey that was made; then the codes."""
    fresh = doors.finish_sign_up(request, object_of(body, "credential"))
    codes_pages.keep_for_showing(request, fresh)
    request.session["next"] = safe_page(request, body.get("next"))
    return {"next": "/sign-up/codes"}


@audience(Audience.PUBLIC)
@require_http_methods(["GET", "POST"])
def sign_up_password(request: HttpRequest) -> HttpResponse:
    """A generated name, a chosen password; then the codes."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(next_page(request, "/"))
    name = request.session.setdefault(_NAME, names.new_name())
    form = SignUpPasswordForm(request.POST or None, initial={"username": name})
    status = 200
    if form.is_valid():
        try:
            fresh = doors.sign_up_with_password(request, name=name, password=form.cleaned_data["password"])
        except ValidationError as refusal:
            form.add_error("password", refusal)
            status = 422
        except WalletError as refusal:
            status = refuse(form, refusal)
        else:
            codes_pages.keep_for_showing(request, fresh)
            request.session["next"] = next_page(request, "/")
            return HttpResponseRedirect("/sign-up/codes")
    context = {"form": form, "name": name, "next": next_page(request)}
    return render(request, "wallet/users/sign_up_password.html", context, status=status)


@audience(Audience.HOLDER)
@login_required
@require_GET
def sign_up_second(request: HttpRequest) -> HttpResponse:
    """Offer another passkey (for a password account: the first)."""
    holder = holder_of(request)
    context = {
        "next": safe_page(request, request.session.get("next")),
        "has_passkey": passkeys.has_passkey(holder_id=holder.id),
    }
    return render(request, "wallet/users/sign_up_second.html", context)


# --- Sign-in ---------------------------------------------------------------------------------------------


@audience(Audience.PUBLIC)
@require_GET
def sign_in(request: HttpRequest) -> HttpResponse:
    """The passkey first, the others below it."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(next_page(request, "/"))
    return render(request, "wallet/users/sign_in.html", {"next": next_page(request)})


@audience(Audience.PUBLIC)
@script_endpoint
def sign_in_begin(request: HttpRequest, body: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - a script's shape
    """Options for `navigator.credentials.get`: the same for everybody."""
    return {"publicKey": doors.begin_sign_in(request)}


@audience(Audience.PUBLIC)
@script_endpoint
def sign_in_finish(request: HttpRequest, body: Mapping[str, Any]) -> dict[str, Any]:
    """The passkey's answer; then where one wanted to go."""
    doors.finish_sign_in(request, object_of(body, "credential"))
    return {"next": safe_page(request, body.get("next"))}


@audience(Audience.PUBLIC)
@require_http_methods(["GET", "POST"])
def sign_in_password(request: HttpRequest) -> HttpResponse:
    """Name and password."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(next_page(request, "/"))
    form = SignInForm(request.POST or None)
    status = 200
    if form.is_valid():
        try:
            holder = doors.sign_in_with_password(
                request, name=form.cleaned_data["username"], password=form.cleaned_data["password"]
            )
        except WalletError as refusal:
            status = refuse(form, refusal)
        else:
            return _in_their_language(HttpResponseRedirect(next_page(request, "/")), holder)
    context = {"form": form, "next": next_page(request)}
    return render(request, "wallet/users/sign_in_password.html", context, status=status)


@audience(Audience.PUBLIC)
@require_http_methods(["GET", "POST"])
def recover(request: HttpRequest) -> HttpResponse:
    """A recovery code; then a new passkey."""
    form = CodeForm(request.POST or None)
    status = 200
    if form.is_valid():
        try:
            holder = doors.recover(request, code=form.cleaned_data["code"])
        except WalletError as refusal:
            status = refuse(form, refusal, field="code")
        else:
            if holder.is_staff:
                messages.success(request, _("Welcome. Make your passkey now: it opens the console."))
                return HttpResponseRedirect(f"/settings/passkeys?next={CONSOLE}")
            messages.success(request, _("You are back in your wallet. Add a passkey now, for the next time."))
            return _in_their_language(HttpResponseRedirect("/settings/passkeys"), holder)
    return render(request, "wallet/users/recover.html", {"form": form}, status=status)


@audience(Audience.PUBLIC)
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session."""
    doors.sign_out(request)
    return HttpResponseRedirect("/sign-in")


def _in_their_language(response: HttpResponseRedirect, holder: Holder) -> HttpResponseRedirect:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, holder.language, max_age=365 * 24 * 3600,
        secure=settings.LANGUAGE_COOKIE_SECURE, httponly=True, samesite="Lax",
    )  # fmt: skip
    return response
