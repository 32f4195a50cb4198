"""Compare the gateway's books with ours: `reconcile --day 2026-11-30`, `--payout po_…`, with `--json`."""

import json
from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils.dateparse import parse_date

from payments.topups import reconciling
from payments.topups.reconciling import NoBooks, Result, Safeguarding
from wallet.core import clock
from wallet.core.commands import WalletCommand
from wallet.core.errors import GatewayRefused, GatewayUnavailable


class Command(WalletCommand):
    help = "Compare the payment provider's balance transactions with the ledger; names each difference."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--day", type=_day, help="a day in UTC, such as 2026-11-30; default: yesterday")
        what.add_argument("--payout", help="a payout to your bank, such as po_…")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        name = settings.TOP_UP_GATEWAY
        self.stderr.write(f"Reading the books of {name} …")
        try:
            if options["payout"]:
                result = reconciling.of_payout(options["payout"], name=name)
            else:
                day = options["day"] or clock.now().date() - timedelta(days=1)
                result = reconciling.of_day(day, name=name)
            figures = reconciling.safeguarding(name=name)
        except GatewayUnavailable:
            raise CommandError("The payment provider does not answer: nothing is known. Try again.") from None
        except GatewayRefused:
            raise CommandError("The payment provider knows no such payout.") from None
        except NoBooks as none:
            raise CommandError(f"{none.title}: reconcile needs TOP_UP_GATEWAY=stripe.") from None
        if options["json"]:
            self.stdout.write(json.dumps(_document(result, figures)))
        else:
            self._print(result, figures)
        if result.differences:
            raise CommandError(f"{len(result.differences)} differences")

    def _print(self, result: Result, figures: list[Safeguarding]) -> None:
        for one in result.differences:
            said = f"here {one.here or 'nothing'}, there {one.there or 'nothing'}"
            self.stdout.write(f"{one.kind}: {one.about} {one.object_ref}: {said}")
        for sums in figures:
            self.stdout.write(
                f"{sums.owed.currency}: owed to holders {sums.owed.minor}, with the provider {sums.gateway.minor},"
                f" paid out {sums.paid_out.minor}, booked {sums.booked.minor}, difference {sums.difference.minor}"
            )
        self.stdout.write(f"{result.subject}: {result.checked} movements, {len(result.differences)} differences")


def _day(text: str) -> date:
    day = parse_date(text)  # a ValueError of its own for a day that is not in the calendar
    if day is None:
        raise ValueError(text)
    return day


def _document(result: Result, figures: list[Safeguarding]) -> dict[str, Any]:
    return {
        "ok": not result.differences,
        "subject": result.subject,
        "checked": result.checked,
        "differences": [one.as_json() for one in result.differences],
        "safeguarding": [one.as_json() for one in figures],
    }  # fmt: skip
