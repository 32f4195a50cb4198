"""A real granian on a free port of localhost, over the database of this test process; `web` is its fixture."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.system import ROOT, free_port

_PATIENCE_SECONDS = 40


@dataclass(frozen=True, slots=True)
class Web:
    """Where the wallet answers."""

    url: str
    port: int
    log: Path

    @property
    def output(self) -> str:
        """What the process has logged."""
        return self.log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def serve(
    folder: Path,
    settings: Mapping[str, str] | None = None,
    *,
    program: str = "wallet.embedded.web",
    at: str = "/readyz",
) -> Iterator[Web]:
    """Start the web process with these settings on top of the tests' own, and wait until it says 200 there."""
    port = free_port()
    web = Web(f"http://localhost:{port}", port, folder / f"web-{port}.log")
    environment = {
        **os.environ,
        "PORT": str(port),
        "PUBLIC_URL": web.url,
        "WEB_WORKERS": "1",
        "WEB_THREADS": "4",
        "DATABASE_POOLED": "on",
        **(settings or {}),
    }
    with web.log.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", program],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, process_group=0,
        )  # fmt: skip
    try:
        _wait(web, process, at)
        yield web
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def _wait(web: Web, process: subprocess.Popen[bytes], at: str) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=5)
        try:
            connection.request("GET", at)
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise AssertionError(f"the web process does not answer:\n{web.output[-4000:]}")


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """The wallet in a process of its own; what the test commits, it sees, and the other way round."""
    with serve(tmp_path_factory.mktemp("web")) as running:
        yield running


@pytest.fixture(scope="session")
def webs(web: Web, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Web, Web]]:
    """Two web processes over one database, as behind a proxy."""
    with serve(tmp_path_factory.mktemp("web-2")) as second:
        yield web, second
