"""Pages of an app's webhook endpoints: what was sent there, what came of it, once more, and a test."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django.views.generic import View

from payments.developers.forms import EndpointForm
from payments.developers.pages import once, own, shown
from payments.platforms.models import Platform
from payments.webhooks import deliveries, endpoints
from payments.webhooks.models import Delivery, DeliveryStatus, Endpoint, EndpointStatus
from wallet.core import clock
from wallet.core.addresses import AddressRefused
from wallet.core.api import Audience, audience, cursor_page
from wallet.core.errors import NotFound
from wallet.users.answers import refuse, said


@dataclass(frozen=True, slots=True)
class ShownEndpoint:
    """An endpoint without its secret."""

    id: str
    url: str
    events: tuple[str, ...]
    is_enabled: bool
    failing_since: datetime | None


@dataclass(frozen=True, slots=True)
class ShownDelivery:
    """How a message travelled; not what it says."""

    id: str
    event: str
    at: datetime
    status: str
    attempts: int
    answer: str

    @property
    def may_be_replayed(self) -> bool:
        """Whether it has ended with something that can be sent again."""
        return self.status in {DeliveryStatus.DEAD, DeliveryStatus.DELIVERED}


def _endpoint(endpoint: Endpoint) -> ShownEndpoint:
    return ShownEndpoint(
        endpoint.id, endpoint.url, tuple(endpoint.events), endpoint.status == EndpointStatus.ENABLED,
        endpoint.failing_since,
    )  # fmt: skip


def _delivery(delivery: Delivery) -> ShownDelivery:
    answer = str(delivery.last_status or delivery.last_error or "")
    return ShownDelivery(
        delivery.id, delivery.event_id, delivery.created_at, delivery.status, delivery.attempts, answer
    )


def _own(request: HttpRequest, app_id: str, endpoint_id: str) -> tuple[Platform, Endpoint]:
    platform = own(request, app_id)
    try:
        return platform, endpoints.get_endpoint(platform=platform, endpoint_id=endpoint_id)
    except NotFound:
        raise Http404 from None


class EndpointsPage(LoginRequiredMixin, View):
    """An app's endpoints, and one more."""

    audience = Audience.HOLDER

    def get(self, request: HttpRequest, app_id: str) -> HttpResponse:
        """All of them."""
        return self._page(request, own(request, app_id), EndpointForm(), HTTPStatus.OK)

    def post(self, request: HttpRequest, app_id: str) -> HttpResponse:
        """Its secret, this once."""
        platform, form = own(request, app_id), EndpointForm(request.POST)
        status: int = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            try:
                made = endpoints.create_endpoint(
                    platform=platform, url=form.cleaned_data["url"], events=form.cleaned_data["events"],
                    now=clock.now(),
                )  # fmt: skip
            except AddressRefused:
                form.add_error("url", _("Webhooks cannot go to this address."))
            except endpoints.TooManyEndpoints as refusal:
                status = refuse(form, refusal)
            else:
                return _secret(request, platform, made)
        return self._page(request, platform, form, status)

    def _page(self, request: HttpRequest, platform: Platform, form: EndpointForm, status: int) -> HttpResponse:
        rows = endpoints.list_endpoints(platform).order_by("-created_at", "-pk")
        context = {"app": shown(platform), "endpoints": [_endpoint(row) for row in rows], "form": form}
        return render(request, "payments/developers/endpoints.html", context, status=status)


def _secret(request: HttpRequest, platform: Platform, endpoint: Endpoint) -> HttpResponse:
    return once(request, {"app": shown(platform), "endpoint": _endpoint(endpoint), "secret": endpoint.secret})


@audience(Audience.HOLDER)
@login_required
@require_GET
def endpoint_page(request: HttpRequest, app_id: str, endpoint_id: str) -> HttpResponse:
    """One endpoint and what was sent there, newest first."""
    platform, endpoint = _own(request, app_id, endpoint_id)
    rows, cursor = cursor_page(deliveries.list_deliveries(endpoint), request)
    context = {
        "app": shown(platform),
        "endpoint": _endpoint(endpoint),
        "deliveries": [_delivery(row) for row in rows],
        "cursor": cursor,
    }
    return render(request, "payments/developers/endpoint.html", context)


def _back(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(request.path.rpartition("/")[0])


@audience(Audience.HOLDER)
@login_required
@require_POST
def send_test(request: HttpRequest, app_id: str, endpoint_id: str) -> HttpResponse:
    """A test event, to this endpoint alone."""
    platform, endpoint = _own(request, app_id, endpoint_id)
    try:
        deliveries.send_test(platform=platform, endpoint_id=endpoint.id, now=clock.now())
    except deliveries.EndpointDisabled as refusal:
        messages.error(request, said(refusal))
    else:
        messages.success(request, _("A test event is on its way. Load this page again to see what came of it."))
    return _back(request)


@audience(Audience.HOLDER)
@login_required
@require_POST
def replay(request: HttpRequest, app_id: str, endpoint_id: str) -> HttpResponse:
    """One delivery once more."""
    platform, _endpoint_of_it = _own(request, app_id, endpoint_id)
    try:
        deliveries.replay(platform=platform, delivery_id=request.POST.get("delivery", ""))
    except deliveries.ReplayRefused as refusal:
        messages.error(request, said(refusal))
    except NotFound:
        raise Http404 from None
    else:
        messages.success(request, _("It is sent once more, under the same id."))
    return _back(request)


@audience(Audience.HOLDER)
@login_required
@require_POST
def rotate_secret(request: HttpRequest, app_id: str, endpoint_id: str) -> HttpResponse:
    """A new secret; the old one signs beside it for a day."""
    platform, endpoint = _own(request, app_id, endpoint_id)
    return _secret(
        request, platform, endpoints.rotate_secret(platform=platform, endpoint_id=endpoint.id, now=clock.now())
    )


@audience(Audience.HOLDER)
@login_required
@require_POST
def delete(request: HttpRequest, app_id: str, endpoint_id: str) -> HttpResponse:
    """Take it away, with whatever still waits for it."""
    platform, endpoint = _own(request, app_id, endpoint_id)
    endpoints.delete_endpoint(platform=platform, endpoint_id=endpoint.id, now=clock.now())
    messages.success(request, _("The endpoint is gone."))
    return HttpResponseRedirect(request.path.rpartition("/")[0].rpartition("/")[0])
