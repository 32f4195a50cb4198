"""Migrate as the owner; quick when nothing has changed since the last time."""

import hashlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from wallet.embedded.children import EmbeddedError, run_to_end


def fingerprint(checkout: Path) -> str:
    """A digest of all that a migration is made of: ours and the locked libraries'."""
    digest = hashlib.sha256()
    for path in sorted(_sources(checkout)):
        digest.update(f"{path.relative_to(checkout)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def migrate(checkout: Path, *, environment: Mapping[str, str], note: Path | None) -> bool:
    """Migrate, unless `note` (which lies beside the database) says that this was done; says whether it ran.

    Raises:
        EmbeddedError: a migration fails.
    """
    now = fingerprint(checkout)
    if note and note.is_file() and note.read_text(encoding="ascii") == now:
        return False
    done = run_to_end([sys.executable, "manage.py", "migrate", "--no-input"], env=environment, cwd=checkout)
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace").strip().splitlines()
        raise EmbeddedError("The database cannot be migrated:\n" + "\n".join(said[-25:]))
    if note:
        note.write_text(now, encoding="ascii")
    return True


def _sources(checkout: Path) -> Iterator[Path]:
    yield checkout / "requirements" / "runtime.txt"
    for app in ("wallet", "privacy", "cards", "payments"):
        yield from (checkout / app).glob("**/migrations/*.py")
        yield from (checkout / app).glob("**/sql/*.sql")
        yield from (checkout / app).glob("**/models.py")
