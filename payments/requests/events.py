"""Events: what a platform hears about a request or a split, through the outbox."""

from payments.requests.models import PaymentRequest, Refund, RequestStatus, Split, SplitStatus
from wallet.core import outbox
from wallet.core.transactions import needs_transaction

TOPIC = "platform.event"

_TOLD = frozenset({RequestStatus.PAID, RequestStatus.DECLINED, RequestStatus.CANCELED, RequestStatus.EXPIRED})
_SPLIT_TOLD = frozenset({SplitStatus.COMPLETED, SplitStatus.EXPIRED})


@needs_transaction
def announce(request: PaymentRequest) -> None:
    """Promise `payment_request.<status>` to the platform; ids and enum words only.

    Only the handles that the platform itself knows in it: whose data the webhook is, and whose end drops it.
    """
    if request.status in _TOLD:
        payer = request.payer_link_id or request.tapped_link_id or ""
        _promise(request.platform_id, f"payment_request.{request.status}", request.id, request.payee_link_id, payer)


@needs_transaction
def announce_split(split: Split) -> None:
    """Promise `split.completed` or `split.expired`: about the payee; of its shares each payer's own event tells."""
    if split.status in _SPLIT_TOLD:
        _promise(split.platform_id, f"split.{split.status}", split.id, split.payee_link_id, "")


@needs_transaction
def announce_refund(refund: Refund) -> None:
    """Promise `refund.succeeded`, to be told while both know the platform."""
    payer = refund.request.payer_link_id or refund.request.tapped_link_id or ""
    _promise(refund.platform_id, "refund.succeeded", refund.id, refund.request.payee_link_id, payer)


@needs_transaction
def announce_checkout(request: PaymentRequest) -> None:
    """Promise `checkout.paid` beside `payment_request.paid`: the same people, the other id."""
    if request.status == RequestStatus.PAID and request.checkout_id is not None:
        payer = request.payer_link_id or request.tapped_link_id or ""
        _promise(request.platform_id, "checkout.paid", request.checkout_id, request.payee_link_id, payer)


def _promise(platform_id: str, event: str, ref: str, payee: str, payer: str) -> None:
    payload = {"platform": platform_id, "type": event, "payee": payee, "payer": payer}
    outbox.enqueue(topic=TOPIC, ref=ref, payload=payload)
