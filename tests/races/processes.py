"""Real processes against the test's database: one Python loads Django and forks before it has any connection."""

import atexit
import json
import os
import selectors
import subprocess
import sys
import time
from functools import cache
from typing import Any

from tests import environment

#: The long forms of a race take longer: RACE_PATIENCE=3000.
PATIENCE_SECONDS = float(os.environ.get("RACE_PATIENCE", "250"))
#: How long processes that are forked take until each of them is connected.
WARM_UP_SECONDS = 2.0


def together(worker: str, count: int, *, kill_first_after: float = 0, **arguments: Any) -> list[dict[str, Any] | None]:
    """Run `tests.races.<worker>.work(number=…, **arguments)` in so many processes at once; what each one found.

    Args:
        worker: the module.
        count: how many processes.
        kill_first_after: seconds until the first of them gets a SIGKILL; its answer is None then.
        arguments: JSON values, the same for all.
    """
    order = json.dumps({"worker": worker, "count": count, "kill": kill_first_after, "arguments": arguments})
    parent = _parent(os.environ["DATABASE_URL"])
    assert parent.stdin is not None
    parent.stdin.write(f"{order}\n")
    parent.stdin.flush()
    return list(json.loads(_line(parent)))


def soon() -> float:
    """A moment at which the processes of a race can all begin (`at`), as `time.time()` counts."""
    _parent(os.environ["DATABASE_URL"])
    return time.time() + WARM_UP_SECONDS


@cache
def _parent(database_url: str) -> subprocess.Popen[str]:
    """The one that forks, for all races of this run on one database."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.races.forking"],
        cwd=environment.ROOT, env={**os.environ, "DATABASE_URL": database_url}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    atexit.register(_end, process)
    assert _line(process) == "ready\n"
    return process


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        assert selector.select(PATIENCE_SECONDS), "the processes of a race did not end in time"
    line = process.stdout.readline()
    assert line, "the parent of the processes of races has ended"
    return line


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
