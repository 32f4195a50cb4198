"""Run the sealer of the exposure log: `seal_exposures [--once]`."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from privacy.exposure import sealer
from wallet.core.commands import WalletCommand
from wallet.core.keys import warm_up


class Command(WalletCommand):
    help = "Give every exposure its place in the sealed log, until SIGTERM; one process for the whole installation."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="seal what can be sealed now, and end")

    def handle(self, *args: Any, **options: Any) -> None:
        warm_up()
        if options["once"]:
            self.stdout.write(f"{sealer.seal_all()} sealed")
            return
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        sealer.run(stopped.is_set)
