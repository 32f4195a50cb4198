"""Money that goes back at Stripe: refunds, disputes, early fraud warnings; the holder's accounts, then what they owe."""

import json
import secrets
import threading
from typing import Any

import pytest
from django.db import connection

from payments.topups import collecting, top_ups
from payments.topups.gateway import gateway
from payments.topups.models import TopUp, TopUpDispute, TopUpRefund
from tests.payments.topups.stripe_cast import (
    Stripe,
    ask,
    at_stripe,
    card_with,
    on_main,
    owes,
    pay_away,
    poll,
    post_event,
    run_worker,
    status,
    topped_up,
)
from tests.support.people import Person
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.ledger.verify import verify
from wallet.users import freezes

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_refund_at_stripe_takes_the_money_and_only_once(stripe: Stripe, alice: Person) -> None:
    """Partial and repeated. Break: key the effect by the event, or take `amount_refunded` whole each time."""
    before = at_stripe()
    top_up = topped_up(stripe, alice)
    fee = TopUp.objects.get(id=top_up).fee_minor or 0
    since = stripe.seen
    stripe.do("refund", payment=top_up, amount=1200)
    stripe.do("refund", payment=top_up, amount=800)
    stripe.deliver(since=since, reverse=True)
    stripe.deliver(since=since, times=2)
    assert (on_main(alice), status(top_up)) == (3000, "succeeded")
    assert at_stripe() - before == 3000 - fee
    since = stripe.seen
    stripe.do("refund", payment=top_up)
    stripe.deliver(since=since)
    assert (on_main(alice), status(top_up)) == (0, "refunded")
    assert verify().differences == []


def test_a_refund_that_fails_comes_back(stripe: Stripe, alice: Person) -> None:
    """Even one that had succeeded. Break: stop at the first end of a refund."""
    top_up = topped_up(stripe, alice)
    since = stripe.seen
    refund = stripe.do("refund", payment=top_up)["id"]
    stripe.deliver(since=since)
    assert (on_main(alice), status(top_up)) == (0, "refunded")
    since = stripe.seen
    stripe.do("end-refund", refund=refund, is_paid=False)
    stripe.deliver(since=since, times=2)
    assert (on_main(alice), status(top_up)) == (5000, "succeeded")
    assert TopUpRefund.objects.get(gateway_ref=refund).status == "failed"


def test_what_was_spent_is_owed_and_the_next_top_up_repays_it(stripe: Stripe, alice: Person) -> None:
    """L16: the holder's accounts stay at zero or above. Break: take all of it from the main account."""
    top_up = topped_up(stripe, alice)
    pay_away(alice, 3500)
    since = stripe.seen
    stripe.do("refund", payment=top_up)
    stripe.deliver(since=since)
    assert (on_main(alice), owes(alice)) == (0, 3500)
    topped_up(stripe, alice, 4000)
    assert (on_main(alice), owes(alice)) == (500, 0)
    assert verify().differences == []


def test_money_on_cards_pays_before_anything_is_owed(stripe: Stripe, alice: Person) -> None:
    """Break: look at the main account alone."""
    top_up = topped_up(stripe, alice)
    card = card_with(alice, 4000)
    since = stripe.seen
    stripe.do("dispute", payment=top_up)
    stripe.deliver(since=since)
    assert (on_main(alice), owes(alice)) == (0, 0)
    assert card.balance == (0, 0)


@pytest.mark.parametrize(
    ("ends", "money", "reverse"), [(["won"], 5000, True), (["lost"], 0, False), (["lost", "reinstated"], 5000, True)]
)
def test_a_dispute_takes_the_money_and_its_end_decides(
    stripe: Stripe, alice: Person, ends: list[str], money: int, *, reverse: bool
) -> None:
    """Opened, withdrawn, closed, reinstated, in any order and twice. Break: act on the event's type."""
    top_up = topped_up(stripe, alice)
    since = stripe.seen
    dispute = stripe.do("dispute", payment=top_up)["id"]
    stripe.deliver(since=since, reverse=reverse)
    assert (on_main(alice), status(top_up)) == (0, "disputed")
    since = stripe.seen
    for end in ends:
        stripe.do("end-dispute", dispute=dispute, status=end)
    stripe.deliver(since=since, reverse=reverse, times=2)
    assert on_main(alice) == money
    assert status(top_up) == ("succeeded" if money else "disputed")
    assert TopUpDispute.objects.get(gateway_ref=dispute).is_over
    assert verify().differences == []


def test_an_old_answer_that_is_applied_late_changes_nothing(stripe: Stripe, alice: Person) -> None:
    """Two workers ask, and the first to ask is the last to write. Break: apply whatever comes."""
    top_up = topped_up(stripe, alice)
    dispute = stripe.do("dispute", payment=top_up)["id"]
    asked_at = clock.now()
    old = gateway("stripe").fetch(session_ref=TopUp.objects.get(id=top_up).session_ref)
    stripe.do("end-dispute", dispute=dispute, status="won")
    poll()
    assert (on_main(alice), status(top_up)) == (5000, "succeeded")
    top_ups.apply(top_up_id=top_up, payment=old, actor=Actor.system("tests"), now=clock.now(), asked_at=asked_at)
    assert (on_main(alice), status(top_up)) == (5000, "succeeded")


