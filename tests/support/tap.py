"""A recording tap on a wire: a TCP proxy in a process of its own, which knows nothing of either side.

    with tapped(folder, port) as tap:                # tap.port forwards to port
        …
    tap.exchanges()                                  # what was said, request by request, byte by byte

Whatever passes is on disk before it is passed on: who has an answer in hand finds it here.
"""

import http.client
import io
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path

from tests.support.system import ROOT, wait_for

_CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, as they passed."""

    method: str
    path: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: bytes = field(repr=False)
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """A header of the answer, or ""."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), "")

    @property
    def digest(self) -> str:
        """SHA-256 of the answer's body."""
        return sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class Tap:
    """Where it listens and what it has written."""

    port: int
    folder: Path

    def exchanges(self) -> list[Exchange]:
        """Everything that passed so far, connection by connection."""
        return [
            exchange
            for asked in sorted(self.folder.glob("*.asked"))
            for exchange in _exchanges(asked.read_bytes(), asked.with_suffix(".said").read_bytes())
        ]


@contextmanager
def tapped(folder: Path, target: int) -> Iterator[Tap]:
    """Start it in front of a port of this machine."""
    folder.mkdir(parents=True)
    words = [sys.executable, "-m", "tests.support.tap", str(folder), str(target)]
    process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL)
    try:
        wait_for(lambda: (folder / "port").exists() or process.poll() is not None, seconds=60)
        yield Tap(int((folder / "port").read_text()), folder)
    finally:
        process.terminate()
        process.wait(20)


class _Stream:
    """What `HTTPResponse` takes for a socket."""

    def __init__(self, file: io.BytesIO) -> None:
        self._file = file

    def makefile(self, _mode: str) -> io.BytesIO:
        return self._file


class _Kept(io.BytesIO):
    """Not closed by whoever has read one answer: the next one follows."""

    def close(self) -> None:
        """Stay open."""


def _exchanges(asked: bytes, said: bytes) -> Iterator[Exchange]:
    requests, answers = _Kept(asked), _Kept(said)
    while line := requests.readline():
        method, path, _version = line.decode("latin-1").split(maxsplit=2)
        sent = http.client.parse_headers(requests)
        body = requests.read(int(sent.get("content-length", 0)))
        if answers.tell() == len(said):
            return  # asked, and nothing came back
        answer = http.client.HTTPResponse(_Stream(answers), method=method)  # type: ignore[arg-type]  # all that it uses of a socket
        answer.begin()
        came = b"" if answer.status == HTTPStatus.NO_CONTENT else answer.read()
        yield Exchange(
            method, path, tuple(sent.items()), body, answer.status, tuple(answer.getheaders()), came
        )  # fmt: skip


def _pass_on(source: socket.socket, target: socket.socket, record: Path) -> None:
    with record.open("ab", buffering=0) as kept:
        try:
            while chunk := source.recv(_CHUNK):
                kept.write(chunk)
                target.sendall(chunk)
        except OSError:
            pass
    for one in (source, target):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue


def _connection(inner: socket.socket, target: int, name: Path) -> None:
    outer = socket.create_connection(("127.0.0.1", target))
    with closing(inner), closing(outer):
        name.with_suffix(".said").touch()
        back = threading.Thread(target=_pass_on, args=(outer, inner, name.with_suffix(".said")), daemon=True)
        back.start()
        _pass_on(inner, outer, name.with_suffix(".asked"))
        back.join()


def main(folder: Path, target: int) -> None:
    """Listen, and pass on whatever comes, both ways."""
    door = socket.create_server(("127.0.0.1", 0))
    (folder / "port.new").write_text(str(door.getsockname()[1]))
    (folder / "port.new").rename(folder / "port")
    number = 0
    while True:
        inner, _address = door.accept()
        number += 1
        threading.Thread(target=_connection, args=(inner, target, folder / f"{number:06d}"), daemon=True).start()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
