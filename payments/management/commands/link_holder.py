"""Link a holder to a platform as the consent page would (sandbox only); again: the same link, fresh tokens."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import transaction

from cards.issuing.cards import get_card, list_cards
from cards.issuing.states import CardKind, CardStatus
from payments.platforms import mandates
from payments.platforms.agreement import Trim
from payments.platforms.clients import find_client
from payments.platforms.links import CardChoice, begin_link, confirm_link
from payments.platforms.mandates import Terms
from payments.platforms.models import Link, LinkStatus
from payments.platforms.scopes import LINK, PAY
from payments.platforms.tokens import issue_tokens
from wallet.core import clock
from wallet.core.commands import WalletCommand
from wallet.core.errors import WalletError
from wallet.core.money import AmountUnreadable, exponent, parse_money
from wallet.users.people import find_by_username


class Command(WalletCommand):
    help = "Link a holder to a platform with the consent, receipt and mandate of the page (sandbox only)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", required=True)
        parser.add_argument("--client-id", required=True)
        parser.add_argument("--card", default="", help="card_…; else the newest active EUR card, else a new empty one")
        amount = "integer minor units of the card's currency, or an amount with a point, such as 25.00"
        parser.add_argument("--per-payment", help=f"{amount}; 1,000.00 if absent")
        parser.add_argument("--daily", help=f"{amount}; 10,000.00 if absent")
        parser.add_argument("--refunds", action="store_true", help="what they received may go back unasked")
        parser.add_argument("--alias", default="", help="what others read; made up if empty")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("Holders are linked by a command in the sandbox only")
        holder, platform = find_by_username(options["username"]), find_client(options["client_id"])
        if holder is None or platform is None:
            raise CommandError("There is no such holder" if holder is None else "There is no such platform")
        try:
            with transaction.atomic():
                link = begin_link(holder_id=holder.id, platform=platform)
                link = self._confirm(link, options) if link.status == LinkStatus.MINTED else self._again(link, options)
                scopes = (LINK, PAY) if link.can_pay else (LINK,)
                tokens = issue_tokens(holder_id=holder.id, platform=platform, scopes=scopes)
        except WalletError as refusal:
            raise CommandError(f"{refusal.pointer} {refusal}".strip()) from None
        answer = {
            "link": link.id,
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "expires_in": tokens.expires_in,
        }
        lines = (f"{name:14}{value}" for name, value in answer.items())
        self.stdout.write(json.dumps(answer) if options["json"] else "\n".join(lines))

    def _confirm(self, link: Link, options: dict[str, Any]) -> Link:
        cards = list_cards(link.holder_id, status=CardStatus.ACTIVE)
        card_id = options["card"]
        if not card_id:
            newest = cards.filter(currency=settings.CURRENCIES[0], kind=CardKind.STANDARD).first()
            card_id = newest.id if newest else ""
        picked = cards.filter(pk=card_id).first()
        currency = picked.currency if picked else settings.CURRENCIES[0]
        return confirm_link(
            link=link, card=CardChoice(card_id=card_id, currency=currency), terms=_terms(currency, options),
            alias=options["alias"], trim=Trim(), now=clock.now(),
        )  # fmt: skip

    def _again(self, link: Link, options: dict[str, Any]) -> Link:
        """The same link; what was said explicitly holds from now on, and is checked like the first time."""
        if options["card"] and options["card"] != link.card_id:
            raise CommandError("--card: this link has another card; end it first")
        if options["per_payment"] or options["daily"] or options["refunds"]:
            currency = get_card(link.holder_id, str(link.card_id)).currency
            mandates.set_terms(link=link, terms=_terms(currency, options), now=clock.now())
        return link


def _terms(currency: str, options: dict[str, Any]) -> Terms:
    terms = Terms(
        currency=currency,
        per_payment_minor=_minor(options["per_payment"] or str(1_000 * 10 ** exponent(currency)), currency),
        per_day_minor=_minor(options["daily"] or str(10_000 * 10 ** exponent(currency)), currency),
        refunds=options["refunds"],
    )
    terms.check()
    return terms


def _minor(text: str, currency: str) -> int:
    try:
        return int(text) if text.isascii() and text.isdigit() else parse_money(text, currency, "en").minor
    except AmountUnreadable:
        raise CommandError("--per-payment and --daily are minor units such as 2500, or amounts such as 25.00") from None
