"""Sightings: an alias goes to another person, and its owner reads so in their log (settled.md 6).

Recorded where the alias is written for the other one: a notice, a line, a request's side, or the payer's page. Whose
eyes it met, the log does not say: the recipient has a part in the story and no name.
"""

from datetime import datetime

from django.utils.translation import gettext_noop

from payments.requests.models import PaymentRequest
from payments.requests.schemas import PayeeReadsBody, PayerPageBody
from privacy.exposure import gate, recipients
from privacy.exposure.recipients import RecipientKind
from privacy.fields import Basis, Channel, Purpose
from wallet.core.transactions import needs_transaction

_PAYER, _PAYEE = gettext_noop("A person you asked for money"), gettext_noop("A person who asked for money")


@needs_transaction
def payee_seen(
    request: PaymentRequest, *, alias: str, note: str, request_id: str = "", now: datetime | None = None
) -> None:
    """The payee's alias and words go to somebody who is asked to pay."""
    gate.disclose(
        recipient=recipients.register(kind=RecipientKind.HOLDER, ref="payer", name=_PAYER),
        schema=PayerPageBody,
        body={"id": request.id, "name": alias, "amount": request.amount, "note": note},
        subjects={"payee": request.payee_id},
        purpose=Purpose.PAYMENT, basis=Basis.CONTRACT, channel=Channel.PAGE, request_id=request_id, now=now,
    )  # fmt: skip


@needs_transaction
def payer_seen(request: PaymentRequest, *, payer_id: str, alias: str, now: datetime | None = None) -> None:
    """The payer's alias goes to the one who asked; who has none there is seen as nobody."""
    if not alias:
        return
    gate.disclose(
        recipient=recipients.register(kind=RecipientKind.HOLDER, ref="payee", name=_PAYEE),
        schema=PayeeReadsBody,
        body={"id": request.id, "status": request.status, "name": alias, "amount": request.amount},
        subjects={"payer": payer_id},
        purpose=Purpose.PAYMENT, basis=Basis.CONTRACT, channel=Channel.PAGE, now=now,
    )  # fmt: skip
