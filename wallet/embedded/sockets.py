"""Folders for unix sockets: private, and short enough (a path over 107 bytes cannot be bound)."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from wallet.embedded.children import Account

#: 107 bytes less the longest name inside, `/.s.PGSQL.5432.lock`.
FOLDER_BYTES_MAX = 107 - 20
#: The folder's name goes into URLs that several libraries read, each with its own idea of quoting.
PLAIN = re.compile(r"[A-Za-z0-9_./-]+")


def socket_folder(parent: Path, name: str, *, account: Account | None = None) -> Path:
    """A folder 0700 for sockets, owned by `account`: `parent/name` when it can be used, else one of its own in /tmp.

    `parent/name.where` remembers the latter, so that a folder left by a killed start is taken away.
    """
    folder = parent / name
    note = parent / f"{name}.where"
    with contextlib.suppress(FileNotFoundError):
        left = Path(note.read_text(encoding="utf-8"))
        if left.name.startswith("paravent-"):
            shutil.rmtree(left, ignore_errors=True)
        note.unlink()
    plain = PLAIN.fullmatch(str(folder)) and len(os.fsencode(folder)) <= FOLDER_BYTES_MAX
    if plain and (account is None or may_enter(parent, account=account)):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
    else:
        folder = Path(tempfile.mkdtemp(prefix="paravent-", dir=_short_temporary_folder()))
        note.write_text(str(folder), encoding="utf-8")
    if account:
        os.chown(folder, account.uid, account.gid)
    return folder


def may_enter(folder: Path, *, account: Account) -> bool:
    """Whether `account` can reach `folder` by its path."""
    reached = subprocess.run(
        ["/bin/sh", "-c", 'cd -- "$1"', "sh", folder],
        cwd="/",
        env={},
        capture_output=True,
        check=False,
        user=account.uid,
        group=account.gid,
        extra_groups=[],
    )
    return reached.returncode == 0


def _short_temporary_folder() -> Path:
    usual = Path(tempfile.gettempdir())
    return usual if PLAIN.fullmatch(str(usual)) and len(os.fsencode(usual)) < FOLDER_BYTES_MAX - 20 else Path("/tmp")  # noqa: S108 - mkdtemp makes it private
