"""Two people: one proposes, another approves with a passkey that signed it (standard.md O08, ASVS 2.3.5)."""

from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from tests import environment
from tests.payments import cast
from tests.support.people import Person
from tests.support.staff import join
from wallet.activity.models import Line, Notice
from wallet.approvals import proposals
from wallet.approvals.models import Proposal
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.models import StaffAct, StateChange
from wallet.core.money import Money
from wallet.ledger import accounts, balances
from wallet.ledger.accounts import AccountKind
from wallet.ledger.verify import verify
from wallet.users.models import Holder

pytestmark = pytest.mark.django_db(transaction=True)

OWNER = environment.URLS["owner"].replace("{db}", environment.DATABASE)
LOSSES = accounts.programme(AccountKind.LOSSES, "EUR")


@pytest.fixture
def olga() -> Person:
    return join("operator")


@pytest.fixture
def ines() -> Person:
    return join("approver")


@pytest.fixture
def holder() -> Holder:
    return cast.holder()


def propose(who: Person, holder: Holder, **changes: str) -> Proposal:
    values = {
        "kind": "manual_credit", "holder_id": holder.id, "amount": "12.50", "currency": "EUR",
        "reason_code": "goodwill", "reason": "We charged a fee twice", **changes,
    }  # fmt: skip
    answer = who.client.post("/operator/wallet/proposal/propose/", values)
    assert answer.status_code == 302, answer.content
    return Proposal.objects.get(pk=answer["Location"].split("/")[-3])


def approve(who: Person, proposal: Proposal, binding: dict[str, Any] | None = None) -> Any:
    who.step_up(binding or proposals.binding_of(proposal))
    return who.client.post(f"/operator/wallet/proposal/{proposal.id}/approve/")


def main(holder: Holder) -> int:
    return balances.available(accounts.main(holder.id, "EUR")).minor


def test_a_credit_is_posted_once_by_a_second_person(olga: Person, ines: Person, holder: Holder):
    """Break: leave the state out of `approvals_lock`."""
    lost = balances.of_programme(LOSSES).minor
    proposal = propose(olga, holder)
    assert main(holder) == 0
    assert approve(ines, proposal).status_code == 302
    assert main(holder) == 1_250
    assert balances.of_programme(LOSSES).minor == lost - 1_250
    assert approve(ines, proposal).status_code == 409
    assert main(holder) == 1_250
    line = Line.objects.get(holder_id=holder.id, ref=proposal.id)
    assert (line.kind, line.direction, line.amount_minor) == ("manual_credit", "in", 1_250)
    assert Notice.objects.get(holder_id=holder.id, ref=proposal.id).kind == "manual_credit"
    acts = StaffAct.objects.filter(subject=proposal.id).order_by("id").values_list("act", "actor_id")
    assert list(acts) == [("proposal.propose", olga.holder.id), ("proposal.approve", ines.holder.id)]
    assert list(StateChange.objects.filter(subject=proposal.id).values_list("event", flat=True)) == ["approve"]
    assert verify().differences == []


def test_who_proposes_cannot_approve_with_both_roles_and_a_passkey_either(holder: Holder):
    """Break: leave PV201 out of `approvals_approve`; the table's own constraint still refuses."""
    both = join("operator", "approver")
    proposal = propose(both, holder)
    answer = approve(both, proposal)
    assert answer.status_code == 403
    assert "second person" in answer.content.decode()
    assert main(holder) == 0
    proof = both.client.session["stepup_proved"]
    with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT approvals_approve(%s, %s, %s, NULL, now())", [proposal.id, both.holder.id, proof])
    assert getattr(refused.value.__cause__, "sqlstate", "") == "PV201"


def test_the_table_refuses_one_person_whoever_writes_it(olga: Person, holder: Holder):
    """Break: leave `proposal_needs_two` out of the migration."""
    proposal = propose(olga, holder)
    write = "UPDATE wallet_proposal SET status = 'posted', decided_by = proposed_by, ceremony = -1 WHERE id = %s"
    with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(write, [proposal.id])
    assert getattr(refused.value.__cause__, "sqlstate", "") == "42501"
    with psycopg.connect(OWNER) as owner, pytest.raises(psycopg.errors.CheckViolation, match="proposal_needs_two"):
        owner.execute(write, [proposal.id])


@pytest.mark.parametrize(
    "change", [{"amount": 1_251}, {"holder": "holder_x"}, {"currency": "USD"}, {"act": "manual_debit"}]
)
def test_a_yes_to_something_else_is_no_yes(olga: Person, ines: Person, holder: Holder, change: dict[str, Any]):
    """The kind, the amount, the currency and the holder are what the passkey signed.

    Break: leave the binding out of `users_spend_proof`.
    """
    proposal = propose(olga, holder)
    answer = approve(ines, proposal, {**proposals.binding_of(proposal), **change})
    assert answer.status_code == 403
    assert main(holder) == 0


