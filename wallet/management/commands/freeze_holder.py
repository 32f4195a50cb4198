"""Freeze a holder, or unfreeze one: `freeze_holder --holder H --reason R [--unfreeze] [--json]`."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.commands import WalletCommand
from wallet.core.errors import WalletError
from wallet.core.states import WrongState
from wallet.users import freezes


class Command(WalletCommand):
    help = "Let nothing out of a holder's wallet until it is unfrozen; money may still come in. Safe to run twice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--holder", required=True)
        parser.add_argument("--reason", required=True, help="a sentence of 10 to 500 characters; no names")
        parser.add_argument("--code", choices=list(freezes.REASONS), default="security")
        parser.add_argument("--unfreeze", action="store_true")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        move = freezes.unfreeze_holder if options["unfreeze"] else freezes.freeze_holder
        try:
            move(
                holder_id=options["holder"], actor=Actor.system("freeze_holder"), reason_code=options["code"],
                reason=options["reason"], now=clock.now(),
            )  # fmt: skip
            has_changed = True
        except WrongState:
            has_changed = False
        except WalletError as refusal:
            raise CommandError(refusal.detail or refusal.title) from None
        answer = {"holder": options["holder"], "frozen": not options["unfreeze"], "changed": has_changed}
        lines = (f"{name:10}{value}" for name, value in answer.items())
        self.stdout.write(json.dumps(answer) if options["json"] else "\n".join(lines))
