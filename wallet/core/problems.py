"""RFC 9457 problems: one table from kind to status, one place that renders them, one readable page for each slug."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, override
from rest_framework import exceptions
from rest_framework.response import Response

from wallet.core.errors import Kind, WalletError
from wallet.core.requests import request_id_of

log = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"

STATUS: dict[Kind, int] = {
    Kind.UNREADABLE: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.REFUSED: 402,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.MEDIA: 415,
    Kind.INVALID: 422,
    Kind.LIMITED: 429,
    Kind.UNAVAILABLE: 503,
}

#: Problems that frameworks raise: (status, slug, title).
_GENERAL: dict[int, tuple[str, Any]] = {
    400: ("unreadable", gettext_lazy("The request cannot be read")),
    401: ("unauthenticated", gettext_lazy("A valid access token or session is needed")),
    403: ("insufficient-scope", gettext_lazy("This token or session may not do that")),
    404: ("not-found", gettext_lazy("There is nothing here")),
    405: ("method-not-allowed", gettext_lazy("This method is not offered here")),
    406: ("not-acceptable", gettext_lazy("Only JSON is served here")),
    409: ("changed-meanwhile", gettext_lazy("Somebody changed this at the same moment; try again")),
    413: ("too-large", gettext_lazy("The body is too large")),
    415: ("unsupported-media-type", gettext_lazy("Only application/json is read here")),
    422: ("validation-failed", gettext_lazy("A value is not valid")),
    429: ("rate-limited", gettext_lazy("Too many requests")),
    500: ("internal-error", gettext_lazy("Something went wrong here")),
    503: ("unavailable", gettext_lazy("This cannot be answered right now")),
}

#: What the general ones mean, whoever raises them; a refusal of a room explains itself by its docstring.
_EXPLAINED: dict[str, str] = {
    "unreadable": gettext_noop(
        "No JSON, not UTF-8, over 64 kB, nested deeper than 20, or with a member unknown or given twice."
    ),
    "unauthenticated": gettext_noop(
        "There is no token, or it lives no more: access tokens live five minutes. Get another one."
    ),
    "insufficient-scope": gettext_noop(
        "The token is good and does not reach this far; docs/platforms.md says which one does."
    ),
    "not-found": gettext_noop("Nothing has this id, or what has it is another's: nobody learns which."),
    "method-not-allowed": gettext_noop("The path exists; the header Allow names what can be done with it."),
    "not-acceptable": gettext_noop("Send no Accept header, or one that takes application/json."),
    "changed-meanwhile": gettext_noop("Two requests met. Nothing was done for this one: send it again."),
    "too-large": gettext_noop("A body has at most 64 kB."),
    "unsupported-media-type": gettext_noop("Send Content-Type: application/json."),
    "validation-failed": gettext_noop(
        "A member has a wrong type, range or value; `errors` names each by a JSON pointer."
    ),
    "rate-limited": gettext_noop("Come back after as many seconds as Retry-After says."),
    "internal-error": gettext_noop(
        "A defect, written down under the Request-Id. Send the request again with the same key."
    ),
    "unavailable": gettext_noop(
        "Something that this needs is away, or has no room left. Come back after Retry-After seconds with the same"
        " Idempotency-Key: nothing is done twice."
    ),
}

#: Failures from beside the floor, by name: the key service and the exposure log fail closed, and so does a database
#: that is away, full, or lets us wait too long (PEP 249); a row was changed first; what a destroyed key had sealed is
#: not there any more.
_BY_NAME = {
    "KeyUnavailable": 503, "DisclosureRefused": 503, "OperationalError": 503, "InterfaceError": 503,
    "RowChanged": 409, "KeyDestroyed": 404,
}  # fmt: skip
#: Somebody looks after an outage every few seconds.
_RETRY_SECONDS = 5

#: Members of a problem, and no others (the egress guard reads this).
MEMBERS = frozenset({"type", "title", "status", "detail", "instance", "errors"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the catalogue at /problems/."""

    slug: str
    status: int
    title: str
    explanation: str


