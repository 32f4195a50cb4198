"""`make run`: start the whole system and keep it running until Ctrl-C."""

import sys

from wallet.embedded.children import EmbeddedError
from wallet.embedded.options import Options
from wallet.embedded.supervisor import Supervisor


def main() -> int:
    """Run; exit code 1 with a message that tells what to do when it cannot."""
    try:
        Supervisor(Options.from_environment()).run()
    except EmbeddedError as error:
        sys.stderr.write(f"\nParavent cannot run: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
