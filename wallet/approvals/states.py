"""What may be proposed, and where a proposal stands."""

from enum import StrEnum
from typing import Final

from wallet.core.states import StateMachine


class ProposalKind(StrEnum):
    """What is done when the second person says yes."""

    MANUAL_CREDIT = "manual_credit"
    MANUAL_DEBIT = "manual_debit"


class ProposalStatus(StrEnum):
    """`rejected` by a second person, or taken back by the first."""

    OPEN = "open"
    POSTED = "posted"
    REJECTED = "rejected"
    EXPIRED = "expired"


PROPOSAL: Final[StateMachine[ProposalStatus]] = StateMachine(
    "wallet.proposal",
    {
        "approve": {ProposalStatus.OPEN: ProposalStatus.POSTED},
        "reject": {ProposalStatus.OPEN: ProposalStatus.REJECTED},
        "expire": {ProposalStatus.OPEN: ProposalStatus.EXPIRED},
    },
)
