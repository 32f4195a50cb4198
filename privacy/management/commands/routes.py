"""The route manifest: `routes --json`."""

import json
from argparse import ArgumentParser
from typing import Any

from privacy.exposure.routes import list_routes
from wallet.core.commands import WalletCommand


class Command(WalletCommand):
    help = "List every route with whom it answers, the scopes it needs and its view."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        found = list_routes()
        if options["json"]:
            self.stdout.write(json.dumps([route.as_json() for route in found]))
            return
        for route in found:
            scopes = " ".join(sorted({scope for needed in route.scopes.values() for scope in needed}))
            self.stdout.write(f"{route.audience or '?':9} {route.path}  {scopes or '-'}  {route.view}")
