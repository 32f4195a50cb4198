"""Re-exports the tables of the rooms: Django looks for an app's models here."""

from wallet.activity.models import Line, Notice
from wallet.approvals.models import Proposal
from wallet.core.models import IdempotencyKey, OutboxEntry, StaffAct, StateChange
from wallet.ledger.models import Account, Hold, Transfer
from wallet.limits.models import Parking, TierOf, Usage
from wallet.monitoring.models import Case, Mark
from wallet.users.models import Ceremony, Freeze, Holder, Passkey, RecoveryCode, Session, ShownCodes

__all__ = [
    "Account",
    "Case",
    "Ceremony",
    "Freeze",
    "Hold",
    "Holder",
    "IdempotencyKey",
    "Line",
    "Mark",
    "Notice",
    "OutboxEntry",
    "Parking",
    "Passkey",
    "Proposal",
    "RecoveryCode",
    "Session",
    "ShownCodes",
    "StaffAct",
    "StateChange",
    "TierOf",
    "Transfer",
    "Usage",
]
