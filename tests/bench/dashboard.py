"""The privacy dashboard of a holder with 100,000 exposures, against the same pages of one with a hundred."""

import os
import secrets
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from tests.bench.ledger import superuser
from tests.bench.measuring import HotPath

EXPOSURES = int(os.environ.get("BENCH_EXPOSURES", "100000"))
_FEW = 100
_TIMES = 5
_RECIPIENTS = 24
#: Spread over two years.
_DAYS = 730
#: What bodies say: a payment request, a webhook, a card payment, a link, one with a note.
_SETS = (
    ("link.handle", "object.id", "object.time", "payment.amount", "payment.note", "payment.status"),
    ("object.id", "object.time", "payment.status"),
    ("card.decision", "payment.amount"),
    ("link.handle", "link.one_tap", "object.state"),
    ("link.handle", "object.id", "object.time", "payment.amount", "payment.status"),
)
_RARE = ("contact.alias", "object.id")


@cache
def holder(count: int) -> Any:
    """A person with so many exposures, sealed as the gate seals them, put there at once and given their places."""
    from privacy.exposure import recipients, sealer
    from privacy.exposure.models import RecipientKind
    from wallet.core import clock
    from wallet.users.models import Holder

    person, now = Holder.objects.create(), clock.now()
    known = [
        recipients.register(
            kind=RecipientKind.PLATFORM if n < 3 else RecipientKind.MERCHANT, ref=secrets.token_hex(8), name=f"No {n}"
        )
        for n in range(_RECIPIENTS)
    ]  # fmt: skip
    with superuser("paravent") as root, root.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM privacy_disclosure")
        first = int((cursor.fetchone() or (0,))[0]) + 1
        with cursor.copy(
            "COPY privacy_disclosure (id, recipient_id, schema, purpose, basis, channel, digest, request_id, at) FROM STDIN"
        ) as copy:
            for n in range(count):
                at = now - timedelta(days=_DAYS) * (count - n) / count
                copy.write_row((
                    first + n, known[_place(n)].id, "payment_request", "payment", "contract", "api", os.urandom(32),
                    "req_bench", at,
                ))  # fmt: skip
        with cursor.copy(
            "COPY privacy_exposure"
            " (id, disclosure_id, holder_id, recipient_id, fields, at, record_sealed, body_sealed) FROM STDIN"
        ) as copy:
            for n in range(count):
                at = now - timedelta(days=_DAYS) * (count - n) / count
                copy.write_row(_row(n, first + n, person.pk, known[_place(n)].id, at))
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('privacy_disclosure', 'id'), max(id)) FROM privacy_disclosure"
        )
    sealer.seal_all()
    with superuser("paravent") as root:
        root.execute("VACUUM (ANALYZE) privacy_exposure, privacy_disclosure, privacy_tally")
    return person


def _place(n: int) -> int:
    """Most to one platform, the last recipient once in ten thousand."""
    return _RECIPIENTS - 1 if n % 10_000 == 5 else n % 5 if n % 3 else n % (_RECIPIENTS - 1)


def _row(n: int, disclosure: int, holder_id: str, recipient_id: str, at: datetime) -> tuple[Any, ...]:
    from privacy.exposure import records
    from wallet.core.ids import new_id

    exposure_id = new_id("xpo")
    fields = list(_RARE if n % 10_000 == 7 else _SETS[n % len(_SETS)])
    body = b'{"id":"preq_bench","amount":{"value":2000,"currency":"EUR"},"note":"restaurant"}' * 3
    facts = {
        "id": exposure_id, "holder": holder_id, "fields": fields, "at": records.time_text(at), "withheld": [],
        "recipient": {"id": recipient_id}, "kept": records.digest(body), "digest": records.digest(body),
    }  # fmt: skip
    return (
        exposure_id, disclosure, holder_id, recipient_id, fields, at,
        records.seal_record(exposure_id=exposure_id, holder_id=holder_id, facts=facts),
        records.seal_body(exposure_id=exposure_id, holder_id=holder_id, body=body),
    )  # fmt: skip


@cache
def client(count: int) -> Any:
    """Their browser."""
    from django.test import Client

    browser = Client(SERVER_NAME="localhost")
    browser.force_login(holder(count), backend="django.contrib.auth.backends.ModelBackend")
    return browser


def _rare_recipient(count: int) -> str:
    from privacy.exposure.models import Exposure

    oldest = Exposure.objects.filter(holder_id=holder(count).pk, recipient__name=f"No {_RECIPIENTS - 1}").first()
    return oldest.recipient_id if oldest else ""


@cache
def _paths(count: int) -> dict[str, str]:
    rare = _rare_recipient(count)
    return {
        "first": "/privacy",
        "list": "/privacy/exposures",
        "recipient": f"/privacy/recipients/{rare}",
        # Few of many: what a list behind a cell must not search for in all the others.
        "rare_recipient": f"/privacy/exposures?recipient={rare}",
        "rare_field": f"/privacy/exposures?field={_RARE[0]}",
        "api": "/v1/exposures?limit=100",
    }


def _shown(page: str, count: int) -> Callable[[], float]:
    def run() -> float:
        browser, path = client(count), _paths(count)[page]
        assert browser.get(path).status_code == 200, path
        started = time.perf_counter()
        for _ in range(_TIMES):
            browser.get(path)
        return _TIMES / (time.perf_counter() - started)

    return run


def _exported(count: int) -> Callable[[], float]:
    """Everything about them in one signed, sealed file."""

    def run() -> float:
        from privacy.rights import exports
        from privacy.rights.models import Export, ExportStatus
        from wallet.core import clock

        asked = exports.request_export(holder_id=holder(count).pk, now=clock.now())
        started = time.perf_counter()
        exports.write_document(export_id=asked.id)
        took = time.perf_counter() - started
        done = Export.objects.defer("document_sealed").get(pk=asked.id)
        assert done.status == ExportStatus.READY
        assert done.records >= count
        return 1 / took

    return run


def prepare() -> None:
    """Both people, once."""
    for count in (_FEW, EXPOSURES):
        _paths(count)


PATHS = [
    HotPath(
        f"dashboard_{page}", _shown(page, EXPOSURES), _shown(page, _FEW), prepare=prepare, must_microseconds=200_000
    )
    for page in ("first", "list", "recipient", "rare_recipient", "rare_field", "api")
]
# standard.md V10: a minute for 100,000 rows.
PATHS.append(HotPath("export", _exported(EXPOSURES), _exported(_FEW), prepare=prepare, must_microseconds=60_000_000))
