"""Exposures as the pages and the holder API show them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from privacy.dashboard.matrix import kind_label, name_of
from privacy.exposure.log import Opened
from privacy.exposure.models import Exposure
from privacy.fields import (
    BASIS_LABELS,
    CHANNEL_LABELS,
    CLASS_LABELS,
    CLASS_SENTENCES,
    PURPOSE_LABELS,
    Basis,
    Channel,
    FieldClass,
    Purpose,
)


@dataclass(frozen=True, slots=True)
class Said:
    """One class in an exposure, in words."""

    label: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Line:
    """One exposure in a list; nothing of it is opened."""

    id: str
    at: datetime
    recipient: str
    kind: str
    purpose: str
    fields: tuple[str, ...]

    @property
    def day(self) -> date:
        """The day in UTC: the time line is cut by it."""
        return self.at.date()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One exposure in full, with the exact bytes."""

    line: Line
    said: tuple[Said, ...]
    basis: str
    channel: str
    digest: str
    withheld: tuple[str, ...]
    body: str
    is_sealed: bool


def line_of(row: Exposure) -> Line:
    """A row for the list."""
    return Line(
        id=row.id,
        at=row.at,
        recipient=name_of(row.recipient),
        kind=kind_label(row.recipient),
        purpose=str(PURPOSE_LABELS[Purpose(row.disclosure.purpose)]),
        fields=tuple(str(CLASS_LABELS[FieldClass(one)]) for one in row.fields),
    )


def sheet_of(opened: Opened) -> Sheet:
    """The page of one exposure."""
    line = Line(
        id=opened.id,
        at=opened.at,
        recipient=name_of(opened.recipient),
        kind=kind_label(opened.recipient),
        purpose=str(PURPOSE_LABELS[Purpose(opened.purpose)]),
        fields=tuple(str(CLASS_LABELS[one]) for one in opened.fields),
    )
    return Sheet(
        line=line,
        said=tuple(Said(str(CLASS_LABELS[one]), str(CLASS_SENTENCES[one])) for one in opened.fields),
        basis=str(BASIS_LABELS[Basis(opened.basis)]),
        channel=str(CHANNEL_LABELS[Channel(opened.channel)]),
        digest=opened.digest,
        withheld=opened.withheld,
        body=opened.body.decode(),
        is_sealed=opened.is_sealed,
    )


def body_of(opened: Opened, *, with_body: bool) -> dict[str, Any]:
    """The shape of settled.md 32; `body` is the exact text, so that its digest can be checked."""
    shown: dict[str, Any] = {
        "id": opened.id,
        "at": opened.at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "recipient": {"kind": opened.recipient.kind, "id": opened.recipient.id, "name": opened.recipient.name},
        "fields": list(opened.fields),
        "purpose": opened.purpose,
        "basis": opened.basis,
        "channel": opened.channel,
        "digest": opened.digest,
        "withheld": list(opened.withheld),
        "sealed": opened.is_sealed,
        "leaf_index": opened.leaf_index,
    }
    if with_body:
        shown["body"] = opened.body.decode()
    return shown
