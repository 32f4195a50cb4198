"""Check that the ledger agrees with itself, and with the log: `verify_ledger [--against-log] [--json]`."""

import json
from argparse import ArgumentParser
from dataclasses import asdict, replace
from typing import Any

from django.core.management.base import CommandError

from wallet.core.commands import WalletCommand
from wallet.ledger.attestation import compare
from wallet.ledger.verify import estimate, verify


class Command(WalletCommand):
    help = "Check that debits equal credits, balances equal their transfers, and holds what is pending."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")
        parser.add_argument(
            "--against-log",
            action="store_true",
            help="also digest all transfers anew, and compare every hour's statement",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stderr.write(f"Reading about {estimate():,} transfers …")
        verdict = verify()
        hours = 0
        if options["against_log"]:
            hours, differences = compare()
            verdict = replace(verdict, differences=verdict.differences + differences)
            self.stderr.write(f"Compared with {hours:,} statements of the log.")
        if options["json"]:
            against = {"statements": hours} if options["against_log"] else {}
            self.stdout.write(json.dumps({"ok": verdict.is_green, **asdict(verdict), **against}))
        else:
            for one in verdict.differences:
                self.stdout.write(f"{one.promise}: {one.subject}: expected {one.expected}, found {one.found}")
            self.stdout.write(
                f"{verdict.accounts} accounts, {verdict.transfers} transfers, {verdict.holds} holds,"
                f" {len(verdict.differences)} differences"
            )
        if not verdict.is_green:
            raise CommandError(f"The ledger differs in {len(verdict.differences)} places")
