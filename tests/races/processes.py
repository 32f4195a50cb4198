"""Real processes against the test's database: one Python loads Django and forks before it has any connection."""

import json
import os
import subprocess
import sys
from typing import Any

from tests import environment

#: The long forms of a race take longer: RACE_PATIENCE=3000.
PATIENCE_SECONDS = float(os.environ.get("RACE_PATIENCE", "250"))


def together(worker: str, count: int, *, kill_first_after: float = 0, **arguments: Any) -> list[dict[str, Any] | None]:
    """Run `tests.races.<worker>.work(number=…, **arguments)` in so many processes at once; what each one found.

    Args:
        worker: the module.
        count: how many processes.
        kill_first_after: seconds until the first of them gets a SIGKILL; its answer is None then.
        arguments: JSON values, the same for all.
    """
    order = json.dumps({"worker": worker, "count": count, "kill": kill_first_after, "arguments": arguments})
    done = subprocess.run(
        [sys.executable, "-m", "tests.races.forking", order],
        cwd=environment.ROOT, env=dict(os.environ), check=True, stdout=subprocess.PIPE, text=True, timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    return list(json.loads(done.stdout))
