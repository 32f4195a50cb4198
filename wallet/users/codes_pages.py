"""The ten recovery codes on their page: shown until one was typed back, then never again."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from wallet.core import clock
from wallet.core.api import Audience, audience
from wallet.core.errors import WalletError
from wallet.users import codes, doors, passkeys
from wallet.users.answers import refuse
from wallet.users.forms import CodeBackForm, ConfirmPasswordForm
from wallet.users.models import ShownCodes
from wallet.users.people import holder_of

_SHOWN = "codes_shown"


def keep_for_showing(request: HttpRequest, fresh: list[str]) -> None:
    """Hold the codes, sealed, until one of them was typed back; a set from before is worth nothing any more."""
    holder = holder_of(request)
    ShownCodes.objects.filter(holder=holder).delete()
    row = ShownCodes(holder=holder)
    row.codes = fresh
    row.save()
    request.session[_SHOWN] = row.pk


def _kept(request: HttpRequest) -> list[str]:
    row = ShownCodes.objects.filter(holder=holder_of(request), pk=request.session.get(_SHOWN, 0)).first()
    return list(row.codes) if row else []


def _show(request: HttpRequest, *, template: str, after: str) -> HttpResponse:
    """Show them, and take one back."""
    holder = holder_of(request)
    typed_back = request.method == "POST" and "code" in request.POST
    form = CodeBackForm(request.POST if typed_back else None)
    status = 200
    if form.is_valid():
        try:
            codes.confirm_kept(holder=holder, code=form.cleaned_data["code"], now=clock.now())
        except WalletError as refusal:
            status = refuse(form, refusal, field="code")
        else:
            ShownCodes.objects.filter(holder=holder, pk=request.session.pop(_SHOWN, 0)).delete()
            messages.success(request, _("Your recovery codes are in order."))
            return HttpResponseRedirect(after)
    context = {"form": form, "codes": _kept(request), "username": holder.username}
    return render(request, template, context, status=status)


@audience(Audience.HOLDER)
@login_required
@require_http_methods(["GET", "POST"])
def sign_up_codes(request: HttpRequest) -> HttpResponse:
    """The codes of somebody who has just signed up."""
    if _SHOWN not in request.session:
        return HttpResponseRedirect("/settings/codes")
    return _show(request, template="wallet/users/sign_up_codes.html", after="/sign-up/second")


@audience(Audience.HOLDER)
@login_required
@require_http_methods(["GET", "POST"])
def settings_codes(request: HttpRequest) -> HttpResponse:
    """How many are left; a new set; the set until one was typed back."""
    holder = holder_of(request)
    if _SHOWN in request.session and "renew" not in request.POST:
        return _show(request, template="wallet/users/codes_new.html", after="/settings")
    by_password = not passkeys.has_passkey(holder_id=holder.id) and not doors.came_by_recovery(request)
    form = ConfirmPasswordForm(request.POST if request.method == "POST" and by_password else None)
    status = 200
    if request.method == "POST" and (not by_password or form.is_valid()):
        try:
            doors.confirm_key_change(request, holder, password=request.POST.get("password", ""))
        except doors.SignInRefused as refusal:
            status = refuse(form, refusal, field="password")
        else:
            keep_for_showing(request, codes.renew_codes(holder=holder, now=clock.now()))
            return HttpResponseRedirect("/settings/codes")
    context = {
        "form": form, "by_password": by_password, "left": codes.count_left(holder_id=holder.id),
        "kept": holder.codes_kept_at is not None,
    }  # fmt: skip
    return render(request, "wallet/users/codes.html", context, status=status)
