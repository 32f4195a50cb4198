"""The books of one authorization while a message is applied: what is held, settled, released, owed or lost.

What moves for one message is posted together; the row says the same as the ledger's hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog
from django.db import connection, transaction

from cards.authorizations import snapshots
from cards.authorizations.cases import CaseReason
from cards.authorizations.decide import Approve, Ask, decide
from cards.authorizations.merchants import Merchant
from cards.authorizations.messages import Message, Outcome, merchant_mark
from cards.authorizations.models import Authorization, Chargeback, QueuedCase
from cards.authorizations.rules import PURSE, Purse
from cards.authorizations.states import AUTHORIZATION, AuthorizationStatus, Result
from cards.authorizations.terms import hold_life
from cards.issuing.cards import account_of, has_left, lock_card, sweep_closed
from cards.issuing.models import Card
from cards.issuing.states import CardStatus
from privacy.crypto.keyring import DecryptionFailed, KeyDestroyed
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.money import Money
from wallet.core.transactions import needs_transaction
from wallet.ledger import accounts, balances, holds, transfers
from wallet.ledger.accounts import AccountKind, AccountRef
from wallet.ledger.refusals import InsufficientFunds
from wallet.ledger.transfers import Op, Transfer
from wallet.limits import windows
from wallet.limits.receiving import receive
from wallet.limits.windows import Limit

log = structlog.get_logger(__name__)

#: How often money is looked for on an account that others spend from at the same time.
_TRIES = 3


@dataclass(slots=True)
class Book:
    """One authorization and its card, locked in that order, and what is to move."""

    message: Message
    card: Card
    authorization: Authorization
    now: datetime
    chargeback: Chargeback | None = None
    batch: list[Transfer] = field(default_factory=list)
    is_queued: bool = False
    is_refused: bool = False

    @classmethod
    @needs_transaction
    def open(cls, message: Message, card_id: str, authorization_id: str) -> "Book":
        """Lock the card, then the authorization; one whose time is over is ended first."""
        card = lock_card(card_id)
        authorization = Authorization.objects.select_for_update(no_key=True).get(id=authorization_id)
        book = cls(message, card, authorization, clock.now())
        if authorization.status == AuthorizationStatus.APPROVED and book.is_over():
            expire(authorization, card, book.now)
        return book

    @property
    def currency(self) -> str:
        """Of the payment; a force post may have another than the card."""
        return self.authorization.currency

    @property
    def disputed_minor(self) -> int:
        """What chargebacks have brought the holder."""
        return sum(self.authorization.chargebacks.values_list("credited_minor", flat=True))

    def is_over(self) -> bool:
        """Whether its time is over, swept or not."""
        expires_at = self.authorization.expires_at
        return expires_at is not None and expires_at <= self.now

    def purse(self) -> tuple[Purse, CaseReason | None]:
        """Where its money goes and comes from beyond the hold, and why that is not the holder's account."""
        if has_left(self.card):
            return Purse.LOSSES, CaseReason.AFTER_ERASURE
        if self.currency != self.card.currency:
            return Purse.LOSSES, CaseReason.ANOTHER_CURRENCY
        return PURSE[CardStatus(self.card.status)], None

    def account(self, purse: Purse) -> AccountRef:
        """The account behind a purse."""
        if purse is Purse.CARD:
            return account_of(self.card)
        if purse is Purse.MAIN:
            return accounts.main(self.card.holder_id, self.currency)
        return self.programme(AccountKind.LOSSES)

    def programme(self, kind: AccountKind) -> AccountRef:
        """One of the programme's accounts in the payment's currency."""
        return accounts.programme(kind, self.currency)

    # --- What moves --------------------------------------------------------------------------------

    def settle(self, minor: int) -> None:
        """Pay from what is held."""
        self._of_hold(Op.SETTLE, "settle", minor)

    def release(self, minor: int) -> None:
        """Give back what is held, and the windows that it took."""
        give_back_windows(self.authorization, minor)
        self._of_hold(Op.RELEASE, "release", minor)

    def move(self, step: str, debit: AccountRef, credit: AccountRef, minor: int) -> None:
        """One more transfer for this message; `step` is its name within it."""
        if minor > 0:
            self.batch.append(transfer(self.message, step, debit, credit, minor, self.authorization.id))

    def pay(self, step: str, debit: AccountRef, minor: int) -> None:
        """Pay the network from an account."""
        self.move(step, debit, self.programme(AccountKind.NETWORK_SETTLEMENT), minor)

    def clear_beyond(self, minor: int, *, is_tolerated: bool) -> None:
        """Clear what is not held (settled.md 1).

        What is on the card pays. What is left within tolerance is the holder's shortfall; beyond it, it is the
        programme's loss and a case for a person, who may move it to the holder.
        """
        purse, why = self.purse()
        free = 0 if purse is Purse.LOSSES else balances.available(account_of(self.card)).minor
        from_card = min(max(free, 0), minor)
        left = minor - from_card
        self.pay("card", account_of(self.card), from_card)
        if purse is not Purse.LOSSES:
            spend(self.authorization, minor)
        if is_tolerated:
            self.pay("shortfall", accounts.shortfall(self.card.holder_id, self.currency), left)
        else:
            self.pay("losses", self.programme(AccountKind.LOSSES), left)
            self.lose(why or CaseReason.CLEARED_AT_A_LOSS, left)

    def give_back(self, minor: int) -> None:
        """Credit what the network gives back: what the programme has paid first, then what is owed, then the holder."""
        purse, why = self.purse()
        repaid = min(self.authorization.lost_minor, minor)
        rest = minor - repaid
        self.authorization.lost_minor -= repaid
        network, losses = self.programme(AccountKind.NETWORK_SETTLEMENT), self.programme(AccountKind.LOSSES)
        self.move("repaid", network, losses, repaid)
        if why is not None:
            self.move("kept", network, losses, rest)
            self.keep(why, rest)
        elif rest:
            receive(
                holder_id=self.card.holder_id, amount=Money(rest, self.currency), source=network,
                # Lines of activity are found by their reference: what it repaid must not stand for the payment.
                key=f"{self.message.key}:credit", code=str(self.message.kind), ref=f"{self.authorization.id}:credit",
                now=self.now,
                into=account_of(self.card) if purse is Purse.CARD else None,
            )  # fmt: skip

    def take_back(self, minor: int, *, credit: AccountRef) -> None:
        """Take what had been credited: what is still there, never more; the rest is the programme's loss.

        Raises:
            InsufficientFunds: others spend from main faster than it can be looked at; the message may come again.
        """
        purse, why = self.purse()
        source = self.account(purse)
        for attempt in range(_TRIES):
            there = 0 if purse is Purse.LOSSES else min(max(balances.available(source).minor, 0), minor)
            before = list(self.batch)
            self.move("taken", source, credit, there)
            self.move("losses", self.programme(AccountKind.LOSSES), credit, minor - there)
            try:
                self.flush()
                break
            except InsufficientFunds:
                if attempt == _TRIES - 1:
                    raise
                self.batch = before
        self.lose(why or CaseReason.TAKEN_BACK_AT_A_LOSS, minor - there)

    def _of_hold(self, op: Op, step: str, minor: int) -> None:
        if minor > 0:
            network = self.programme(AccountKind.NETWORK_SETTLEMENT)
            one = transfer(self.message, step, account_of(self.card), network, minor, self.authorization.id)
            self.batch.append(replace(one, op=op, hold=self.authorization.hold))
            self.authorization.held_minor -= minor

    # --- What a person looks at ----------------------------------------------------------------------

    def queue(self, reason: CaseReason, minor: int, *, lost: int = 0, kept: int = 0) -> None:
        """Lay it before a person."""
        self.is_queued = True
        queue(self.message, reason, self.authorization.id, Money(minor, self.currency), lost=lost, kept=kept)

    def lose(self, reason: CaseReason, minor: int) -> None:
        """The programme has paid it: a person may move it to the holder."""
        if minor > 0:
            self.authorization.lost_minor += minor
            self.queue(reason, minor, lost=minor)

    def keep(self, reason: CaseReason, minor: int) -> None:
        """The programme keeps it apart: a person may give it to the holder."""
        if minor > 0:
            self.queue(reason, minor, kept=minor)

    # --- How it ends -------------------------------------------------------------------------------

    def end(self) -> None:
        """Nothing is held: cleared for good if anything was cleared, else reversed."""
        if self.authorization.held_minor == 0:
            move_state(self.authorization, "reverse", Actor.network(self.message.network))

    def flush(self) -> None:
        """Move everything that was written down so far."""
        if self.batch:
            transfers.post(self.batch)
            self.batch = []

    def post(self) -> Outcome:
        """Move everything, write the row, bring what came free on a closed card home, and answer."""
        self.flush()
        self.authorization.save()
        sweep_closed(card=self.card, now=self.now)
        result = Result.REFUSED if self.is_refused else Result.QUEUED if self.is_queued else Result.APPLIED
        return Outcome(
            result,
            self.authorization.id,
            Money(self.authorization.held_minor, self.currency),
            Money(self.authorization.captured_minor, self.currency),
            None if self.chargeback is None else self.chargeback.id,
        )


