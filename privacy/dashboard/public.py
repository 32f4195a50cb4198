"""The sealed log for everybody: its checkpoint, the keys that sign it, its tiles and entries (C2SP tlog-tiles)."""

import base64
import math
import re
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

import privacy
from privacy.exposure import notes, tree, witnesses
from privacy.exposure.merkle import WIDTH
from wallet.core import problems
from wallet.core.api import Audience, audience, json_answer
from wallet.core.throttling import Bucket, address_of, seconds_to_wait

_TEXT: Final = "text/plain; charset=utf-8"
#: `x001/x234/067`, with `.p/<width>` for a tile that is not full.
_TILE: Final = re.compile(r"((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)
_PROGRAMS: Final = {
    name: Path(privacy.__file__).with_name(f"{name}.py").read_bytes() for name in ("verify", "verify_document")
}
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_LEVELS: Final = 8
_LARGEST: Final = 10**18
#: For one address; a monitor that reads the whole tree needs one request for 256 leaves.
_PER_SECOND, _AT_ONCE = 20, 40


def limited(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Count a request for its address, as the API counts those without a token."""

    @wraps(view)
    def counted(request: HttpRequest, *args: str | int, **named: str | int) -> HttpResponse:
        bucket = Bucket(f"log:{address_of(request)}", _PER_SECOND, _AT_ONCE)
        if wait := seconds_to_wait([bucket]):
            return problems.general(HTTPStatus.TOO_MANY_REQUESTS, request, retry_after=max(1, math.ceil(wait)))
        return view(request, *args, **named)

    return counted


@audience(Audience.PUBLIC)
@require_safe
@limited
def checkpoint(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """The newest published one, with the lines of witnesses that have signed it already."""
    shown = tree.head().checkpoint
    if not shown:
        raise Http404
    return _fresh(HttpResponse(witnesses.with_lines(shown), content_type=_TEXT))


@audience(Audience.PUBLIC)
@require_safe
@limited
def witnessed(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """The newest one that an outside witness has signed; nothing (204) where none ever has."""
    shown = witnesses.newest()
    if shown is None:
        return _fresh(HttpResponse(status=HTTPStatus.NO_CONTENT))
    return _fresh(HttpResponse(shown, content_type=_TEXT))


@audience(Audience.PUBLIC)
@require_safe
@limited
def key(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Who signs: a verifier key a line, the log's own, the present one last, then those of witnesses."""
    keys = [*notes.own_keys(), *witnesses.keys()]
    return _fresh(HttpResponse("".join(f"{one}\n" for one in keys), content_type=_TEXT))


@audience(Audience.PUBLIC)
@require_safe
@limited
def tile(request: HttpRequest, level: int, place: str) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Hashes of the published tree."""
    n, width = _place(place)
    if level >= _LEVELS:
        raise Http404
    return _bytes(tree.tile(level, n, width, size=tree.head().checkpoint_size))


@audience(Audience.PUBLIC)
@require_safe
@limited
def entries(request: HttpRequest, place: str) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """The leaves themselves: commitments, and what the log says to everybody."""
    n, width = _place(place)
    return _bytes(tree.entries(n, width, size=tree.head().checkpoint_size))


@audience(Audience.PUBLIC)
@require_safe
@limited
def consistency(request: HttpRequest, old: int, size: int) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """The proof that the log of `old` leaves is the beginning of the one of `size`, for who does not read tiles."""
    if not 0 < old <= size <= tree.head().checkpoint_size or size > _LARGEST:
        raise Http404
    proof = tree.tree().consistency(old, size)
    return json_answer({"log": settings.LOG_ORIGIN, "proof": [base64.b64encode(one).decode() for one in proof]})


@audience(Audience.PUBLIC)
@require_safe
@limited
def program(request: HttpRequest, name: str) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """What checks proofs, receipts and exports without this wallet, word for word as the repository has it."""
    response = HttpResponse(_PROGRAMS[name], content_type="text/x-python; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.py"'
    return _fresh(response)


def _place(place: str) -> tuple[int, int]:
    found = _TILE.fullmatch(place)
    width = int(found[2] or WIDTH) if found else 0
    if found is None or width > WIDTH or (found[2] and width == WIDTH):
        raise Http404
    return int(found[1].replace("x", "").replace("/", "")), width


def _bytes(body: bytes | None) -> HttpResponse:
    if body is None:
        raise Http404
    response = HttpResponse(body, content_type="application/octet-stream")
    response["Cache-Control"] = _FOR_EVER
    return response


def _fresh(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-cache"
    return response
