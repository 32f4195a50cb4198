#!/usr/bin/env python
"""Run a command of Paravent; in a checkout it finds the running embedded system by itself."""

import sys

from wallet.env import EmbeddedSystemMissing, adopt_embedded_environment


def main() -> int:
    """Run one management command; exit code 2 when there is no system to talk to."""
    try:
        adopt_embedded_environment()
    except EmbeddedSystemMissing as missing:
        sys.stderr.write(f"{missing}\n")
        return 2
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - settings need the environment first

    execute_from_command_line(sys.argv)
    return 0


if __name__ == "__main__":
    sys.exit(main())
