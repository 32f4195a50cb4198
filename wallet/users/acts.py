"""What a holder may do with the keys they have (settled.md 11)."""

from datetime import datetime, timedelta
from enum import StrEnum

from wallet.core.errors import Kind, WalletError
from wallet.users import freezes, passkeys
from wallet.users.models import Holder

#: How long a recovery holds back what a thief of a code would do first (standard.md P15).
RECOVERY_WAIT = timedelta(hours=24)


class Act(StrEnum):
    """What somebody is about to do."""

    LOOK = "look"
    TOP_UP = "top_up"
    ISSUE = "issue"
    LINK = "link"
    APPROVE = "approve"
    REVEAL = "reveal"
    WITHDRAW = "withdraw"
    LEAVE = "leave"


_WITHOUT_PASSKEY = frozenset({Act.LOOK, Act.TOP_UP})
#: What a frozen holder may still do: look, and bring money in.
_WHILE_FROZEN = frozenset({Act.LOOK, Act.TOP_UP})
_NOT_AFTER_RECOVERY = frozenset({Act.REVEAL, Act.WITHDRAW, Act.LINK})


class PasskeyNeeded(WalletError):
    """With a password alone one can look and top up; for everything else add a passkey under Settings."""

    kind = Kind.FORBIDDEN
    slug = "passkey-needed"
    title = "This needs a passkey"


class RecoveryRecent(WalletError):
    """For 24 hours after a recovery code was used, card numbers, withdrawals and new links stay closed."""

    kind = Kind.FORBIDDEN
    slug = "recovery-recent"
    title = "This waits for 24 hours after a recovery"


def may(holder: Holder, action: Act | str, now: datetime) -> None:
    """Say nothing when the holder may do it.

    Raises:
        PasskeyNeeded: it needs a passkey and there is none.
        RecoveryRecent: a recovery is less than 24 hours old.
        WalletPaused: the holder is frozen.
    """
    act = Act(action)
    if act not in _WHILE_FROZEN and freezes.is_frozen(holder.id):
        raise freezes.WalletPaused
    if act in _NOT_AFTER_RECOVERY and holder.recovered_at is not None and now < holder.recovered_at + RECOVERY_WAIT:
        left = holder.recovered_at + RECOVERY_WAIT - now
        raise RecoveryRecent(retry_after=max(1, int(left.total_seconds())))
    if act not in _WITHOUT_PASSKEY and not passkeys.has_passkey(holder_id=holder.id):
        raise PasskeyNeeded(act=str(act))
