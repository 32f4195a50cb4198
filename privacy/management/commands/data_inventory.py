"""The data inventory: `data_inventory [--json]` (GDPR art. 30, standard.md V18)."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from privacy.rights import inventory
from wallet.core.commands import WalletCommand


class Command(WalletCommand):
    help = f"Write {inventory.DOCUMENT} from the models; with --json, print the inventory and write nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["json"]:
                self.stdout.write(json.dumps({"tables": inventory.as_json()}))
                return
            target = inventory.CHECKOUT / inventory.DOCUMENT
            target.write_text(inventory.document(), encoding="utf-8")
            self.stdout.write(f"{target} is written.")
        except inventory.InventoryFaulty as faulty:
            raise CommandError(str(faulty)) from None
