"""Further versions of the root keys. What was derived from an older one names its version and goes on with it."""

from datetime import timedelta
from typing import Final

from privacy.crypto.rotation.session import RotationIncomplete, Session

#: Roots whose values stand with the version that made them: a card's code, a signature of the log, a mark.
VERSIONED: Final = ("cvc", "log", "pairwise")


def rotate_root(session: Session, purpose: str) -> None:
    """Make a new version for what is made from now on. Older ones stay: cards and signatures go on with theirs."""
    version = add_version(session, purpose)
    session.announce()
    session.settle()
    session.progress.step(purpose, version=version)


def add_version(session: Session, purpose: str) -> int:
    """Store a further version of a root; it is used a little later, when every process has unwrapped it.

    One that an interrupted rotation of the index has made is taken as it is.
    """
    known = [row for row in session.store.roots() if row.purpose == purpose]
    newest = max((row.version for row in known), default=0)
    if purpose == "index" and newest > session.state.index.version:
        return newest
    key_id, wrapped = session.trunk.wrapped_root(purpose, newest + 1)
    active_from = session.store.now() + timedelta(seconds=session.margin)
    session.store.add_version(
        key_id=key_id, purpose=purpose, version=newest + 1, active_from=active_from, wrapped=wrapped
    )
    if not any(row.id == key_id for row in session.store.roots()):
        raise RotationIncomplete(f"the new {purpose} root was not stored: run it again")
    return newest + 1
