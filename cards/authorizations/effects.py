"""What each effect of `rules` does to the books. One function for each; the table says when.

A function writes down what moves; `Book.post` moves it. Refunds and their reversals are sums: what the holder has of
them is what was refunded less what was taken back, so their order does not matter.
"""

from collections.abc import Callable, Mapping

from cards.authorizations import books
from cards.authorizations.books import Book
from cards.authorizations.cases import CaseReason
from cards.authorizations.messages import Message, Outcome, Said
from cards.authorizations.models import Authorization, Chargeback, NetworkMessage
from cards.authorizations.rules import Effect, Purse, Rule
from cards.authorizations.states import CHARGEBACK, ChargebackStatus, MessageKind, Result
from cards.authorizations.terms import most_cleared
from wallet.core.actors import Actor
from wallet.core.money import Money
from wallet.ledger import accounts
from wallet.ledger.accounts import AccountKind
from wallet.limits import windows
from wallet.users import freezes

OnBook = Callable[[Book, Said, Rule], None]


def _hold_more(book: Book, said: Said, _rule: Rule) -> None:
    """A refused increment leaves what is held as it is; a frozen holder's is refused, and a freeze waits for it."""
    book.is_refused = not freezes.may_spend(book.authorization.holder_id) or not books.hold_more(
        book, _amount(book, said)
    )


def _release(book: Book, said: Said, _rule: Rule) -> None:
    """Give back what is held, or part of it; never what was cleared."""
    asked = _amount(book, said).minor
    least = min(asked, book.authorization.held_minor)
    book.authorization.reversed_minor += least
    book.release(least)
    book.end()
    if asked > least:
        book.queue(CaseReason.REVERSAL_BEYOND_HOLD, asked - least)


def _settle(book: Book, said: Said, _rule: Rule) -> None:
    """What is held pays first; what is more is cleared beyond the hold."""
    payment, minor = book.authorization, _amount(book, said).minor
    is_final = said.is_final or _is_last_part(book, said)
    settled = min(minor, payment.held_minor)
    payment.captured_minor += minor
    book.settle(settled)
    if is_final:
        book.release(payment.held_minor)
    book.end()
    if (over := minor - settled) > 0:
        most = most_cleared(payment.authorized_minor - payment.reversed_minor, payment.mcc)
        is_tolerated = payment.captured_minor <= most and book.purse()[0] is Purse.CARD
        book.clear_beyond(over, is_tolerated=is_tolerated)
        if not is_tolerated:
            book.queue(CaseReason.CAPTURE_BEYOND_TOLERANCE, over)


def _clear(book: Book, said: Said, _rule: Rule) -> None:
    """Nothing is held for it: what is on the card pays, never more. It revives no hold."""
    minor = _amount(book, said).minor
    _is_last_part(book, said)
    if book.message.kind != MessageKind.FORCE_POST:
        book.authorization.captured_minor += minor
    if minor:
        book.clear_beyond(minor, is_tolerated=False)
    if book.authorization.captured_minor:
        book.end()


def _give_back(book: Book, said: Said, rule: Rule) -> None:
    payment, minor = book.authorization, _amount(book, said).minor
    before = _refunded(payment)
    payment.refunded_minor += minor
    book.give_back(_refunded(payment) - before)
    beyond = min(minor, _refunded(payment) - payment.captured_minor)
    if beyond > 0 and CaseReason.REFUND_BEYOND_CLEARING in rule.cases:
        book.queue(CaseReason.REFUND_BEYOND_CLEARING, beyond)


def _take_back(book: Book, said: Said, _rule: Rule) -> None:
    payment, minor = book.authorization, _amount(book, said).minor
    before = _refunded(payment)
    payment.refund_reversed_minor += minor
    taken = before - _refunded(payment)
    book.take_back(taken, credit=book.programme(AccountKind.NETWORK_SETTLEMENT))
    if minor > taken:
        book.queue(CaseReason.REFUND_REVERSAL_BEYOND_REFUND, minor - taken)


def _dispute(book: Book, said: Said, _rule: Rule) -> None:
    """Lend the holder what they have paid and not got back, until the dispute is decided.

    It repays nothing that is owed: it is not theirs yet. Where the law's limit on stored money has no room, it comes
    when the dispute is won.
    """
    payment, minor = book.authorization, _amount(book, said).minor
    paid = payment.captured_minor - payment.lost_minor - _refunded(payment) - book.disputed_minor
    disputed = min(minor, max(paid, 0))
    purse, why = book.purse()
    credit = disputed if why is None and _has_room(book, disputed) else 0
    book.move("lent", book.programme(AccountKind.DISPUTE_RECEIVABLE), book.account(purse), credit)
    book.chargeback = Chargeback.objects.create(
        authorization=payment, amount_minor=minor, credited_minor=credit, currency=book.currency, opened_at=book.now
    )
    if why is not None:
        book.queue(why, minor)
    if minor > disputed:
        book.queue(CaseReason.CHARGEBACK_BEYOND_CLEARING, minor - disputed)


def _win(book: Book, _said: Said, _rule: Rule) -> None:
    """The network pays: it settles what was lent, and the rest comes now."""
    chargeback = _disputed(book)
    lent = chargeback.credited_minor
    book.move("settled", *_network_and_receivable(book), lent)
    book.give_back(chargeback.amount_minor - lent)
    chargeback.credited_minor = chargeback.amount_minor
    _decide(book, chargeback, "win")


def _lose(book: Book, _said: Said, _rule: Rule) -> None:
    """What was lent goes back, as far as it is still there."""
    chargeback = _disputed(book)
    book.take_back(chargeback.credited_minor, credit=book.programme(AccountKind.DISPUTE_RECEIVABLE))
    chargeback.credited_minor = 0
    _decide(book, chargeback, "lose")


