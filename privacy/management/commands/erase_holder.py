"""Let a holder leave: `erase_holder --holder H [--wait 15] [--json]` (contract.md)."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from privacy.dashboard.erasure_api import show
from privacy.rights import erasing
from privacy.rights.models import ErasureStatus
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.commands import WalletCommand
from wallet.core.errors import WalletError
from wallet.users.people import get_holder


class Command(WalletCommand):
    help = (
        "End links and cards, pay out, destroy the keys. Says how far it got; a worker carries on. Safe to run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--holder", required=True)
        parser.add_argument("--wait", type=float, default=15, help="seconds to wait for the log to be sealed")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        holder_id = options["holder"]
        try:
            if erasing.standing(holder_id).status is None:
                get_holder(holder_id)
        except WalletError as unknown:
            raise CommandError(unknown.detail or unknown.title) from None
        erasing.request_erasure(holder_id=holder_id, actor=Actor.system("erase_holder"), now=clock.now())
        end = time.monotonic() + options["wait"]
        status = erasing.carry_on(holder_id=holder_id, now=clock.now())
        while status is ErasureStatus.PAYING_OUT and time.monotonic() < end:
            time.sleep(0.25)
            status = erasing.carry_on(holder_id=holder_id, now=clock.now())
        answer = {"holder": holder_id, **show(erasing.standing(holder_id))}
        lines = (f"{name:14}{value}" for name, value in answer.items())
        self.stdout.write(json.dumps(answer, default=str) if options["json"] else "\n".join(lines))
