"""Where a visitor goes back to: only ever a page of this wallet."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from wallet.core.requests import is_own_path

_LONGEST = 4000


def safe_page(request: HttpRequest, target: object, default: str = "/") -> str:
    """The target when it is a path of this origin, else the default."""
    if (
        isinstance(target, str)
        and len(target) <= _LONGEST
        and is_own_path(target)
        and url_has_allowed_host_and_scheme(target, allowed_hosts=None, require_https=request.is_secure())
    ):
        return target
    return default


def next_page(request: HttpRequest, default: str = "") -> str:
    """The `next` of the query or the form, made safe."""
    return safe_page(request, request.POST.get("next") or request.GET.get("next"), default)
