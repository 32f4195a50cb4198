"""A worker that approves one proposal at the same moment as others, each with a proof of its own."""

import time

from wallet.approvals import proposals
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.errors import WalletError


def work(*, number: int, proposal: str, people: list[tuple[str, int]], at: float) -> dict[str, str]:
    staff, ceremony = people[number]
    clock.now()
    time.sleep(max(0.0, at - time.time()))
    try:
        made = proposals.post_approved(
            proposal_id=proposal, approver=Actor.staff(staff), ceremony=ceremony, now=clock.now()
        )
    except WalletError as refusal:
        return {"outcome": refusal.slug}
    return {"outcome": made.status}
