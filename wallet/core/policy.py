"""The Content-Security-Policy: django-csp's, built once for all answers that add nothing to it, in one order."""

from dataclasses import asdict
from functools import cache

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.http import HttpRequest, HttpResponseBase


class PolicyMiddleware(CSPMiddleware):
    """django-csp builds it anew for each answer, which costs more than most views, and in another order each time."""

    def process_request(self, request: HttpRequest) -> None:
        """No nonce: our pages have no scripts of their own."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Set the header."""
        parts = self.get_policy_parts(request, response)
        adds = parts.config is not None or parts.update is not None or parts.replace is not None
        policy = build_policy(**asdict(parts)) if adds else _of_settings()
        response.headers.setdefault(HEADER, _ordered(policy) if adds else policy)
        return response


@cache
def _of_settings() -> str:
    return _ordered(build_policy())


def _ordered(policy: str) -> str:
    return "; ".join(sorted(policy.split("; ")))
