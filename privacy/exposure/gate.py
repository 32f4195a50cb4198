"""The gate: nothing leaves unless it was written down, for each person in it, in the transaction of what is done.

`disclose` writes and grants; `prepare` hands the same to a room whose own SQL function writes it; `count` counts what
has no person in it. Where the log cannot be written, nothing leaves: `DisclosureRefused`, 503.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import structlog
from django.db import DatabaseError, connection

from privacy.crypto.keyring import KeyDestroyed
from privacy.exposure import checkpoints, records
from privacy.exposure.grants import GATE, Grant, admit, adopt, respond
from privacy.exposure.models import Recipient, RecipientKind
from privacy.exposure.schema import ClosedSchema, schema_name, shape
from privacy.exposure.shapes import BodyNotClosed, Branch, Sight, Subjects, conform, plain
from privacy.fields import Basis, Channel, Purpose
from wallet.core import clock
from wallet.core.errors import Kind, WalletError
from wallet.core.ids import new_id
from wallet.core.transactions import needs_transaction, sqlstate

__all__ = [
    "BodyNotClosed", "ConsentMissing", "DisclosureRefused", "Grant", "Prepared",
    "adopt", "count", "disclose", "prepare", "refusal", "respond",
]  # fmt: skip

log = structlog.get_logger(__name__)

_RETRYABLE = frozenset({"40001", "40P01"})
#: Who is answered even while the database is older than its published log: the person, and the staff that mends it.
_AT_HOME = frozenset({RecipientKind.SELF, RecipientKind.STAFF})
#: Raised by exposure_disclose when a consent is missing, ended or narrower than the body.
_NO_CONSENT = "PV001"


class DisclosureRefused(WalletError):
    """What would have been sent could not be written down for the people it is about; nothing was sent. Try again."""

    kind = Kind.UNAVAILABLE
    slug = "disclosure-refused"
    title = "This cannot be answered right now"


class ConsentMissing(WalletError):
    """The person has ended the consent that this needs, or never gave it."""

    kind = Kind.FORBIDDEN
    slug = "consent-missing"
    title = "The person has not allowed this"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A grant whose record the caller's own SQL writes: `parameters` go to `exposure_disclose(jsonb)`, then `adopt`.

    Args:
        grant: of the body.
        facts: of the disclosure.
        exposures: one for each person in the body.
    """

    grant: Grant
    facts: Mapping[str, Any] = field(repr=False)
    exposures: Sequence[Mapping[str, Any]] = field(repr=False)

    @property
    def parameters(self) -> str:
        """All of it as `exposure_disclose` reads it."""
        exposures = [{**one, "record": _base64(one["record"]), "body": _base64(one["body"])} for one in self.exposures]
        return orjson.dumps({**self.facts, "exposures": exposures}).decode()

    @property
    def columns(self) -> dict[str, Any]:
        """The same about one person at most, as `exposure_disclose_one` reads it; no exposure: nobody is in it."""
        (one,) = self.exposures or ({"id": None, "fields": None, "record": None, "body": None},)
        facts = {**self.facts, "digest": self.grant.digest}
        return {**facts, **{name: one[name] for name in ("fields", "record", "body")}, "exposure": one["id"]}


@needs_transaction
def disclose(
    *, recipient: Recipient, schema: type[ClosedSchema], body: Mapping[str, Any], subjects: Mapping[str, str | None],
    purpose: Purpose, basis: Basis, channel: Channel, request_id: str = "", now: datetime | None = None,
) -> Grant:  # fmt: skip
    """Write down that this body goes to this recipient, and grant its bytes.

    Args:
        recipient: registered, see `recipients`.
        schema: the closed schema of the body.
        body: every declared member; Money, datetime and enums are turned into JSON here, once.
        subjects: who is behind each role that a member is about; None where nobody known is.
        purpose: why.
        basis: on what ground; CONSENT needs a live consent of every person to this recipient that covers the classes.
        channel: by which way.
        request_id: of the request that is answered.
        now: the database's time if the caller has it already.

    Raises:
        BodyNotClosed: the body does not fit its schema (a defect).
        ConsentMissing: a person has withdrawn, or never consented to one of the classes.
        DisclosureRefused: the log cannot be written.
    """
    prepared = prepare(
        recipient=recipient, schema=schema, body=body, subjects=subjects, purpose=purpose, basis=basis,
        channel=channel, request_id=request_id, now=now,
    )  # fmt: skip
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT exposure_disclose(%s)", [prepared.parameters])
    except DatabaseError as error:
        if sqlstate(error) in _RETRYABLE:
            raise  # with its cause: the owner of the transaction reads the state there, and tries again
        raise refusal(error) from None
    admit(prepared.grant)
    return prepared.grant


