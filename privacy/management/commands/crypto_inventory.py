"""The cryptographic inventory: `crypto_inventory [--json]` (PCI DSS 12.3.3)."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from privacy.crypto import inventory
from privacy.crypto.usage import UsageUnknown
from wallet.core.commands import WalletCommand


class Command(WalletCommand):
    help = f"Write {inventory.DOCUMENT} from the code; with --json, print the inventory and write nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["json"]:
                self.stdout.write(json.dumps({"entries": inventory.as_json()}))
                return
            target = inventory.CHECKOUT / inventory.DOCUMENT
            target.write_text(inventory.document(), encoding="utf-8")
            self.stdout.write(f"{target} is written.")
        except (inventory.InventoryStale, UsageUnknown) as stale:
            raise CommandError(str(stale)) from None
