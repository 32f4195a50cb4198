"""One process of the system (web, worker, beat, demo): its command, and how it is started again when it dies."""

import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wallet.embedded.children import kill_group, open_log, start_child

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
#: A process that lived this long starts again without delay the next time.
SETTLED_SECONDS = 30.0


@dataclass(slots=True)
class Service:
    """A process that is kept alive."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    cwd: Path
    log: Path
    #: What it gets when we are killed; SIGTERM for one whose own children only end in order.
    death_signal: signal.Signals = signal.SIGKILL
    process: subprocess.Popen[bytes] | None = None
    _started_at: float = 0.0
    _delay: float = 0.0
    _start_at: float | None = None

    def start(self) -> None:
        """Start the process; its log is appended to."""
        with open_log(self.log) as log:
            self.process = start_child(
                self.command, env=self.environment, cwd=self.cwd, output=log, death_signal=self.death_signal
            )
        self._started_at = time.monotonic()
        self._start_at = None

    def tend(self) -> str | None:
        """Start a dead process again, after a delay that doubles; returns what there is to say."""
        if self.process is None or self.process.poll() is None:
            return None
        now = time.monotonic()
        if self._start_at is None:
            kill_group(self.process)
            settled = now - self._started_at > SETTLED_SECONDS
            self._delay = 0.0 if settled else min(self._delay * 2 or FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS)
            self._start_at = now + self._delay
            return f"{self.name} ended ({_ending(self.process.returncode)}); it starts again. Its log: {self.log}"
        if now >= self._start_at:
            self.start()
            return f"{self.name} started again"
        return None


def _ending(returncode: int) -> str:
    return signal.Signals(-returncode).name if returncode < 0 else f"exit code {returncode}"
