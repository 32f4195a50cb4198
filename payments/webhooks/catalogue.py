"""What a platform may hear of (contract.md)."""

from enum import StrEnum


class EventType(StrEnum):
    """Types of events; public: add, never rename."""

    PAYMENT_REQUEST_PAID = "payment_request.paid"
    PAYMENT_REQUEST_DECLINED = "payment_request.declined"
    PAYMENT_REQUEST_CANCELED = "payment_request.canceled"
    PAYMENT_REQUEST_EXPIRED = "payment_request.expired"
    SPLIT_COMPLETED = "split.completed"
    SPLIT_EXPIRED = "split.expired"
    CHECKOUT_PAID = "checkout.paid"
    REFUND_SUCCEEDED = "refund.succeeded"
    LINK_REVOKED = "link.revoked"
    #: Sent to one endpoint because its platform asked for it, whatever it subscribes to; about nobody.
    TEST = "webhook_endpoint.test"


#: What an endpoint may subscribe to.
SUBSCRIBABLE = tuple(one.value for one in EventType if one is not EventType.TEST)
