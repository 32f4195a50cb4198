"""Staff and holders do not meet: a member of the staff has no wallet to look at, and their console is nobody else's."""

from collections.abc import Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from privacy.exposure.egress import audience_of
from wallet.core.api import Audience

CONSOLE: Final = "/operator/"
#: Pages for everybody and for one's own keys; recovery codes and passwords are not for the staff.
_OPEN: Final = (
    "/settings/passkeys", "/settings/sessions", "/step-up", "/sign-in", "/sign-out", "/recover", "/language",
    "/problems/", "/healthz", "/readyz", "/v1/docs", "/v1/openapi.json",
)  # fmt: skip
_FOR_HOLDERS: Final = frozenset({Audience.HOLDER, Audience.PUBLIC})


class StaffDoorMiddleware:
    """Lead a member of the staff from a holder's page to the console; a holder's API is not there for them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Nothing on the way in or out."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, _args: Any, _kwargs: Any) -> HttpResponse | None:
        """Look before the view does."""
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated or not user.is_staff:
            return None
        if audience_of(view) not in _FOR_HOLDERS or request.path_info.startswith(_OPEN):
            return None
        if request.method == "GET" and not request.path_info.startswith("/v1/"):
            return HttpResponseRedirect(CONSOLE)
        raise Http404