def move_state(authorization: Authorization, event: str, actor: Actor) -> None:
    """Move the row's state by an event, or by `clear` when anything was cleared, with its audit row."""
    before = AuthorizationStatus(authorization.status)
    if authorization.captured_minor > 0:
        event = "clear"
    if before == AuthorizationStatus.CAPTURED:
        return
    after = AUTHORIZATION.after(before, event)
    authorization.status = after
    AUTHORIZATION.record(subject=authorization.id, event=event, before=before, after=after, actor=actor)


def hold_more(book: Book, amount: Money) -> bool:
    """Hold more if the card's rules and its money allow it, by the same decision as an authorization."""
    authorization = book.authorization
    if not amount:
        return True
    merchant = merchant_of(authorization)
    snapshot = snapshots.read(number_id=authorization.number or book.card.id).snapshot
    controls, number = snapshot.controls, snapshot.number
    before = authorization.authorized_minor - authorization.reversed_minor
    controls = replace(controls, per_transaction=_left(controls.per_transaction, before))
    # Whom the number was made for was asked with the payment, and this is the same one.
    number = replace(number, per_payment=_left(number.per_payment, before), accepts=None)
    # It is this very payment that has used a card for one payment.
    snapshot = replace(snapshot, controls=controls, number=number, is_used=False)
    decision = decide(snapshot, Ask(amount, merchant, merchant_mark(merchant.id, locked_to=snapshot.locked_to)))
    if not isinstance(decision, Approve):
        return False
    expires_at = book.now + hold_life(authorization.mcc)
    more = Transfer(
        Op.HOLD, f"{book.message.key}:hold", account_of(book.card), book.programme(AccountKind.NETWORK_SETTLEMENT),
        amount, "authorization", authorization.id, authorization.hold, expires_at,
    )  # fmt: skip
    try:
        with transaction.atomic():
            windows.consume(holder_id=authorization.holder_id, limit=Limit.SPENDING, amount=amount, now=book.now)
            (posted,) = transfers.post([more])
    except (InsufficientFunds, windows.LimitReached):
        return False
    authorization.hold = posted.hold
    spend(authorization, amount.minor)
    authorization.authorized_minor += amount.minor
    authorization.held_minor += amount.minor
    authorization.expires_at = expires_at
    return True


