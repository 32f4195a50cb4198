"""The files of a PostgreSQL cluster: how they are made, and how the server reaches them.

`data/` belongs to the server's account; `passwords.json` (0600) is ours. The account may be unable to reach `data/` by
its path, when that lies in a private home: then it inherits an open descriptor and finds its data in `/proc/self/fd`.
"""

import contextlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from wallet.embedded.children import Account, EmbeddedError, run_to_end
from wallet.embedded.programs import PostgresPrograms
from wallet.embedded.sockets import may_enter
from wallet.embedded.state import write_private

#: Since this version PostgreSQL brings its own C.UTF-8.
BUILTIN_LOCALE_MAJOR = 17


class Role(StrEnum):
    """The database roles: the owner migrates, the application does everything else."""

    SUPERUSER = "postgres"
    OWNER = "paravent_owner"
    APP = "paravent_app"


def make_cluster(folder: Path, *, programs: PostgresPrograms, account: Account | None, durable: bool) -> None:
    """Run initdb; `passwords.json` is written last, so that a start killed half-way begins again."""
    data = folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    passwords = {role.value: secrets.token_urlsafe(24) for role in Role}
    password_file = write_private(folder / "initdb-password", passwords[Role.SUPERUSER])
    if account:
        os.chown(data, account.uid, account.gid)
        os.chown(password_file, account.uid, account.gid)
    with data_path(data, account=account) as (path, descriptors), password_file.open("rb") as password:
        builtin = ["--locale-provider=builtin"] if programs.major >= BUILTIN_LOCALE_MAJOR else []
        done = run_to_end(
            [
                programs.initdb,
                f"--pgdata={path}",
                f"--username={Role.SUPERUSER}",
                # By its descriptor where the account may not be able to reach it by its path.
                f"--pwfile={f'/proc/self/fd/{password.fileno()}' if account else password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                *builtin,
                "--no-instructions",
                *([] if durable else ["--no-sync"]),
            ],
            env=server_environment(),
            cwd=Path("/"),
            account=account,
            keep_open=[*descriptors, password.fileno()],
        )
    password_file.unlink()
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise EmbeddedError(f"PostgreSQL cannot make its files in {data}:\n{said}")
    write_private(folder / "passwords.json", json.dumps(passwords))


def check_version(data: Path, programs: PostgresPrograms) -> None:
    """Refuse files of another major version with a message, before the server does.

    Raises:
        EmbeddedError: they are.
    """
    made_with = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    if not re.fullmatch(rf"{programs.major}(\..*)?", made_with):
        raise EmbeddedError(
            f"The data in {data} was made by PostgreSQL {made_with}, but {programs.bindir} is {programs.major}. "
            f"Set PG_BINDIR to PostgreSQL {made_with}, or dump and restore."
        )


def server_environment() -> dict[str, str]:
    """Nothing of ours: the server must not hold our secrets in its environment."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@contextlib.contextmanager
def data_path(data: Path, *, account: Account | None) -> Iterator[tuple[str, list[int]]]:
    """The path by which the server reaches its data, and the descriptors that it must inherit for it."""
    if account is None or may_enter(data.parent, account=account):
        yield str(data), []
        return
    descriptor = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}", [descriptor]
    finally:
        os.close(descriptor)
