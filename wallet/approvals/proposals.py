"""Propose, approve, reject: money that a person moves by hand, and never one person alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import ClassVar

from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest

from wallet.activity import lines, notices
from wallet.approvals.models import Proposal
from wallet.approvals.states import PROPOSAL, ProposalKind, ProposalStatus
from wallet.approvals.words import REASONS
from wallet.core import staff
from wallet.core.actors import Actor
from wallet.core.errors import Invalid, Kind, NotFound, WalletError
from wallet.core.ids import new_id
from wallet.core.money import Money, is_offered
from wallet.core.transactions import owns_transaction, sqlstate
from wallet.ledger.refusals import translated
from wallet.limits import receiving, windows
from wallet.users import stepup
from wallet.users.models import Holder
from wallet.users.people import HolderNotFound
from wallet.users.stepup import StepUpRequired


class OwnProposal(WalletError):
    """Who proposed it cannot approve it: a second person must."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug = "own-proposal"
    title = "A second person must approve this"


class ProposalNotOpen(WalletError):
    """It was approved, rejected, taken back, or is older than 72 hours."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug = "proposal-not-open"
    title = "This proposal is not open any more"


class StaffOnly(WalletError):
    """Only members of the staff propose and approve, and only for holders."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug = "staff-only"
    title = "Only the staff may do that"


_REFUSALS: dict[str, type[WalletError]] = {
    "PV201": OwnProposal, "PV202": ProposalNotOpen, "PV203": StepUpRequired, "PV204": StaffOnly,
}  # fmt: skip


@contextmanager
def _refusals() -> Iterator[None]:
    """The refusals of sql/proposals.sql, and of the ledger below it, as errors of ours."""
    try:
        with translated(), transaction.atomic():
            yield
    except DatabaseError as error:
        if refusal := _REFUSALS.get(sqlstate(error)):
            raise refusal from error
        raise


def binding_of(proposal: Proposal) -> dict[str, str | int]:
    """What the second person's passkey signs; `approvals_binding` says the same in SQL."""
    return {
        "act": proposal.kind, "amount": proposal.amount_minor, "currency": proposal.currency,
        "holder": proposal.holder_id, "proposal": proposal.id,
    }  # fmt: skip


def amount_of(proposal: Proposal) -> Money:
    """How much it is about."""
    return Money(proposal.amount_minor, proposal.currency)


@owns_transaction
def propose(
    *, kind: ProposalKind, holder_id: str, amount: Money, reason_code: str, reason: str, actor: Actor, now: datetime
) -> Proposal:
    """Ask for a credit or a debit of a holder; nothing moves yet.

    Raises:
        HolderNotFound: there is no such holder.
        Invalid: no amount, a currency that is not held here, an unknown reason, or none worth the name.
        StaffOnly: the actor is none of the staff, or the holder is one.
    """
    why = staff.reason_text(reason)
    if reason_code not in REASONS:
        raise Invalid("is not a reason of the list", pointer="/reason_code")
    if amount.minor <= 0 or not is_offered(amount.currency):
        raise Invalid("must be more than nothing, in a currency that is held here", pointer="/amount")
    if not Holder.objects.filter(id=holder_id).exists():
        raise HolderNotFound
    proposal_id = new_id("prop")
    with _refusals(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT approvals_propose(%s, %s, %s, %s, %s, %s, %s, %s)",
            [proposal_id, kind, holder_id, amount.minor, amount.currency, reason_code, why, actor.id],
        )
    proposal = Proposal.objects.get(pk=proposal_id)
    _record(proposal, "propose", actor, why, now)
    return proposal


