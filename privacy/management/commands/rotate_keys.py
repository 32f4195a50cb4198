"""Rotate keys while everybody works: `rotate_keys --kek|--branch|--data|--index|--root R|--due|--all|--status`."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from django.core.management.base import CommandError

from privacy.crypto.aead import DecryptionFailed
from privacy.crypto.keyring import KeyUnavailable
from privacy.crypto.rotation.due import Due, list_due
from privacy.crypto.rotation.indexing import rotate_index
from privacy.crypto.rotation.progress import Progress
from privacy.crypto.rotation.resealing import rotate_data
from privacy.crypto.rotation.session import MARGIN, RotationIncomplete, RotationRunning, Session
from privacy.crypto.rotation.store import RotationStore
from privacy.crypto.rotation.versions import VERSIONED, rotate_root
from privacy.crypto.rotation.wrapping import rotate_branch, rotate_kek
from wallet.core.commands import WalletCommand

_RUNNING: Final = 2
_ROTATIONS: Final[dict[str, Callable[[Session], None]]] = {
    "kek": rotate_kek,
    "branch": rotate_branch,
    "data": rotate_data,
    "index": rotate_index,
}


class Command(WalletCommand):
    help = (
        "Rotate keys while everybody works. Interrupted anywhere, the next run goes on. Exit code 0: done, and what was"
        " replaced is thrown away; 1: something stayed; 2: another rotation is running."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--kek", action="store_true", help="wrap branch and root keys by the provider's current KEK")
        what.add_argument("--branch", action="store_true", help="wrap data keys by a new branch key")
        what.add_argument("--data", action="store_true", help="new data keys: everything is sealed again")
        what.add_argument("--index", action="store_true", help="a new index root: every blind index is computed again")
        what.add_argument("--root", choices=VERSIONED, help="a further version of another root; older ones stay")
        what.add_argument("--all", action="store_true", help="kek, branch, data and index")
        what.add_argument("--due", action="store_true", help="what the crypto-periods demand, and what was interrupted")
        what.add_argument("--status", "--dry-run", action="store_true", help="say what is due, and change nothing")
        parser.add_argument("--holder", default="", help="with --data: the keys of this holder alone")
        parser.add_argument(
            "--margin", type=float, default=MARGIN, metavar="SECONDS",
            help=f"time for every process to see a change (default {MARGIN:g})",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["holder"] and not options["data"]:
            raise CommandError("--holder belongs to --data")
        try:
            if options["status"]:
                self._status(as_json=options["json"])
            else:
                self._rotate(options)
        except RotationRunning as refusal:
            self.stderr.write(str(refusal))
            sys.exit(_RUNNING)
        except KeyUnavailable as outage:
            raise CommandError(f"the keys cannot be reached: {outage}") from None
        except DecryptionFailed:
            raise CommandError("a stored key does not unwrap: restore it, then run this again") from None

    def _rotate(self, options: dict[str, Any]) -> None:
        progress = Progress(self._say)
        incomplete = ""
        with Session(progress, margin=options["margin"]) as session:
            for name, rotate in _chosen(options, list_due(session.store)):
                try:
                    rotate(session)
                except RotationIncomplete as found:
                    incomplete = f"{name}: {found}"
                    break
        if options["json"]:
            self.stdout.write(json.dumps({"ok": not incomplete, "left": incomplete, "steps": progress.steps}))
        if incomplete:
            raise CommandError(incomplete)

    def _status(self, *, as_json: bool) -> None:
        store = RotationStore()
        try:
            found = list_due(store)
        finally:
            store.close()
        if as_json:
            self.stdout.write(json.dumps({"due": [one.as_json() for one in found]}))
            return
        for one in found:
            word = "interrupted" if one.is_under_way else "due" if one.is_due else "not due"
            facts = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in one.facts.items())
            self.stdout.write(f"{one.what}: {word} ({facts})")

    def _say(self, line: str) -> None:
        self.stderr.write(line)
        self.stderr.flush()


def _chosen(options: dict[str, Any], due: list[Due]) -> list[tuple[str, Callable[[Session], None]]]:
    if options["root"]:
        return [(options["root"], partial(rotate_root, purpose=options["root"]))]
    if options["data"]:
        return [("data", partial(rotate_data, holder_id=options["holder"]))]
    if options["due"]:
        return [(one.what, _ROTATIONS[one.what]) for one in due if one.is_due]
    return [(name, rotate) for name, rotate in _ROTATIONS.items() if options["all"] or options[name]]
