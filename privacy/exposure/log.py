"""Reading the log: a holder's own exposures, opened; how often who got what."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from django.db import connection
from django.db.models import Q, QuerySet, Sum

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


#: What the sealer has not taken yet: few, and all that a page has to count. Read by their own index alone.
_WAITING = """
    waiting AS MATERIALIZED (
        SELECT id, at, holder_id, recipient_id, fields FROM privacy_exposure
        WHERE leaf_index IS NULL AND NOT is_unsealable
    )
"""
#: The newest of each tally, and what waits, put together: however rare they are, nothing else is read.
_FILTERED = f"""
    WITH {_WAITING}, wanted AS (
        SELECT newest.id, newest.at FROM privacy_tally AS t CROSS JOIN LATERAL (
            SELECT x.id, x.at FROM privacy_exposure AS x
            WHERE x.tally_id = t.id AND (x.at, x.id) < (%(at)s, %(id)s) ORDER BY x.at DESC, x.id DESC LIMIT %(most)s
        ) AS newest
        WHERE t.holder_id = %(holder)s AND (%(recipient)s = '' OR t.recipient_id = %(recipient)s)
            AND (%(field)s = '' OR %(field)s = ANY (t.fields))
        UNION ALL
        SELECT w.id, w.at FROM waiting AS w
        WHERE w.holder_id = %(holder)s AND (%(recipient)s = '' OR w.recipient_id = %(recipient)s)
            AND (%(field)s = '' OR %(field)s = ANY (w.fields)) AND (w.at, w.id) < (%(at)s, %(id)s)
    )
    SELECT id, at FROM wanted ORDER BY at DESC, id DESC LIMIT %(most)s
"""  # noqa: S608 - text of our own


def list_keys(
    *, holder_id: str, most: int, before: tuple[str, str] | None = None, recipient_id: str = "", field_class: str = ""
) -> list[Exposure]:
    """Ids and times of a page, newest first, of all or of those that match; `read` gets what is shown of them.

    Args:
        holder_id: whose.
        most: how many.
        before: time and id of the last one of the page before.
        recipient_id: only what this one got.
        field_class: only what says this.
    """
    at, last = before or ("infinity", "")
    if recipient_id or field_class:
        asked = {
            "holder": holder_id, "recipient": recipient_id, "field": field_class, "at": at, "id": last, "most": most,
        }  # fmt: skip
        return list(Exposure.objects.raw(_FILTERED, asked))
    rows = Exposure.objects.filter(holder_id=holder_id).only("id", "at").order_by("-at", "-id")
    if before:
        rows = rows.filter(Q(at__lt=at) | Q(at=at, id__lt=last))
    return list(rows[:most])


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
    return open_exposure(get_row(holder_id=holder_id, exposure_id=exposure_id))


def get_row(*, holder_id: str, exposure_id: str) -> Exposure:
    """One exposure of this holder, as it is stored; raises as `get_exposure` does."""
    mine = list_exposures(holder_id=holder_id)
    row = mine.filter(pk=exposure_id).first() if is_id(exposure_id, "xpo") else None
    if row is None:
        raise NotFound
    return row


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
    """Who got which class how often: the sums of what is sealed, and what waits for it; nothing is opened.

    There are few lists of classes; they are taken apart here.
    """
    statement = f"""
        WITH {_WAITING}
        SELECT recipient_id, fields, sum(count)::bigint, max(last_at) FROM (
            SELECT recipient_id, fields, count, last_at FROM privacy_tally WHERE holder_id = %(holder)s
            UNION ALL
            SELECT recipient_id, fields, 1, at FROM waiting WHERE holder_id = %(holder)s
        ) AS both_of_them GROUP BY recipient_id, fields
    """  # noqa: S608 - text of our own
    with connection.cursor() as cursor:
        cursor.execute(statement, {"holder": holder_id})
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


def messages_scanned(recipient_ids: Iterable[str]) -> dict[str, int]:
    """How many messages each platform has sent for detection; they are tied to nobody and not kept."""
    counted = Count.objects.filter(recipient_id__in=list(recipient_ids), schema=SUGGESTION)
    return dict(counted.values_list("recipient_id").annotate(total=Sum("count")))


def fold_counts() -> int:
    """Put the counts of days that are over into one row a month; how many rows went. No sum changes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT exposure_fold_counts()")
        return int(cursor.fetchone()[0])
