"""Pages of the floor: health, the problem catalogue, the language switch, the API's description."""

import hmac
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from rest_framework.request import Request
from rest_framework.response import Response

from privacy.crypto.keyring import keyring
from wallet.core import clock, figures
from wallet.core.api import AnyCaller, Audience, audience, json_answer
from wallet.core.problems import catalogue
from wallet.core.requests import is_own_path


@audience(Audience.PUBLIC)
@require_GET
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """The process answers."""
    return json_answer({"status": "ok"})


@audience(Audience.PUBLIC)
@require_GET
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """The process can do its work: the database answers, its tables are there, the keys are at hand.

    And in production the clock is the real one: a database that a sandbox has used may have another (`set_clock`).
    """
    try:
        keyring.health()
        with connection.cursor() as cursor:
            cursor.execute("SELECT core_now()")
        if not settings.SANDBOX and clock.is_moved():
            return json_answer({"status": "unavailable"}, 503)
    except Exception:  # noqa: BLE001 - whatever it is, this process is not ready
        return json_answer({"status": "unavailable"}, 503)
    return json_answer({"status": "ok"})


@audience(Audience.OPERATOR)
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """What an operator watches, for Prometheus; with METRICS_TOKEN as bearer, and without that setting not there."""
    given = request.headers.get("Authorization", "").encode()
    if not settings.METRICS_TOKEN or not hmac.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode()):
        raise Http404
    registry = CollectorRegistry()
    for name, help_text, value in figures.read():
        Gauge(f"paravent_{name}", help_text, registry=registry).set(value)
    left = Gauge("paravent_keys_seconds_left", "Seconds until 503 if the key provider stays away", registry=registry)
    left.set(keyring.seconds_left())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


@audience(Audience.PUBLIC)
@require_GET
def problems(request: HttpRequest) -> HttpResponse:
    """All problems, for developers."""
    return render(request, "wallet/problems.html", {"entries": sorted(catalogue().values(), key=lambda e: e.slug)})


@audience(Audience.PUBLIC)
@require_GET
def problem(request: HttpRequest, slug: str) -> HttpResponse:
    """One problem: what it means and what to do."""
    entry = catalogue().get(slug)
    if entry is None:
        raise Http404
    return render(request, "wallet/problems.html", {"entries": [entry]})


@audience(Audience.PUBLIC)
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Switch the interface's language and go back to where one was."""
    target = request.POST.get("next", "/")
    if not is_own_path(target):
        target = "/"
    response = HttpResponseRedirect(target)
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, chosen, max_age=365 * 24 * 3600,
            secure=settings.LANGUAGE_COOKIE_SECURE, httponly=True, samesite="Lax",
        )  # fmt: skip
        if request.user.is_authenticated:
            request.user.language = chosen
            request.user.save(update_fields=["language"])
    return response


class OpenApiView(SpectacularAPIView):
    """The OpenAPI 3.1 document, checked against the code by the tests."""

    audience = Audience.PUBLIC
    permission_classes = [AnyCaller]
    authentication_classes = []
    renderer_classes = [OpenApiJsonRenderer]

    @extend_schema(operation_id="get_openapi", auth=[], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """This document; it needs no token."""
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        return response


@audience(Audience.PUBLIC)
@require_GET
def docs(request: HttpRequest) -> HttpResponse:
    """The document as a page that loads nothing from a third party."""
    from drf_spectacular.generators import SchemaGenerator  # noqa: PLC0415 - costly, and only here

    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    operations = [
        {"method": method.upper(), "path": path, **operation}
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    return render(request, "wallet/docs.html", {"operations": operations})
