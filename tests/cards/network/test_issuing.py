"""Cards by Stripe Issuing, against Stripe's double over HTTP: made, changed, decided while Stripe waits."""

import json
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from cards.authorizations.models import Authorization
from cards.issuing.models import Card
from cards.network import tasks
from cards.network.models import IssuingEvent, IssuingNumber, IssuingPerson
from privacy.exposure.models import Exposure
from tests.cards.network.issuing_cast import (
    Issuing,
    call,
    card_of,
    on_card,
    post,
    retry_now,
    run_worker,
    shown,
)
from tests.support.people import Person, sign_up
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.errors import GatewayUnavailable
from wallet.stripe import client as stripe_client
from wallet.users import freezes

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_card_is_made_by_the_worker_and_stripe_is_told_nothing_of_the_person(issuing: Issuing, alice: Person) -> None:
    """Two cards, one cardholder. Break: the holder's id as reference of the cardholder."""
    first = card_of(alice, work=False)
    assert shown(alice, first)["last4"] == ""
    began = len(issuing.do("calls")["calls"])
    run_worker()
    second = card_of(alice)
    sent = issuing.do("calls")["calls"][began:]
    made = [one["path"] for one in sent if one["method"] == "POST"]
    assert made == ["/v1/issuing/cardholders", "/v1/issuing/cards", "/v1/issuing/cards"]
    assert alice.holder.pk not in json.dumps(sent)
    theirs = issuing.at_stripe(first)
    assert shown(alice, first)["last4"] == theirs["last4"] != shown(alice, second)["last4"]
    assert shown(alice, first)["expiry"] == f"{theirs['exp_year']}-{theirs['exp_month']:02d}"
    assert theirs["cardholder"]["name"] == "Paravent"
    assert theirs["status"] == "active"
    told = Exposure.objects.filter(holder_id=alice.holder.pk, recipient__kind="network").order_by("seq")
    assert {one.recipient.name for one in told} == {"Stripe Issuing"}
    card_data = {"object.id", "object.state", "card.expiry.virtual", "payment.amount"}
    assert [set(one.fields) for one in told] == [{"object.id"}, card_data, card_data]


def test_a_lost_answer_makes_no_second_card(issuing: Issuing, alice: Person) -> None:
    """Stripe has acted and the answer is lost. Break: a fresh idempotency key for each try."""
    issuing.do("fault", where="POST /v1/issuing/cards", kind="act-then-drop")
    before = issuing.do("count", table="issuing_cards")["count"]
    card = card_of(alice, work=False)
    run_worker()
    assert shown(alice, card)["last4"] == ""
    retry_now()
    assert issuing.do("count", table="issuing_cards")["count"] == before + 1
    assert issuing.at_stripe(card)["last4"] == shown(alice, card)["last4"]


@pytest.mark.parametrize("kind", ["500", "429"])
def test_an_outage_or_a_wrong_key_is_waited_out(issuing: Issuing, alice: Person, kind: str) -> None:
    issuing.do("fault", where="POST /v1/issuing/cards", kind=kind)
    card = card_of(alice, 1000, work=False)
    run_worker()
    issuing.do("key", key="sk_test_other")
    retry_now()
    assert shown(alice, card)["last4"] == ""
    assert on_card(alice, card) == (1000, 0)
    issuing.do("key", key=issuing.double.key)
    retry_now()
    assert len(shown(alice, card)["last4"]) == 4


def test_a_number_for_one_place_is_a_card_of_its_own(issuing: Issuing, alice: Person) -> None:
    """It works there alone, and its end ends it at Stripe. Break: `tokenize` without the place."""
    card = card_of(alice, 5000)
    asked = {"merchant": "1234567890", "name": "Corner", "per_payment": {"value": 3000, "currency": "EUR"}}
    made = call(alice, f"/v1/cards/{card}/numbers", asked)
    assert made.status_code == 201, made.content
    number = made.json()["id"]
    run_worker()
    assert issuing.at_stripe(number)["spending_controls"]["spending_limits"][0]["amount"] == 3000
    assert issuing.pay(number, 1000, merchant={"network_id": "999"})["approved"] is False
    assert issuing.pay(number, 1000)["approved"] is True
    assert on_card(alice, card) == (4000, 1000)
    assert alice.client.delete(f"/v1/cards/{card}/numbers/{number}").status_code == 204
    run_worker()
    assert issuing.at_stripe(number)["status"] == "canceled"
    assert issuing.at_stripe(card)["status"] == "active"


