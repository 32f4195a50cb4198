"""The last door: on a route that answers a platform or a card network, only granted bytes pass.

What a view, an error handler, a middleware or a framework made up by itself stops here, whatever its status: the answer
is a 503 problem, and a line in the log says which route it was.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import orjson
import structlog
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from privacy.exposure.grants import Departures, departures_of
from wallet.core import problems
from wallet.core.api import Audience
from wallet.core.requests import request_id_of

log = structlog.get_logger(__name__)

GUARDED: Final = frozenset({Audience.PLATFORM, Audience.NETWORK})
#: What may stand beside a body; a header carries data as well as a body does.
HEADERS: Final = frozenset(
    {"content-type", "content-length", "content-language", "vary", "allow", "cache-control", "pragma", "retry-after",
     "www-authenticate", "idempotent-replayed", "request-id", "stripe-version",
     # The same on every answer of the house.
     "x-frame-options", "permissions-policy", "referrer-policy", "x-content-type-options", "cross-origin-opener-policy",
     "cross-origin-resource-policy", "content-security-policy", "strict-transport-security", "expires"}
)  # fmt: skip
_JSON = frozenset({"application/json", problems.CONTENT_TYPE})
_SLUG = re.compile(r"[a-z0-9-]{1,60}", re.ASCII)
_TEXT_MAX = 300


class EgressMiddleware:
    """Let out what was granted, or says nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, then look at what is about to leave."""
        if "HTTP_COOKIE" in request.META and is_guarded(request):
            # Programs have tokens. A session, dead or alive, would be renewed in an answer that carries no cookie.
            del request.META["HTTP_COOKIE"]
        with departures_of(request) as departures:
            response = self.get_response(request)
            if not is_guarded(request):
                return response
            reason = objection(request, response, departures)
        if not reason:
            return response
        view = getattr(request.resolver_match, "view_name", "") or "none"
        log.error("privacy.egress.stopped", view=view, status=response.status_code, reason=reason)
        response.close()
        return problems.general(503, request, retry_after=5)


def audience_of(view: Any) -> Audience | None:
    """Whom a view answers, as its class or function declares."""
    shown = getattr(view, "view_class", None) or getattr(view, "cls", None) or view
    found = getattr(shown, "audience", None)
    return found if isinstance(found, Audience) else None


def is_guarded(request: HttpRequest) -> bool:
    """Whether the route answers a platform or network; a view that does not say is taken for one that does."""
    match = request.resolver_match
    if match is None:
        try:
            match = resolve(request.path_info)
        except Resolver404:
            # Nobody's route. Programs get a problem under /v1; elsewhere it is a page that knows nobody.
            return request.path_info.startswith("/v1/")
    audience = audience_of(match.func)
    return audience is None or audience in GUARDED


def objection(request: HttpRequest, response: HttpResponseBase, departures: Departures) -> str:
    """Why this answer may not leave, or ""."""
    if not isinstance(response, HttpResponse):
        return "streaming"
    extra = {name.lower() for name in response.headers} - HEADERS
    if extra or response.cookies:
        return f"header {min(extra, default='set-cookie')}"
    body = response.content
    if not body:
        return ""
    if response.headers.get("Content-Type", "").split(";")[0] not in _JSON:
        return "media type"
    if departures.has(body) or is_closed_problem(request, response):
        return ""
    return "no grant"


def is_closed_problem(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether the body is one of our problems and nothing else."""
    if response.headers.get("Content-Type") != problems.CONTENT_TYPE:
        return False
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return False
    if not isinstance(body, dict) or not body.keys() <= problems.MEMBERS:
        return False
    base, _slash, slug = str(body.get("type", "")).rpartition("/")
    return (
        base == "/problems"
        and _SLUG.fullmatch(slug) is not None
        and body.get("status") == response.status_code
        and body.get("instance") == request_id_of(request)
        and all(isinstance(body.get(name), str) and len(body[name]) <= _TEXT_MAX for name in ("title", "detail"))
        and _are_closed_errors(body.get("errors", []))
    )


def _are_closed_errors(errors: Any) -> bool:
    return isinstance(errors, list) and all(
        isinstance(one, dict)
        and one.keys() == {"pointer", "detail"}
        and all(isinstance(text, str) and len(text) <= _TEXT_MAX for text in one.values())
        for one in errors
    )
