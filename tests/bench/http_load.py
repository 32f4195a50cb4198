"""Load over HTTP from processes of its own, which cost little: keep-alive connections, bodies made beforehand."""

import multiprocessing
import secrets
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PROCESSES = 2
_MOST = 65_536


@dataclass(frozen=True, slots=True)
class Load:
    """What was answered, and how long each answer took, in seconds."""

    done: int
    seconds: float
    latencies: list[float]

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.done / self.seconds

    def percentile(self, share: float) -> float:
        """The latency that so many answers do not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def post(path: str, body: bytes, *, token: str) -> bytes:
    """A whole request; 16 bytes in it that say `REFERENCE_NUMBER` are another number each time."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def run(
    port: int, requests: Sequence[bytes], *, expect: bytes, connections: int = 16, seconds: float, rate: float = 0
) -> Load:
    """Send for so long; every answer must hold `expect`.

    Args:
        port: of localhost.
        requests: sent in turn.
        expect: what an answer that counts holds.
        connections: so many at once.
        seconds: how long.
        rate: requests a second, each reckoned from when it was due; 0: as many as are answered.
    """
    fork = multiprocessing.get_context("fork")
    results: Any = fork.SimpleQueue()
    start = time.monotonic() + 0.2
    share = connections // PROCESSES
    workers = [
        fork.Process(
            target=_drive,
            args=(port, requests[number::PROCESSES], expect, share, start, seconds, rate / PROCESSES, results),
        )
        for number in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    heard: list[list[float]] = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    if not all(heard):
        raise SystemExit("The web server answered other than expected; see the lines above.")
    latencies = [one for part in heard for one in part]
    return Load(len(latencies), seconds, latencies)


@dataclass(slots=True)
class _Line:
    socket: socket.socket
    due: float = 0.0
    heard: bytes = b""


def _drive(
    port: int, requests: Sequence[bytes], expect: bytes, count: int, start: float, seconds: float, rate: float,
    results: Any,
) -> None:  # fmt: skip
    selector, idle, latencies, sent = selectors.DefaultSelector(), [], [], 0
    for _ in range(count):
        line = _Line(socket.create_connection(("127.0.0.1", port)))
        line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(line.socket, selectors.EVENT_READ, line)
        idle.append(line)
    time.sleep(max(start - time.monotonic(), 0))
    end = start + seconds
    while (now := time.monotonic()) < end:
        while idle and (not rate or start + sent / rate <= now):
            line = idle.pop()
            line.due = start + sent / rate if rate else now
            request = requests[sent % len(requests)]
            line.socket.sendall(request.replace(b"REFERENCE_NUMBER", secrets.token_hex(8).encode()))
            sent += 1
        wait = max(start + sent / rate - time.monotonic(), 0) if rate and idle else max(end - now, 0)
        for key, _events in selector.select(wait):
            line = key.data
            line.heard += line.socket.recv(_MOST)
            head, found, body = line.heard.partition(b"\r\n\r\n")
            if not found or len(body) < _length(head):
                continue
            if expect not in body:
                print(line.heard.decode(errors="replace"), flush=True)
                results.put([])
                return
            line.heard = b""
            latencies.append(time.monotonic() - line.due)
            idle.append(line)
    results.put(latencies)


def _length(head: bytes) -> int:
    for one in head.split(b"\r\n"):
        name, _colon, value = one.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


__all__ = ["Load", "post", "run"]