def test_last_digits_that_another_number_has_are_not_kept(issuing: Issuing, alice: Person) -> None:
    """Break: leave the constraint out of `name_reserved`'s answer."""
    card = card_of(alice)
    number = call(alice, f"/v1/cards/{card}/numbers", {"merchant": "shop-9", "name": "Nine"}).json()["id"]
    issuing.do("last4", digits=shown(alice, card)["last4"])
    run_worker()
    assert IssuingNumber.objects.get(number_id=number).ref is None
    retry_now()
    assert issuing.at_stripe(number)["last4"] != shown(alice, card)["last4"]
    assert IssuingNumber.objects.get(number_id=number).tries == 1


# --- Decisions ---------------------------------------------------------------------------------------------------


def test_a_date_that_stripe_found_wrong_counts_as_a_try(issuing: Issuing, alice: Person) -> None:
    """A05: after three the right one declines too. Break: leave `expiry_check` unread."""
    card = card_of(alice, 5000)
    assert [issuing.pay(card, 100, expiry="mismatch")["approved"] for _ in range(3)] == [False] * 3
    assert issuing.pay(card, 100)["approved"] is False


def test_a_stored_card_pays_without_a_code(issuing: Issuing, alice: Person) -> None:
    card = card_of(alice, 5000)
    assert issuing.pay(card, 100, cvc="not_provided")["approved"] is True


def test_a_frozen_and_a_closed_card_and_a_frozen_holder_decline(issuing: Issuing, alice: Person) -> None:
    """Also before Stripe has heard of it. Break: decide by Stripe's copy."""
    card = card_of(alice, 5000)
    assert call(alice, f"/v1/cards/{card}/freeze").status_code == 200
    assert issuing.pay(card, 100)["approved"] is False
    assert Authorization.objects.get(card_id=card).reason == "card_frozen"
    assert call(alice, f"/v1/cards/{card}/unfreeze").status_code == 200
    freezes.freeze_holder(
        holder_id=alice.holder.pk, actor=Actor.system("test"), reason_code="security", reason="a reason for the test", now=clock.now()
    )  # fmt: skip
    assert issuing.pay(card, 100)["approved"] is False


