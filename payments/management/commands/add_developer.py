"""Let somebody look after a platform in the developer's corner."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from payments.developers.ownership import add_developer
from wallet.core import clock
from wallet.core.commands import WalletCommand
from wallet.core.errors import WalletError


class Command(WalletCommand):
    help = "Let the holder of a wallet look after a platform in the developer's corner (/developers)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--client-id", required=True)
        parser.add_argument("--holder", required=True, metavar="H")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            platform = add_developer(client_id=options["client_id"], holder_id=options["holder"], now=clock.now())
        except WalletError as refusal:
            raise CommandError(f"{refusal} Is this the client id of a platform, and the id of a holder?") from None
        if options["json"]:
            self.stdout.write(json.dumps({"platform": platform.pk, "holder": options["holder"]}))
        else:
            self.stdout.write(f"{options['holder']} looks after {platform.name}.")
