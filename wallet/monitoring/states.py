"""Where a case stands."""

from enum import StrEnum
from typing import Final

from wallet.core.states import StateMachine


class CaseStatus(StrEnum):
    """`escalated`: the holder was frozen for it, and it goes on outside this queue."""

    OPEN = "open"
    CLOSED = "closed"
    ESCALATED = "escalated"


CASE: Final[StateMachine[CaseStatus]] = StateMachine(
    "wallet.case",
    {
        "close": {CaseStatus.OPEN: CaseStatus.CLOSED},
        "escalate": {CaseStatus.OPEN: CaseStatus.ESCALATED},
    },
)
