"""pgbench on the bench's cluster: the load generator that costs least."""

import os
import re
import shutil
import subprocess
import tempfile
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


def per_second(script: str, *, clients: int = 8, seconds: float = 5, url: str = "") -> float:
    """Transactions a second of this script (pgbench's language), with prepared statements; one that fails is an error."""
    with tempfile.NamedTemporaryFile("w", suffix=".pgbench") as file:
        file.write(script)
        file.flush()
        done = subprocess.run(
            [program(), "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", f"{seconds:.0f}", "-f", file.name,
             url or os.environ["DATABASE_URL"]],
            check=False, capture_output=True, text=True, cwd=Path("/"), env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
        )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"pgbench: {done.stderr.strip()}")
    found = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    assert found is not None, done.stdout
    return float(found[1])
