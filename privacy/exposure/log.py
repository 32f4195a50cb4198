"""Reading the log: a holder's own exposures, opened; how often who got what."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from django.db import connection
from django.db.models import QuerySet, Sum

from privacy.exposure import records
from privacy.exposure.models import Count, Exposure, Recipient
from privacy.fields import FieldClass
from wallet.core.errors import NotFound
from wallet.core.ids import is_id

#: The schema of the detector's answers: each of them is one message that was scanned.
SUGGESTION: Final = "suggestion"


@dataclass(frozen=True, slots=True)
class Opened:
    """One exposure as its holder may read it."""

    id: str
    at: datetime
    recipient: Recipient
    fields: tuple[FieldClass, ...]
    schema: str
    purpose: str
    basis: str
    channel: str
    digest: str
    withheld: tuple[str, ...]
    leaf_index: int | None
    body: bytes = field(repr=False)

    @property
    def is_sealed(self) -> bool:
        """Whether it stands in the sealed log."""
        return self.leaf_index is not None


@dataclass(frozen=True, slots=True)
class Tally:
    """How often one recipient got one class, and when last."""

    recipient_id: str
    field: FieldClass
    count: int
    last_at: datetime


def list_exposures(*, holder_id: str) -> QuerySet[Exposure]:
    """A holder's exposures, newest first."""
    rows = Exposure.objects.filter(holder_id=holder_id).select_related("disclosure", "recipient")
    return rows.order_by("-at", "-id")


def list_keys(*, holder_id: str, recipient_id: str | None = None, field_class: str | None = None) -> QuerySet[Exposure]:
    """Ids and times alone, newest first: an index holds all that is asked here. `read` gets what a page shows of them.

    However many exposures there are, few are read: what is rare is not looked for among the sealed bytes.
    """
    rows = Exposure.objects.filter(holder_id=holder_id).only("id", "at")
    if recipient_id:
        rows = rows.filter(recipient_id=recipient_id)
    if field_class:
        rows = rows.filter(fields__contains=[field_class])
    return rows.order_by("-at", "-id")


def read(keys: Iterable[Exposure]) -> list[Exposure]:
    """The whole rows of a page of `list_keys`, in its order."""
    ids = [row.pk for row in keys]
    rows = Exposure.objects.select_related("disclosure", "recipient").in_bulk(ids)
    return [rows[one] for one in ids if one in rows]


def get_exposure(*, holder_id: str, exposure_id: str) -> Opened:
    """One exposure of this holder, opened.

    Raises:
        NotFound: unknown, or another's.
    """
    mine = list_exposures(holder_id=holder_id)
    row = mine.filter(pk=exposure_id).first() if is_id(exposure_id, "xpo") else None
    if row is None:
        raise NotFound
    return open_exposure(row)


def open_exposure(row: Exposure) -> Opened:
    """The row with its record and bytes opened."""
    record = records.open_record(exposure_id=row.id, holder_id=row.holder_id, sealed=bytes(row.record_sealed))
    body = records.open_body(exposure_id=row.id, holder_id=row.holder_id, sealed=bytes(row.body_sealed))
    disclosure = row.disclosure
    return Opened(
        id=row.id, at=row.at, recipient=row.recipient, fields=tuple(FieldClass(one) for one in row.fields),
        schema=disclosure.schema, purpose=disclosure.purpose, basis=disclosure.basis, channel=disclosure.channel,
        digest=bytes(disclosure.digest).hex(), withheld=tuple(record.facts["withheld"]), leaf_index=row.leaf_index,
        body=body,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tallies:
    """What everybody got: by class, and in all."""

    by_class: tuple[Tally, ...]
    #: For each recipient, how many bodies about this holder it got, and when last.
    times: dict[str, tuple[int, datetime]]


def tally(holder_id: str) -> Tallies:
    """Who got which class how often; counted from the classes alone, nothing is opened.

    The database groups by whole lists of classes, of which there are few; they are taken apart here.
    """
    statement = """
        SELECT recipient_id, fields, count(*), max(at) FROM privacy_exposure
        WHERE holder_id = %s GROUP BY recipient_id, fields
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, [holder_id])
        groups = cursor.fetchall()
    times: dict[str, tuple[int, datetime]] = {}
    by_class: dict[tuple[str, str], tuple[int, datetime]] = {}
    for recipient_id, names, count, at in groups:
        times[recipient_id] = _added(times.get(recipient_id), count, at)
        for name in names:
            by_class[recipient_id, name] = _added(by_class.get((recipient_id, name)), count, at)
    tallies = [Tally(recipient, FieldClass(name), count, at) for (recipient, name), (count, at) in by_class.items()]
    return Tallies(tuple(tallies), times)


def tally_weeks(holder_id: str, *, since: date) -> list[tuple[str, date, int]]:
    """Recipient, Monday of the week (UTC), number of bodies about this holder, from that day on; nothing is opened."""
    statement = """
        SELECT recipient_id, date_trunc('week', at AT TIME ZONE 'UTC')::date, count(*) FROM privacy_exposure
        WHERE holder_id = %s AND at >= %s::date::timestamp AT TIME ZONE 'UTC' GROUP BY 1, 2
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, [holder_id, since])
        return [(recipient_id, week, int(count)) for recipient_id, week, count in cursor.fetchall()]


def _added(before: tuple[int, datetime] | None, count: int, at: datetime) -> tuple[int, datetime]:
    return (before[0] + count, max(before[1], at)) if before else (count, at)


def messages_scanned(recipient_id: str) -> int:
    """How many messages a platform has sent for detection; they are tied to nobody and not kept."""
    counted = Count.objects.filter(recipient_id=recipient_id, schema=SUGGESTION).aggregate(total=Sum("count"))
    return int(counted["total"] or 0)
