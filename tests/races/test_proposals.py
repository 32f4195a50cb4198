"""Several colleagues approve one proposal at the same moment: it is posted once (standard.md O08)."""

import threading

import pytest
from django.db import connection, transaction

from tests.payments import cast
from tests.races.processes import soon, together
from tests.support.staff import join
from tests.wallet.approvals.test_proposals import main, propose
from wallet.approvals import proposals
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.errors import WalletError
from wallet.core.models import StaffAct
from wallet.ledger.verify import verify

pytestmark = pytest.mark.django_db(transaction=True)


def test_several_approvals_at_once_are_one_posting() -> None:
    """Real processes, each with a proof of its own. Break: read the proposal without FOR UPDATE."""
    holder = cast.holder()
    proposal = propose(join("operator"), holder)
    people = []
    for _colleague in range(4):
        one = join("approver")
        one.step_up(proposals.binding_of(proposal))
        people.append((one.holder.id, one.client.session["stepup_proved"]))
    answers = together("approver", 4, proposal=proposal.id, people=people, at=soon())
    outcomes = sorted(answer["outcome"] for answer in answers if answer)
    assert outcomes == ["posted", "proposal-not-open", "proposal-not-open", "proposal-not-open"]
    assert main(holder) == 1_250
    assert verify().differences == []


def test_the_second_waits_for_the_first_and_is_refused() -> None:
    """While the first approval is not committed the second waits; then it finds nothing open.

    Break: read the proposal without FOR UPDATE (the transfer's key then still lets the money move once only).
    """
    holder = cast.holder()
    proposal = propose(join("operator"), holder)
    people = [join("approver") for _colleague in range(2)]
    for one in people:
        one.step_up(proposals.binding_of(proposal))
    proofs = [(one.holder.id, one.client.session["stepup_proved"]) for one in people]
    said: list[str] = []

    def approve(number: int) -> None:
        staff, ceremony = proofs[number]
        made = proposals.post_approved(
            proposal_id=proposal.id, approver=Actor.staff(staff), ceremony=ceremony, now=clock.now()
        )
        said.append(made.status)

    def in_another_session() -> None:
        try:
            approve(1)
        except WalletError as refusal:
            said.append(refusal.slug)
        finally:
            connection.close()

    thread = threading.Thread(target=in_another_session)
    with transaction.atomic():
        approve(0)
        thread.start()
        _wait_until_somebody_waits()
    thread.join(30)
    assert said == ["posted", "proposal-not-open"]
    assert StaffAct.objects.filter(subject=proposal.id, act="proposal.approve").count() == 1
    assert main(holder) == 1_250


def _wait_until_somebody_waits() -> None:
    """Until another session of this database waits for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with connection.cursor() as cursor:
        for _try in range(3_000):
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("nobody waits")
