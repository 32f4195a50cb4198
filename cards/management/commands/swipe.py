"""Buy something on the sandbox network: `swipe --card card_… --amount 1250 --currency EUR --capture --json`."""

import json
import secrets
from argparse import ArgumentParser
from typing import Any

import orjson
from django.conf import settings
from django.core.management.base import CommandError

from cards.authorizations import lifecycle
from cards.authorizations.authorize import Request, authorize
from cards.authorizations.merchants import Merchant
from cards.authorizations.messages import Message, Said
from cards.authorizations.states import MessageKind
from cards.issuing.models import Card
from cards.issuing.networks import network
from cards.issuing.numbers import Pan, Presented
from privacy.crypto.secret import Secret
from wallet.core.commands import WalletCommand
from wallet.core.errors import NotFound
from wallet.core.money import MAX_MINOR, Money

#: A number of the test BIN whose check digit is wrong.
_NOBODYS = "9999000000000000"


class Command(WalletCommand):
    help = "Buy something with a sandbox card, as a shop would ask for it (sandbox only)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--card", required=True, help="a card_ id")
        parser.add_argument("--amount", required=True, type=int, help="minor units, such as 1250 for 12.50")
        parser.add_argument("--currency", required=True)
        parser.add_argument("--merchant", default="swipe-shop", help="merchant id, also its name")
        parser.add_argument("--mcc", default="5999")
        parser.add_argument("--country", default="FR")
        parser.add_argument("--capture", action="store_true", help="clear it at once")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("There is nothing to swipe outside the sandbox")
        if options["currency"] not in settings.CURRENCIES:
            raise CommandError(f"--currency is one of {' '.join(settings.CURRENCIES)}")
        if not 0 <= options["amount"] <= MAX_MINOR:
            raise CommandError("--amount is a number of minor units, 0 or more")
        if not (options["mcc"].isdigit() and len(options["mcc"]) == 4):  # noqa: PLR2004 - ISO 18245
            raise CommandError("--mcc has 4 digits")
        amount = Money(options["amount"], options["currency"])
        name = options["merchant"]
        answer = self._ask(options["card"], amount, Merchant(name[:64], name[:60], options["mcc"], options["country"]))
        if options["capture"] and answer["approved"]:
            answer["capture"] = self._capture(answer["authorization"], answer["approved_amount"])
        if options["json"]:
            self.stdout.write(json.dumps(answer))
        else:
            verdict = "approved" if answer["approved"] else "declined"
            self.stdout.write(f"{verdict} ({answer['response_code']}) {answer['authorization'] or ''}".strip())

    def _ask(self, card_id: str, amount: Money, merchant: Merchant) -> dict[str, Any]:
        presented = self._typed(card_id)
        ref = f"swipe-{secrets.token_hex(12)}"
        grant = authorize(
            Request(
                network="sandbox", ref=ref, presented=presented, amount=amount,
                merchant=merchant, is_partial=False, entry="ecommerce", body={"network_ref": ref}, request_id=ref,
            )
        )  # fmt: skip
        answer: dict[str, Any] = orjson.loads(grant.body)
        return answer

    def _typed(self, card_id: str) -> Presented:
        try:
            shown = network().reveal(card_id=card_id)
        except NotFound:
            if not Card.objects.filter(id=card_id).exists():
                raise CommandError("There is no such card") from None
            # The number of a closed card is shredded, and nobody's: so is this one, which is never drawn (Luhn).
            return Presented(Pan(_NOBODYS), "2000-01", Secret("000"))
        return Presented(shown.pan, shown.expiry, shown.cvc)

    def _capture(self, authorization: str, amount: dict[str, Any]) -> dict[str, Any]:
        ref = f"swipe-{secrets.token_hex(12)}"
        message = Message("sandbox", ref, MessageKind.CAPTURE, {"network_ref": ref}, ref)
        said = Said(Money(amount["value"], amount["currency"]), is_final=True)
        grant = lifecycle.apply_to_authorization(
            message=message, authorization_id=authorization, said=said, respond=lifecycle.answered
        )
        answer: dict[str, Any] = orjson.loads(grant.body)
        return answer
