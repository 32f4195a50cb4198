"""The exception queue: what no rule decides, for a named person (settled.md 1).

For the admin: `list_open`, `resolve`, `charge_to_holder`, `give_to_holder`. Each closes the case once, with a note, a
row of decision that nobody can change, and an audit row. Its figures are on `/metrics`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min, Q, QuerySet

from cards.authorizations.cases import EXPLAINED, CaseReason
from cards.authorizations.models import Authorization, CaseDecision, QueuedCase
from cards.authorizations.states import CASE, CaseStatus
from cards.issuing.cards import has_left, lock_card
from wallet.activity import lines
from wallet.core import clock, figures
from wallet.core.actors import Actor, ActorKind
from wallet.core.errors import Invalid, Kind, NotFound, WalletError
from wallet.core.money import Money
from wallet.core.transactions import owns_transaction
from wallet.ledger import accounts, balances, transfers
from wallet.ledger.accounts import AccountKind, AccountRef
from wallet.ledger.refusals import InsufficientFunds
from wallet.ledger.transfers import Op, Transfer
from wallet.limits.receiving import receive

_LONGEST_NOTE = 500
_TRIES = 3


class CaseNotFound(NotFound):
    """There is no such case."""


class NotChargeable(WalletError):
    """There is no loss in this case, or nobody to charge it to: no card of ours, or the holder has left."""

    kind = Kind.CONFLICT
    slug = "case-not-chargeable"
    title = "This cannot be moved to a holder"


@dataclass(frozen=True, slots=True)
class Case:
    """A case as a person looks at it.

    `lost` is what the programme paid and may be charged; `kept` is what it keeps apart and may be given.
    """

    id: int
    reason: str
    what: str
    todo: str
    network: str
    ref: str
    message: str
    authorization: str
    card: str
    holder: str
    amount: Money
    lost: Money
    kept: Money
    status: str
    opened_at: datetime
    resolved_at: datetime | None

    @property
    def may_charge(self) -> bool:
        """Whether there is a loss, and somebody to charge it to."""
        return self.status == CaseStatus.OPEN and bool(self.lost) and bool(self.holder)

    @property
    def may_give(self) -> bool:
        """Whether there is money kept apart, and somebody to give it to."""
        return self.status == CaseStatus.OPEN and bool(self.kept) and bool(self.holder)


def list_open() -> QuerySet[QueuedCase]:
    """Cases that wait, oldest first; `show` makes them readable."""
    return QueuedCase.objects.filter(status=CaseStatus.OPEN).order_by("at", "id")


def get_case(case_id: int) -> QueuedCase:
    """One case.

    Raises:
        CaseNotFound: there is none.
    """
    found = QueuedCase.objects.filter(id=case_id).first()
    if found is None:
        raise CaseNotFound
    return found


def show(cases: Iterable[QueuedCase]) -> list[Case]:
    """Cases with what happened, what to do, and whose payment it was."""
    cases = list(cases)
    ids = {case.authorization_id for case in cases if case.authorization_id}
    payments = {payment.id: payment for payment in Authorization.objects.filter(id__in=ids).defer("merchant")}
    return [_show(case, payments.get(case.authorization_id)) for case in cases]


@owns_transaction
def resolve(*, case_id: int, actor: Actor, note: str, now: datetime) -> QueuedCase:
    """Close a case without moving money.

    Raises:
        CaseNotFound: there is none.
        WrongState: it is closed already.
        Invalid: no note, or the actor is no member of staff.
    """
    case = _lock(case_id)
    _close(case, event="resolve", amount=Money(0, case.currency), actor=actor, note=note, now=now)
    return case


@owns_transaction
def charge_to_holder(
    *, case_id: int, actor: Actor, note: str, now: datetime, amount: Money | None = None
) -> QueuedCase:
    """Move the programme's loss, or a part of it, to the holder: what is in main pays, the rest is owed.

    Raises:
        CaseNotFound: there is none.
        WrongState: it is closed already.
        NotChargeable: the programme lost nothing by it, or the holder is nobody or has left.
        Invalid: more than was lost, nothing, another currency; no note; the actor is no member of staff.
    """
    payment = _payment_of(case_id)
    case = _lock(case_id)
    most = Money(0 if payment is None else min(case.lost_minor, payment.lost_minor), case.currency)
    if not most:
        raise NotChargeable
    amount = most if amount is None else amount
    if payment is None or payment.card is None or has_left(payment.card):
        raise NotChargeable
    # What a refund has paid back since is no loss any more.
    _within(amount, most)
    _close(case, event="charge", amount=amount, actor=actor, note=note, now=now)
    _charge(case, payment.holder_id, amount)
    payment.lost_minor = max(payment.lost_minor - amount.minor, 0)
    payment.save(update_fields=["lost_minor"])
    lines.record(
        holder_id=payment.holder_id, kind="card_loss", direction="out", amount=amount, status="done",
        ref=f"{payment.id}:loss:{case.id}", now=now,
    )  # fmt: skip
    return case


@owns_transaction
def give_to_holder(*, case_id: int, actor: Actor, note: str, now: datetime) -> QueuedCase:
    """Give the holder the money that the programme keeps apart for the case: what they owe first, then main.

    Raises:
        CaseNotFound: there is none.
        WrongState: it is closed already.
        NotChargeable: nothing is kept apart, or the holder is nobody or has left.
        Invalid: no note, or the actor is no member of staff.
    """
    payment = _payment_of(case_id)
    case = _lock(case_id)
    if payment is None or payment.card is None or not case.kept_minor or has_left(payment.card):
        raise NotChargeable
    amount = Money(case.kept_minor, case.currency)
    _close(case, event="give", amount=amount, actor=actor, note=note, now=now)
    receive(
        holder_id=payment.holder_id, amount=amount, source=_losses(case.currency), key=f"exception:{case.id}:give",
        code="exception_given", ref=f"{payment.id}:credit", now=now,
    )  # fmt: skip
    lines.record(
        holder_id=payment.holder_id, kind="card_refund", direction="in", amount=amount, status="done",
        ref=f"{payment.id}:given:{case.id}", now=now,
    )  # fmt: skip
    return case


@figures.source("exceptions")
def watched() -> list[tuple[str, str, int]]:
    """What an operator is alarmed by: how many cases wait, since when, and with how much of the programme's money."""
    waiting = Q(status=CaseStatus.OPEN)
    oldest = QueuedCase.objects.filter(waiting).aggregate(at=Min("at"))["at"]
    age = int((clock.now() - oldest).total_seconds()) if oldest else 0
    return [
        ("open", "Cases of card payments that wait for a person", QueuedCase.objects.filter(waiting).count()),
        ("oldest_seconds", "Age of the oldest case that waits", max(age, 0)),
        (
            "at_a_loss",
            "Cases that wait in which the programme has paid",
            QueuedCase.objects.filter(waiting, lost_minor__gt=0).count(),
        ),
    ]


