"""What happens at a person's doors goes into their inbox: somebody else might have done it."""

from datetime import datetime

from wallet.activity import notices
from wallet.users.events import KeyEvent, on

_KINDS = {
    KeyEvent.SIGNED_IN: "sign_in",
    KeyEvent.PASSKEY_ADDED: "passkey_added",
    KeyEvent.PASSKEY_REMOVED: "passkey_removed",
    KeyEvent.PASSKEY_SUSPECTED: "passkey_suspected",
    KeyEvent.PASSWORD_CHANGED: "password_changed",
    KeyEvent.CODES_RENEWED: "codes_renewed",
    KeyEvent.RECOVERED: "recovered",
    KeyEvent.WALLET_PAUSED: "wallet_paused",
    KeyEvent.WALLET_RESUMED: "wallet_resumed",
}


@on(*_KINDS)
def tell_holder(*, holder_id: str, event: KeyEvent, device: str, now: datetime) -> None:
    """Write the notice, with the family name of the browser and nothing else about it."""
    notices.notify(holder_id=holder_id, kind=_KINDS[event], ref="", facts={"device": device}, now=now)
