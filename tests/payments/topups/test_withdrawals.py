"""Money back out, by API and page: to the lots it came from, once, and back into the wallet where it cannot go."""

import threading

import pytest
from django.db import connection
from django.test import Client

from payments.topups.models import TopUp, TopUpRefund, Withdrawal
from privacy.exposure.models import Exposure
from tests.payments.topups.stripe_cast import (
    Stripe,
    at_stripe,
    card_with,
    on_main,
    owes,
    pay_away,
    post,
    retry_now,
    run_worker,
    status,
    topped_up,
)
from tests.support.people import Person
from wallet.ledger.verify import verify

pytestmark = pytest.mark.django_db(transaction=True)


def withdraw(person: Person, minor: int, *, expected: int = 201, **more: str) -> dict[str, object]:
    person.step_up()
    answer = post(person, "/v1/withdrawals", {"amount": {"value": minor, "currency": "EUR"}, **more})
    assert answer.status_code == expected, answer.content
    return dict(answer.json())


def state(person: Person, withdrawal: dict[str, object]) -> str:
    return str(person.client.get(f"/v1/withdrawals/{withdrawal['id']}").json()["status"])


def test_money_goes_back_to_the_newest_top_up_first(stripe: Stripe, alice: Person) -> None:
    """settled.md 10. Break: the oldest first."""
    old, new = topped_up(stripe, alice, 3000), topped_up(stripe, alice, 2000)
    before = at_stripe()
    made = withdraw(alice, 2500)
    assert (made["status"], on_main(alice)) == ("created", 2500)
    run_worker()
    assert state(alice, made) == "succeeded"
    assert {one.top_up_id: one.amount_minor for one in TopUpRefund.objects.filter(withdrawal=made["id"])} == {
        new: 2000, old: 500,
    }  # fmt: skip
    assert (status(new), status(old)) == ("refunded", "succeeded")
    assert before - at_stripe() == 2500
    refunds = [one["amount"] for one in stripe.do("all", table="refunds")["data"][-2:]]
    assert sorted(refunds) == [500, 2000]
    assert {"payment.amount", "object.id"} in [
        set(one.fields) for one in Exposure.objects.filter(holder_id=alice.holder.pk)
    ]


def test_spending_does_not_use_up_a_lot(stripe: Stripe, alice: Person) -> None:
    topped_up(stripe, alice, 3000)
    pay_away(alice, 1000)
    topped_up(stripe, alice, 1000)
    withdraw(alice, 3000)
    run_worker()
    assert on_main(alice) == 0


@pytest.mark.parametrize(
    ("minor", "more", "expected"),
    [(5001, {}, 402), (4000, {}, 402), (1001, {"top_up": "mine"}, 422), (100, {"top_up": "top_" + "a" * 22}, 422), (0, {}, 422)],
)  # fmt: skip
def test_what_is_not_there_cannot_be_taken(
    stripe: Stripe, alice: Person, minor: int, more: dict[str, str], expected: int
) -> None:
    """Breaks: no look at the lot's rest; no look at whose top-up it is."""
    top_up = topped_up(stripe, alice, 1000)
    card_with(alice, 500)
    topped_up(stripe, alice, 3000)
    withdraw(
        alice, minor, expected=expected, **{name: top_up if value == "mine" else value for name, value in more.items()}
    )
    assert on_main(alice) == 3500
    assert not Withdrawal.objects.filter(holder_id=alice.holder.pk).exists()


def test_another_persons_lot_and_withdrawal_are_not_there(stripe: Stripe, alice: Person, bob: Person) -> None:
    """Break: look for the id alone."""
    top_up = topped_up(stripe, alice, 1000)
    made = withdraw(alice, 100)
    topped_up(stripe, bob, 1000)
    withdraw(bob, 100, expected=422, top_up=top_up)
    assert bob.client.get(f"/v1/withdrawals/{made['id']}").status_code == 404
    assert bob.client.get(f"/withdrawals/{made['id']}").status_code == 404


def test_a_refund_that_the_bank_sends_back_is_in_the_wallet_again(stripe: Stripe, alice: Person) -> None:
    """Break: leave the lot used up."""
    top_up = topped_up(stripe, alice, method="4000000000007726")
    made = withdraw(alice, 5000)
    run_worker()
    assert (state(alice, made), on_main(alice)) == ("pending", 0)
    since = stripe.seen
    stripe.do("end-refund", refund=TopUpRefund.objects.get(withdrawal=made["id"]).gateway_ref, is_paid=False)
    stripe.deliver(since=since, times=2)
    assert (state(alice, made), on_main(alice), status(top_up)) == ("failed", 5000, "succeeded")
    assert TopUp.objects.get(id=top_up).refunded_minor == 0
    withdraw(alice, 5000)
    assert verify().differences == []


