"""The inbox of gateway events: verified, kept once, worked on later (W01, W02)."""

import hashlib
from collections.abc import Mapping

from payments.topups.gateway import gateway
from payments.topups.models import GatewayEvent, TopUp
from payments.topups.top_ups import LOOK
from wallet.core import outbox
from wallet.core.transactions import owns_transaction


@owns_transaction
def receive(*, name: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Keep an event and promise to look at the object that it names; a repeated one changes nothing.

    Raises:
        payments.topups.gateway.SignatureInvalid: nothing is kept.
    """
    event = gateway(name).read_event(body=body, headers=headers)
    _kept, is_new = GatewayEvent.objects.get_or_create(
        gateway=name, event_id=event.id[:255],
        defaults={
            "type": event.type[:255], "object_ref": event.object_ref[:255], "digest": hashlib.sha256(body).digest(),
        },
    )  # fmt: skip
    if not is_new:
        return
    top_up = TopUp.objects.filter(gateway=name, session_ref=event.object_ref).only("id").first()
    # Unknown object: its session is still being recorded, and `_record_session` looks for itself.
    if top_up is not None:
        outbox.enqueue(topic=LOOK, ref=top_up.id)
