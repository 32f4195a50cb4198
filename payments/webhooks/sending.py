"""The call itself: bounded in time and size, to the address that was judged, and nowhere else."""

import math
import ssl
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Overdue
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import cache
from http import HTTPStatus
from typing import Any

import httpcore
import httpx
from django.conf import settings

from payments.webhooks.addresses import AddressRefused, Target, resolve
from privacy.exposure.gate import Grant
from wallet.core import clock
from wallet.core.transactions import refuse_open_transaction

#: Seconds for everything: look-up, connect, send, and the answer's head (W08).
DEADLINE = 20.0
_CONNECT = 5.0
#: Bytes that are read of an answer at most, whatever they are (W08).
MOST_READ = 64 * 1024
#: An endpoint may ask for patience, and not for eternity.
_MOST_PATIENCE = 3600
_ASKS_FOR_PATIENCE = frozenset(
    {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
)


class Failure(StrEnum):
    """Why there was no answer."""

    ADDRESS = "address_refused"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Result:
    """An HTTP status, or why there is none.

    Args:
        status: of the answer.
        failure: why there was none.
        retry_after: seconds for which the endpoint wants to be left alone, or 0.
    """

    status: int | None = None
    failure: Failure | None = None
    retry_after: int = 0

    @property
    def is_success(self) -> bool:
        """2xx; a redirect is not followed and is no success."""
        return self.status is not None and httpx.codes.is_success(self.status)

    @property
    def is_gone(self) -> bool:
        """410: the endpoint wants nothing more."""
        return self.status == HTTPStatus.GONE


class _TooLong(httpcore.ReadError):
    """More came than is read."""


class _Bounds:
    """What is left of a call's time and of what may be read."""

    def __init__(self) -> None:
        self._end = time.monotonic() + DEADLINE
        self._bytes = MOST_READ

    def seconds(self, at_most: float = math.inf) -> float:
        """The time left.

        Raises:
            httpcore.ReadTimeout: there is none.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return min(left, at_most)

    def took(self, size: int) -> None:
        """Count what was read."""
        self._bytes -= size
        if self._bytes < 0:
            raise _TooLong


class _Stream(httpcore.NetworkStream):
    """A connection whose time does not start anew with each byte, and whose answer ends."""

    def __init__(self, inner: httpcore.NetworkStream, bounds: _Bounds) -> None:
        self._inner, self._bounds = inner, bounds

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the call has its own deadline
        """Bytes of the answer, counted."""
        found = self._inner.read(min(max_bytes, MOST_READ), self._bounds.seconds())
        self._bounds.took(len(found))
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the call has its own deadline
        """Bytes of the message."""
        self._inner.write(buffer, self._bounds.seconds())

    def close(self) -> None:
        """Hang up."""
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Encrypt; the certificate must be the name's, whatever address was connected to."""
        del timeout
        inner = self._inner.start_tls(ssl_context, server_hostname, self._bounds.seconds())
        return _Stream(inner, self._bounds)

    def get_extra_info(self, info: str) -> Any:
        """What the connection knows of itself."""
        return self._inner.get_extra_info(info)


class _Line(httpcore.NetworkBackend):
    """Connects to the judged address, whichever name is asked for: nobody looks it up a second time."""

    def __init__(self, target: Target | None, bounds: _Bounds) -> None:
        self._target, self._bounds = target, bounds

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        """The connection; through a proxy of the sandbox to that proxy."""
        del timeout
        if self._target is not None:
            host, port = self._target.address, self._target.port
        inner = httpcore.SyncBackend().connect_tcp(
            host, port, self._bounds.seconds(_CONNECT), local_address, socket_options
        )
        return _Stream(inner, self._bounds)


def send(*, url: str, grant: Grant, headers: Mapping[str, str]) -> Result:
    """Post the granted bytes. Of the answer only its head is read: no body, however long, slow or packed."""
    refuse_open_transaction("webhook")
    bounds = _Bounds()
    try:
        target = _look_up(url, bounds)
        return _post(target, url, grant.body, {**headers, "content-type": grant.content_type}, bounds)
    except AddressRefused:
        return Result(failure=Failure.ADDRESS)
    except (Overdue, httpcore.TimeoutException):
        return Result(failure=Failure.TIMEOUT)
    except _TooLong:
        return Result(failure=Failure.TOO_LONG)
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError, OSError):
        return Result(failure=Failure.CONNECTION)


def _look_up(url: str, bounds: _Bounds) -> Target:
    """The judged address; a resolver has no deadline of its own."""
    runner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="look-up")
    try:
        return runner.submit(resolve, url).result(timeout=bounds.seconds(_CONNECT))
    finally:
        runner.shutdown(wait=False, cancel_futures=True)


def _post(target: Target, url: str, body: bytes, headers: Mapping[str, str], bounds: _Bounds) -> Result:
    line = _Line(None if settings.EGRESS_PROXY else target, bounds)
    proxy = httpcore.Proxy(settings.EGRESS_PROXY) if settings.EGRESS_PROXY else None
    pool = httpcore.ConnectionPool(
        ssl_context=trusted(), proxy=proxy, network_backend=line, max_connections=1, max_keepalive_connections=0
    )
    sent = [*headers.items(), ("user-agent", "Paravent-Webhooks/1"), ("accept-encoding", "identity")]
    with pool, pool.stream("POST", url, headers=sent, content=body) as response:
        return Result(status=response.status, retry_after=_patience(response))


@cache
def trusted() -> ssl.SSLContext:
    """Whose certificates are believed: read once, from the bundle and not from the environment."""
    return httpx.create_ssl_context(trust_env=False)


def _patience(response: httpcore.Response) -> int:
    """Seconds that the endpoint asks for with a status that means patience (RFC 9110 10.2.3)."""
    if response.status not in _ASKS_FOR_PATIENCE:
        return 0
    given = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"").decode("latin-1")
    if given.isascii() and given.isdigit():
        return min(int(given[:6]), _MOST_PATIENCE)
    try:
        wanted = (parsedate_to_datetime(given) - clock.now()).total_seconds()
    except (ValueError, TypeError):
        return 0
    return max(0, min(math.ceil(wanted), _MOST_PATIENCE))
