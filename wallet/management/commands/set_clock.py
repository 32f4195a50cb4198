"""Move the sandbox's clock: `set_clock +8d`, `set_clock 0`."""

import json
import re
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connections

from wallet.core.commands import WalletCommand

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Command(WalletCommand):
    help = "Move the database's clock by an offset from the real time (sandbox only)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("offset", help="such as +8d, -30m, +2h; 0 for the real time")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("The clock can be moved in the sandbox only")
        if "owner" not in settings.DATABASES:
            raise CommandError("MIGRATION_DATABASE_URL is not set: only the owner role moves the clock")
        match = re.fullmatch(r"([+-]?)(\d{1,6})([smhdw]?)", options["offset"])
        if match is None or (match[3] == "" and match[2] != "0"):
            raise CommandError("offset: a sign, a number and one of s m h d w, such as +8d")
        shift = timedelta(**{_UNITS[match[3] or "s"]: int(match[1] + match[2])})
        with connections["owner"].cursor() as cursor:
            cursor.execute("UPDATE core_clock SET shift = make_interval(secs => %s)", [int(shift.total_seconds())])
            cursor.execute("SELECT core_now()")
            (now,) = cursor.fetchone()
        if options["json"]:
            self.stdout.write(json.dumps({"now": now.isoformat(), "offset_seconds": int(shift.total_seconds())}))
        else:
            self.stdout.write(f"The clock now says {now:%Y-%m-%d %H:%M:%S} UTC.")
