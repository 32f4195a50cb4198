"""A house of its own to rotate in: a database, a key file, and processes that know nothing of the test's own keys."""

import base64
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psycopg

from privacy.crypto.providers import create_key_file
from tests import environment

#: Seconds for everybody to see a change, in these tests.
MARGIN = "1.2"


@dataclass
class House:
    folder: Path
    database: str

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """A fresh one, from the migrated template; nothing of it is left behind."""
        name = f"test_rotation_{secrets.token_hex(4)}"
        environment.make_database(name, template=environment.TEMPLATE)
        create_key_file(folder / "kek")
        try:
            yield cls(folder, name)
        finally:
            environment.drop_database(name)

    @property
    def environment(self) -> dict[str, str]:
        """What its processes get."""
        return {
            **os.environ,
            **environment.settings_of(self.database),
            "KEY_FILE": str(self.folder / "kek"),
            "ERASURE_JOURNAL": str(self.folder / "erasures.jsonl"),
        }

    def add_kek(self) -> None:
        """A new key-encryption key, as an operator adds one: a further line."""
        version = len((self.folder / "kek").read_text().splitlines()) + 1
        with (self.folder / "kek").open("a") as file:
            file.write(f"{version} {base64.b64encode(os.urandom(32)).decode()}\n")

    def delete_old_keks(self) -> None:
        """Throw away all lines but the last."""
        lines = (self.folder / "kek").read_text().splitlines(keepends=True)
        (self.folder / "kek").write_text(lines[-1])

    def sql(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """A query as the owner."""
        with psycopg.connect(self.environment["MIGRATION_DATABASE_URL"], autocommit=True) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def rotate(self, *words: str, expect: int = 0) -> dict[str, Any]:
        """`manage.py rotate_keys … --json`; its one document."""
        done = subprocess.run(
            self._command(*words), env=self.environment, cwd=environment.ROOT, capture_output=True, text=True,
            timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == expect, f"{done.returncode}: {done.stdout}{done.stderr}"
        assert done.stdout.count("\n") <= 1, done.stdout
        return dict(json.loads(done.stdout)) if done.stdout else {"said": done.stderr}

    def rotate_and_kill(self, *words: str, when: str) -> None:
        """Start a rotation and kill it -9 when it says so, or at once if it says nothing more."""
        process = subprocess.Popen(
            self._command(*words), env=self.environment, cwd=environment.ROOT,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if when in line:
                break
        assert process.poll() is None, f"it ended before {when!r}: {said}"
        process.send_signal(signal.SIGKILL)
        process.communicate()

    def _command(self, *words: str) -> list[str]:
        margin = [] if "--status" in words else ["--margin", MARGIN]
        return [sys.executable, "manage.py", "rotate_keys", *words, *margin, "--json"]

    def do(self, task: str, **arguments: Any) -> Any:
        """Run `tests.privacy.rotation.people.<task>` in a process of its own; what it returns."""
        return self.start(task, **arguments).result()

    def start(self, task: str, **arguments: Any) -> "Task":
        """The same without waiting; `stop` is a file that ends those who work until then."""
        stop = self.folder / f"stop-{secrets.token_hex(4)}"
        order = json.dumps({"task": task, "arguments": arguments, "stop": str(stop)})
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.privacy.rotation.people", order], env=self.environment, cwd=environment.ROOT,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        return Task(process, stop)


@dataclass
class Task:
    process: subprocess.Popen[str]
    stop: Path

    def end(self) -> Any:
        """Let it come to its end; what it returns."""
        self.stop.touch()
        return self.result()

    def result(self) -> Any:
        """What it returns."""
        out, err = self.process.communicate(timeout=240)
        assert self.process.returncode == 0, err
        return json.loads(out.splitlines()[-1])

    def wait_until_ready(self) -> None:
        """Until it works."""
        ready = self.stop.with_suffix(".ready")
        give_up_at = time.monotonic() + 60
        while not ready.exists():
            assert self.process.poll() is None, self.process.communicate()[1]
            assert time.monotonic() < give_up_at, "it does not start to work"
            time.sleep(0.05)
