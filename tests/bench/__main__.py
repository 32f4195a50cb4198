"""`python -m tests.bench [NAME…] [--rounds N]`: exit code 0 only if every promise holds."""

import argparse
import importlib
import json
import os
import pkgutil
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import bench

ROOT = Path(__file__).resolve().parent.parent.parent


@contextmanager
def house(folder: Path) -> Iterator[None]:
    """A durable cluster of its own, migrated, with keys; Django is set up in it."""
    from privacy.crypto.providers import create_key_file
    from wallet.embedded.postgres import start_cluster
    from wallet.embedded.valkey import start_valkey

    for name in ("postgres", "valkey", "static"):
        (folder / name).mkdir(mode=0o700)
    cluster = start_cluster(folder / "postgres", durable=True)
    valkey = start_valkey(folder / "valkey")
    try:
        os.environ.update(
            MODE="sandbox", LOG_LEVEL="WARNING", RATE_LIMITS="off", DATABASE_POOLED="off", VAR_DIR=str(folder),
            DATABASE_URL=cluster.app_url, MIGRATION_DATABASE_URL=cluster.owner_url, REDIS_URL=valkey.url,
            KEY_FILE=str(folder / "kek"), SECRET_KEY=secrets.token_urlsafe(48), SANDBOX_NETWORK_KEY="bench",
            SANDBOX_GATEWAY_SECRET=secrets.token_urlsafe(48), DJANGO_SETTINGS_MODULE="wallet.settings",
        )  # fmt: skip
        create_key_file(folder / "kek")
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--skip-checks"], cwd=ROOT, check=True
        )
        import django

        django.setup()
        yield
    finally:
        _let_go()
        cluster.stop()
        valkey.stop()


def _let_go() -> None:
    from django.db import connections

    from privacy.crypto.keyring import keyring

    connections.close_all()
    keyring.stop()


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("names", nargs="*", help="only paths whose name holds one of these words")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="paravent-bench-") as folder, house(Path(folder)):
        figures = list(_measured(options.names, options.rounds))
    written = ROOT / "var" / "bench.json"
    written.parent.mkdir(exist_ok=True)
    before = json.loads(written.read_text()) if written.exists() and options.names else {}
    after = before | {one.path.name: one.as_json() for one in figures}
    written.write_text(json.dumps(after, indent=2) + "\n", encoding="utf-8")
    return 0 if all(one.is_kept for one in figures) else 1


def _measured(names: list[str], rounds: int) -> Iterator["measuring.Figures"]:
    print(f"{'':<34}{'ours/s':>12}{'floor/s':>12}{'µs':>9}{'ratio':>8}{'spread':>8}  promise", flush=True)
    for found in sorted(pkgutil.iter_modules(bench.__path__), key=lambda one: one.name):
        module = importlib.import_module(f"tests.bench.{found.name}") if not found.name.startswith("__") else None
        for path in getattr(module, "PATHS", ()):
            if not names or any(word in path.name for word in names):
                figures = measuring.measure(path, rounds=rounds)
                print(_line(figures), flush=True)
                yield figures


def _line(figures: "measuring.Figures") -> str:
    path = figures.path
    promises = [f"≤ {path.must_microseconds:g} µs"] if path.must_microseconds else []
    promises += [f"≥ {path.must:g}"] if path.must else []
    return (
        f"{path.name:<34}{figures.ours:>12,.0f}{figures.floor:>12,.0f}{1e6 / figures.ours:>9.2f}{figures.ratio:>8.2f}"
        f"{figures.spread:>8.0%}  {', '.join(promises)}{'' if figures.is_kept else '  NOT KEPT'}"
    )


if __name__ == "__main__":
    from tests.bench import measuring

    sys.exit(main())
