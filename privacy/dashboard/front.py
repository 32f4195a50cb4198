"""What the dashboard's first page and the page of one recipient show, gathered from every room below."""

from dataclasses import dataclass
from datetime import datetime

from cards.issuing.circulation import Number, numbers_in_circulation
from privacy.dashboard.comparison import Comparison, compare
from privacy.dashboard.matrix import Gathered, Matrix, Party, gather, matrix_of, party_of
from privacy.dashboard.promises import Kept, Promise, kept, promises_of
from privacy.dashboard.timeline import Timeline, timeline_of
from privacy.exposure.models import Recipient, RecipientKind
from wallet.activity import notices
from wallet.core.errors import NotFound

#: Alarms on the first page; the inbox has all of them.
_ALARMS = 5


@dataclass(frozen=True, slots=True)
class Linked:
    """A chat link with what was promised and sent."""

    promise: Promise
    kept: Kept
    #: Of the recipient's page, "" where nothing was promised or sent.
    href: str


@dataclass(frozen=True, slots=True)
class Front:
    """The first page."""

    matrix: Matrix
    timeline: Timeline
    comparison: Comparison | None
    linked: tuple[Linked, ...]
    numbers: tuple[Number, ...]
    alarms: tuple[notices.Shown, ...]


@dataclass(frozen=True, slots=True)
class About:
    """One recipient."""

    party: Party
    comparison: Comparison | None
    kept: Kept | None
    promise: Promise | None


def front_of(holder_id: str, now: datetime) -> Front:
    """Everything on one page; of the log only what is counted, nothing is opened."""
    gathered = gather(holder_id)
    matrix = matrix_of(gathered)
    return Front(
        matrix=matrix,
        timeline=timeline_of(holder_id, gathered.recipients, now),
        comparison=_comparison(matrix, gathered),
        linked=tuple(_linked(one, gathered, now) for one in promises_of(holder_id, now)),
        numbers=tuple(numbers_in_circulation(holder_id)),
        alarms=tuple(notices.show(notices.list_notices(holder_id).filter(kind="leak")[:_ALARMS])),
    )


def about(holder_id: str, recipient_id: str, now: datetime) -> About:
    """One recipient that got something of the holder's, or was allowed to.

    Raises:
        NotFound: no such recipient of theirs.
    """
    gathered = gather(holder_id)
    recipient = gathered.recipients.get(recipient_id)
    if recipient is None:
        raise NotFound
    party = party_of(recipient, gathered)
    if not party.is_platform:
        return About(party, None, None, None)
    return About(
        party=party,
        comparison=compare(party.name, gathered.classes_of(recipient_id)),
        kept=kept(gathered.consents_to(recipient_id), gathered.classes_of(recipient_id), now),
        promise=next((one for one in promises_of(holder_id, now) if one.platform_id == recipient.ref), None),
    )


def _comparison(matrix: Matrix, gathered: Gathered) -> Comparison | None:
    """For the chat platform that got most."""
    party = next((one for one in matrix.parties if one.is_platform), None)
    return compare(party.name, gathered.classes_of(party.id)) if party else None


def _linked(promise: Promise, gathered: Gathered, now: datetime) -> Linked:
    recipient = next((one for one in gathered.recipients.values() if _is(one, promise)), None)
    if recipient is None:
        return Linked(promise, kept((), (), now), "")
    found = kept(gathered.consents_to(recipient.id), gathered.classes_of(recipient.id), now)
    return Linked(promise, found, f"/privacy/recipients/{recipient.id}")


def _is(recipient: Recipient, promise: Promise) -> bool:
    return recipient.kind == RecipientKind.PLATFORM and recipient.ref == promise.platform_id
