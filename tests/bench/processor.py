"""Processor time of the servers that a bench has started, as the kernel counts it."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def seconds_of_servers() -> float:
    """Processor time so far of our living children, theirs, and of those of theirs that ended.

    A load generator that has ended is not among them: the kernel counts it to us.
    """
    parents, times = {}, {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            said = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(folder.name)] = int(said[1])
        times[int(folder.name)] = sum(map(int, said[11:15]))
    own = os.getpid()
    return sum(spent for pid, spent in times.items() if _is_below(pid, own, parents)) / _TICKS


def _is_below(pid: int, root: int, parents: dict[int, int]) -> bool:
    while (pid := parents.get(pid, 0)) > 0:
        if pid == root:
            return True
    return False
