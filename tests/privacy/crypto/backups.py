"""Backups with the server's own programs, as an operator makes them."""

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import environment
from wallet.embedded.children import server_account
from wallet.embedded.programs import find_postgres

_KEY_TABLES = ("privacy_branchkey", "privacy_rootkey", "privacy_datakey", "privacy_keyerasure")


def dump(name: str, to: Path, *words: str) -> Path:
    """pg_dump of a database, in its own format."""
    _run("pg_dump", "--format", "custom", "--file", str(to), *words, environment.URLS["owner"].replace("{db}", name))
    return to


def dump_keys(name: str, to: Path) -> Path:
    """pg_dump of the rows of the key tables alone."""
    return dump(name, to, "--data-only", *[word for table in _KEY_TABLES for word in ("--table", table)])


def restore(backup: Path, name: str):
    """pg_restore into a database that is there."""
    url = environment.URLS["owner"].replace("{db}", name)
    _run("pg_restore", "--exit-on-error", "--dbname", url, str(backup))


def as_text(backup: Path) -> bytes:
    """The dump as SQL, as whoever finds it reads it."""
    return _run("pg_restore", "--file", "-", str(backup))


@contextmanager
def empty_database(template: str | None = None) -> Iterator[str]:
    """A database for the time of a test."""
    name = f"test_restored_{secrets.token_hex(4)}"
    environment.make_database(name, template=template)
    try:
        yield name
    finally:
        environment.drop_database(name)


def _run(program: str, *words: str) -> bytes:
    bindir = find_postgres(account=server_account()).bindir
    done = subprocess.run([bindir / program, *words], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