def test_the_same_request_again_gets_the_same_answer_and_one_hold(issuing: Issuing, alice: Person) -> None:
    """A08. Break: a reference of the event."""
    card = card_of(alice, 5000)
    asked = issuing.do("issuing-ask", card=card, amount=1000)["request"]
    first, second = (post(asked["body"], asked["signature"]) for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json() == {"approved": True}
    assert on_card(alice, card) == (4000, 1000)


def test_a_card_that_nobody_has_declines(issuing: Issuing, alice: Person) -> None:
    card = card_of(alice, 5000)
    asked = issuing.do("issuing-ask", card=card, amount=1000)["request"]
    body = asked["body"].replace(issuing.at_stripe(card)["id"], "ic_somebodyelses")
    signature = issuing.do("sign", body=body)["signature"]
    answer = post(body, signature)
    assert (answer.status_code, answer.json()) == (200, {"approved": False})
    assert on_card(alice, card) == (5000, 0)


def test_without_a_signature_that_holds_nothing_is_decided_or_kept(issuing: Issuing, alice: Person) -> None:
    """W01. Break: leave `signatures.read` out of the view."""
    card = card_of(alice, 5000)
    before = IssuingEvent.objects.count()
    asked = issuing.do("issuing-ask", card=card, amount=1000)["request"]
    body, now = asked["body"], int(clock.now().timestamp())
    forged = [
        "", "t=1,v1=00", issuing.do("sign", body=body, secret="whsec_other")["signature"],
        issuing.do("sign", body=body, at=now - 3600)["signature"],
        issuing.do("sign", body=body, at=now + 3600)["signature"],
    ]  # fmt: skip
    for signature in forged:
        assert post(body, signature).status_code == 400
    assert post(body + " ", asked["signature"]).status_code == 400
    assert (on_card(alice, card), IssuingEvent.objects.count()) == ((5000, 0), before)


@pytest.mark.parametrize(
    "spoilt",
    [{"pending_request": None}, {"merchant_data": {}}, {"card": 7}, {"pending_request": {"amount": -1, "currency": "eur"}},
     {"verification_data": []}, {"request_history": None}],
)  # fmt: skip
def test_a_request_of_another_form_is_no_yes(issuing: Issuing, alice: Person, spoilt: dict[str, Any]) -> None:
    """Break: answer 500 (a KeyError that nobody catches)."""
    card = card_of(alice, 5000)
    event = json.loads(issuing.do("issuing-ask", card=card, amount=1000)["request"]["body"])
    event["data"]["object"].update(spoilt)
    body = json.dumps(event)
    answer = post(body, issuing.do("sign", body=body)["signature"])
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert on_card(alice, card) == (5000, 0)


def test_stripe_hanging_stops_no_payment(issuing: Issuing, alice: Person) -> None:
    """settled.md 4: a decision calls nobody. Break: fetch the card before deciding."""
    card = card_of(alice, 5000)
    asked = issuing.do("issuing-ask", card=card, amount=1000)["request"]
    began = len(issuing.do("calls")["calls"])
    assert post(asked["body"], asked["signature"]).json() == {"approved": True}
    assert len(issuing.do("calls")["calls"]) == began


def test_two_workers_make_one_cardholder(issuing: Issuing) -> None:
    """One of them never hears that it was made. Break: an idempotency key of the try."""
    person = sign_up()
    first = card_of(person, work=False)
    second = card_of(person, work=False)
    issuing.do("fault", where="POST /v1/issuing/cardholders", kind="act-then-drop")
    before = issuing.do("count", table="cardholders")["count"]

    def work(card: str) -> None:
        from cards.network.stripe import made

        try:
            made.make(number_id=card, now=clock.now())
        except GatewayUnavailable:
            return  # the outbox comes again
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(card,)) for card in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    retry_now()
    assert issuing.do("count", table="cardholders")["count"] == before + 1
    assert IssuingPerson.objects.filter(holder_id=person.holder.pk).count() == 1
    assert all(len(shown(person, card)["last4"]) == 4 for card in (first, second))


# --- Drift -------------------------------------------------------------------------------------------------------


def _compare(card: str) -> None:
    IssuingNumber.objects.exclude(number_id=card).update(compared_at=clock.now())
    IssuingNumber.objects.filter(number_id=card).update(compared_at=clock.now() - timedelta(days=2))
    tasks.compare()


def test_what_others_change_at_stripe_is_found_and_mended(issuing: Issuing, alice: Person) -> None:
    """Break: compare the state alone."""
    card = card_of(alice, controls={"daily": {"value": 1000, "currency": "EUR"}})
    ref = issuing.at_stripe(card)["id"]
    _compare(card)
    assert IssuingNumber.objects.get(number_id=card).drifted_at is None
    limits = {**issuing.at_stripe(card)["spending_controls"], "spending_limits": []}
    issuing.do("change", name=ref, values={"spending_controls": limits})
    _compare(card)
    kept = IssuingNumber.objects.get(number_id=card)
    assert (kept.drift, kept.drifted_at is not None) == ("limits", True)
    assert {one["interval"] for one in issuing.at_stripe(card)["spending_controls"]["spending_limits"]} == {
        "daily", "per_authorization",
    }  # fmt: skip


def test_a_card_that_somebody_ended_at_stripe_is_named_and_stays_ended(issuing: Issuing, alice: Person) -> None:
    card = card_of(alice)
    issuing.do("change", name=issuing.at_stripe(card)["id"], values={"status": "canceled"})
    _compare(card)
    assert IssuingNumber.objects.get(number_id=card).drift == "status"
    assert Card.objects.get(id=card).status == "active"


