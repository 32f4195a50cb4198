"""The kinds of the rooms below this one, which cannot register their own: exposures, consents, the floor."""

from collections.abc import Iterator
from typing import Any

import orjson
from django.utils.translation import gettext_lazy as _

from privacy.consent import consents
from privacy.exposure import log, records
from privacy.exposure.sealing import chain_of
from privacy.rights import kinds
from privacy.rights.kinds import Kind, closed, plain, register

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_TIME = {"type": "string", "format": "date-time"}
_MAYBE_TIME = {"type": ["string", "null"], "format": "date-time"}


@register
class Exposures(Kind):
    """Who got what, when, why, with the bytes; `record`, `r`, `counter` and `previous` make the leaf in the log."""

    name = "exposures"
    label = _("who got what about you, with the bytes")

    def records(self, holder_id: str) -> Iterator[dict[str, Any]]:
        """One for each exposure, newest first."""
        for row in log.list_exposures(holder_id=holder_id).iterator(500):
            record = records.open_record(exposure_id=row.id, holder_id=holder_id, sealed=bytes(row.record_sealed))
            body = records.open_body(exposure_id=row.id, holder_id=holder_id, sealed=bytes(row.body_sealed))
            disclosure, recipient = row.disclosure, row.recipient
            counter, previous = chain_of(row)
            yield {
                "id": row.id,
                "at": plain(row.at),
                "recipient": {"kind": recipient.kind, "id": recipient.id, "name": recipient.name},
                "fields": list(row.fields),
                "schema": disclosure.schema,
                "purpose": disclosure.purpose,
                "basis": disclosure.basis,
                "channel": disclosure.channel,
                "digest": bytes(disclosure.digest).hex(),
                "withheld": list(record.facts["withheld"]),
                "leaf_index": row.leaf_index,
                "body": body.decode(),
                "record": record.canonical.decode(),
                "r": record.r.hex(),
                "counter": counter,
                "previous": previous and previous.hex(),
                "leaf": None if row.leaf is None else bytes(row.leaf).hex(),
            }

    def shape(self) -> dict[str, Any]:
        """As `GET /v1/exposures/{id}` gives it, with what opens the commitment."""
        return closed(
            id=_TEXT, at=_TIME, recipient=closed(kind=_TEXT, id=_TEXT, name=_TEXT), fields=_TEXTS, schema=_TEXT,
            purpose=_TEXT, basis=_TEXT, channel=_TEXT, digest=_TEXT, withheld=_TEXTS,
            leaf_index={"type": ["integer", "null"]}, body=_TEXT, record=_TEXT, r=_TEXT,
            counter={"type": ["integer", "null"]}, previous={"type": ["string", "null"]},
            leaf={"type": ["string", "null"]},
        )  # fmt: skip


@register
class Consents(Kind):
    """What was allowed to whom, with the literal document and the receipt."""

    name = "consents"
    label = _("what you allowed, with the receipts")

    def records(self, holder_id: str) -> Iterator[dict[str, Any]]:
        """One for each consent, newest first."""
        for one in consents.history(holder_id=holder_id):
            yield {
                "id": one.id,
                "recipient": one.recipient_id,
                "version": one.version,
                "classes": sorted(one.classes),
                "given_at": plain(one.given_at),
                "ends_at": plain(one.ends_at),
                "withdrawn_at": plain(one.withdrawn_at),
                "document": orjson.loads(one.document),
                "receipt": one.receipt.decode(),
            }

    def shape(self) -> dict[str, Any]:
        """The receipt is the text that was signed."""
        return closed(
            id=_TEXT, recipient=_TEXT, version={"type": "integer"}, classes=_TEXTS, given_at=_TIME,
            ends_at=_MAYBE_TIME, withdrawn_at=_MAYBE_TIME, document={"type": "object"}, receipt=_TEXT,
        )  # fmt: skip


@register
class Answers(kinds.Kind):
    """Answers to requests that may be repeated."""

    name = "answers"
    label = _("answers that a repeated request gets again")


@register
class StaffActs(kinds.Kind):
    """What the staff did: each look at personal data is an exposure, and stands there."""

    name = "staff_acts"
    label = _("what the staff did")


@register
class Exports(kinds.Kind):
    """The documents themselves, while they may be fetched."""

    name = "exports"
    label = _("exports that you asked for")


@register
class Erasures(kinds.Kind):
    """That somebody asked to leave."""

    name = "erasures"
    label = _("that you asked to leave")
