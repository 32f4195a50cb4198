"""Top-ups by Stripe Checkout, against its double over HTTP: every outcome, every order of events, credited once."""

import json
import secrets
import threading
from datetime import timedelta
from typing import Any

import pytest
import stripe as sdk
from django.db import connection
from django.test import Client

from payments.topups import tasks
from payments.topups.models import GatewayEvent, TopUp
from privacy.exposure.models import Exposure
from tests.payments.topups.stripe_cast import (
    Stripe,
    ask,
    at_stripe,
    on_main,
    poll,
    post_event,
    retry_now,
    run_worker,
    status,
    topped_up,
)
from tests.support.people import Person
from wallet.core import clock
from wallet.core.models import OutboxEntry
from wallet.stripe.client import API_VERSION

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_version_of_the_api_is_the_one_that_the_types_describe() -> None:
    """Another SDK brings another API version: it is taken on purpose. Break: pin another one."""
    assert sdk.api_version == API_VERSION


def test_a_top_up_is_paid_at_stripe_and_credited_once(stripe: Stripe, alice: Person) -> None:
    """L08. Every event twice, then backwards twice. Break: give the credit a key of its event."""
    before = at_stripe()
    top_up = ask(alice)
    run_worker()
    page = alice.client.get(f"/top-ups/{top_up}/checkout")
    assert page.status_code == 302
    assert page["Location"].startswith(f"{stripe.double.url}/c/pay/cs_test_")
    since = stripe.seen
    stripe.do("pay", session=top_up)
    assert status(top_up) == "pending"
    stripe.deliver(since=since, times=2)
    assert (status(top_up), on_main(alice)) == ("succeeded", 5000)
    fee = TopUp.objects.get(id=top_up).fee_minor
    assert fee == 5000 * 15 // 1000 + 25
    assert at_stripe() - before == 5000 - fee


def test_stripe_is_told_our_reference_and_the_amount_and_nothing_of_the_person(stripe: Stripe, alice: Person) -> None:
    """settled.md 24. Break: put the holder's id into the metadata."""
    top_up = topped_up(stripe, alice)
    sent = [call["params"] for call in stripe.do("calls")["calls"] if top_up in call["params"]]
    assert len(sent) == 1
    assert alice.holder.pk not in "".join(call["params"] for call in stripe.do("calls")["calls"])
    exposures = Exposure.objects.filter(holder_id=alice.holder.pk).order_by("at")
    assert [set(one.fields) for one in exposures] == [
        {"payment.amount", "object.id"}, {"object.id", "card.number.bank", "identity.name", "identity.email"},
    ]  # fmt: skip
    kept = GatewayEvent.objects.filter(gateway="stripe").values_list("event_id", "type", "object_ref")
    assert "jane@example.org" not in str(list(kept)) + str(TopUp.objects.filter(id=top_up).values())


def test_a_declined_card_takes_nothing_and_another_may_follow(stripe: Stripe, alice: Person) -> None:
    top_up = topped_up(stripe, alice, method="4000000000000002")
    assert (status(top_up), on_main(alice)) == ("pending", 0)
    since = stripe.seen
    stripe.do("pay", session=top_up)
    stripe.deliver(since=since)
    assert (status(top_up), on_main(alice)) == ("succeeded", 5000)


def test_the_bank_is_asked_first_with_3d_secure(stripe: Stripe, alice: Person) -> None:
    top_up = topped_up(stripe, alice, method="4000002760003184")
    assert (status(top_up), on_main(alice)) == ("pending", 0)
    since = stripe.seen
    stripe.do("confirm", session=top_up)
    stripe.deliver(since=since)
    assert (status(top_up), on_main(alice)) == ("succeeded", 5000)


@pytest.mark.parametrize(
    ("method", "state", "money"), [("AT611904300234573201", "succeeded", 5000), ("AT861904300235473202", "failed", 0)]
)
def test_a_debit_takes_days_and_credits_when_the_bank_has_paid(
    stripe: Stripe, alice: Person, method: str, state: str, money: int
) -> None:
    """Break: credit whatever `checkout.session.completed` says, paid or not."""
    top_up = topped_up(stripe, alice, method=method)
    assert (status(top_up), on_main(alice)) == ("pending", 0)
    since = stripe.seen
    stripe.do("settle", session=top_up)
    stripe.deliver(since=since, reverse=True)
    assert (status(top_up), on_main(alice)) == (state, money)


def test_a_page_that_is_not_used_in_time_expires(stripe: Stripe, alice: Person) -> None:
    top_up = ask(alice)
    run_worker()
    since = stripe.seen
    stripe.do("expire", session=top_up)
    stripe.deliver(since=since)
    assert (status(top_up), on_main(alice)) == ("expired", 0)


