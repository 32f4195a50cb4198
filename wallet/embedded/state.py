"""The state folder (`var/`): one running system, its secrets, and what it tells shells and scripts.

lock            held while a system runs; names its process
secrets/        made on first start, one file each, 0600
keys/           the key provider's file
env             for shells: `. var/env` (while the system runs)
sandbox.json    for scripts: `network_key` and where things are
demo.json       the demo chat's client and linked friend
processes.json  what runs now
postgres/ valkey/ demo/ log/
"""

import contextlib
import fcntl
import importlib
import json
import os
import secrets
import shlex
from collections.abc import Mapping
from pathlib import Path

from wallet.embedded.children import EmbeddedError


class StateFolder:
    """The folder, locked by this process until it ends."""

    def __init__(self, path: Path) -> None:
        """Make the folder when there is none, and lock it.

        Raises:
            EmbeddedError: it is not ours alone, or a system runs in it.
        """
        self.path = path.absolute()
        try:
            self._make_private()
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise EmbeddedError(f"The state folder {self.path} cannot be used: {error.strerror}.") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 20, 0).decode(errors="replace").strip()
            raise EmbeddedError(
                f"Paravent already runs in {self.path} (process {holder}). Stop it first, "
                "or start another one: make run VAR_DIR=… PORT=… DEMO_PORT=…"
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def folder(self, name: str) -> Path:
        """A folder inside, made when there is none."""
        path = self.path / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def secret_file(self, name: str) -> Path:
        """The file of a secret, made with 256 random bits when there is none."""
        return self._keep(self.folder("secrets") / name, secrets.token_urlsafe(32))

    def key_file(self) -> Path:
        """The key provider's file, made by the provider when there is none."""
        path = self.folder("keys") / "kek"
        if not path.exists():
            # Named as a string: the roof imports no room.
            importlib.import_module("privacy.crypto.providers").create_key_file(path)
        return path

    def write(self, name: str, text: str) -> Path:
        """Replace a file in one step, readable by its owner only."""
        return write_private(self.path / name, text)

    def write_json(self, name: str, document: Mapping[str, object]) -> Path:
        """Replace a JSON document in one step."""
        return self.write(name, json.dumps(document, indent=2) + "\n")

    def read_json(self, name: str) -> dict[str, object]:
        """A JSON document, empty when there is none or it cannot be read."""
        with contextlib.suppress(OSError, ValueError):
            document = json.loads((self.path / name).read_text(encoding="utf-8"))
            if isinstance(document, dict):
                return document
        return {}

    def write_environment(self, environment: Mapping[str, str]) -> None:
        """Write `env` for shells."""
        lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(environment.items())]
        self.write("env", "\n".join(["# Settings of the running system: `. var/env`", *lines, ""]))

    def forget(self, name: str) -> None:
        """Remove what is only true while the system runs."""
        (self.path / name).unlink(missing_ok=True)

    def _keep(self, path: Path, fresh: str) -> Path:
        if not path.exists():
            write_private(path, fresh + "\n")
        return path

    def _make_private(self) -> None:
        if not self.path.exists():
            self.path.mkdir(mode=0o700, parents=True)
            return
        if self.path.stat().st_mode & 0o077:
            if any(self.path.iterdir()) and not (self.path / "lock").exists():
                raise EmbeddedError(
                    f"{self.path} is open to others and holds other things: VAR_DIR must be a folder of its own."
                )
            self.path.chmod(0o700)


def write_private(path: Path, text: str) -> Path:
    """Replace `path` in one step with `text`, on the disk and readable by its owner only."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    return path