def test_stripe_is_asked_before_it_is_called_again(stripe: Stripe, alice: Person) -> None:
    """Its memory of our key ends after a day; the refund is there. Break: leave `known` unread in `send`."""
    top_up = topped_up(stripe, alice)
    stripe.do("fault", where="POST /v1/refunds", kind="act-then-drop")
    withdraw(alice, 2000)
    run_worker()
    stripe.do("forget-keys")
    retry_now()
    payment = TopUp.objects.get(id=top_up).payment_ref
    made = [one for one in stripe.do("all", table="refunds")["data"] if one["payment_intent"] == payment]
    assert [one["amount"] for one in made] == [2000]
    assert TopUp.objects.get(id=top_up).refunded_minor == 2000


@pytest.mark.parametrize("kind", ["act-then-drop", "act-then-500", "500", "429"])
def test_an_answer_that_was_lost_makes_one_refund(stripe: Stripe, alice: Person, kind: str) -> None:
    """Stripe acted and we did not hear of it; and the look of a webhook in between finds our refund, not another's.

    Break: leave our reference out of the refund.
    """
    top_up = topped_up(stripe, alice)
    stripe.do("fault", where="POST /v1/refunds", kind=kind)
    since = stripe.seen
    made = withdraw(alice, 2000)
    run_worker()
    stripe.deliver(since=since, times=2)
    retry_now()
    acted = [
        one
        for one in stripe.do("all", table="refunds")["data"]
        if one["payment_intent"] == TopUp.objects.get(id=top_up).payment_ref
    ]
    if kind == "500":
        assert acted
    assert (len(acted), state(alice, made), on_main(alice), owes(alice)) == (1, "succeeded", 3000, 0)


def test_what_stripe_refuses_to_refund_is_in_the_wallet_again(stripe: Stripe, alice: Person) -> None:
    top_up = topped_up(stripe, alice)
    stripe.do("refund", payment=top_up, amount=4000)
    made = withdraw(alice, 2000)
    run_worker()
    assert state(alice, made) == "failed"
    assert on_main(alice) - owes(alice) == 1000
    assert verify().differences == []


def test_withdrawals_race_authorizations_and_each_other(stripe: Stripe, alice: Person) -> None:
    """Two withdrawals of all, a card being loaded: one euro leaves once."""
    topped_up(stripe, alice)
    alice.step_up()
    start, answers = threading.Barrier(4), []

    def ask() -> None:
        start.wait()
        answers.append(post(alice, "/v1/withdrawals", {"amount": {"value": 5000, "currency": "EUR"}}).status_code)
        connection.close()

    def load() -> None:
        start.wait()
        card = {"currency": "EUR", "kind": "standard", "load": {"value": 4000, "currency": "EUR"}}
        answers.append(post(alice, "/v1/cards", card).status_code)
        connection.close()

    racers = [threading.Thread(target=one) for one in (ask, ask, load, load)]
    for one in racers:
        one.start()
    for one in racers:
        one.join()
    assert sorted(answers) == [201, 402, 402, 402]
    run_worker()
    assert verify().differences == []


def test_without_a_passkeys_yes_nothing_leaves(stripe: Stripe, alice: Person) -> None:
    """Break: no step-up."""
    topped_up(stripe, alice)
    alice.client = alice.sign_in_elsewhere()
    answer = post(alice, "/v1/withdrawals", {"amount": {"value": 100, "currency": "EUR"}})
    assert answer.status_code == 403
    page = alice.client.post("/withdrawals/confirm", {"amount": "1.00", "currency": "EUR"})
    assert page["Location"].startswith("/step-up")
    assert on_main(alice) == 5000


def test_the_page_asks_the_passkey_for_this_amount(stripe: Stripe, alice: Person) -> None:
    """Break: bind the yes to nothing."""
    topped_up(stripe, alice)
    assert "50" in alice.client.get("/withdrawals").content.decode()
    asked = alice.client.post("/withdrawals", {"amount": "12.50", "currency": "EUR"})
    assert b"data-stepup-binding" in asked.content
    alice.step_up({"amount": 1250, "currency": "EUR", "payee": "source"})
    refused = alice.client.post("/withdrawals/confirm", {"amount": "13.50", "currency": "EUR"})
    assert refused["Location"].startswith("/step-up")
    done = alice.client.post("/withdrawals/confirm", {"amount": "12.50", "currency": "EUR"})
    assert done.status_code == 302
    run_worker()
    assert "sent back" in alice.client.get(done["Location"]).content.decode()
    assert on_main(alice) == 3750
    french = alice.client.get("/withdrawals", headers={"accept-language": "fr"}).content.decode()
    assert "Retirer" in french


def test_a_visitor_sees_nothing() -> None:
    assert Client().get("/withdrawals").status_code == 302
    assert Client().get("/v1/withdrawals").status_code == 401
