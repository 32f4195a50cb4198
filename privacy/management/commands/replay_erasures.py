"""Destroy again what a backup brought back: `replay_erasures [--journal FILE…] [--start] [--check] [--json]`."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from privacy.crypto.erasures import Reconciled, begin_anew, differences, reconcile
from privacy.crypto.journal import Erasure, ErasureJournal, journal_from_settings
from privacy.crypto.providers import KeyUnavailable
from privacy.crypto.store import KeyStore
from wallet.core.commands import WalletCommand


class Command(WalletCommand):
    help = (
        "Bring the erasure journal and the database together: keys that the journal calls destroyed are destroyed, and "
        "what only the database knows is written into the journal. Can be repeated. Exit code 0: they agree now; "
        "1: they do not, and nothing may be opened until they do."
    )
    #: Also where nothing else works: no key provider, no cache.

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--journal", nargs="+", type=Path, default=[], metavar="FILE", help="other machines' files")
        parser.add_argument("--start", action="store_true", help="the file is lost: start one from the database")
        parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 if there is work")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        journal, store = journal_from_settings(), KeyStore()
        try:
            others = _read(options["journal"])
            if options["start"] and not options["check"]:
                begin_anew(store=store, journal=journal)
            work = differences if options["check"] else reconcile
            found = work(store=store, journal=journal, others=others)
        except KeyUnavailable as reason:
            self._say(options, {"ok": False, "journal": str(journal.path), "reason": str(reason)})
            sys.exit(1)
        finally:
            store.close()
        is_done = not options["check"] or found.is_unchanged
        self._say(options, {"ok": is_done, "journal": str(journal.path), **_facts(found)})
        if not is_done:
            sys.exit(1)

    def _say(self, options: dict[str, Any], facts: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(facts))
        elif "reason" in facts:
            self.stderr.write(f"{facts['journal']}: {facts['reason']}")
        else:
            tense = "to destroy" if options["check"] else "destroyed now"
            for erasure in facts["destroyed"]:
                self.stdout.write(f"{tense}: {erasure['keys']} of {erasure['holder']}")
            self.stdout.write(
                f"{facts['erasures']} erasures, {len(facts['destroyed'])} {tense}, {facts['copied']} new in the journal"
            )


def _read(paths: list[Path]) -> set[Erasure]:
    found: set[Erasure] = set()
    for path in paths:
        found |= ErasureJournal(path).see()
    return found


def _facts(found: Reconciled) -> dict[str, Any]:
    destroyed = [{"holder": erasure.holder_id, "keys": erasure.key_class} for erasure in found.destroyed]
    return {"erasures": found.erasures, "destroyed": destroyed, "copied": found.copied}
