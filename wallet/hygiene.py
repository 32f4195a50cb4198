"""What every process of ours does before anything else (standard.md C14): leave no memory behind, say no value.

Called when `wallet` is imported, so that no way to start a process can forget it: web and its workers, worker and its
children, beat, commands, the supervisor. An `exec` undoes the second step, and the next import does it again.
"""

import ctypes
import resource
import sys

from wallet.core import crashes

_PR_SET_DUMPABLE = 4  # linux/prctl.h


def harden() -> None:
    """No core dump, no reading of our memory by other processes of our account, no message in a crash report."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # Also where core dumps are piped to a program, which no limit stops; and /proc/self then belongs to root.
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    crashes.take_over_hooks()
