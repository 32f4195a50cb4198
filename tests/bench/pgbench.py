"""pgbench on the bench's cluster: the load generator that costs least."""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from wallet.embedded.children import server_account
from wallet.embedded.programs import find_postgres


def program() -> str:
    """Where pgbench is: with the server's own programs, or on the path."""
    beside = find_postgres(account=server_account()).bindir / "pgbench"
    found = str(beside) if beside.exists() else shutil.which("pgbench")
    if not found:
        raise SystemExit("make bench needs pgbench. On Debian and Ubuntu: apt-get install -y postgresql-contrib")
    return found


@dataclass(frozen=True, slots=True)
class Run:
    """What pgbench did."""

    per_second: float
    done: int
    #: In seconds.
    p99: float


def run(script: str, *, clients: int = 8, seconds: float = 5, times: int = 0, url: str = "") -> Run:
    """Transactions of this script (pgbench's language), with prepared statements; one that fails is an error.

    For so long, or so many times for each client.
    """
    length = ["-t", str(times)] if times else ["-T", f"{seconds:.0f}"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "script"
        file.write_text(script, encoding="utf-8")
        done = subprocess.run(
            [program(), "-n", "-M", "prepared", "-c", str(clients), "-j", "2", *length, "-f", str(file), "--log",
             url or os.environ["DATABASE_URL"]],
            check=False, capture_output=True, text=True, cwd=folder, env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"pgbench: {done.stderr.strip()}")
        # The third column: microseconds.
        latencies = sorted(
            int(line.split()[2]) for log in Path(folder).glob("pgbench_log.*") for line in log.read_text().splitlines()
        )
    found = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    assert found is not None, done.stdout
    return Run(float(found[1]), len(latencies), latencies[int(0.99 * len(latencies))] / 1e6)


def per_second(script: str, *, clients: int = 8, seconds: float = 5, url: str = "") -> float:
    """How many a second."""
    return run(script, clients=clients, seconds=seconds, url=url).per_second