def approve(*, request: HttpRequest, proposal_id: str, now: datetime) -> Proposal:
    """Post it, with the passkey's yes that this session has just given to exactly this.

    Raises:
        NotFound: there is no such proposal.
        OwnProposal: the one who is here proposed it.
        ProposalNotOpen: somebody decided it, or 72 hours are over.
        StepUpRequired: no passkey has said yes to it in the last five minutes.
        InsufficientFunds: a debit of more than the holder has free.
    """
    return post_approved(
        proposal_id=proposal_id, approver=staff.actor_of(request), ceremony=stepup.proof_of(request), now=now
    )


@owns_transaction
def post_approved(*, proposal_id: str, approver: Actor, ceremony: int | None, now: datetime) -> Proposal:
    """The same for who has the number of the proof; raises as `approve` does."""
    proposal = get_proposal(proposal_id)
    amount = amount_of(proposal)
    stored = windows.caps(proposal.holder_id, amount.currency, now=now).stored
    with _refusals(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT repaid, parked FROM approvals_approve(%s, %s, %s, %s, %s)",
            [proposal_id, approver.id, ceremony, stored, now + receiving.PARKED_FOR],
        )
        repaid, parked = cursor.fetchone()
    _tell(proposal, amount, Money(repaid, amount.currency), Money(parked, amount.currency), now)
    _move(proposal, "approve", approver, now)
    return get_proposal(proposal_id)


@owns_transaction
def reject(*, proposal_id: str, reason: str, actor: Actor, now: datetime) -> Proposal:
    """Say no, or take back what one has proposed.

    Raises:
        NotFound: there is no such proposal.
        ProposalNotOpen: it was decided already.
        Invalid: no reason.
    """
    why = staff.reason_text(reason)
    proposal = get_proposal(proposal_id)
    with _refusals(), connection.cursor() as cursor:
        cursor.execute("SELECT approvals_reject(%s, %s)", [proposal_id, actor.id])
    _move(proposal, "reject", actor, now, reason=why)
    return get_proposal(proposal_id)


@owns_transaction
def expire(*, actor: Actor, now: datetime) -> int:
    """End what nobody decided in time; how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT approvals_expire()")
        ended = [row[0] for row in cursor.fetchall()]
    for proposal in Proposal.objects.filter(pk__in=ended):
        _move(proposal, "expire", actor, now)
    return len(ended)


def get_proposal(proposal_id: str) -> Proposal:
    """One proposal.

    Raises:
        NotFound: there is none.
    """
    found = Proposal.objects.filter(pk=proposal_id).first()
    if found is None:
        raise NotFound
    return found


def _tell(proposal: Proposal, amount: Money, repaid: Money, parked: Money, now: datetime) -> None:
    """The holder's line and notice: that it came, not why."""
    is_credit = proposal.kind == ProposalKind.MANUAL_CREDIT
    lines.record(
        holder_id=proposal.holder_id, kind=proposal.kind, direction="in" if is_credit else "out", amount=amount,
        status="done", ref=proposal.id, now=now,
    )  # fmt: skip
    notices.notify(holder_id=proposal.holder_id, kind=proposal.kind, ref=proposal.id, facts={"amount": amount}, now=now)
    received = receiving.Received(amount, repaid, parked, is_replayed=False)
    receiving.tell(holder_id=proposal.holder_id, received=received, ref=proposal.id, now=now)


def _move(proposal: Proposal, event: str, actor: Actor, now: datetime, *, reason: str = "") -> None:
    after = PROPOSAL.after(ProposalStatus.OPEN, event)
    PROPOSAL.record(subject=proposal.id, event=event, before=ProposalStatus.OPEN, after=after, actor=actor)
    _record(proposal, event, actor, reason, now)


def _record(proposal: Proposal, event: str, actor: Actor, reason: str, now: datetime) -> None:
    staff.record(
        actor=actor, act=f"proposal.{event}", subject=proposal.id, holder_id=proposal.holder_id,
        reason_code=proposal.reason_code, reason=reason, now=now,
        facts={"kind": proposal.kind, "amount_minor": proposal.amount_minor, "currency": proposal.currency},
    )  # fmt: skip