def test_an_inquiry_takes_nothing_until_the_bank_does(stripe: Stripe, alice: Person) -> None:
    """Break: take the money when a dispute is created."""
    top_up = topped_up(stripe, alice, method="4000000000001976")
    assert (on_main(alice), status(top_up)) == (5000, "succeeded")
    dispute = TopUpDispute.objects.get(top_up=top_up).gateway_ref
    since = stripe.seen
    stripe.do("end-dispute", dispute=dispute, status="lost")
    stripe.deliver(since=since)
    assert (on_main(alice), status(top_up)) == (0, "disputed")


def test_a_dispute_that_is_told_before_the_payment(stripe: Stripe, alice: Person) -> None:
    """The dispute's events come first, the success never. Break: leave a dispute of an unknown payment alone."""
    top_up = ask(alice)
    run_worker()
    since = stripe.seen
    stripe.do("pay", session=top_up, method="4000000000000259")
    events = stripe.do("deliveries", since=since)["deliveries"]
    for event in events:
        if "dispute" in event["type"]:
            assert post_event(event["body"], event["signature"]) == 200
    run_worker()
    assert (on_main(alice), owes(alice), status(top_up)) == (0, 0, "disputed")
    stripe.deliver(since=since, times=2)
    assert (on_main(alice), owes(alice), status(top_up)) == (0, 0, "disputed")
    assert verify().differences == []


def test_a_dispute_that_no_webhook_told_of_is_found(stripe: Stripe, alice: Person) -> None:
    top_up = topped_up(stripe, alice)
    stripe.do("dispute", payment=top_up)
    assert poll() > 0
    assert (on_main(alice), status(top_up)) == (0, "disputed")


def test_an_early_fraud_warning_pauses_the_wallet_once(stripe: Stripe, alice: Person) -> None:
    """What a person has unfrozen stays so when the event is repeated. Break: leave warnings out of the inbox's work."""
    top_up = topped_up(stripe, alice, method="4000000000005423")
    assert on_main(alice) == 5000
    assert freezes.is_frozen(alice.holder.pk)
    freezes.unfreeze_holder(
        holder_id=alice.holder.pk, actor=Actor.system("tests"), reason_code="cleared", reason="Looked into it, fine",
        now=clock.now(),
    )  # fmt: skip
    warning = TopUp.objects.get(id=top_up).warning_ref
    assert warning.startswith("issfr_")
    stripe.deliver(since=max(stripe.seen - 3, 0), times=2)
    assert not freezes.is_frozen(alice.holder.pk)


def test_a_warning_that_is_told_of_in_another_event_pauses_nobody_again(stripe: Stripe, alice: Person) -> None:
    """Its effect is keyed by the warning, not by the event. Break: leave `warning_ref` unread in `warnings.apply`."""
    since = stripe.seen
    top_up = topped_up(stripe, alice, method="4000000000005423")
    freezes.unfreeze_holder(
        holder_id=alice.holder.pk, actor=Actor.system("tests"), reason_code="cleared", reason="Looked into it, fine",
        now=clock.now(),
    )  # fmt: skip
    warned = TopUp.objects.get(id=top_up).warning_ref
    told = next(one["body"] for one in stripe.do("deliveries", since=since)["deliveries"] if warned in one["body"])
    event = json.loads(told)
    event["id"] = f"evt_{secrets.token_hex(12)}"
    body = json.dumps(event)
    assert post_event(body, stripe.do("sign", body=body)["signature"]) == 200
    run_worker()
    assert not freezes.is_frozen(alice.holder.pk)


def test_a_refund_races_authorizations_and_nothing_is_made_up(stripe: Stripe, alice: Person) -> None:
    """What a card pays meanwhile is paid or taken, never both. Break: leave what is owed out of `take`."""
    top_up = topped_up(stripe, alice)
    card = card_with(alice, 4000)
    since = stripe.seen
    stripe.do("refund", payment=top_up)
    events = stripe.do("deliveries", since=since)["deliveries"]
    approved: list[int] = []
    start = threading.Barrier(4)

    def buy() -> None:
        start.wait()
        for _ in range(6):
            paid = card.authorize(300)
            if paid["approved"]:
                approved.append(300)
                card.message(paid["authorization"], "captures", 300, final=True)
        connection.close()

    buyers = [threading.Thread(target=buy) for _ in range(3)]
    for one in buyers:
        one.start()
    start.wait()
    for event in events:
        post_event(event["body"], event["signature"])
    run_worker()
    for one in buyers:
        one.join()
    run_worker()
    free, held = card.balance
    assert held == 0
    assert on_main(alice) + free - owes(alice) == -sum(approved)
    assert verify().differences == []


def test_what_is_spent_between_the_look_and_the_taking_is_owed(
    stripe: Stripe, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger refuses, and it is looked again. Break: pass over that refusal in `_posted`."""
    top_up = topped_up(stripe, alice)
    card = card_with(alice, 4000)
    look, bought = collecting._sources, []

    def buy() -> None:
        bought.append(card.authorize(4000)["approved"])
        connection.close()

    def look_and_lose(*args: Any) -> Any:
        found = look(*args)
        if not bought:
            buyer = threading.Thread(target=buy)
            buyer.start()
            buyer.join()
        return found

    monkeypatch.setattr(collecting, "_sources", look_and_lose)
    since = stripe.seen
    stripe.do("refund", payment=top_up)
    stripe.deliver(since=since)
    assert bought == [True]
    assert (on_main(alice), card.balance, owes(alice)) == (0, (0, 4000), 4000)
    assert verify().differences == []
