"""Standard Webhooks 1.0: secrets and signatures."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime

from standardwebhooks.webhooks import Webhook

_PREFIX = "whsec_"
_BYTES = 32


def new_secret() -> str:
    """A fresh secret in the standard's form; one for each endpoint."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def sign(*, keys: Sequence[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers; during a rotation one signature for each secret."""
    signatures = [Webhook(key).sign(message_id, at, body.decode()) for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