def test_what_stripe_does_not_take_fails_at_once_in_words(stripe: Stripe, alice: Person) -> None:
    """Below Stripe's least amount. Break: take a refusal for an outage."""
    top_up = ask(alice, 1)
    run_worker()
    assert status(top_up) == "failed"
    assert "Nothing was taken" in alice.client.get(f"/top-ups/{top_up}").content.decode()


def test_a_payment_that_no_webhook_told_of_is_found_within_ten_minutes(stripe: Stripe, alice: Person) -> None:
    """W03; the late webhook is then a no-op. Break: ask for events of the last minute only."""
    top_up = ask(alice)
    run_worker()
    since = stripe.seen
    stripe.do("shift", seconds=-300)
    stripe.do("pay", session=top_up)
    stripe.do("shift", seconds=0)
    assert poll() > 0
    assert (status(top_up), on_main(alice)) == ("succeeded", 5000)
    assert GatewayEvent.objects.filter(via="poll").exists()
    stripe.deliver(since=since, times=2)
    assert on_main(alice) == 5000


def test_a_pending_payment_is_asked_about_even_if_stripe_forgets_its_events(stripe: Stripe, alice: Person) -> None:
    top_up = ask(alice)
    run_worker()
    stripe.do("pay", session=top_up)
    TopUp.objects.filter(id=top_up).update(look_due_at=clock.now() - timedelta(seconds=1))
    tasks.poll()
    assert (status(top_up), on_main(alice)) == ("succeeded", 5000)


