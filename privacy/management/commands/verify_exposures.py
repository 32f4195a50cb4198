"""Check the exposure log: `verify_exposures [--json]`."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from privacy.exposure import verifying
from wallet.core.commands import WalletCommand


class Command(WalletCommand):
    help = (
        "Compare every exposure with its bytes, chain and leaf, every leaf with the tree; exit code 0 only if all hold."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = verifying.verify()
        if options["json"]:
            self.stdout.write(json.dumps(verdict.as_json()))
        else:
            for fault in verdict.faults:
                self.stderr.write(" ".join(str(value) for value in fault.values()))
            self.stdout.write(
                f"{verdict.disclosures} disclosures, {verdict.exposures} exposures "
                f"({verdict.erased} of people who have left, {verdict.unsealed} not sealed yet), "
                f"{verdict.leaves} leaves, {verdict.checkpoints} checkpoints, {len(verdict.faults)} faults"
            )
        if verdict.faults:
            sys.exit(1)
