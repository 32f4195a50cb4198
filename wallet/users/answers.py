"""JSON answers of the passkey scripts on our own pages, and how a refusal looks on a page."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import orjson
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from wallet.core import problems
from wallet.core.api import json_answer
from wallet.core.errors import Kind, WalletError

Script = Callable[[HttpRequest, Mapping[str, Any]], dict[str, Any]]


class ScriptUnreadable(WalletError):
    """The body is not the JSON object that this page's script sends."""

    kind = Kind.UNREADABLE
    slug = "unreadable"
    title = "The request cannot be read"


def script_endpoint(view: Script) -> Callable[[HttpRequest], HttpResponse]:
    """A view for our own scripts: a JSON object in, a JSON object or a problem out."""

    @require_POST
    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        try:
            return json_answer(view(request, _read(request)))
        except WalletError as refusal:
            return problems.from_error(refusal, request)

    return answer


def _read(request: HttpRequest) -> Mapping[str, Any]:
    if request.content_type != "application/json":
        raise ScriptUnreadable
    try:
        body = orjson.loads(request.body or b"{}")
    except orjson.JSONDecodeError:
        raise ScriptUnreadable from None
    if not isinstance(body, dict):
        raise ScriptUnreadable
    return body


def object_of(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A member that must be an object."""
    value = body.get(name)
    if not isinstance(value, dict):
        raise ScriptUnreadable
    return value


def refuse(form: Form, refusal: WalletError, *, field: str | None = None) -> int:
    """Say on the form what was refused; the status that its page answers with."""
    form.add_error(field, said(refusal))
    return problems.STATUS[refusal.kind]


def said(refusal: WalletError) -> str:
    """The refusal in the visitor's language."""
    words = {
        "sign-in-refused": _("This name and password do not open a wallet."),
        "recovery-code-refused": _("This code does not open a wallet. Each code works once."),
        "too-many-tries": _("Too many tries. Wait a minute, then try again."),
        "sign-in-closed": _("Signing in is closed for a moment. Nothing is lost; try again in a minute."),
        "sign-in-busy": _("Too many people are signing in at this moment. Try again in a second."),
        "last-passkey": _("This is your last passkey. Add another one first."),
        "too-many-passkeys": _("There are too many passkeys. Remove one first."),
        "step-up-required": _("Confirm this with your passkey."),
    }
    return words.get(refusal.slug, _(refusal.title))