def test_a_hundred_deliveries_at_once_have_one_effect(stripe: Stripe, alice: Person) -> None:
    """W02: all 2xx. Break: insert the event without its unique key."""
    top_up = ask(alice)
    run_worker()
    since = stripe.seen
    stripe.do("pay", session=top_up)
    (event,) = [
        one for one in stripe.do("deliveries", since=since)["deliveries"] if one["type"] == "checkout.session.completed"
    ]
    answers: list[int] = []

    def deliver() -> None:
        for _ in range(10):
            answers.append(post_event(event["body"], event["signature"]))
        connection.close()

    threads = [threading.Thread(target=deliver) for _ in range(10)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert answers == [200] * 100
    run_worker()
    assert on_main(alice) == 5000
    assert GatewayEvent.objects.filter(event_id=event["id"]).count() == 1


def spoilt(stripe: Stripe, body: str, how: str) -> tuple[bytes, str]:
    """The delivery with one thing wrong."""
    now, signature = int(clock.real().timestamp()), stripe.do("sign", body=body)["signature"]
    changed = {
        "byte": (body.replace("payout", "Payout", 1).encode(), signature),
        "respaced": (json.dumps(json.loads(body), indent=1).encode(), signature),
        "bytes-not-text": (b"\xff" + body.encode(), signature),
        "none": (body.encode(), ""),
        "no-v1": (body.encode(), signature.replace("v1=", "v0=")),
        "no-t": (body.encode(), signature.partition(",")[2]),
        "garbage": (body.encode(), "t=now,v1=x"),
    }
    if how in changed:
        return changed[how]
    if how == "live":
        body = body.replace("false", "true")
    if how == "account":
        body = body.replace("{", '{"account": "acct_1", ', 1)
    asked = {"secret": {"secret": "whsec_other"}, "old": {"at": now - 301}, "future": {"at": now + 301}}.get(how, {})
    return body.encode(), stripe.do("sign", body=body, **asked)["signature"]


def payout_paid(name: str) -> str:
    return json.dumps({"id": name, "type": "payout.paid", "livemode": False, "data": {"object": {"id": "po_1"}}})


@pytest.mark.parametrize(
    "how", ["byte", "respaced", "bytes-not-text", "secret", "old", "future", "none", "no-v1", "no-t", "garbage", "live", "account"]
)  # fmt: skip
def test_an_event_that_does_not_hold_leaves_no_row(stripe: Stripe, how: str) -> None:
    """W01. Breaks: tolerance on one side only; no look at livemode; no look at account."""
    name = f"evt_{secrets.token_hex(8)}"
    body, signature = spoilt(stripe, payout_paid(name), how)
    assert post_event(body, signature) == 400
    assert not GatewayEvent.objects.filter(event_id=name).exists()
    assert post_event(payout_paid(name), stripe.do("sign", body=payout_paid(name))["signature"]) == 200


def test_during_a_rotation_both_secrets_hold(stripe: Stripe, settings: Any) -> None:
    """W01. Break: try the first secret alone."""
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_old", stripe.double.secret]
    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        body = payout_paid(f"evt_{secret}")
        assert post_event(body, stripe.do("sign", body=body, secret=secret)["signature"]) == 200
        assert GatewayEvent.objects.filter(event_id=f"evt_{secret}").exists()


@pytest.mark.parametrize(
    "body",
    [
        '{"id": "evt_unknown1", "type": "moon.rose", "livemode": false, "data": {"object": {"id": "moon_1"}}}',
        '{"id": "evt_unknown2", "type": "balance.available", "livemode": false, "data": {"object": {"object": "balance"}}}',
        '{"id": "evt_unknown3", "type": "v9.thing", "api_version": "2099-01-01.x", "livemode": false}',
        '{"id": "evt_unknown4", "type": "charge.succeeded", "livemode": false, "data": {"object": {"id": "ch_nobodys"}}}',
    ],
)
def test_an_event_that_nobody_knows_is_kept_and_does_no_harm(stripe: Stripe, body: str) -> None:
    """W04."""
    assert post_event(body, stripe.do("sign", body=body)["signature"]) == 200
    run_worker()
    kept = GatewayEvent.objects.get(event_id=body[8:20])
    assert not OutboxEntry.objects.filter(topic="topups.event", ref=str(kept.id), done_at=None).exists()


def test_a_lost_answer_of_stripe_makes_one_session(stripe: Stripe, alice: Person) -> None:
    """It acted, and we did not hear of it. Break: a fresh idempotency key for each try."""
    stripe.do("fault", where="POST /v1/checkout/sessions", kind="act-then-drop")
    top_up = ask(alice)
    run_worker()
    assert status(top_up) == "created"
    assert alice.client.get(f"/top-ups/{top_up}/checkout")["Refresh"]
    retry_now()
    assert status(top_up) == "pending"
    sessions = [one for one in stripe.do("all", table="sessions")["data"] if one["client_reference_id"] == top_up]
    assert [one["id"] for one in sessions] == [TopUp.objects.get(id=top_up).session_ref]


@pytest.mark.parametrize("kind", ["500", "429"])
def test_an_outage_delays_and_loses_nothing(stripe: Stripe, alice: Person, kind: str) -> None:
    stripe.do("fault", where="POST /v1/checkout/sessions", kind=kind)
    top_up = ask(alice)
    run_worker()
    assert status(top_up) == "created"
    retry_now()
    stripe.do("pay", session=top_up)
    stripe.do("fault", where="GET /v1/checkout/sessions", kind=kind)
    poll()
    assert on_main(alice) == 0
    retry_now()
    assert on_main(alice) == 5000


@pytest.mark.parametrize("key", ["", "sk_test_wrong"])
def test_a_missing_wrong_or_revoked_key_is_an_outage_that_ends_by_itself(
    stripe: Stripe, alice: Person, settings: Any, key: str
) -> None:
    """Break: take a refused key for a refused payment."""
    from wallet.stripe import client

    right, settings.STRIPE_SECRET_KEY = settings.STRIPE_SECRET_KEY, key
    client.client.cache_clear()
    top_up = ask(alice)
    run_worker()
    assert status(top_up) == "created"
    settings.STRIPE_SECRET_KEY = right
    client.client.cache_clear()
    retry_now()
    assert status(top_up) == "pending"


def test_who_has_waited_in_vain_is_told_and_nothing_was_taken(stripe: Stripe, alice: Person) -> None:
    """Break: try for ever."""
    stripe.do("fault", where="POST /v1/checkout/sessions", kind="503", times=50)
    top_up = ask(alice)
    run_worker()
    TopUp.objects.filter(id=top_up).update(created_at=clock.now() - timedelta(minutes=2))
    assert "does not answer" in alice.client.get(f"/top-ups/{top_up}/checkout").content.decode()
    TopUp.objects.filter(id=top_up).update(created_at=clock.now() - timedelta(hours=2))
    retry_now()
    assert status(top_up) == "failed"
    assert "Nothing was taken" in alice.client.get(f"/top-ups/{top_up}").content.decode()


def test_a_hundred_euro_session_of_somebody_else_at_stripe_credits_nobody(stripe: Stripe, alice: Person) -> None:
    """Our reference on another amount: an alarm, no credit. Break: take the amount of our own row."""
    top_up = ask(alice)
    run_worker()
    session = TopUp.objects.get(id=top_up).session_ref
    stripe.do("change", name=session, values={"amount_total": 100})
    since = stripe.seen
    stripe.do("pay", session=top_up)
    stripe.deliver(since=since)
    assert (status(top_up), on_main(alice)) == ("pending", 0)
    failing = OutboxEntry.objects.filter(topic__startswith="topups.", done_at=None, last_error="AmountDiffers")
    assert failing.exists()
    failing.update(done_at=clock.now())


def test_the_webhook_takes_events_only() -> None:
    assert Client().get("/webhooks/stripe").status_code == 405
    assert Client().post("/webhooks/stripe", b"", content_type="application/json").status_code == 400
