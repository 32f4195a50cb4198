"""Events: what a platform hears about a request, through the outbox."""

from payments.requests.models import PaymentRequest
from wallet.core import outbox
from wallet.core.transactions import needs_transaction

TOPIC = "platform.event"


@needs_transaction
def announce(request: PaymentRequest) -> None:
    """Promise `payment_request.<status>` to the platform; ids and enum words only.

    Only the handles that the platform itself knows in it: whose data the webhook is, and whose end drops it.
    """
    outbox.enqueue(
        topic=TOPIC,
        ref=request.id,
        payload={
            "platform": request.platform_id,
            "type": f"payment_request.{request.status}",
            "payee": request.payee_link_id,
            "payer": request.payer_link_id or request.tapped_link_id or "",
        },
    )
