"""Say in the log that its database was restored: `acknowledge_restore --reason R [--json]`."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from privacy.exposure import checkpoints
from privacy.exposure.checkpoints import FileUnusable
from wallet.core.commands import WalletCommand

REASON_CHARACTERS = range(10, 501)


class Command(WalletCommand):
    help = (
        "Let a database that is older than its published log send again. The reason goes into the log, for everybody "
        "to read; there is no way back. Safe to run twice."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reason", required=True, help="a sentence of 10 to 500 characters; no names")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        reason = options["reason"].strip()
        if len(reason) not in REASON_CHARACTERS or not reason.isprintable():
            raise CommandError("--reason: a sentence of 10 to 500 characters in one line")
        try:
            has_changed = checkpoints.acknowledge_restore(reason=reason)
        except FileUnusable as unusable:
            raise CommandError(f"{unusable}. Put it, or a copy, back; if there is none, move it away.") from None
        if options["json"]:
            self.stdout.write(json.dumps({"acknowledged": has_changed}))
        elif has_changed:
            self.stdout.write(
                "Acknowledged: the sealer goes on from what this database holds, and data may leave again."
            )
        else:
            self.stdout.write("Nothing to acknowledge: this database holds what was published.")