def _left(limit: int | None, used: int) -> int | None:
    return None if limit is None else max(limit - used, 0)


@needs_transaction
def expire(authorization: Authorization, card: Card, now: datetime) -> None:
    """End an authorization whose time is over; both rows are locked."""
    if authorization.held_minor:
        give_back_windows(authorization, authorization.held_minor)
        network = accounts.programme(AccountKind.NETWORK_SETTLEMENT, card.currency)
        amount = Money(authorization.held_minor, authorization.currency)
        transfers.post(
            [
                Transfer(
                    Op.RELEASE, f"expiry:{authorization.id}", account_of(card), network, amount,
                    "authorization_expiry", authorization.id, authorization.hold,
                )
            ]
        )  # fmt: skip
    authorization.held_minor = 0
    move_state(authorization, "expire", Actor.system("cards.authorizations.expire"))
    authorization.save()
    sweep_closed(card=card, now=now)


def merchant_of(authorization: Authorization) -> Merchant:
    """The merchant of an authorization; without a name where the holder's keys are gone.

    Nor does it open where the holder was gone before it came (`seal_merchant`), or where somebody has touched it: the
    money that is due moves all the same, and the log says which payment it was.
    """
    try:
        kept = authorization.merchant
    except (KeyDestroyed, DecryptionFailed) as closed:
        if isinstance(closed, DecryptionFailed):
            log.warning("cards.authorization.merchant_does_not_open", authorization=authorization.id)
        return Merchant("unknown", "", authorization.mcc, authorization.country)
    return Merchant(kept["id"], kept["name"], kept["mcc"], kept["country"])


def spend(authorization: Authorization, minor: int) -> None:
    """Count what cannot be refused any more, whatever the windows say."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT cards_spend(%s, %s, NULL, NULL, NULL, false, NULL), vault_count(%s, %s)",
            [authorization.card_id, minor, authorization.number, minor],
        )


def give_back_windows(authorization: Authorization, minor: int) -> None:
    """Give back to the windows from which it was taken: an increment of another day to that day's."""
    if authorization.hold is None:
        return
    for taken_at, part in holds.newest(authorization.hold, minor):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT cards_unspend(%s, %s, %s), vault_give_back(%s, %s)",
                [authorization.card_id, part, taken_at, authorization.number, part],
            )
        amount = Money(part, authorization.currency)
        windows.give_back(holder_id=authorization.holder_id, limit=Limit.SPENDING, amount=amount, used_at=taken_at)


def queue(
    message: Message, reason: CaseReason, authorization_id: str, amount: Money, *, lost: int = 0, kept: int = 0
) -> None:
    """Lay a case before a person."""
    QueuedCase.objects.create(
        reason=reason, network=message.network, ref=message.ref, kind=message.kind, authorization_id=authorization_id,
        amount_minor=amount.minor, lost_minor=lost, kept_minor=kept, currency=amount.currency, at=clock.now(),
    )  # fmt: skip


def transfer(message: Message, step: str, debit: AccountRef, credit: AccountRef, minor: int, ref: str) -> Transfer:
    """A transfer of one message, under a key of its own."""
    amount = Money(minor, debit.currency)
    return Transfer(Op.POST, f"{message.key}:{step}", debit, credit, amount, str(message.kind), ref)


def post_all(parts: Sequence[Transfer]) -> None:
    """Move what belongs to no authorization."""
    if parts:
        transfers.post(parts)
