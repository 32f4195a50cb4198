"""The reference model: a card and its payments in plain Python, written from the documents and not from the code.

One holder, one card, one currency. Amounts are minor units, time is in whole days. Each message gives
(result, held, captured); the balances are attributes. Programme accounts count from nothing: what they paid is negative.
"""

from collections import Counter
from dataclasses import dataclass, field

APPLIED, QUEUED, REFUSED = "applied", "queued", "refused"
HOLD_DAYS = 7
Answer = tuple[str, int, int]


@dataclass(eq=False)
class Payment:
    status: str
    authorized: int = 0
    expires: int = 0
    tips: bool = False
    held: int = 0
    captured: int = 0
    reversed: int = 0
    refunded: int = 0
    unrefunded: int = 0
    lost: int = 0
    parts: set[int] = field(default_factory=set)
    #: What is held, by the day on which it was: the newest goes first when it is released.
    taken: list[list[int]] = field(default_factory=list)
    disputes: list["Dispute"] = field(default_factory=list)

    @property
    def returned(self) -> int:
        return max(self.refunded - self.unrefunded, 0)


@dataclass(eq=False)
class Dispute:
    payment: Payment
    amount: int
    credited: int = 0
    status: str = "open"


@dataclass
class Wallet:
    per_transaction: int | None = None
    daily: int | None = None
    main: int = 0
    card: int = 0
    owed: int = 0
    losses: int = 0
    receivable: int = 0
    network: int = 0
    status: str = "active"
    day: int = 0
    spent: Counter[int] = field(default_factory=Counter)
    lifetime: int = 0
    cases: list[tuple[Payment, int, int]] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    queued: bool = False

    # --- The holder -----------------------------------------------------------------------------------

    def top_up(self, amount: int) -> None:
        self._receive(amount, to_card=False)

    def load(self, amount: int) -> bool:
        if self.status == "closed" or amount > self.main:
            return False
        self.main, self.card = self.main - amount, self.card + amount
        return True

    def close(self) -> None:
        self.status = "closed"
        self._sweep()

    def later(self, days: int) -> None:
        """Time goes on; what is over ends."""
        self.day += days
        for payment in self.payments:
            if payment.status == "approved" and payment.expires <= self.day:
                self._release(payment, payment.held)
                payment.status = "captured" if payment.captured else "expired"
        self._sweep()

    def charge_all(self) -> None:
        """A person finds all losses to be the holder's, and gives what was kept apart."""
        for payment, lost, kept in self.cases:
            due = min(lost, payment.lost)
            from_main = min(due, self.main)
            self.main, self.owed = self.main - from_main, self.owed + due - from_main
            self.losses, payment.lost = self.losses + due, payment.lost - due
            self.losses -= kept
            self._receive(kept, to_card=False)
        self.cases = []

    # --- The network ----------------------------------------------------------------------------------

    def authorize(self, amount: int, *, partial: bool = False, tips: bool = False) -> Payment | None:
        room = self._room(0)
        if self.status != "active" or (amount > room and not (partial and room)):
            return None
        payment = Payment("approved", tips=tips)
        self.payments.append(payment)
        self._hold(payment, min(amount, room))
        return payment

    def increment(self, payment: Payment, amount: int) -> Answer:
        self.queued = False
        if payment.status != "approved":
            return self._case(payment)
        asked = payment.authorized - payment.reversed
        if amount and (self.status != "active" or amount > self._room(asked)):
            return REFUSED, payment.held, payment.captured
        if amount:
            self._hold(payment, amount)
        return self._answer(payment)

    def reverse(self, payment: Payment, amount: int | None) -> Answer:
        self.queued = False
        if payment.status != "approved":
            return self._case(payment)
        asked = payment.held if amount is None else amount
        least = min(asked, payment.held)
        payment.reversed += least
        self._release(payment, least)
        self._end(payment)
        return self._case(payment) if asked > least else self._answer(payment)

    def capture(self, payment: Payment, amount: int, *, final: bool = False, part: int = 0, of: int = 0) -> Answer:
        self.queued = part in payment.parts
        payment.parts |= {part} if part else set()
        payment.captured += amount
        if payment.status != "approved":
            if amount:
                self._clear(payment, amount)
            if payment.captured:
                payment.status = "captured"
            return self._answer(payment)
        settled = min(amount, payment.held)
        self.network, payment.held = self.network + settled, payment.held - settled
        if final or (of and len(payment.parts) >= of):
            self._release(payment, payment.held)
        self._end(payment)
        approved = payment.authorized - payment.reversed
        most = approved + (approved * 20 // 100 if payment.tips else 0)
        if amount > settled:
            within = payment.captured <= most and self.status != "closed"
            self._clear(payment, amount - settled, tolerated=within)
            self.queued |= not within
        self._sweep()
        return self._answer(payment)

    def force_post(self, amount: int) -> tuple[Payment, Answer]:
        self.queued = False
        payment = Payment("captured", captured=amount)
        self.payments.append(payment)
        if amount:
            self._clear(payment, amount)
        return payment, self._answer(payment)

    def refund(self, payment: Payment | None, amount: int) -> tuple[Payment, Answer]:
        self.queued = False
        unlinked = payment is None
        payment = payment or Payment("captured")
        if unlinked:
            self.payments.append(payment)
        before = payment.returned
        payment.refunded += amount
        self._give(payment, payment.returned - before)
        self.queued |= not unlinked and payment.returned > payment.captured
        return payment, self._answer(payment)

    def unrefund(self, payment: Payment, amount: int) -> Answer:
        self.queued = False
        before = payment.returned
        payment.unrefunded += amount
        taken = before - payment.returned
        self._take(payment, taken)
        self.network += taken
        self.queued |= amount > taken
        return self._answer(payment)

    def dispute(self, payment: Payment, amount: int) -> tuple[Dispute, Answer]:
        self.queued = False
        paid = payment.captured - payment.lost - payment.returned - sum(one.credited for one in payment.disputes)
        dispute = Dispute(payment, amount, min(amount, max(paid, 0)))
        payment.disputes.append(dispute)
        self.receivable -= dispute.credited
        self._land(dispute.credited)
        self.queued = amount > dispute.credited
        return dispute, self._answer(payment)

    def win(self, dispute: Dispute) -> Answer:
        self.queued = False
        if dispute.status == "won":
            return self._case(dispute.payment)
        if dispute.status == "open":
            self.receivable += dispute.credited
            self.network -= dispute.credited
            self._give(dispute.payment, dispute.amount - dispute.credited)
        else:
            repaid = min(dispute.payment.lost, dispute.amount)
            dispute.payment.lost -= repaid
            self.network, self.losses = self.network - dispute.amount, self.losses + dispute.amount
            self._open(dispute.payment, 0, dispute.amount - repaid)
        dispute.status, dispute.credited = "won", dispute.amount
        return self._answer(dispute.payment)

    def lose(self, dispute: Dispute) -> Answer:
        self.queued = False
        if dispute.status == "lost":
            return self._case(dispute.payment)
        if dispute.status == "open":
            self._take(dispute.payment, dispute.credited)
            self.receivable += dispute.credited
        else:
            self._lose(dispute.payment, dispute.amount)
            self.network += dispute.amount
        dispute.status, dispute.credited = "lost", 0
        return self._answer(dispute.payment)

    # --- How money moves ------------------------------------------------------------------------------

    def _room(self, asked: int) -> int:
        rooms = [self.card]
        if self.per_transaction is not None:
            rooms.append(self.per_transaction - asked)
        if self.daily is not None:
            rooms.append(self.daily - self.spent[self.day])
        return max(min(rooms), 0)

    def _hold(self, payment: Payment, amount: int) -> None:
        payment.authorized, payment.held = payment.authorized + amount, payment.held + amount
        payment.expires, self.card = self.day + HOLD_DAYS, self.card - amount
        payment.taken.append([self.day, amount])
        self._spend(amount)

    def _release(self, payment: Payment, amount: int) -> None:
        payment.held, self.card = payment.held - amount, self.card + amount
        while amount:
            day, taken = payment.taken[-1]
            part = min(taken, amount)
            self.spent[day] = max(self.spent[day] - part, 0)
            self.lifetime = max(self.lifetime - part, 0)
            payment.taken[-1][1], amount = taken - part, amount - part
            if payment.taken[-1][1] == 0:
                payment.taken.pop()
        self._sweep()

    def _clear(self, payment: Payment, amount: int, *, tolerated: bool = False) -> None:
        paid = min(self.card, amount)
        self.card, self.network = self.card - paid, self.network + amount
        self._spend(amount)
        if tolerated:
            self.owed += amount - paid
        else:
            self._lose(payment, amount - paid)

    def _give(self, payment: Payment, amount: int) -> None:
        repaid = min(payment.lost, amount)
        payment.lost, self.losses = payment.lost - repaid, self.losses + repaid
        self.network -= amount
        self._receive(amount - repaid, to_card=True)

    def _take(self, payment: Payment, amount: int) -> None:
        there = min(self.main if self.status == "closed" else self.card, amount)
        self._land(-there)
        self._lose(payment, amount - there)

    def _lose(self, payment: Payment, amount: int) -> None:
        self.losses, payment.lost = self.losses - amount, payment.lost + amount
        if amount:
            self._open(payment, amount, 0)

    def _receive(self, amount: int, *, to_card: bool) -> None:
        repaid = min(self.owed, amount)
        self.owed -= repaid
        if to_card:
            self._land(amount - repaid)
        else:
            self.main += amount - repaid

    def _land(self, amount: int) -> None:
        if self.status == "closed":
            self.main += amount
        else:
            self.card += amount

    def _spend(self, amount: int) -> None:
        self.spent[self.day] += amount
        self.lifetime += amount

    def _sweep(self) -> None:
        if self.status == "closed":
            self.main, self.card = self.main + self.card, 0

    def _end(self, payment: Payment) -> None:
        if payment.held == 0:
            payment.status = "captured" if payment.captured else "reversed"

    def _open(self, payment: Payment, lost: int, kept: int) -> None:
        self.cases.append((payment, lost, kept))
        self.queued = True

    def _case(self, payment: Payment) -> Answer:
        self.queued = True
        return self._answer(payment)

    def _answer(self, payment: Payment) -> Answer:
        return QUEUED if self.queued else APPLIED, payment.held, payment.captured
