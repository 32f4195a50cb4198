"""On pages, a missing yes, passkey or session leads to the page that mends it, and back."""

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from wallet.core.problems import wants_json
from wallet.users.acts import PasskeyNeeded
from wallet.users.people import SignedOut
from wallet.users.stepup import StepUpRequired


class DetourMiddleware:
    """Three refusals that a person can mend at once; wallet.core.refusals says the others."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Nothing on the way in or out."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Lead to the page that asks for what was missing."""
        if wants_json(request):
            return None
        if isinstance(exception, StepUpRequired):
            return HttpResponseRedirect(f"/step-up?{urlencode({'next': page_of(request)})}")
        if isinstance(exception, PasskeyNeeded):
            return HttpResponseRedirect(f"/settings/passkeys?{urlencode({'needed': 1, 'next': page_of(request)})}")
        if isinstance(exception, SignedOut):
            return HttpResponseRedirect(f"/sign-in?{urlencode({'next': page_of(request)})}")
        return None


def page_of(request: HttpRequest) -> str:
    """The page to come back to: this one, or for a form that was sent, the page that it stood on."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    came_from = urlsplit(request.headers.get("Referer", ""))
    if came_from.netloc == request.get_host() and came_from.path.startswith("/"):
        return came_from.path + (f"?{came_from.query}" if came_from.query else "")
    return "/"
