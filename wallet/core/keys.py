"""Unwrap the keys when a process starts, so that no request waits for the key provider (settled.md 7)."""

import structlog

from privacy.crypto.keyring import KeyUnavailable, keyring

log = structlog.get_logger(__name__)


def warm_up() -> None:
    """Unwrap now; without the provider the process starts all the same, answers 503 and goes on trying."""
    try:
        keyring.start()
    except KeyUnavailable:
        log.error("core.keys.unavailable")  # noqa: TRY400 - the class says it all