def _show(case: QueuedCase, payment: Authorization | None) -> Case:
    lost = min(case.lost_minor, payment.lost_minor) if payment else case.lost_minor
    # Reasons of an earlier release have no words of their own.
    said = EXPLAINED.get(CaseReason(case.reason)) if case.reason in set(CaseReason) else None
    return Case(
        id=case.id, reason=case.reason, what=str(said.what) if said else case.reason,
        todo=str(said.todo) if said else "",
        network=case.network, ref=case.ref, message=case.kind, authorization=case.authorization_id,
        card=str(payment.card_id) if payment else "", holder=payment.holder_id if payment else "",
        amount=Money(case.amount_minor, case.currency), lost=Money(lost, case.currency),
        kept=Money(case.kept_minor, case.currency), status=case.status, opened_at=case.at, resolved_at=case.resolved_at,
    )  # fmt: skip


def _payment_of(case_id: int) -> Authorization | None:
    """The payment, locked after its card and before the case, as the messages lock them."""
    payment = Authorization.objects.filter(id=get_case(case_id).authorization_id).exclude(card=None).first()
    if payment is None:
        return None
    card = lock_card(str(payment.card_id))
    payment = Authorization.objects.select_for_update(no_key=True, of=("self",)).get(id=payment.id)
    payment.card = card
    return payment


def _lock(case_id: int) -> QueuedCase:
    found = QueuedCase.objects.select_for_update(no_key=True).filter(id=case_id).first()
    if found is None:
        raise CaseNotFound
    return found


def _within(amount: Money, most: Money) -> None:
    if amount.currency != most.currency:
        raise Invalid(f"must be {most.currency}", pointer="/amount/currency")
    if not 0 < amount.minor <= most.minor:
        raise Invalid("must be more than nothing and not more than was lost", pointer="/amount/value")


def _close(case: QueuedCase, *, event: str, amount: Money, actor: Actor, note: str, now: datetime) -> None:
    note = note.strip()
    if actor.kind is not ActorKind.STAFF or not actor.id:
        raise Invalid("must be a named member of staff", pointer="/actor")
    if not 0 < len(note) <= _LONGEST_NOTE:
        raise Invalid(f"must say why, in at most {_LONGEST_NOTE} characters", pointer="/note")
    before = CaseStatus(case.status)
    after = CASE.after(before, event)
    case.status, case.resolved_at = after, now
    case.save(update_fields=["status", "resolved_at"])
    decision = CaseDecision(case=case, decision=after, amount_minor=amount.minor, staff=actor.id, at=now)
    decision.note = note
    decision.save(force_insert=True)
    CASE.record(subject=str(case.id), event=event, before=before, after=after, actor=actor)


def _charge(case: QueuedCase, holder_id: str, amount: Money) -> None:
    main, owed = accounts.main(holder_id, amount.currency), accounts.shortfall(holder_id, amount.currency)
    for _try in range(_TRIES):
        paid = min(balances.available(main).minor, amount.minor)
        parts = (("main", main, paid), ("shortfall", owed, amount.minor - paid))
        batch = [_to_losses(case, step, debit, minor) for step, debit, minor in parts if minor > 0]
        try:
            transfers.post(batch)
        except InsufficientFunds:
            continue  # somebody spent it since it was read
        return
    transfers.post([_to_losses(case, "shortfall", owed, amount.minor)])


def _to_losses(case: QueuedCase, step: str, debit: AccountRef, minor: int) -> Transfer:
    return Transfer(
        Op.POST, f"exception:{case.id}:{step}", debit, _losses(debit.currency), Money(minor, debit.currency),
        "exception_charged", case.authorization_id,
    )  # fmt: skip


def _losses(currency: str) -> AccountRef:
    return accounts.programme(AccountKind.LOSSES, currency)
