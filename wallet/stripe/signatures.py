"""Events as Stripe signs them: verified over the raw bytes before anything is parsed (standard.md W01)."""

import time
from dataclasses import dataclass
from typing import Any

import orjson
import stripe
from django.conf import settings

from wallet.core.errors import Kind, WalletError

#: Seconds, in both directions: the SDK refuses what is old, not what claims to come from later.
TOLERANCE = 300
_LONGEST_ID = 255


class SignatureInvalid(WalletError):
    """The event's signature, its age or its form is wrong; nothing is kept of it."""

    kind = Kind.UNREADABLE
    slug = "signature-invalid"
    title = "The signature does not hold"


@dataclass(frozen=True, slots=True, repr=False)
class StripeEvent:
    """A verified event. Of `object` nothing is kept but its id."""

    id: str
    type: str
    object_ref: str
    object: dict[str, Any]


def read(*, body: bytes, header: str) -> StripeEvent:
    """The event, signed with one of the secrets, now, by this account and in this mode.

    Raises:
        SignatureInvalid.
    """
    try:
        signed_at = int(next(part for part in header.split(",") if part.startswith("t="))[2:])
        _verify(body, header)
        event: Any = orjson.loads(body)
        # A kind that we do not know may have another shape: it is kept all the same.
        about = (event.get("data") or {}).get("object") or {}
        found = StripeEvent(str(event["id"]), str(event["type"]), str(about.get("id") or ""), about)
        is_ours = event["livemode"] is is_live() and not event.get("account")
    except (StopIteration, ValueError, KeyError, TypeError, AttributeError, stripe.SignatureVerificationError):
        raise SignatureInvalid from None
    if abs(time.time() - signed_at) > TOLERANCE or not is_ours or not found.id or len(found.id) > _LONGEST_ID:
        raise SignatureInvalid
    return found


def is_live() -> bool:
    """Whether real money moves: a test key never takes live events, nor a live key test ones."""
    return str(settings.STRIPE_SECRET_KEY).startswith(("sk_live_", "rk_live_"))


def _verify(body: bytes, header: str) -> None:
    secrets = settings.STRIPE_WEBHOOK_SECRETS
    for number, secret in enumerate(secrets, 1):
        try:
            stripe.WebhookSignature.verify_header(body, header, secret, TOLERANCE)
        except stripe.SignatureVerificationError:
            if number == len(secrets):
                raise
        else:
            return
    raise SignatureInvalid
