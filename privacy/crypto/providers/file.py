"""KEKs in a file."""

import base64
import os
import stat
from pathlib import Path

from privacy.crypto import aead
from privacy.crypto.providers.local import LocalProvider, parse
from privacy.crypto.providers.port import KeyUnavailable
from privacy.crypto.secret import SecretBytes


class FileProvider(LocalProvider):
    """KEKs in a file that only the service may read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def _keys(self) -> dict[str, SecretBytes]:
        try:
            with self._path.open(encoding="ascii") as file:
                _refuse_loose_mode(os.fstat(file.fileno()))
                return parse(file.read())
        except (OSError, UnicodeDecodeError):
            raise KeyUnavailable("the key file cannot be read") from None


def create_key_file(path: Path) -> None:
    """Make a file with one new KEK, mode 0600; an existing file stays as it is.

    For the first start of a sandbox. Losing the file is losing every sealed value: in production a person makes it,
    and keeps a copy away from the database's backups.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"1 {base64.b64encode(os.urandom(aead.KEY_BYTES)).decode()}\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link fails where the name exists: of two first starts one wins, and nobody sees half a file.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _refuse_loose_mode(status: os.stat_result) -> None:
    # A secret that a container engine mounted belongs to another user, as its mounter made it; our own we can mend.
    if status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) & 0o077:
        raise KeyUnavailable("the key file is open to other users: chmod 600")
