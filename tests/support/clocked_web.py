"""The web process with a keyring whose clock the test moves: CLOCK_FILE holds the seconds to add to the real one."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wallet.embedded import web

_load = web.load


def _clock() -> float:
    return time.monotonic() + float(Path(os.environ["CLOCK_FILE"]).read_text(encoding="ascii"))


def _load_with_clock() -> Callable[..., Any]:
    from privacy.crypto.keyring import keyring

    # The process's one keyring, made once more as a test makes its own: its doors are bound to it.
    keyring.__init__(monotonic=_clock)  # type: ignore[misc]
    return _load()


if __name__ == "__main__":
    web.load = _load_with_clock
    web.main()
