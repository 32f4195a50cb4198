"""Give, withdraw and read consents."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from django.db import connection
from django.db.models import Q, QuerySet

from privacy.consent import receipts
from privacy.consent.models import Consent as ConsentRow
from privacy.crypto.keyring import Cell, keyring
from privacy.fields import FieldClass
from wallet.core import clock
from wallet.core.errors import NotFound
from wallet.core.ids import is_id, new_id
from wallet.core.transactions import needs_transaction

_TABLE: Final = "privacy_consent"


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent as its holder may read it."""

    id: str
    holder_id: str
    recipient_id: str
    version: int
    classes: frozenset[FieldClass]
    given_at: datetime
    ends_at: datetime | None
    withdrawn_at: datetime | None
    #: The literal document that was shown.
    document: bytes = field(repr=False)
    #: The signed receipt, a JSON document.
    receipt: bytes = field(repr=False)


@needs_transaction
def give(
    *, holder_id: str, recipient_id: str, document: Mapping[str, Any], classes: Iterable[FieldClass], now: datetime,
    ends_at: datetime | None = None,
) -> Consent:  # fmt: skip
    """Keep what the holder was shown and has allowed; a live consent to the same recipient ends here.

    Args:
        holder_id: who consents.
        recipient_id: to whom (`rcp_…`).
        document: the literal JSON that was shown, with what was trimmed.
        classes: the field classes that may go there.
        now: the database's time.
        ends_at: when it ends by itself.
    """
    version = _next_version(holder_id, recipient_id)
    consent_id, allowed = new_id("cns"), sorted(set(classes))
    shown = orjson.dumps(dict(document))
    receipt = receipts.sign(
        {
            "version": 1,
            "id": consent_id,
            "holder": holder_id,
            "recipient": recipient_id,
            "consent_version": version,
            "field_classes": allowed,
            "document_sha256": hashlib.sha256(shown).hexdigest(),
            "document": orjson.loads(shown),
            "given_at": _time(now),
            "ends_at": _time(ends_at) if ends_at else None,
        }
    )
    parameters = {
        "id": consent_id,
        "holder": holder_id,
        "recipient": recipient_id,
        "version": version,
        "classes": allowed,
        "document": _sealed(consent_id, holder_id, "document", shown),
        "receipt": _sealed(consent_id, holder_id, "receipt", receipt),
        "given_at": now.isoformat(),
        "ends_at": ends_at.isoformat() if ends_at else None,
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT consent_give(%s)", [orjson.dumps(parameters).decode()])
    return Consent(
        consent_id, holder_id, recipient_id, version, frozenset(allowed), now, ends_at, None, shown, receipt,
    )  # fmt: skip


@needs_transaction
def withdraw(*, holder_id: str, recipient_id: str) -> bool:
    """End the live consent, if there is one; once the transaction has committed nothing leaves on it any more."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT consent_withdraw(%s, %s)", [holder_id, recipient_id])
        (was_live,) = cursor.fetchone()
    return bool(was_live)


def is_live(*, holder_id: str, recipient_id: str) -> bool:
    """Whether there is a consent that was neither withdrawn nor has ended."""
    return _live(holder_id, recipient_id).exists()


def live_classes(*, holder_id: str, recipient_id: str) -> frozenset[FieldClass]:
    """What may go to the recipient now; nothing without a live consent."""
    row = _live(holder_id, recipient_id).only("classes").first()
    return frozenset(FieldClass(one) for one in row.classes) if row else frozenset()


def history(*, holder_id: str, recipient_id: str | None = None) -> list[Consent]:
    """All consents of a holder, newest first, opened."""
    rows = ConsentRow.objects.filter(holder_id=holder_id).order_by("-given_at", "-version")
    if recipient_id is not None:
        rows = rows.filter(recipient_id=recipient_id)
    return [_opened(row) for row in rows]


def get_consent(*, holder_id: str, consent_id: str) -> Consent:
    """One consent of this holder.

    Raises:
        NotFound: unknown, or another's.
    """
    row = ConsentRow.objects.filter(holder_id=holder_id, id=consent_id).first() if is_id(consent_id, "cns") else None
    if row is None:
        raise NotFound
    return _opened(row)


def _live(holder_id: str, recipient_id: str) -> QuerySet[ConsentRow]:
    not_ended = Q(ends_at=None) | Q(ends_at__gt=clock.now())
    return ConsentRow.objects.filter(not_ended, holder_id=holder_id, recipient_id=recipient_id, withdrawn_at=None)


def _next_version(holder_id: str, recipient_id: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT consent_next_version(%s, %s)", [holder_id, recipient_id])
        (version,) = cursor.fetchone()
    return int(version)


def _sealed(consent_id: str, holder_id: str, column: str, plaintext: bytes) -> str:
    sealed = keyring.seal(plaintext, cell=Cell(_TABLE, column, consent_id, holder_id), keys="life")
    return base64.b64encode(sealed).decode()


def _opened(row: ConsentRow) -> Consent:
    def opened(column: str, sealed: bytes | memoryview) -> bytes:
        return keyring.open(bytes(sealed), cell=Cell(_TABLE, column, row.id, row.holder_id), keys="life")

    return Consent(
        id=row.id, holder_id=row.holder_id, recipient_id=row.recipient_id, version=row.version,
        classes=frozenset(FieldClass(one) for one in row.classes), given_at=row.given_at, ends_at=row.ends_at,
        withdrawn_at=row.withdrawn_at, document=opened("document", row.document_sealed),
        receipt=opened("receipt", row.receipt_sealed),
    )  # fmt: skip


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