def test_without_a_passkeys_yes_nothing_is_approved(olga: Person, ines: Person, holder: Holder):
    """Neither with none, nor with an unbound one, nor with another colleague's. Break: leave PV203 out."""
    proposal = propose(olga, holder)
    address = f"/operator/wallet/proposal/{proposal.id}/approve/"
    assert ines.client.post(address).status_code == 403
    ines.step_up()
    assert ines.client.post(address).status_code == 403
    zoe = join("approver")
    zoe.step_up(proposals.binding_of(proposal))
    session = ines.client.session
    session["stepup_proved"] = zoe.client.session["stepup_proved"]
    session.save()
    assert ines.client.post(address).status_code == 403
    assert main(holder) == 0


def test_a_yes_is_used_up(olga: Person, ines: Person, holder: Holder):
    """One answer of a passkey approves one proposal. Break: leave `used_at` out of `users_spend_proof`."""
    proposal = propose(olga, holder)
    assert approve(ines, proposal).status_code == 302
    proof = ines.client.session["stepup_proved"]
    with connection.cursor() as cursor:
        binding = "SELECT approvals_binding(p) FROM wallet_proposal p WHERE id = %s"
        with psycopg.connect(OWNER) as owner:
            digest = owner.execute(binding, [proposal.id]).fetchone()
            spend = owner.execute("SELECT users_spend_proof(%s, %s, %s)", [proof, ines.holder.id, digest[0]]).fetchone()  # type: ignore[index]
        assert spend == (False,)
        with pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute("SELECT users_spend_proof(%s, %s, %s)", [proof, ines.holder.id, b""])


def test_after_72_hours_nobody_approves_it(olga: Person, ines: Person, holder: Holder):
    """Break: leave the time out of `approvals_lock`."""
    proposal = propose(olga, holder)
    assert (proposal.expires_at - proposal.proposed_at).total_seconds() == 72 * 3600
    with psycopg.connect(OWNER) as owner:
        owner.execute("UPDATE wallet_proposal SET expires_at = core_now() WHERE id = %s", [proposal.id])
    assert approve(ines, proposal).status_code == 409
    assert proposals.expire(actor=Actor.system("test"), now=clock.now()) >= 1
    assert Proposal.objects.get(pk=proposal.id).status == "expired"
    assert main(holder) == 0


def test_a_debit_takes_what_is_there_or_nothing(olga: Person, ines: Person, holder: Holder):
    """Break: take a debit from the shortfall."""
    cast.fund(holder, 1_000)
    proposal = propose(olga, holder, kind="manual_debit", reason_code="correction")
    assert approve(ines, proposal).status_code == 402
    assert (main(holder), Proposal.objects.get(pk=proposal.id).status) == (1_000, "open")
    cast.fund(holder, 1_000)
    assert approve(ines, proposal).status_code == 302
    assert main(holder) == 750
    assert Line.objects.get(holder_id=holder.id, ref=proposal.id).direction == "out"


def test_rejected_or_taken_back_is_over(olga: Person, ines: Person, holder: Holder):
    """Break: leave the state out of `approvals_lock`."""
    for who in (olga, ines):
        proposal = propose(olga, holder)
        address = f"/operator/wallet/proposal/{proposal.id}/reject/"
        assert who.client.post(address, {"reason": "no"}).status_code == 200
        assert who.client.post(address, {"reason": "Not ours to pay, see the ticket"}).status_code == 302
        assert approve(ines, proposal).status_code == 409
    assert main(holder) == 0


@pytest.mark.parametrize(
    "changes",
    [{"amount": "0"}, {"amount": "-5"}, {"amount": "x"}, {"currency": "XXX"}, {"holder_id": "holder_nobody"},
     {"reason": "short"}, {"reason_code": "because"}, {"kind": "gift"}],
    ids=str,
)  # fmt: skip
def test_what_makes_no_sense_is_not_proposed(olga: Person, holder: Holder, changes: dict[str, str]):
    values = {"kind": "manual_credit", "holder_id": holder.id, "amount": "5", "currency": "EUR",
              "reason_code": "goodwill", "reason": "We charged a fee twice", **changes}  # fmt: skip
    assert olga.client.post("/operator/wallet/proposal/propose/", values).status_code != 302
    assert not Proposal.objects.filter(holder_id=holder.id).exists()


def test_a_holder_cannot_propose_by_the_service_either(holder: Holder):
    """Break: leave PV204 out of `approvals_propose`."""
    with pytest.raises(proposals.StaffOnly):
        proposals.propose(
            kind=proposals.ProposalKind.MANUAL_CREDIT, holder_id=holder.id, amount=Money(500, "EUR"),
            reason_code="goodwill", reason="I would like some money", actor=Actor.staff(holder.id), now=clock.now(),
        )  # fmt: skip
