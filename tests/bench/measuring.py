"""A hot path, and what a run of it says."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class HotPath:
    """One thing to be fast, and the floor that it is compared with.

    Args:
        name: its key in `var/bench.json`.
        ours: does it once round and gives operations a second.
        floor: the same for what cannot be undercut.
        prepare: makes what both need, before the first round.
        must: the ratio (ours to floor) that docs/performance.md promises; None where it promises something else.
        must_microseconds: the time for one operation that it promises.
    """

    name: str
    ours: Callable[[], float]
    floor: Callable[[], float]
    prepare: Callable[[], None] = lambda: None
    must: float | None = None
    must_microseconds: float | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians of all rounds, in operations a second."""

    path: HotPath
    ours: float
    floor: float
    ratio: float
    #: From the lowest to the highest ratio of a round, as a share of the median.
    spread: float

    @property
    def is_kept(self) -> bool:
        """Whether the promise holds."""
        path = self.path
        in_time = path.must_microseconds is None or 1e6 / self.ours <= path.must_microseconds
        return in_time and (path.must is None or self.ratio >= path.must)

    def as_json(self) -> dict[str, float]:
        """The members that contract.md names."""
        return {
            "ours": round(self.ours, 1), "floor": round(self.floor, 1), "ratio": round(self.ratio, 3),
            "spread": round(self.spread, 3),
        }  # fmt: skip


def measure(path: HotPath, *, rounds: int) -> Figures:
    """Both sides in turn, so that a busy neighbour is a neighbour of both."""
    path.prepare()
    pairs = [(path.ours(), path.floor()) for _ in range(rounds)]
    ratios = [ours / floor for ours, floor in pairs]
    median = statistics.median(ratios)
    return Figures(
        path=path,
        ours=statistics.median(ours for ours, _ in pairs),
        floor=statistics.median(floor for _, floor in pairs),
        ratio=median,
        spread=(max(ratios) - min(ratios)) / median,
    )


def rate(operation: Callable[[], Any], *, times: int) -> float:
    """Operations a second of our own processor time, for what waits for nothing: a busy neighbour does not count."""
    started = time.process_time()
    for _ in range(times):
        operation()
    return times / (time.process_time() - started)
