"""The JSON API's views: whom a route answers, what a token must carry, how lists are cut."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

import orjson
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from wallet.core.errors import Kind, WalletError
from wallet.core.members import StrictSerializer
from wallet.core.throttling import RateThrottle

_DEFAULT_LIMIT = 25


class Audience(StrEnum):
    """Whom a route answers; every view class or function names its own as `audience`, or the build fails."""

    PLATFORM = "platform"
    HOLDER = "holder"
    PUBLIC = "public"
    NETWORK = "network"
    GATEWAY = "gateway"
    OPERATOR = "operator"


V = TypeVar("V", bound=Callable[..., Any])


def audience(who: Audience) -> Callable[[V], V]:
    """Mark a function view with whom it answers."""

    def mark(view: V) -> V:
        view.audience = who  # type: ignore[attr-defined]
        return view

    return mark


class MediaTypeUnsupported(WalletError):
    """The body is not application/json."""

    kind = Kind.MEDIA
    slug = "unsupported-media-type"
    title = "Only application/json is read here"


class CursorUnreadable(WalletError):
    """The cursor is not one that this list gave out, or the limit is out of range."""

    kind = Kind.INVALID
    slug = "validation-failed"
    title = "A value is not valid"


class ScopeMissing(WalletError):
    """The token is good and does not reach this far."""

    kind = Kind.FORBIDDEN
    slug = "insufficient-scope"
    title = "This token may not do that"


class WalletView(APIView):
    """A JSON view: declares its audience, the scopes of each method, and answers problems for everything that fails.

    `scopes` maps a method to the OAuth scopes that its token needs; a first-party session has them all. The
    authentication classes set `request.auth.scopes`.
    """

    audience: ClassVar[Audience]
    scopes: ClassVar[Mapping[str, frozenset[str]]] = {}
    request_serializer: ClassVar[type[StrictSerializer] | None] = None
    #: For each method, problems beyond those that follow from what sort of route it is (for the OpenAPI document).
    problems: ClassVar[Mapping[str, frozenset[int]]] = {}

    throttle_classes = [RateThrottle]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate, then throttle, then check scopes."""
        content_type = request.META.get("CONTENT_TYPE", "").split(";")[0].strip().lower()
        super().initial(request, *args, **kwargs)
        caller: Any = request.auth
        if caller is not None and not self.scopes.get(request.method or "", frozenset()) <= frozenset(caller.scopes):
            raise ScopeMissing
        has_body = request.META.get("CONTENT_LENGTH") not in {None, "", "0"}
        if has_body and content_type != "application/json":
            raise MediaTypeUnsupported

    def perform_authentication(self, request: Request) -> None:
        """Find out who calls; who fails is counted as well, by address."""
        try:
            super().perform_authentication(request)
        finally:
            super().check_throttles(request)

    def check_throttles(self, request: Request) -> None:
        """Nothing: it is done with authentication, before any permission, so that bad tokens are counted too."""

    def parse(self, serializer: type[StrictSerializer], request: Request) -> dict[str, Any]:
        """The validated body of the request.

        Raises:
            rest_framework.exceptions.ValidationError: rendered as 422 with pointers.
        """
        incoming = serializer(data=request.data, context={"request": request})
        incoming.is_valid(raise_exception=True)
        return dict(incoming.validated_data)


class AnyCaller(BasePermission):
    """For public routes: said out loud, never a default."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        """Everybody may."""
        return True


M = TypeVar("M", bound=Model)
#: Time and key of the last row of a page.
Position = tuple[str, str]


def cursor_page(
    rows: QuerySet[M], request: Request | HttpRequest, *, by: Sequence[str] = ("created_at", "pk"), maximum: int = 100
) -> tuple[list[M], str | None]:
    """One page, newest first, and the cursor of the next one.

    Args:
        rows: the caller's own rows.
        request: its `limit` and `cursor` are read.
        by: the two attributes that order rows (time, then key).
        maximum: 100, or 25 for lists that platforms read (settled.md 14).

    Raises:
        CursorUnreadable: limit out of 1 to 100, or a cursor not of this list.
    """
    moment, key = by

    def find(most: int, before: Position | None) -> list[M]:
        from django.db.models import Q  # noqa: PLC0415 - beside its one use

        older = rows
        if before is not None:
            at, last = before
            older = rows.filter(Q(**{f"{moment}__lt": at}) | Q(**{moment: at, f"{key}__lt": last}))
        return list(older.order_by(f"-{moment}", f"-{key}")[:most])

    return cursor_page_of(find, request, by=by, maximum=maximum)


def cursor_page_of(
    find: Callable[[int, Position | None], list[M]], request: Request | HttpRequest, *,
    by: Sequence[str] = ("created_at", "pk"), maximum: int = 100,
) -> tuple[list[M], str | None]:  # fmt: skip
    """`cursor_page` of rows that are found in another way than by one query.

    Args:
        find: gives at most so many, newest first, those before a position if there is one.
        request: its `limit` and `cursor` are read.
        by: the two attributes that order rows (time, then key).
        maximum: as for `cursor_page`.

    Raises:
        CursorUnreadable: limit out of 1 to 100, or a cursor not of this list.
    """
    limit = _limit(request.GET.get("limit"), maximum)
    cursor = request.GET.get("cursor")
    found = find(limit + 1, None if cursor is None else _read_cursor(cursor))
    if len(found) <= limit:
        return found, None
    moment, key = by
    last_row = found[limit - 1]
    position = [getattr(last_row, moment).isoformat(), str(getattr(last_row, key))]
    return found[:limit], base64.urlsafe_b64encode(orjson.dumps(position)).decode().rstrip("=")


def _limit(text: str | None, maximum: int) -> int:
    if text is None:
        return _DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= 100):  # noqa: PLR2004 - contract.md's bound
        raise CursorUnreadable("must be 1 to 100", pointer="/limit")
    return min(int(text), maximum)


def _read_cursor(cursor: str) -> tuple[str, str]:
    from datetime import datetime  # noqa: PLC0415 - beside its one use

    try:
        at, key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        datetime.fromisoformat(at)
        key = str(key).replace("\0", "")
    except (binascii.Error, ValueError, TypeError):
        raise CursorUnreadable("is not a cursor of this list", pointer="/cursor") from None
    return at, key


def json_answer(body: Any, status: int = 200) -> HttpResponse:
    """A JSON answer outside DRF."""
    return HttpResponse(orjson.dumps(body, option=orjson.OPT_UTC_Z), status=status, content_type="application/json")
