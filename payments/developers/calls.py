"""The log of a platform's own calls: how each fared, for as long as somebody is likely to ask.

A convenience, kept in Redis and nowhere else: the newest 200 calls of each client, seven days. A line has the route and
not the path, so no id is in it; the Request-Id leads to the program's own log, where the rest is.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import redis
import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from payments.platforms.routes import template_of
from wallet.core.problems import CONTENT_TYPE
from wallet.core.requests import request_id_of

log = structlog.get_logger(__name__)

KEPT, KEPT_SECONDS = 200, 7 * 24 * 3600
_QUIET_SECONDS = 10.0
#: One for a process, made before there are threads: a client that another takes the place of closes, as it goes, the
#: connections of whoever is using it. It connects when it is first needed.
_REDIS = redis.Redis.from_url(settings.CACHES["default"]["LOCATION"], socket_timeout=0.25, socket_connect_timeout=0.25)


@dataclass(frozen=True, slots=True)
class Call:
    """One call: when, which route, what came of it."""

    at: datetime
    method: str
    route: str
    status: int
    problem: str
    request_id: str
    milliseconds: int

    @property
    def tone(self) -> str:
        """How its badge looks."""
        return "ok" if self.status < 400 else "warn" if self.status < 500 else "stop"  # noqa: PLR2004 - HTTP's classes


class CallLogMiddleware:
    """Note each call whose client has proved who it is (`request.calling_client`), after it was answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._quiet_until = 0.0

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, then note."""
        began = time.monotonic()
        response = self.get_response(request)
        client_id = getattr(request, "calling_client", "")
        if client_id:
            self._note(client_id, _line(request, response, began))
        return response

    def _note(self, client_id: str, line: dict[str, Any]) -> None:
        key = _key(client_id)
        try:
            pipe = _REDIS.pipeline(transaction=False)
            pipe.lpush(key, orjson.dumps(line))
            pipe.ltrim(key, 0, KEPT - 1)
            pipe.expire(key, KEPT_SECONDS)
            pipe.execute()
        except redis.RedisError as error:
            if time.monotonic() > self._quiet_until:
                self._quiet_until = time.monotonic() + _QUIET_SECONDS
                log.warning("payments.calls.not_noted", error=type(error).__name__)


def list_calls(client_id: str) -> list[Call]:
    """The newest calls of this client first; none where Redis is away."""
    try:
        lines: Any = _REDIS.lrange(_key(client_id), 0, KEPT - 1)
    except redis.RedisError:
        return []
    return [Call(**{**one, "at": datetime.fromtimestamp(one["at"], UTC)}) for one in map(orjson.loads, lines)]


def _key(client_id: str) -> str:
    return f"calls:{client_id}"


def _line(request: HttpRequest, response: HttpResponse, began: float) -> dict[str, Any]:
    return {
        "at": time.time(),
        "method": request.method,
        "route": template_of(request),
        "status": response.status_code,
        "problem": _problem_of(response),
        "request_id": request_id_of(request),
        "milliseconds": int((time.monotonic() - began) * 1000),
    }


def _problem_of(response: HttpResponse) -> str:
    """The slug of a problem, or the code of an OAuth error; nothing else of any body."""
    if response.status_code < 400:  # noqa: PLR2004 - HTTP's classes
        return ""
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return ""
    if response.headers.get("Content-Type") == CONTENT_TYPE:
        return str(body.get("type", "")).rpartition("/")[2]
    return str(body.get("error", ""))
