"""Number, expiry and code of a sandbox card: `card_details --card card_… --json`."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from cards.issuing.networks import network
from wallet.core.commands import WalletCommand
from wallet.core.errors import NotFound


class Command(WalletCommand):
    help = "Print what a shop would ask for: number, expiry and code of a card (sandbox only)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--card", required=True, help="a card_ id")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("Card details are printed in the sandbox only")
        try:
            shown = network().reveal(card_id=options["card"])
        except NotFound:
            raise CommandError("There is no such card") from None
        details = {"pan": shown.pan.reveal(), "expiry": shown.expiry, "cvc": shown.cvc.reveal()}
        if options["json"]:
            self.stdout.write(json.dumps(details))
        else:
            self.stdout.write(f"{details['pan']}  {details['expiry']}  {details['cvc']}")
