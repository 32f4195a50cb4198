"""What a rotation says while it works, and what it has done in the end."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

#: Seconds between two lines about the same thing.
_EVERY: Final = 1.0


@dataclass
class Progress:
    """Lines for a person, and counts for a program.

    Args:
        say: takes one line; it names tables and counts, never a value.
    """

    say: Callable[[str], None]
    steps: list[dict[str, Any]] = field(default_factory=list)
    _said_at: float = 0.0

    def wait(self, line: str) -> None:
        """A line, if the last one is old enough."""
        if time.monotonic() - self._said_at >= _EVERY:
            self._said_at = time.monotonic()
            self.say(line)

    def step(self, name: str, **counts: Any) -> None:
        """A step is done: `counts` go into the result."""
        self.steps.append({"step": name, **counts})
        self.say(f"{name}: " + ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in counts.items()))

    def over(self, name: str, total: int) -> "Bar":
        """Progress over so many rows."""
        return Bar(self, name, total, time.monotonic())


@dataclass
class Bar:
    """How far one table has got."""

    progress: Progress
    name: str
    total: int
    started_at: float
    done: int = 0

    def advance(self, rows: int) -> None:
        """So many more rows were looked at."""
        self.done += rows
        rate = self.done / max(time.monotonic() - self.started_at, 0.001)
        left = max(self.total - self.done, 0) / max(rate, 0.001)
        self.progress.wait(f"{self.name}: {self.done} of {self.total} rows, {rate:,.0f} a second, {left:.0f} s left")
