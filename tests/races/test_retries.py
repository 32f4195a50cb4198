"""L11: a serialization failure or a deadlock at any statement is tried again, seen by nobody, and moves money once."""

import secrets
from collections.abc import Callable, Iterator

import pytest
from django.db import OperationalError, transaction

from cards.issuing.cards import load_card
from payments.topups.gateway import Payment, PaymentState
from payments.topups.models import TopUp, TopUpStatus
from payments.topups.top_ups import apply
from tests.cards.acquirer import issue
from tests.payments import cast
from tests.payments.requests.test_requests_api import Story
from tests.support.injected import at_every_statement, injected
from tests.wallet.ledger.moving import NETWORK, fresh_main, transfer
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.money import Money
from wallet.core.transactions import owns_transaction, sqlstate
from wallet.ledger import accounts, balances, rollup
from wallet.ledger.transfers import Op, post
from wallet.ledger.verify import verify
from wallet.limits.receiving import receive

pytestmark = pytest.mark.django_db(transaction=True)

#: Prepares, yields, does it, yields, checks.
Act = Callable[[], Iterator[None]]


def free(ref: accounts.AccountRef) -> int:
    return balances.available(ref).minor


def posting() -> Act:
    with transaction.atomic():
        alice, bob = fresh_main(100_000), fresh_main()
    commit = owns_transaction(post)

    def act() -> Iterator[None]:
        before = free(alice), free(bob)
        yield
        commit([transfer(alice, bob, 30), transfer(alice, NETWORK, 10, op=Op.HOLD)])
        yield
        assert (free(alice), free(bob)) == (before[0] - 40, before[1] + 30)

    return act


def receiving() -> Act:
    """With a shortfall that is repaid first."""
    with transaction.atomic():
        alice = fresh_main()
    owed, take = accounts.shortfall(alice.holder, "EUR"), owns_transaction(receive)

    def act() -> Iterator[None]:
        with transaction.atomic():
            post([transfer(owed, NETWORK, 40)])
        before = free(alice)
        yield
        take(
            holder_id=alice.holder, amount=Money(100, "EUR"), source=NETWORK, key=secrets.token_hex(8), code="test",
            ref="test", now=clock.now(),
        )  # fmt: skip
        yield
        assert (free(owed), free(alice)) == (0, before + 60)

    return act


def topping_up() -> Act:
    holder = cast.holder()
    main = accounts.main(holder.id, "EUR")

    def act() -> Iterator[None]:
        now = clock.now()
        top_up = TopUp.objects.create(
            holder_id=holder.id, amount_minor=700, currency="EUR", card_id="", gateway="sandbox",
            status=TopUpStatus.PENDING, created_at=now,
        )  # fmt: skip
        before = free(main)
        payment = Payment("session", secrets.token_hex(8), PaymentState.PAID, Money(700, "EUR"))
        yield
        for _event in range(2):
            apply(top_up_id=top_up.id, payment=payment, actor=Actor.system("test"), now=now)
        yield
        assert free(main) == before + 700

    return act


def loading() -> Act:
    alice = cast.holder()
    card = cast.card(alice, 1_000)
    source, on_card = accounts.main(alice.id, "EUR"), accounts.card(card.id, alice.id, "EUR")

    def act() -> Iterator[None]:
        cast.fund(alice, 60)
        before = free(source), free(on_card)
        yield
        load_card(card=card, amount=Money(60, "EUR"), actor=Actor.holder(alice.id), now=clock.now())
        yield
        assert (free(source), free(on_card)) == (before[0] - 60, before[1] + 60)

    return act


def tapping() -> Act:
    story = Story()

    def act() -> Iterator[None]:
        made = story.asked(500)
        before = story.on_card(), story.main(story.bob)
        yield
        answer = story.pay(made["id"])
        yield
        assert (answer.status_code, answer.json()["status"]) == (200, "paid")
        assert (story.on_card(), story.main(story.bob)) == (before[0] - 500, before[1] + 500)

    return act


def authorizing() -> Act:
    card = issue(100_000)

    def act() -> Iterator[None]:
        before = card.balance
        yield
        answer = card.authorize(300)
        yield
        assert answer["response_code"] == "00"
        assert card.balance == (before[0] - 300, before[1] + 300)

    return act


def clearing() -> Act:
    card = issue(100_000)

    def act() -> Iterator[None]:
        made = card.authorize(300)
        before = card.balance
        yield
        answer = card.message(made["authorization"], "captures", 300, final=True)
        yield
        assert answer["result"] == "applied"
        assert card.balance == (before[0], before[1] - 300)

    return act


#: Each service, and how many statements its transaction has at least.
SERVICES: dict[str, tuple[Callable[[], Act], int]] = {
    "posting": (posting, 1), "receiving": (receiving, 3), "topping_up": (topping_up, 8), "loading": (loading, 3),
    "tapping": (tapping, 8), "authorizing": (authorizing, 2), "clearing": (clearing, 5),
}  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
def test_a_failure_at_any_statement_is_tried_again(service: str):
    """Break: `owns_transaction` without its loop; `raise … from None` in the gate, which takes the cause along."""
    make, least = SERVICES[service]
    assert at_every_statement(make()) >= least
    assert verify().differences == []


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_three_in_a_row_are_survived_and_a_fourth_is_an_error_without_an_effect(state: str):
    """Break: `range(_RETRIES)`."""
    with transaction.atomic():
        alice, bob = fresh_main(100), fresh_main()
    commit = owns_transaction(post)
    with injected(state, at=1, times=3):
        commit([transfer(alice, bob, 10)])
    assert free(bob) == 10
    with injected(state, at=1, times=10) as injection, pytest.raises(OperationalError) as seen:
        commit([transfer(alice, bob, 10)])
    assert (sqlstate(seen.value), injection.raised, free(bob)) == (state, 4, 10)


def test_other_errors_are_not_tried_again():
    """Break: retrying every OperationalError; what a broken line did is unknown."""
    with transaction.atomic():
        alice, bob = fresh_main(100), fresh_main()
    with injected("57014", at=1, times=10) as injection, pytest.raises(OperationalError):
        owns_transaction(post)([transfer(alice, bob, 10)])
    assert (injection.raised, free(bob)) == (1, 0)


def test_the_roll_up_is_tried_again():
    """Break: `owns_transaction` without its loop."""
    with transaction.atomic():
        fresh_main(100)
    with injected("40001", at=1):
        assert rollup.roll_up() > 0
    assert rollup.roll_up() == 0
