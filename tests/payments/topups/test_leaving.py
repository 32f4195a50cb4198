"""Somebody leaves: their money goes back to the card it came from, and only then is anything erased (settled.md 10)."""

from typing import Any

import pytest

from payments.topups.models import TopUpRefund, Withdrawal
from privacy.rights import erasing
from privacy.rights.models import ErasureStatus
from tests.payments.topups.stripe_cast import Stripe, at_stripe, on_main, pay_away, run_worker, topped_up
from tests.support.people import Person
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.ledger import accounts, balances
from wallet.ledger.accounts import AccountKind
from wallet.ledger.verify import verify

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _the_log_is_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sealer is another process."""
    monkeypatch.setattr(erasing, "is_sealed", lambda _holder_id: True)


def carry_on(person: Person) -> ErasureStatus | None:
    return erasing.carry_on(holder_id=person.holder.pk, now=clock.now())


@pytest.mark.parametrize("method", ["4242424242424242", "4000000000007726"])
def test_who_leaves_gets_their_money_back_before_anything_is_erased(stripe: Stripe, alice: Person, method: str) -> None:
    """Break: erase while a refund is on its way."""
    before = at_stripe()
    topped_up(stripe, alice, 5000, method=method)
    erasing.request_erasure(holder_id=alice.holder.pk, actor=Actor.holder(alice.holder.pk), now=clock.now())
    assert carry_on(alice) is ErasureStatus.PAYING_OUT
    assert on_main(alice) == 0
    run_worker()
    part = TopUpRefund.objects.get(top_up__holder_id=alice.holder.pk)
    if part.status == "pending":
        assert carry_on(alice) is ErasureStatus.PAYING_OUT
        since = stripe.seen
        stripe.do("end-refund", refund=part.gateway_ref, is_paid=True)
        stripe.deliver(since=since)
    assert Withdrawal.objects.get(holder_id=alice.holder.pk).status == "succeeded"
    assert carry_on(alice) is ErasureStatus.DONE
    fee: Any = part.top_up.fee_minor
    assert at_stripe() - before == -fee
    assert verify().differences == []


def test_a_dispute_that_comes_after_its_holder_has_left_is_the_programmes(stripe: Stripe, alice: Person) -> None:
    """settled.md 1. Break: make somebody who is gone owe, or tell them."""
    top_up = topped_up(stripe, alice, 5000)
    pay_away(alice, 5000)
    erasing.request_erasure(holder_id=alice.holder.pk, actor=Actor.holder(alice.holder.pk), now=clock.now())
    assert carry_on(alice) is ErasureStatus.DONE
    losses = accounts.programme(AccountKind.LOSSES, "EUR")
    before, since = balances.of_programme(losses).minor, stripe.seen
    dispute = stripe.do("dispute", payment=top_up)["id"]
    stripe.deliver(since=since, times=2)
    assert balances.of_programme(losses).minor - before == -5000
    since = stripe.seen
    stripe.do("end-dispute", dispute=dispute, status="won")
    stripe.deliver(since=since)
    assert (balances.of_programme(losses).minor, on_main(alice)) == (before, 0)
    assert verify().differences == []
