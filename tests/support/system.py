"""The whole system as a newcomer starts it: the real supervisor on free ports, with a state folder of its own.

    with System(folder) as system:                    # or: system.start() … system.stop()
        system.url                                    # http://localhost:PORT (pages, passkeys)
        system.api                                    # http://127.0.0.1:PORT (machines)
        system.demo_url
        system.command("create_holder", "--username", "alice")   # manage.py … --json → the document
        system.kill("web")                            # kill -9; back once this returns
        system.restart()                              # Ctrl-C and `make run` again

`folder` is a temporary folder; its `var` is the state folder. Nothing waits for a disk unless `durable=True`.
Other settings go into `settings`, such as `{"RATE_LIMITS": "off"}` (the default here). Unless `fresh=True` it begins with
a copy of a state folder that was migrated before, once for all tests of a run.
"""

import contextlib
import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent.parent
START_PATIENCE_SECONDS = 90
#: Servers and services that the supervisor brings back.
KEPT_ALIVE = ("web", "worker", "caller", "beat", "sealer", "demo", "postgres", "valkey")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def plain_environment() -> dict[str, str]:
    """What a newcomer's shell has: nothing of the tests' own database, keys and settings."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PG_BINDIR")
    return {name: os.environ[name] for name in kept if name in os.environ}


@dataclass
class System:
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    durable: bool = False
    fresh: bool = False
    checkout: Path = ROOT
    launcher: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    demo_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def var(self) -> Path:
        """The state folder."""
        return self.folder / "var"

    @property
    def url(self) -> str:
        """The wallet for people."""
        return f"http://localhost:{self.port}"

    @property
    def api(self) -> str:
        """The wallet for machines."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def demo_url(self) -> str:
        """The demo chat."""
        return f"http://127.0.0.1:{self.demo_port}"

    @property
    def output(self) -> str:
        """What the supervisor has said, over all its starts."""
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / "output").read_text(encoding="utf-8", errors="replace")
        return ""

    @property
    def processes(self) -> dict[str, int]:
        """What runs now, by name."""
        with contextlib.suppress(FileNotFoundError):
            return dict(json.loads((self.var / "processes.json").read_text(encoding="utf-8")))
        return {}

    def environment(self) -> dict[str, str]:
        """The environment of `make run`."""
        return {
            **plain_environment(),
            "MODE": "sandbox",
            "PORT": str(self.port),
            "DEMO_PORT": str(self.demo_port),
            "VAR_DIR": str(self.var),
            "EMBEDDED_DURABLE": "on" if self.durable else "off",
            "RATE_LIMITS": "off",
            **self.settings,
        }

    def launch(self) -> subprocess.Popen[bytes]:
        """Start without waiting."""
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen(
                [*self.launcher, sys.executable, "-m", "wallet.embedded"],
                cwd=self.checkout,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return self.process

    def start(self) -> Self:
        """Start and wait until it says that it is ready."""
        if not self.fresh and not self.var.exists():
            # With its owners: the server's files are those of an account of its own.
            subprocess.run(["cp", "-a", _migrated(), self.var], check=True)
        before = self.output.count("Ready after")
        self.launch()
        return self.wait_until(lambda: self.output.count("Ready after") > before)

    def wait_until(self, is_so: Callable[[], bool]) -> Self:
        """Wait while it starts."""
        assert self.process is not None
        give_up_at = time.monotonic() + START_PATIENCE_SECONDS
        while not is_so():
            if self.process.poll() is not None or time.monotonic() > give_up_at:
                output = self.output
                self.stop()
                raise AssertionError(f"The system does not start:\n{output}")
            time.sleep(0.02)
        return self

    def stop(self) -> int:
        """Ctrl-C; its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"The system does not stop:\n{self.output}") from None

    def restart(self) -> None:
        """Stop and start again, on the same state."""
        self.stop()
        self.start()

    def kill(self, name: str, *, wait: bool = True) -> None:
        """Kill -9 of a part and whatever it has forked, or of the supervisor (`"supervisor"`)."""
        pid = self.processes[name]
        if name == "supervisor":
            os.kill(pid, signal.SIGKILL)
            assert self.process is not None
            self.process.wait()
            return
        os.killpg(pid, signal.SIGKILL)
        if wait:
            wait_for(lambda: self.processes.get(name) not in {None, pid} and self.answers())

    def answers(self, path: str = "/readyz") -> bool:
        """Whether the web answers 200 now."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def run_command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """manage.py, as typed into a shell beside the system."""
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=self.checkout,
            env={**plain_environment(), "VAR_DIR": str(self.var)},
            capture_output=True,
            text=True,
            check=False,
        )

    def command(self, *words: str) -> dict[str, Any]:
        """A command's JSON document; an AssertionError with what it said when it fails."""
        done = self.run_command(*words, "--json")
        assert done.returncode == 0, f"manage.py {' '.join(words)}: {done.stderr}"
        return dict(json.loads(done.stdout))

    def sandbox(self) -> dict[str, str]:
        """`var/sandbox.json`."""
        return dict(json.loads((self.var / "sandbox.json").read_text(encoding="utf-8")))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def _migrated() -> Path:
    """A state folder with secrets and a migrated database in which nothing has run, made by whoever needs it first."""
    folder = Path(os.environ["TEST_RUN_FOLDER"])
    with (folder / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "var").exists():
            system = System(folder / "migrating")
            system.folder.mkdir()
            system.launch()
            system.wait_until(lambda: "Database migrated" in system.output)
            system.stop()
            assert not (system.var / "checkpoints.jsonl").exists(), "something ran in it already"
            system.var.rename(folder / "var")
    return folder / "var"


def wait_for(condition: Any, *, seconds: float = 40.0) -> None:
    """Wait until it holds."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at, "it did not come true in time"
        time.sleep(0.05)


def all_processes(marker: Path, groups: Collection[int] = ()) -> Iterator[int]:
    """Every live process with `marker` in its environment or command line, or in one of these process groups.

    Ours show their environment to root alone: whoever is not root finds them by their groups (`System.processes`).
    """
    needle = os.fsencode(marker)
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if _is_alive(entry) and (_group_of(entry) in groups or _names(entry, needle)):
                    yield int(entry.name)


def _is_alive(process: Path) -> bool:
    return b"\nState:\tZ" not in (process / "status").read_bytes()


def _group_of(process: Path) -> int:
    return int((process / "stat").read_text(errors="replace").rpartition(")")[2].split()[2])


def _names(process: Path, needle: bytes) -> bool:
    with contextlib.suppress(PermissionError):
        if needle in (process / "environ").read_bytes():
            return True
    return needle in (process / "cmdline").read_bytes()