# --- Looking at the number ---------------------------------------------------------------------------------------


def test_a_number_is_shown_by_stripe_and_never_comes_here(issuing: Issuing, alice: Person) -> None:
    """P16: a step-up, a nonce of the browser, a key for one look. Break: expand `number` when a card is made."""
    card = card_of(alice)
    theirs = issuing.at_stripe(card)
    assert call(alice, f"/v1/cards/{card}/reveal", {"nonce": "ephkn_1"}).status_code == 403
    alice.step_up()
    assert call(alice, f"/v1/cards/{card}/reveal").json()["errors"][0]["pointer"] == "/nonce"
    assert call(alice, f"/v1/cards/{card}/reveal", {"nonce": "ephkn_made_up"}).status_code == 422
    nonce = issuing.do("nonce", card=theirs["id"])["nonce"]
    given = call(alice, f"/v1/cards/{card}/reveal", {"nonce": nonce, "for": "Corner Shop"})
    assert given.status_code == 200, given.content
    assert given.json().keys() == {"network_card", "ephemeral_key", "nonce"}
    assert (given.json()["network_card"], given["Cache-Control"]) == (theirs["id"], "no-store")
    assert call(alice, f"/v1/cards/{card}/reveal", {"nonce": nonce}).status_code == 422
    assert not [one for one in issuing.do("calls")["calls"] if "number" in one["params"] and "expand" in one["params"]]
    told = Exposure.objects.filter(holder_id=alice.holder.pk, recipient__kind="network").order_by("-seq").first()
    assert told is not None
    assert told.disclosure.purpose == "card_reveal"


def test_only_the_page_of_a_number_loads_stripes_script(issuing: Issuing, alice: Person) -> None:
    """V17. Break: the directive in the settings."""
    card = card_of(alice)
    page = alice.client.get(f"/cards/{card}/reveal")
    assert f'src="{issuing.double.url}/v3/"' in page.content.decode()
    assert f"frame-src {issuing.double.url}" in page["Content-Security-Policy"]
    promise = "nothing loaded from anybody else"
    assert promise not in page.content.decode()
    for path in (f"/cards/{card}", "/cards", f"/cards/{card}/close"):
        other = alice.client.get(path)
        assert issuing.double.url not in other["Content-Security-Policy"] + other.content.decode()
        assert promise in other.content.decode()


def test_stripe_hanging_keeps_nobody_waiting_for_a_number(
    issuing: Issuing, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 (after three seconds, see tests/soak), and the same look works afterwards. Break: call without `is_hurried`."""
    monkeypatch.setattr(stripe_client, "_HURRY", 0.5)
    card = card_of(alice)
    nonce = issuing.do("nonce", card=issuing.at_stripe(card)["id"])["nonce"]
    alice.step_up()
    issuing.do("fault", where="POST /v1/ephemeral_keys", kind="hang", seconds=15)
    began = time.monotonic()
    refused = call(alice, f"/v1/cards/{card}/reveal", {"nonce": nonce})
    assert time.monotonic() - began < 15
    assert refused.status_code == 503
    assert refused.json()["title"]
    alice.step_up()
    assert call(alice, f"/v1/cards/{card}/reveal", {"nonce": nonce}).status_code == 200
    assert "did not say for whom" in alice.client.get("/privacy").content.decode()


def test_a_number_that_is_not_made_yet_is_not_shown(issuing: Issuing, alice: Person) -> None:
    card = card_of(alice, work=False)
    alice.step_up()
    assert call(alice, f"/v1/cards/{card}/reveal", {"nonce": "ephkn_1"}).status_code == 409
    assert "still making" in alice.client.get(f"/cards/{card}/reveal").content.decode()
    page = alice.client.get(f"/cards/{card}").content.decode()
    assert "being made" in page
    assert f"/cards/{card}/reveal" not in page
    made = alice.client.post("/cards/new", {"kind": "standard", "currency": "EUR", "load": ""}, follow=True)
    assert "is being made" in made.content.decode()
    assert "is ready" not in made.content.decode()
