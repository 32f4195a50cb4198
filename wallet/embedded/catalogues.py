"""Compile the translations (`.po` → `.mo`) in this process: a fresh machine has no gettext."""

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

APPS = ("wallet", "privacy", "cards", "payments")


def compile_catalogues(checkout: Path) -> int:
    """Compile each catalogue that is newer than what was made of it; says how many there were."""
    compiled = 0
    for app in APPS:
        for source in sorted((checkout / app / "locale").glob("*/LC_MESSAGES/*.po")):
            target = source.with_suffix(".mo")
            if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
                continue
            with source.open("rb") as text:
                catalogue = read_po(text, locale=source.parent.parent.name)
            # Processes that start together (tests) each write their own; the last one in place wins.
            scratch = target.with_suffix(f".{os.getpid()}.mo")
            with scratch.open("wb") as binary:
                write_mo(binary, catalogue)
            scratch.replace(target)
            compiled += 1
    return compiled