def problem_response(
    *, request: HttpRequest, status: int, slug: str, title: str, detail: str = "",
    errors: list[dict[str, str]] | None = None, retry_after: int | None = None,
) -> HttpResponse:  # fmt: skip
    """The HTTP answer for one problem."""
    body: dict[str, Any] = {
        "type": f"/problems/{slug}",
        "title": title,
        "status": status,
        "detail": detail or title,
        "instance": request_id_of(request),
    }
    if errors is not None:
        body["errors"] = errors
    response = HttpResponse(orjson.dumps(body), status=status, content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    return response


def from_error(error: WalletError, request: HttpRequest) -> HttpResponse:
    """The answer for an expected refusal."""
    errors = [{"pointer": error.pointer, "detail": error.detail or error.title}] if error.pointer else None
    if errors is None and error.kind is Kind.INVALID:
        errors = []
    return problem_response(
        request=request, status=STATUS[error.kind], slug=error.slug, title=error.title, detail=error.detail,
        errors=errors, retry_after=error.retry_after,
    )  # fmt: skip


def general(status: int, request: HttpRequest, **more: Any) -> HttpResponse:
    """The answer for what a framework refused."""
    slug, title = _GENERAL[status]
    with override("en"):
        return problem_response(request=request, status=status, slug=slug, title=str(title), **more)


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse | Response | None:
    """DRF's handler: every exception of an API view becomes a problem; unknown ones a 500 without a word of theirs."""
    request = context["request"]._request  # noqa: SLF001 - DRF keeps Django's request there
    return from_exception(error, request)


def from_exception(error: Exception, request: HttpRequest) -> HttpResponse:
    """Any exception as a problem."""
    match error:
        case WalletError():
            return from_error(error, request)
        case exceptions.ValidationError():
            return general(422, request, errors=list(pointers(error.detail)))
        case exceptions.Throttled():
            return general(429, request, retry_after=max(1, int(getattr(error, "wait", None) or 1)))
        case _:
            status = _status_of(error)
            is_outage = status == HTTPStatus.SERVICE_UNAVAILABLE
            return general(status, request, retry_after=_RETRY_SECONDS if is_outage else None)


def _status_of(error: Exception) -> int:
    """The status of what is no refusal of ours; an unknown failure is logged by name and place alone."""
    if isinstance(error, Http404):
        return 404
    if isinstance(error, PermissionDenied):
        return 403
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return 401
    if isinstance(error, exceptions.APIException) and error.status_code in _GENERAL:
        return error.status_code
    known = _BY_NAME.get(type(error).__name__, 500)
    if known == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("core.request.failed", exc_info=error)
    elif known == HTTPStatus.SERVICE_UNAVAILABLE:
        log.error("core.request.unavailable", exc_info=error)
    return known


def pointers(detail: Any, at: str = "") -> Iterator[dict[str, str]]:
    """DRF's nested messages as JSON pointers (RFC 6901)."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else "/" + str(name).replace("~", "~0").replace("/", "~1")
            yield from pointers(inner, at + step)
    elif isinstance(detail, list) and any(isinstance(inner, dict | list) for inner in detail):
        for index, inner in enumerate(detail):
            yield from pointers(inner, f"{at}/{index}")
    else:
        for message in detail if isinstance(detail, list) else [detail]:
            yield {"pointer": at, "detail": str(message)}


def catalogue() -> dict[str, Entry]:
    """Every problem that this service can answer with, by slug: the general ones and each `WalletError`."""
    entries = {
        slug: Entry(slug, status, str(title), _(_EXPLAINED[slug]))
        for status, (slug, title) in sorted(_GENERAL.items(), reverse=True)
    }
    waiting: list[type[WalletError]] = [WalletError]
    while waiting:
        for error in waiting.pop().__subclasses__():
            waiting.append(error)
            if error.slug not in _EXPLAINED:
                explanation = " ".join((error.__doc__ or "").split()) or error.title
                entries[error.slug] = Entry(error.slug, STATUS[error.kind], _(error.title), _(explanation))
    return entries


# --- Answers outside API views ---------------------------------------------------------------------


def wants_json(request: HttpRequest) -> bool:
    """Whether a program asked, and not a person with a browser."""
    return request.path.startswith(("/v1/", "/oauth/token", "/oauth/revoke", "/sandbox/network", "/webhooks/", "/log/"))


def _page(request: HttpRequest, status: int) -> HttpResponse:
    if wants_json(request):
        return general(status, request)
    slug, title = _GENERAL[status]
    return render(request, "wallet/error.html", {"status": status, "title": title, "slug": slug}, status=status)


def failed_page(request: HttpRequest, error: Exception) -> HttpResponse | None:
    """The answer to a known failure from beside the floor; None for any other, which is a defect (`handler500`)."""
    if type(error).__name__ not in _BY_NAME:
        return None
    response = _page(request, _status_of(error))
    if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = str(_RETRY_SECONDS)
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """`handler400`."""
    return _page(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """`handler403`."""
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """`handler404`."""
    return _page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """`handler500`."""
    return _page(request, 500)
