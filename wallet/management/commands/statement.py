"""Statements of account: `statement --holder holder_…` or `statement --account fees --currency EUR`, with `--json`."""

import json
from argparse import ArgumentParser
from datetime import UTC, datetime, time
from typing import Any

import structlog
from django.core.management.base import CommandError
from django.utils.dateparse import parse_date

from wallet.core import clock
from wallet.core.commands import WalletCommand
from wallet.core.errors import Invalid
from wallet.core.money import Money
from wallet.ledger import accounts, statements
from wallet.ledger.accounts import PROGRAMME_KINDS, AccountKind
from wallet.ledger.statements import Statement

log = structlog.get_logger(__name__)


class Command(WalletCommand):
    help = "Opening balance, movements and closing balance of a holder's accounts, or of one of the programme's."

    def add_arguments(self, parser: ArgumentParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--holder", help="a holder_ id: every account of this person")
        whose.add_argument("--account", choices=sorted(PROGRAMME_KINDS), help="one of the programme's accounts")
        parser.add_argument("--currency", default="EUR", help="of the programme's account")
        parser.add_argument("--since", type=_midnight, help="first day, such as 2026-01-01; default: the month's first")
        parser.add_argument("--until", type=_midnight, help="the day after the last one; default: now")
        parser.add_argument("--totals", action="store_true", help="sums by code instead of every movement")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        since = options["since"] or now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        period = {"since": since, "until": options["until"] or now}
        try:
            if options["holder"]:
                found = statements.of_holder(options["holder"], **period)
            else:
                ref = accounts.programme(AccountKind(options["account"]), options["currency"])
                found = [statements.of_account(ref, **period)]
        except Invalid:
            raise CommandError("--until comes before --since") from None
        log.info("ledger.statement.read", holder=options["holder"] or "", account=options["account"] or "")
        if options["json"]:
            self.stdout.write(json.dumps({"statements": [_document(one, is_short=options["totals"]) for one in found]}))
            return
        for one in found:
            self._print(one, is_short=options["totals"])

    def _print(self, statement: Statement, *, is_short: bool) -> None:
        ref = statement.account
        self.stdout.write(f"{ref.kind} {ref.owner or 'programme'} {ref.currency}, minor units")
        self._line(statement.since, "opening", "", statement.opening.minor)
        if is_short:
            for total in statement.totals:
                self.stdout.write(
                    f"{'':<20}{total.code:<28}{total.came.minor:>18}{-total.went.minor:>18} ({total.count})"
                )
        else:
            for one in statement.movements:
                self._line(one.at, one.code, one.amount.minor, one.balance.minor)
        self._line(statement.until, "closing", "", statement.closing.minor)

    def _line(self, at: datetime, what: str, amount: int | str, balance: int) -> None:
        self.stdout.write(f"  {at:%Y-%m-%d %H:%M}  {what:<28}{amount:>18}{balance:>18}")


def _midnight(text: str) -> datetime:
    day = parse_date(text)  # a ValueError of its own for a day that is not in the calendar
    if day is None:
        raise ValueError(text)
    return datetime.combine(day, time(), tzinfo=UTC)


def _document(statement: Statement, *, is_short: bool) -> dict[str, Any]:
    ref = statement.account
    document: dict[str, Any] = {
        "account": {"kind": ref.kind.value, "owner": ref.owner, "currency": ref.currency},
        "since": statement.since.isoformat(),
        "until": statement.until.isoformat(),
        "opening": _money(statement.opening),
        "closing": _money(statement.closing),
        "totals": [
            {"code": one.code, "count": one.count, "came": _money(one.came), "went": _money(one.went)}
            for one in statement.totals
        ],
    }
    if not is_short:
        document["movements"] = [
            {
                "at": one.at.isoformat(), "code": one.code, "ref": one.ref, "other": one.other.value,
                "amount": _money(one.amount), "balance": _money(one.balance),
            } for one in statement.movements
        ]  # fmt: skip
    return document


def _money(money: Money) -> dict[str, str | int]:
    return {"value": money.minor, "currency": money.currency}
