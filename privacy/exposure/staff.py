"""A look of the staff at somebody's data is a disclosure like any other: written down first, and its holder sees it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson
from django.utils.translation import gettext_noop

from privacy.exposure import gate, recipients
from privacy.exposure.recipients import RecipientKind
from privacy.exposure.schema import ClosedSchema
from privacy.fields import Basis, Channel, Purpose
from wallet.core.transactions import needs_transaction

#: One recipient for all of the staff: which colleague it was stands in the staff's own acts.
_NAME: Final = gettext_noop("Staff of this wallet")
#: What the holder reads of the reason. Unusual activity is looked into under `security`: nobody is tipped off.
_GROUNDS: Final[Mapping[str, tuple[Purpose, Basis]]] = {
    "support": (Purpose.SUPPORT, Basis.CONTRACT),
    "dispute": (Purpose.SUPPORT, Basis.CONTRACT),
    "security": (Purpose.SECURITY, Basis.LEGITIMATE_INTEREST),
    "legal_order": (Purpose.LEGAL_DUTY, Basis.LEGAL_OBLIGATION),
}


@needs_transaction
def disclose_to_staff(
    *, schema: type[ClosedSchema], body: Mapping[str, Any], holder_id: str, reason_code: str, request_id: str,
    now: datetime,
) -> Mapping[str, Any]:  # fmt: skip
    """What the console may show: the granted bytes, read back.

    Args:
        schema: of the body; its members are about the role `person`.
        body: the personal data of one object.
        holder_id: whose they are.
        reason_code: what was given as the reason; it decides what the holder reads.
        request_id: of the request that is answered.
        now: the database's time.

    Raises:
        BodyNotClosed: the body does not fit its schema (a defect).
        DisclosureRefused: the log cannot be written, so nothing is shown.
    """
    purpose, basis = _GROUNDS[reason_code]
    grant = gate.disclose(
        recipient=recipients.register(kind=RecipientKind.STAFF, ref="staff", name=_NAME), schema=schema, body=body,
        subjects={"person": holder_id}, purpose=purpose, basis=basis, channel=Channel.PAGE, request_id=request_id,
        now=now,
    )  # fmt: skip
    shown: Mapping[str, Any] = orjson.loads(grant.body)
    return shown
