"""Register a chat platform: prints its client id and, this once, its secret."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from payments.platforms.clients import create_platform
from wallet.core.commands import WalletCommand
from wallet.core.errors import WalletError


class Command(WalletCommand):
    help = "Register a chat platform (an OAuth client); prints its client id and, this once, its secret."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True)
        parser.add_argument("--redirect-uri", required=True, nargs="+", action="extend", metavar="URI")
        parser.add_argument(
            "--merchant", nargs="+", action="extend", default=[], metavar="M",
            help="merchant ids (or descriptor prefixes ending in *) of the platform's own shops",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = create_platform(
                name=options["name"], redirect_uris=options["redirect_uri"], merchants=options["merchant"]
            )
        except WalletError as refusal:
            raise CommandError(f"{refusal.pointer} {refusal}".strip()) from None
        if options["json"]:
            self.stdout.write(json.dumps({"client_id": made.platform.client_id, "client_secret": made.client_secret}))
        else:
            self.stdout.write(f"client_id      {made.platform.client_id}\nclient_secret  {made.client_secret}")