def prepare(
    *, recipient: Recipient, schema: type[ClosedSchema], body: Mapping[str, Any], subjects: Mapping[str, str | None],
    purpose: Purpose, basis: Basis, channel: Channel, request_id: str = "", now: datetime | None = None,
) -> Prepared:  # fmt: skip
    """What `disclose` does, without the writing: for a room whose own SQL function calls `exposure_disclose`.

    The parameters are good for a minute. A body that was prepared and not written leaves no trace and may not leave.

    Raises:
        BodyNotClosed: the body does not fit its schema (a defect).
        DisclosureRefused: the database is older than its published log.
    """
    if recipient.kind not in _AT_HOME:
        refuse_if_behind()
    closed = shape(schema)
    content = conform(closed, plain(body))
    grant = Grant(orjson.dumps(content), schema.content_type, schema_name(schema), GATE)
    if not grant.schema:
        raise BodyNotClosed(f"{schema.__name__} is a part of another body")
    at = now or clock.now()
    facts = {
        "v": records.VERSION,
        "recipient": {"id": recipient.id, "kind": str(recipient.kind), "name": recipient.name},
        "schema": grant.schema,
        "purpose": str(purpose),
        "basis": str(basis),
        "channel": str(channel),
        "digest": grant.digest.hex(),
        "request": request_id,
        "at": records.time_text(at),
    }
    kept = {name: facts[name] for name in ("schema", "purpose", "basis", "channel", "digest", "request", "at")}
    exposures = _exposures(closed, content, Subjects(subjects), facts, grant)
    return Prepared(grant, {**kept, "recipient": recipient.id}, exposures)


def refuse_if_behind() -> None:
    """Nothing leaves from a database that was restored or forked, until that is acknowledged in the log.

    Raises:
        DisclosureRefused: this is one.
    """
    if not checkpoints.may_send():
        raise DisclosureRefused(retry_after=60)


def _exposures(
    closed: Branch, content: Any, subjects: Subjects, facts: dict[str, Any], grant: Grant
) -> list[dict[str, Any]]:
    """One for each person in the body; none for who has left: there is no key any more, and nobody to tell."""
    made = []
    people = subjects.distinct()
    if not people:
        Sight("", subjects).see(closed, content)  # every role must be named all the same
    for holder_id in people:
        sight = Sight(holder_id, subjects)
        seen = sight.see(closed, content)
        if not sight.classes:
            continue
        # Nothing hidden: the very bytes that leave. Otherwise the same JSON with nulls.
        body = orjson.dumps(seen) if sight.withheld else grant.body
        exposure_id, classes = new_id("xpo"), sorted(sight.classes)
        record = {
            **facts,
            "id": exposure_id,
            "holder": holder_id,
            "fields": classes,
            "kept": records.digest(body),
            "withheld": sight.withheld,
        }
        try:
            sealed_record = records.seal_record(exposure_id=exposure_id, holder_id=holder_id, facts=record)
            sealed_body = records.seal_body(exposure_id=exposure_id, holder_id=holder_id, body=body)
        except KeyDestroyed:
            continue
        made.append(
            {
                "id": exposure_id,
                "holder": holder_id,
                "fields": classes,
                "record": sealed_record,
                "body": sealed_body,
            }
        )
    return made


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


@needs_transaction
def count(*, recipient: Recipient, schema: str, channel: Channel) -> None:
    """Count a body with no person in it that goes to this recipient.

    Raises:
        DisclosureRefused: it cannot be counted.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT exposure_count(%s, %s, %s)", [recipient.id, schema, channel])
    except DatabaseError as error:
        if sqlstate(error) in _RETRYABLE:
            raise  # with its cause: the owner of the transaction reads the state there, and tries again
        raise refusal(error) from None


def refusal(error: DatabaseError) -> Exception:
    """What a failed `exposure_disclose` means; for rooms that call it in their own SQL too.

    A serialization failure or a deadlock is not for here: it goes on to the owner of the transaction, who tries again.
    """
    state = sqlstate(error)
    if state == _NO_CONSENT:
        return ConsentMissing()
    log.error("privacy.gate.log_not_written", sqlstate=state, error=type(error).__name__)
    return DisclosureRefused(retry_after=5)
