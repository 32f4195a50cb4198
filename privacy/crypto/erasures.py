"""Bring the erasure journal and a database together: what one of them calls destroyed is destroyed in both.

A database from a backup brings wrapped keys back; this takes them away again, before the process that calls it opens
anything. A journal that lacks what the database knows (a new machine, an erasure on another one) gets it.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from privacy.crypto.journal import Erasure, ErasureJournal
from privacy.crypto.providers import KeyUnavailable
from privacy.crypto.store import KeyStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What it took."""

    #: Erasures known now, in the file and in the database.
    erasures: int
    #: Destroyed now: the database had brought them back, or a crash came between file and database.
    destroyed: tuple[Erasure, ...]
    #: Written into the file now: only the database (or another machine's file) knew of them.
    copied: int

    @property
    def is_unchanged(self) -> bool:
        """Whether both agreed before."""
        return not self.destroyed and not self.copied


def reconcile(*, store: KeyStore, journal: ErasureJournal, others: Iterable[Erasure] = ()) -> Reconciled:
    """Destroy what the file (or `others`, from other machines' files) names, and write down what the database knows.

    Can be repeated at any time, by any number of processes.

    Raises:
        KeyUnavailable: the file or the database cannot be used; until it can, nothing may be opened.
    """
    _begin(store, journal)
    with journal.locked() as pen:
        gone = store.destroyed()
        copied = pen.write(gone | set(others))
        alive = tuple(sorted(journal.erasures - gone))
        for erasure in alive:
            store.destroy(*erasure)
    if alive or copied:
        _log.warning("privacy.crypto.erasures_replayed", extra={"destroyed": len(alive), "copied": copied})
    return Reconciled(len(journal), alive, copied)


def differences(*, store: KeyStore, journal: ErasureJournal, others: Iterable[Erasure] = ()) -> Reconciled:
    """What `reconcile` would do; changes nothing.

    Raises:
        KeyUnavailable: the file or the database cannot be read.
    """
    journal.see()
    gone, known = store.destroyed(), journal.erasures | set(others)
    return Reconciled(len(known | gone), tuple(sorted(known - gone)), len((known | gone) - journal.erasures))


def begin_anew(*, store: KeyStore, journal: ErasureJournal) -> Reconciled:
    """Accept that the file is lost: start another one from what the database still knows."""
    journal.create()
    return reconcile(store=store, journal=journal)


def _begin(store: KeyStore, journal: ErasureJournal) -> None:
    if journal.path.exists():
        return
    if store.last_erasure():
        # Most likely a database restored on another machine, and the file left behind.
        raise KeyUnavailable("the erasure journal is missing, and this database has seen erasures: see replay_erasures")
    journal.create()
