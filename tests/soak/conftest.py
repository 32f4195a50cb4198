"""Long runs: `make soak MINUTES=10`. Every test of this folder gets the same share of the time; nothing runs without it.

A test takes `deadline` (of `time.monotonic()`) and goes on until then, or until its full count.
"""

import os
import time

import pytest

MINUTES = int(os.environ.get("SOAK_MINUTES", "0"))
collect_ignore_glob = [] if MINUTES else ["test_*.py"]
if os.geteuid() != 0:
    collect_ignore_glob.append("test_full_disk.py")  # nobody else may mount one


@pytest.fixture
def deadline(request: pytest.FixtureRequest) -> float:
    """When this test's share is over."""
    sharing = sum("deadline" in getattr(item, "fixturenames", ()) for item in request.session.items)
    return time.monotonic() + MINUTES * 60 / max(sharing, 1)
