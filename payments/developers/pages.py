"""Pages of an app: its keys, its redirect addresses, its own calls."""

from dataclasses import dataclass
from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django.views.generic import View

from payments.developers import calls, ownership
from payments.developers.forms import AppForm, RedirectsForm
from payments.platforms.clients import Registered, change_redirect_uris, rotate_client_secret
from payments.platforms.models import Platform
from payments.platforms.redirects import RedirectRefused
from wallet.core import clock
from wallet.core.api import Audience, audience
from wallet.core.errors import Invalid, NotFound
from wallet.users import stepup
from wallet.users.answers import refuse
from wallet.users.people import holder_of


@dataclass(frozen=True, slots=True)
class ShownApp:
    """An app as its pages show it."""

    id: str
    name: str
    client_id: str
    redirect_uris: tuple[str, ...]


def shown(platform: Platform) -> ShownApp:
    """The app without its secret, which nobody has any more."""
    return ShownApp(platform.pk, platform.name, platform.client_id, tuple(platform.redirect_uris.split()))


def own(request: HttpRequest, app_id: str) -> Platform:
    """The app, if the person who is signed in looks after it."""
    try:
        return ownership.get_app(holder_of(request).id, app_id)
    except NotFound:
        raise Http404 from None


def once(request: HttpRequest, context: dict[str, object]) -> HttpResponse:
    """The page with a secret on it: this once, in no session and no cache."""
    response = render(request, "payments/developers/secret.html", context, status=HTTPStatus.CREATED)
    response["Cache-Control"] = "no-store"
    return response


@audience(Audience.PUBLIC)
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What there is for developers; for those who are signed in, their apps."""
    is_in = request.user.is_authenticated
    apps = [shown(one) for one in ownership.list_apps(str(request.user.pk))] if is_in else []
    return render(request, "payments/developers/home.html", {"apps": apps, "is_open": settings.SANDBOX})


class NewAppPage(LoginRequiredMixin, View):
    """Register an app."""

    audience = Audience.HOLDER

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self._page(request, AppForm(), HTTPStatus.OK)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Its keys, this once."""
        form = AppForm(request.POST)
        status: int = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            try:
                made = ownership.register_app(
                    holder_id=holder_of(request).id, name=form.cleaned_data["name"],
                    redirect_uris=form.cleaned_data["redirect_uris"], now=clock.now(),
                )  # fmt: skip
            except RedirectRefused:
                form.add_error("redirect_uris", _redirect_refused())
            except (ownership.RegistrationClosed, ownership.TooManyApps, Invalid) as refusal:
                status = refuse(form, refusal)
            else:
                return _keys(request, made)
        return self._page(request, form, status)

    def _page(self, request: HttpRequest, form: AppForm, status: int) -> HttpResponse:
        return render(
            request, "payments/developers/new.html", {"form": form, "is_open": settings.SANDBOX}, status=status
        )


class AppPage(LoginRequiredMixin, View):
    """One app."""

    audience = Audience.HOLDER

    def get(self, request: HttpRequest, app_id: str) -> HttpResponse:
        """What is known of it."""
        platform = own(request, app_id)
        form = RedirectsForm(initial={"redirect_uris": "\n".join(platform.redirect_uris.split())})
        return self._page(request, platform, form, HTTPStatus.OK)

    def post(self, request: HttpRequest, app_id: str) -> HttpResponse:
        """Other redirect addresses: codes go there, so a passkey says yes."""
        platform, form = own(request, app_id), RedirectsForm(request.POST)
        if form.is_valid():
            stepup.require(request)
            try:
                change_redirect_uris(platform, form.cleaned_data["redirect_uris"])
            except (RedirectRefused, Invalid):
                form.add_error("redirect_uris", _redirect_refused())
            else:
                messages.success(request, _("Saved."))
                return HttpResponseRedirect(request.path)
        return self._page(request, platform, form, HTTPStatus.UNPROCESSABLE_ENTITY)

    def _page(self, request: HttpRequest, platform: Platform, form: RedirectsForm, status: int) -> HttpResponse:
        context = {"app": shown(platform), "form": form, "wallet": settings.PUBLIC_URL}
        return render(request, "payments/developers/app.html", context, status=status)


def _redirect_refused() -> str:
    return _("One of these cannot be used: https, in full, without credentials, fragment, wildcard or space.")


def _keys(request: HttpRequest, made: Registered) -> HttpResponse:
    return once(
        request, {"app": shown(made.platform), "client_id": made.platform.client_id, "secret": made.client_secret}
    )


@audience(Audience.HOLDER)
@login_required
@require_POST
def rotate_secret(request: HttpRequest, app_id: str) -> HttpResponse:
    """Another client secret, after a passkey said yes."""
    platform = own(request, app_id)
    stepup.require(request)
    return _keys(request, rotate_client_secret(platform))


@audience(Audience.HOLDER)
@login_required
@require_GET
def calls_page(request: HttpRequest, app_id: str) -> HttpResponse:
    """The app's own calls."""
    platform = own(request, app_id)
    lines = calls.list_calls(platform.client_id)
    is_only_bad = request.GET.get("only") == "problems"
    context = {
        "app": shown(platform),
        "calls": [line for line in lines if line.status >= HTTPStatus.BAD_REQUEST or not is_only_bad],
        "is_only_bad": is_only_bad,
        "kept": calls.KEPT,
    }
    return render(request, "payments/developers/calls.html", context)
