"""Start processes that end with us, whatever ends us.

Call `start_child` from the main thread: Linux ends a child when the *thread* that started it ends.
"""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
LOG_BYTES_MAX = 10_000_000


class EmbeddedError(Exception):
    """The embedded system cannot start or go on; the message tells a person what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """A system account that a server runs as."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """The account for servers that refuse root: `postgres`, else `nobody`; None when we are not root.

    Raises:
        EmbeddedError: we are root and the machine has neither account.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise EmbeddedError(
        "PostgreSQL does not run as root, and this machine has neither a 'postgres' nor a 'nobody' account. "
        "Start as an ordinary user, or set DATABASE_URL."
    )


def start_child(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path,
    output: IO[bytes] | int,
    account: Account | None = None,
    keep_open: Iterable[int] = (),
    death_signal: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start `command` in a process group of its own; it gets `death_signal` when we die.

    Raises:
        EmbeddedError: the program cannot be started.
    """
    with warnings.catch_warnings():
        # Python 3.12 warns of forking beside threads; what runs before exec is two system calls.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return subprocess.Popen(
                command,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=tuple(keep_open),
                process_group=0,
                preexec_fn=_end_with_parent(death_signal),  # noqa: PLW1509 - see above
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
        except PermissionError as error:
            who = f" as {account.name}" if account else ""
            raise EmbeddedError(f"{command[0]} cannot be started{who}: {error.strerror}") from error
        except OSError as error:
            raise EmbeddedError(f"{command[0]} cannot be started: {error.strerror}") from error


def run_to_end(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path,
    account: Account | None = None,
    keep_open: Iterable[int] = (),
) -> subprocess.CompletedProcess[bytes]:
    """Run `command` to its end, which comes at once when we die; gives what it wrote to both outputs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # as in start_child
        return subprocess.run(
            command,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            pass_fds=tuple(keep_open),
            preexec_fn=_end_with_parent(signal.SIGKILL),
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )


def end_with_parent(death_signal: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel to end this process when its parent dies; for forks that `start_child` did not make."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)


def stop_child(process: subprocess.Popen[bytes], *, ask: signal.Signals, patience_seconds: float) -> None:
    """Ask a child to end, wait, then end it and whatever is left of its group."""
    if process.poll() is None:
        process.send_signal(ask)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience_seconds)
    kill_group(process)
    process.wait()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End what is left of a child's process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def open_log(path: Path) -> IO[bytes]:
    """Open a log for appending, readable by its owner only; the file before is kept as `.1` when it has grown."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > LOG_BYTES_MAX:
            path.replace(path.with_name(f"{path.name}.1"))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(descriptor, "ab", buffering=0)


def last_lines(path: Path, *, count: int = 15) -> str:
    """The end of a log, for an error message."""
    with contextlib.suppress(OSError):
        return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])
    return ""


def _end_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def before_exec() -> None:
        prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return before_exec
