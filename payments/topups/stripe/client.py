"""One call to Stripe, with its errors as the port's."""

from collections.abc import Iterator
from contextlib import contextmanager

from payments.topups.gateway import GatewayBusy, GatewayRefused, GatewayUnavailable
from wallet.stripe import client as sdk


@contextmanager
def call(what: str) -> Iterator[sdk.StripeClient]:
    """Around one call.

    Raises:
        GatewayUnavailable: nothing is known; the outbox tries again.
        GatewayRefused: this request will never be taken.
    """
    try:
        with sdk.call(what) as stripe:
            yield stripe
    except sdk.StripeBusy:
        raise GatewayBusy from None
    except sdk.StripeUnavailable:
        raise GatewayUnavailable from None
    except sdk.StripeRefused as refused:
        raise GatewayRefused(code=str(refused.facts.get("code", ""))) from None
