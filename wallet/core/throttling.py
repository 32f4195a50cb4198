"""How often the API may be asked (settled.md 35): token buckets in Redis, counted before any permission.

100 a second for a platform's client, 20 for a holder, 20 for an address without a token; twice that at once. Messages
of card networks and gateways are not limited. Without Redis everything here is open: it protects the machine, not the
money; what must close is the doors of wallet.users.

A holder is counted for each client apart: over a bucket that they share, two platforms could tell that they have the
same customer.
"""

import time
from dataclasses import dataclass
from typing import Any

import redis
import structlog
from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

log = structlog.get_logger(__name__)

#: A first-party client is shared by all holders: theirs are counted one by one.
_SHARED_CLIENTS = frozenset({"first_party", "session"})
_UNLIMITED = frozenset({"network", "gateway"})
_QUIET_SECONDS = 10.0

# Keys: the buckets. Arguments: for each, requests a second and how many at once. Takes from all of them or from none.
# A bucket is stored as the moment at which it is full again (GCRA). Answers the milliseconds to wait.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local wait = 0
local full = {}
for i, key in ipairs(KEYS) do
  local step = 1000 / ARGV[2 * i - 1]
  local at = math.max(tonumber(redis.call('GET', key) or '0'), now) + step
  full[i] = at
  wait = math.max(wait, at - now - step * ARGV[2 * i])
end
if wait > 0 then return math.ceil(wait) end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.3f', full[i]), 'PX', math.ceil(full[i] - now) + 1000)
end
return 0
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One that is counted, how many a second it may, and how many at once."""

    name: str
    per_second: float
    at_once: int


class _Counter:
    """The connection to Redis, made when it is first needed in a process."""

    def __init__(self) -> None:
        self._take: Any = None
        self._quiet_until = 0.0

    def wait_for(self, buckets: list[Bucket]) -> float:
        """Seconds until one more fits into all the buckets: 0 when it does, and then it is taken."""
        try:
            if self._take is None:
                client = redis.Redis.from_url(
                    settings.CACHES["default"]["LOCATION"], socket_timeout=0.25, socket_connect_timeout=0.25
                )
                self._take = client.register_script(_TAKE)
            arguments = [number for bucket in buckets for number in (bucket.per_second, bucket.at_once)]
            keys = [f"rate:{bucket.name}" for bucket in buckets]
            return float(self._take(keys=keys, args=arguments)) / 1000
        except redis.RedisError as error:
            if time.monotonic() > self._quiet_until:
                self._quiet_until = time.monotonic() + _QUIET_SECONDS
                log.warning("core.throttling.open", error=type(error).__name__)
            return 0.0


_counter = _Counter()


class RateThrottle(BaseThrottle):
    """Counts a request for its client and its holder, or for its address when it came without a token."""

    def __init__(self) -> None:
        self._wait = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Whether it fits."""
        if not settings.RATE_LIMITS or str(getattr(view, "audience", "")) in _UNLIMITED:
            return True
        self._wait = _counter.wait_for(buckets_of(request))
        return self._wait == 0

    def wait(self) -> float:
        """Seconds until it may come again."""
        return self._wait


def seconds_to_wait(buckets: list[Bucket]) -> float:
    """For what is no API view: 0 when the request fits, else the seconds until one does."""
    return _counter.wait_for(buckets) if settings.RATE_LIMITS else 0.0


def buckets_of(request: Request) -> list[Bucket]:
    """What this request counts for."""
    caller: Any = request.auth
    if caller is None:
        return [Bucket(f"address:{address_of(request)}", 20, 40)]
    buckets = []
    if caller.kind not in _SHARED_CLIENTS:
        buckets.append(Bucket(f"client:{caller.client_id}", 100, 200))
    if caller.holder_id:
        buckets.append(Bucket(f"holder:{caller.client_id}:{caller.holder_id}", 20, 40))
    return buckets


def address_of(request: Request | HttpRequest) -> str:
    """The caller's address: the connection's, or behind our own proxy what that proxy has added last.

    A header that a caller sends itself has no effect: our proxy appends, and without a proxy nobody reads it.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.SECURE_PROXY_SSL_HEADER and forwarded:
        return str(forwarded).rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))
