"""Refusals and outages that a page's view raises become a page that says so, with the API's status."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _

from wallet.core.errors import WalletError
from wallet.core.problems import STATUS, bad_request, failed_page, from_error, wants_json

_FORM, _PARTS = "application/x-www-form-urlencoded", "multipart/form-data"


class RefusalMiddleware:
    """Turn what no view caught into an answer: a `WalletError`, or keys that cannot be reached."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Nothing on the way in or out."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """An outage is 503, what is erased 404; another exception stays a defect: 500, without a word of it."""
        if not isinstance(exception, WalletError):
            return failed_page(request, exception)
        if wants_json(request):
            return from_error(exception, request)
        status = STATUS[exception.kind]
        context = {"status": status, "title": _(exception.title), "slug": exception.slug}
        response = render(request, "wallet/error.html", context, status=status)
        if exception.retry_after is not None:
            response["Retry-After"] = str(exception.retry_after)
        return response


class UnreadableMiddleware:
    """Answer 400 to a NUL in a path, a query or a form: no text of ours has one, and the database refuses it.

    Stands inside the egress guard, sessions and languages: its page is one like all others. JSON bodies are read, and
    refused, by their serializers.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Look before any view does."""
        if _has_nul(request):
            return bad_request(request)
        return self.get_response(request)


def _has_nul(request: HttpRequest) -> bool:
    if "\0" in request.path_info or (request.META.get("QUERY_STRING") and _among(request.GET)):
        return True
    # A program's multipart body is left unread: its view refuses the type.
    is_form = request.content_type == _FORM or (request.content_type == _PARTS and not wants_json(request))
    return is_form and _among(request.POST)


def _among(values: QueryDict) -> bool:
    return any("\0" in text for name, texts in values.lists() for text in (name, *map(str, texts)))
