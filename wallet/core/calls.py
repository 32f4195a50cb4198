"""A call to somebody else's server: bounded in time and size, to the address that was judged, and nowhere else."""

import math
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Overdue
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

import httpcore
import httpx
from django.conf import settings

from wallet.core.addresses import AddressRefused, Target, resolve
from wallet.core.transactions import refuse_open_transaction

T = TypeVar("T")

_CONNECT = 5.0
#: Bytes that are read of an answer at most, whatever they are (W08).
MOST_READ = 64 * 1024


class Failure(StrEnum):
    """Why there was no answer."""

    ADDRESS = "address_refused"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    TOO_LONG = "too_long"


class CallFailed(Exception):
    """There was no answer."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure


class _TooLong(httpcore.ReadError):
    """More came than is read."""


class _Bounds:
    """What is left of a call's time and of what may be read."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
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


def post(
    *, what: str, url: str, body: bytes, headers: Mapping[str, str], seconds: float,
    read: Callable[[httpcore.Response], T],
) -> T:  # fmt: skip
    """Post bytes and give what `read` makes of the answer, of which only the head has come by then.

    Args:
        what: names the kind of call where a transaction is open.
        url: judged before anything is connected to.
        body: the bytes.
        headers: all but those of the transport.
        seconds: for everything: look-up, connect, send, and what is read of the answer.
        read: takes what it needs of the answer.

    Raises:
        CallFailed: there was no answer.
    """
    refuse_open_transaction(what)
    bounds = _Bounds(seconds)
    try:
        target = _look_up(url, bounds)
        line = _Line(None if settings.EGRESS_PROXY else target, bounds)
        proxy = httpcore.Proxy(settings.EGRESS_PROXY) if settings.EGRESS_PROXY else None
        pool = httpcore.ConnectionPool(
            ssl_context=trusted(), proxy=proxy, network_backend=line, max_connections=1, max_keepalive_connections=0
        )
        sent = [*headers.items(), ("accept-encoding", "identity")]
        with pool, pool.stream("POST", url, headers=sent, content=body) as response:
            return read(response)
    except AddressRefused:
        raise CallFailed(Failure.ADDRESS) from None
    except (Overdue, httpcore.TimeoutException):
        raise CallFailed(Failure.TIMEOUT) from None
    except _TooLong:
        raise CallFailed(Failure.TOO_LONG) from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError, OSError):
        raise CallFailed(Failure.CONNECTION) from None


def _look_up(url: str, bounds: _Bounds) -> Target:
    """The judged address; a resolver has no deadline of its own."""
    runner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="look-up")
    try:
        return runner.submit(resolve, url).result(timeout=bounds.seconds(_CONNECT))
    finally:
        runner.shutdown(wait=False, cancel_futures=True)


@cache
def trusted() -> ssl.SSLContext:
    """Whose certificates are believed: read once, from the bundle and not from the environment."""
    return httpx.create_ssl_context(trust_env=False)