def _turn_to_won(book: Book, _said: Said, _rule: Rule) -> None:
    """The network pays after all: what the programme has paid first, the rest is kept for a person to give."""
    chargeback, payment = _disputed(book), book.authorization
    network, losses = book.programme(AccountKind.NETWORK_SETTLEMENT), book.programme(AccountKind.LOSSES)
    book.move("kept", network, losses, chargeback.amount_minor)
    repaid = min(payment.lost_minor, chargeback.amount_minor)
    payment.lost_minor -= repaid
    chargeback.credited_minor = chargeback.amount_minor
    kept = chargeback.amount_minor - repaid
    book.queue(CaseReason.CHARGEBACK_TURNED, chargeback.amount_minor, kept=kept)
    _decide(book, chargeback, "win")


def _turn_to_lost(book: Book, _said: Said, _rule: Rule) -> None:
    """The network takes it back after all: the programme pays, and a person may move it to the holder."""
    chargeback = _disputed(book)
    book.pay("losses", book.programme(AccountKind.LOSSES), chargeback.amount_minor)
    book.lose(CaseReason.CHARGEBACK_TURNED, chargeback.amount_minor)
    chargeback.credited_minor = 0
    _decide(book, chargeback, "lose")


def _leave(book: Book, said: Said, rule: Rule) -> None:
    """Nothing moves."""
    minor = book.chargeback.amount_minor if book.chargeback is not None else _amount(book, said).minor
    book.queue(rule.cases[0], minor)


ON_BOOK: Mapping[Effect, OnBook] = {
    Effect.HOLD_MORE: _hold_more,
    Effect.RELEASE: _release,
    Effect.SETTLE: _settle,
    Effect.CLEAR: _clear,
    Effect.GIVE_BACK: _give_back,
    Effect.TAKE_BACK: _take_back,
    Effect.DISPUTE: _dispute,
    Effect.WIN: _win,
    Effect.LOSE: _lose,
    Effect.TURN_TO_WON: _turn_to_won,
    Effect.TURN_TO_LOST: _turn_to_lost,
    Effect.LEAVE: _leave,
}


def _pay_for_nobody(message: Message, amount: Money, rule: Rule) -> Outcome:
    """The network has taken it, and it is nobody's: the programme's loss."""
    return _for_nobody(message, amount, rule, is_paid=True)


def _keep_for_nobody(message: Message, amount: Money, rule: Rule) -> Outcome:
    """Money that came for nobody is kept with the losses until a person has looked at it."""
    return _for_nobody(message, amount, rule, is_paid=False)


OF_NOBODY: Mapping[Effect, Callable[[Message, Money, Rule], Outcome]] = {
    Effect.PAY_FOR_NOBODY: _pay_for_nobody,
    Effect.KEEP_FOR_NOBODY: _keep_for_nobody,
}


def _for_nobody(message: Message, amount: Money, rule: Rule, *, is_paid: bool) -> Outcome:
    network = accounts.programme(AccountKind.NETWORK_SETTLEMENT, amount.currency)
    losses = accounts.programme(AccountKind.LOSSES, amount.currency)
    debit, credit = (losses, network) if is_paid else (network, losses)
    if amount:
        books.post_all([books.transfer(message, "losses", debit, credit, amount.minor, message.ref)])
    lost, kept = (amount.minor, 0) if is_paid else (0, amount.minor)
    books.queue(message, rule.cases[0], "", amount, lost=lost, kept=kept)
    nothing = Money(0, amount.currency)
    return Outcome(Result.QUEUED, None, nothing, amount if is_paid else nothing)


def _amount(book: Book, said: Said) -> Money:
    return Money(book.authorization.held_minor, book.currency) if said.amount is None else said.amount


def _refunded(payment: Authorization) -> int:
    """What stands of the refunds: an early reversal waits for its refund."""
    return max(payment.refunded_minor - payment.refund_reversed_minor, 0)


def _is_last_part(book: Book, said: Said) -> bool:
    """Whether all parts of a clearing are here now, in whatever order they came; one that comes again is a case."""
    if not said.parts:
        return False
    seen = set(
        NetworkMessage.objects.filter(authorization_id=book.authorization.id, kind=MessageKind.CAPTURE)
        .exclude(sequence=0)
        .values_list("sequence", flat=True)
    )
    if book.message.sequence in seen:
        book.queue(CaseReason.CAPTURE_SEQUENCE_REPEATED, _amount(book, said).minor)
    return len(seen | {book.message.sequence}) >= said.parts


def _has_room(book: Book, minor: int) -> bool:
    try:
        windows.require_room(holder_id=book.card.holder_id, amount=Money(minor, book.currency), now=book.now)
    except windows.LimitReached:
        return False
    return True


def _disputed(book: Book) -> Chargeback:
    assert book.chargeback is not None  # for the type checker
    return book.chargeback


def _network_and_receivable(book: Book) -> tuple[accounts.AccountRef, accounts.AccountRef]:
    return book.programme(AccountKind.NETWORK_SETTLEMENT), book.programme(AccountKind.DISPUTE_RECEIVABLE)


def _decide(book: Book, chargeback: Chargeback, event: str) -> None:
    before = ChargebackStatus(chargeback.status)
    chargeback.status = after = CHARGEBACK.after(before, event)
    chargeback.save(update_fields=["status", "credited_minor"])
    actor = Actor.network(book.message.network)
    CHARGEBACK.record(subject=chargeback.id, event=event, before=before, after=after, actor=actor)
