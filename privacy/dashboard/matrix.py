"""Recipients and field classes, gathered for the dashboard's first page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from privacy.consent import consents
from privacy.consent.consents import Consent
from privacy.exposure import log
from privacy.exposure.models import Recipient, RecipientKind
from privacy.fields import CLASS_LABELS, CLASS_SENTENCES, FieldClass

KIND_LABELS: Final[dict[RecipientKind, Promise]] = {
    RecipientKind.PLATFORM: _("chat platform"),
    RecipientKind.MERCHANT: _("merchant"),
    RecipientKind.NETWORK: _("card network"),
    RecipientKind.GATEWAY: _("payment provider"),
    RecipientKind.HOLDER: _("another person"),
    RecipientKind.EMAIL: _("e-mail"),
    RecipientKind.STAFF: _("staff"),
    RecipientKind.SELF: _("yourself"),
}

#: Their names are words of ours, in English in the log; platforms and merchants named themselves.
_NAMED_BY_US: Final = (RecipientKind.NETWORK, RecipientKind.GATEWAY, RecipientKind.HOLDER, RecipientKind.STAFF)

#: What people fear for: named on the page when nobody has got it.
TENDER: Final = (
    FieldClass.CARD_NUMBER_BANK,
    FieldClass.BANK_ACCOUNT,
    FieldClass.IDENTITY_NAME,
    FieldClass.IDENTITY_EMAIL,
    FieldClass.IDENTITY_DOCUMENT,
    FieldClass.DEVICE_ADDRESS,
    FieldClass.BALANCE,
)


@dataclass(frozen=True, slots=True)
class Known:
    """One class that one recipient got: a cell of the matrix."""

    name: str
    label: str
    sentence: str
    count: int
    last_at: datetime | None
    href: str


@dataclass(frozen=True, slots=True)
class Party:
    """One recipient: a row of the matrix."""

    id: str
    name: str
    kind: str
    count: int
    last_at: datetime | None
    href: str
    known: tuple[Known, ...]
    #: One for each column of the matrix, None where this class never went there.
    cells: tuple[Known | None, ...]
    is_platform: bool
    scanned: int


@dataclass(frozen=True, slots=True)
class Column:
    """One field class that somebody got."""

    label: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Permission:
    """One consent, past or present."""

    id: str
    recipient: str
    classes: tuple[str, ...]
    given_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Matrix:
    """The dashboard's first page."""

    parties: tuple[Party, ...]
    columns: tuple[Column, ...]
    never: tuple[str, ...]
    permissions: tuple[Permission, ...]


def kind_label(recipient: Recipient) -> str:
    """What sort of recipient it is, in words."""
    return str(KIND_LABELS[RecipientKind(recipient.kind)])


def name_of(recipient: Recipient) -> str:
    """What people call it; oneself has no other name here."""
    if recipient.kind == RecipientKind.SELF:
        return str(_("You"))
    return gettext(recipient.name) if recipient.kind in _NAMED_BY_US else recipient.name


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the log and the consents say of one holder, read once for everything that a page shows of it."""

    tallies: log.Tallies
    given: tuple[Consent, ...]
    recipients: dict[str, Recipient]
    #: For each platform among them, how many messages it has sent for detection.
    scanned: dict[str, int]

    def classes_of(self, recipient_id: str) -> list[FieldClass]:
        """What a recipient got, ever."""
        return [one.field for one in self.tallies.by_class if one.recipient_id == recipient_id]

    def consents_to(self, recipient_id: str) -> list[Consent]:
        """What it was allowed, past consents too."""
        return [one for one in self.given if one.recipient_id == recipient_id]


def gather(holder_id: str) -> Gathered:
    """Read it."""
    tallies = log.tally(holder_id)
    given = tuple(consents.history(holder_id=holder_id))
    recipients = Recipient.objects.in_bulk({*tallies.times, *(one.recipient_id for one in given)})
    platforms = [one.id for one in recipients.values() if one.kind == RecipientKind.PLATFORM]
    return Gathered(tallies, given, recipients, log.messages_scanned(platforms))


def matrix_of(gathered: Gathered) -> Matrix:
    """Who knows what about this holder."""
    recipients = gathered.recipients
    seen = [one for one in FieldClass if any(tally.field is one for tally in gathered.tallies.by_class)]
    parties = [party_of(recipient, gathered, seen) for recipient in recipients.values()]
    return Matrix(
        parties=tuple(sorted(parties, key=lambda party: (-party.count, party.name))),
        columns=tuple(Column(str(CLASS_LABELS[one]), str(CLASS_SENTENCES[one])) for one in seen),
        never=tuple(str(CLASS_SENTENCES[one]) for one in TENDER if one not in seen),
        permissions=tuple(
            Permission(
                id=one.id,
                recipient=name_of(recipients[one.recipient_id]),
                classes=tuple(str(CLASS_LABELS[field]) for field in FieldClass if field in one.classes),
                given_at=one.given_at,
                ended_at=one.withdrawn_at,
            )
            for one in gathered.given
            if one.recipient_id in recipients
        ),
    )


def party_of(recipient: Recipient, gathered: Gathered, seen: Iterable[FieldClass] = tuple(FieldClass)) -> Party:
    """One recipient and what it got, in these columns."""
    by_class = {tally.field: tally for tally in gathered.tallies.by_class if tally.recipient_id == recipient.id}
    cells = tuple(_known(recipient, by_class[one]) if one in by_class else None for one in seen)
    is_platform = recipient.kind == RecipientKind.PLATFORM
    count, last_at = gathered.tallies.times.get(recipient.id, (0, None))
    return Party(
        id=recipient.id,
        name=name_of(recipient),
        kind=kind_label(recipient),
        count=count,
        last_at=last_at,
        href=_href(recipient=recipient.id),
        known=tuple(cell for cell in cells if cell is not None),
        cells=cells,
        is_platform=is_platform,
        scanned=gathered.scanned.get(recipient.id, 0),
    )


def _known(recipient: Recipient, tally: log.Tally) -> Known:
    return Known(
        name=tally.field,
        label=str(CLASS_LABELS[tally.field]),
        sentence=str(CLASS_SENTENCES[tally.field]),
        count=tally.count,
        last_at=tally.last_at,
        href=_href(recipient=recipient.id, field=tally.field),
    )


def _href(**filters: str) -> str:
    return f"/privacy/exposures?{urlencode(filters)}"
