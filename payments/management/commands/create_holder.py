"""Make a holder with a bearer token for scripts (sandbox only); an existing one gets fresh tokens."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import transaction

from payments.platforms.clients import first_party_client
from payments.platforms.scopes import READ, WRITE
from payments.platforms.tokens import issue_tokens
from wallet.core import clock
from wallet.core.commands import WalletCommand
from wallet.core.errors import WalletError
from wallet.core.money import MAX_MINOR, Money
from wallet.ledger.accounts import AccountKind, programme
from wallet.limits.receiving import receive
from wallet.limits.regimes import Tier
from wallet.limits.tiers import set_tier
from wallet.users.people import create_holder

#: Code points of a name (settled.md 29).
_LONGEST = 60


class Command(WalletCommand):
    help = "Make a holder and print tokens with the wallet scopes (sandbox only)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", required=True)
        parser.add_argument("--tier", choices=[str(tier) for tier in Tier], help="how well the holder is known")
        parser.add_argument("--test-money", type=int, help="minor units of EUR that nobody has paid, once for a holder")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("Holders are made by a command in the sandbox only")
        if not 0 < len(options["username"].strip()) <= _LONGEST:
            raise CommandError(f"--username: 1 to {_LONGEST} characters")
        try:
            with transaction.atomic():
                holder = create_holder(username=options["username"], now=clock.now())
                if options["tier"]:
                    set_tier(holder_id=holder.id, tier=Tier(options["tier"]), now=clock.now())
                if options["test_money"]:
                    _give(holder.id, options["test_money"])
                client = first_party_client()
                tokens = issue_tokens(holder_id=holder.id, platform=client, scopes=(READ, WRITE))
        except WalletError as refusal:
            raise CommandError(str(refusal)) from None
        answer = {
            "holder": holder.id,
            "username": holder.username,
            "client_id": client.client_id,
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "expires_in": tokens.expires_in,
        }
        lines = (f"{name:14}{value}" for name, value in answer.items())
        self.stdout.write(json.dumps(answer) if options["json"] else "\n".join(lines))


def _give(holder_id: str, minor: int) -> None:
    """From the sandbox gateway's account, whichever gateway takes top-ups."""
    if not 0 < minor <= MAX_MINOR:
        raise CommandError(f"--test-money: 1 to {MAX_MINOR}")
    receive(
        holder_id=holder_id, amount=Money(minor, "EUR"), source=programme(AccountKind.SANDBOX_CLEARING, "EUR"),
        key=f"test_money:{holder_id}", code="test_money", ref=holder_id, now=clock.now(),
    )  # fmt: skip
