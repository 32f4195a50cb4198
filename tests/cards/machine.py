"""standard.md L06: the life of a card as hypothesis plays it, the system beside the reference model after each step."""

from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.cards.clocks import Clock, own_clock
from tests.cards.model import Dispute, Payment
from tests.cards.pairs import Pair
from wallet.ledger.verify import verify

MONEY = st.sampled_from([1, 50, 199, 200, 400, 500, 700, 1000, 1200, 1500])
SOME = st.one_of(MONEY, st.just(0))
PARTS = st.sampled_from([(1, 2), (2, 2), (1, 3), (3, 3), (1, 1)])


class CardLife(RuleBasedStateMachine):
    """Everything that can happen to one card and its payments."""

    payments: Any = Bundle("payments")
    disputes: Any = Bundle("disputes")

    def __init__(self) -> None:
        super().__init__()
        self._hands = own_clock()
        self.clock: Clock = self._hands.__enter__()
        self.clock.set(0)
        self.pair: Pair

    @initialize(
        load=st.sampled_from([0, 1000, 2000]), daily=st.sampled_from([None, 2500]),
        per_transaction=st.sampled_from([None, 1200]),
    )  # fmt: skip
    def begin(self, load: int, daily: int | None, per_transaction: int | None) -> None:
        self.pair = Pair(load=load, daily=daily, per_transaction=per_transaction)

    @rule(minor=MONEY)
    def top_up(self, minor: int) -> None:
        self.pair.top_up(minor)

    @rule(minor=MONEY)
    def load(self, minor: int) -> None:
        self.pair.load_card(minor)

    @rule(target=payments, minor=SOME, partial=st.booleans(), tips=st.booleans())
    def authorize(self, minor: int, *, partial: bool, tips: bool) -> Any:
        payment = self.pair.authorize(minor, partial=partial, tips=tips)
        return payment or self.pair.remember_declined()

    @rule(payment=payments, minor=SOME)
    def increment(self, payment: Payment, minor: int) -> None:
        self.pair.increment(payment, minor)

    @rule(payment=payments, minor=st.one_of(SOME, st.none()))
    def reverse(self, payment: Payment, minor: int | None) -> None:
        self.pair.reverse(payment, minor)

    @rule(payment=payments, minor=SOME, final=st.booleans())
    def capture(self, payment: Payment, minor: int, *, final: bool) -> None:
        self.pair.capture(payment, minor, final=final)

    @rule(payment=payments, minor=SOME, part=PARTS)
    def capture_in_parts(self, payment: Payment, minor: int, part: tuple[int, int]) -> None:
        self.pair.capture(payment, minor, part=part[0], of=part[1])

    @rule(target=payments, minor=SOME)
    def force_post(self, minor: int) -> Payment:
        return self.pair.force_post(minor)

    @rule(payment=payments, minor=MONEY)
    def refund(self, payment: Payment, minor: int) -> None:
        self.pair.refund(payment, minor)

    @rule(target=payments, minor=MONEY)
    def refund_to_the_number(self, minor: int) -> Payment:
        return self.pair.refund(None, minor)

    @rule(payment=payments, minor=MONEY)
    def take_refund_back(self, payment: Payment, minor: int) -> None:
        self.pair.unrefund(payment, minor)

    @rule(target=disputes, payment=payments, minor=MONEY)
    def dispute(self, payment: Payment, minor: int) -> Dispute:
        return self.pair.dispute(payment, minor)

    @rule(dispute=disputes)
    def win(self, dispute: Dispute) -> None:
        self.pair.win(dispute)

    @rule(dispute=disputes)
    def lose(self, dispute: Dispute) -> None:
        self.pair.lose(dispute)

    @precondition(lambda self: self.pair.last is not None)
    @rule()
    def say_it_again(self) -> None:
        self.pair.repeat()

    @rule()
    def charge_the_holder(self) -> None:
        self.pair.charge_all()

    @rule(days=st.sampled_from([1, 3, 8]))
    def later(self, days: int) -> None:
        self.clock.set(self.pair.model.day + days)
        self.pair.expired(days)

    @precondition(lambda self: self.pair.model.status == "active")
    @rule()
    def freeze(self) -> None:
        self.pair.freeze()

    @precondition(lambda self: self.pair.model.status == "frozen")
    @rule()
    def unfreeze(self) -> None:
        self.pair.unfreeze()

    @precondition(lambda self: self.pair.model.status != "closed" and len(self.pair.names) > 3)
    @rule(surely=st.integers(0, 4))
    def close(self, surely: int) -> None:
        """Now and then: what comes after it is the shorter part of a card's life."""
        if surely == 0:
            self.pair.close()

    @invariant()
    def the_system_is_what_the_model_says(self) -> None:
        if hasattr(self, "pair"):
            self.pair.check()

    def teardown(self) -> None:
        try:
            assert verify().is_green
        finally:
            self._hands.__exit__(None, None, None)


def as_found(*, examples: int, steps: int = 1) -> settings:
    """How hypothesis plays: the failure that it finds is shown, with how to play it again.

    It does not look for a shorter one: on a real database that takes longer than a test may.
    """
    return settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, database=None, print_blob=True,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
