"""One id for each request: in the answer's `Request-Id`, in the log lines, in a problem's `instance`."""

import re
import secrets
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

#: Browsers drop some of these, or read them as a slash: what was a path becomes another host ("/<tab>//evil.example").
_MISREAD = re.compile(r"[\x00-\x20\x7f\\]")


class RequestIdMiddleware:
    """Give every request an id of our own; what a client sends as one is not taken over."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Bind the id to the log and answer with it."""
        request.request_id = request_id = f"req_{secrets.token_urlsafe(16)}"  # type: ignore[attr-defined]
        with structlog.contextvars.bound_contextvars(request=request_id):
            response = self.get_response(request)
        response["Request-Id"] = request_id
        return response


def request_id_of(request: HttpRequest) -> str:
    """The request's id, or "" where the middleware has not run."""
    return getattr(request, "request_id", "")


def is_own_path(target: str) -> bool:
    """Whether every browser reads it as a path of this origin."""
    return target.startswith("/") and not target.startswith("//") and not _MISREAD.search(target)
