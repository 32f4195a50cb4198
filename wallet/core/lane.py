"""The card network's lane: what only a browser needs is passed over there, because every answer has a deadline.

No session, no account, no messages and no choice of language: a network has a key, and is answered in English. Whatever
guards an answer (request ids, the egress guard, security headers, refusals) stays in the way. The middlewares that
`settings.MIDDLEWARE` names are Django's own everywhere else.
"""

from typing import Any, Final

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

#: Routes under them answer the network and nobody else (tests/contracts/test_reach.py).
PREFIXES: Final = ("/sandbox/network/", "/webhooks/stripe/issuing")


class _PassedOver:
    """Mixed in before a middleware of Django's."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Straight on in the lane."""
        if request.path_info.startswith(PREFIXES):
            passed: HttpResponseBase = self.get_response(request)
            return passed
        answered: HttpResponseBase = super().__call__(request)  # type: ignore[misc]  # Django's, which comes next
        return answered


class Sessions(_PassedOver, SessionMiddleware):
    """Django's sessions."""


class Accounts(_PassedOver, AuthenticationMiddleware):
    """Django's `request.user`."""


class Messages(_PassedOver, MessageMiddleware):
    """Django's messages."""


class Languages(_PassedOver, LocaleMiddleware):
    """Django's choice of language; the network hears English."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """A thread keeps the language of the request before."""
        if request.path_info.startswith(PREFIXES):
            translation.activate("en")
        return super().__call__(request)
