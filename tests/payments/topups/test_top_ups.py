"""Top-ups through the doors that people and gateways use: asked for, paid on the hosted page, credited once."""

import base64
import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db.models import Q
from django.test import Client
from standardwebhooks.webhooks import Webhook

from payments.topups import tasks, top_ups
from payments.topups.gateway import Payment, PaymentState
from payments.topups.models import GatewayEvent, SandboxCheckout, TopUp
from payments.topups.sandbox import adapter
from payments.topups.sandbox.test_cards import LISTED
from privacy.exposure.models import Exposure
from tests.support.people import Person, sign_up
from wallet.core import clock, outbox
from wallet.core.actors import Actor
from wallet.core.models import OutboxEntry
from wallet.core.money import Money
from wallet.ledger import accounts, balances

pytestmark = pytest.mark.django_db(transaction=True)
SYSTEM = Actor.system("tests")


@pytest.fixture
def person() -> Person:
    return sign_up()


@pytest.fixture
def alice(person: Person) -> Any:
    return person.holder


@pytest.fixture
def browser(person: Person) -> Client:
    return person.client


@pytest.fixture
def deliveries(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, dict[str, str]]]:
    """What the sandbox gateway sends, handed to the inbox's own door."""
    sent: list[tuple[bytes, dict[str, str]]] = []

    def deliver(*, event_id: str, event_type: str, session_ref: str) -> None:
        now = datetime.now(UTC)
        body = json.dumps({"type": event_type, "timestamp": now.isoformat(), "data": {"id": session_ref}})
        headers = {
            "webhook-id": event_id, "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": adapter._signer().sign(event_id, now, body),
        }  # fmt: skip
        sent.append((body.encode(), headers))
        assert post_event(body.encode(), headers) == 200

    monkeypatch.setattr(adapter, "deliver", deliver)
    return sent


def post_event(body: bytes, headers: dict[str, str]) -> int:
    return Client().post("/webhooks/sandbox", body, content_type="application/json", headers=headers).status_code


def ask(browser: Client, minor: int = 5000, **more: Any) -> dict[str, Any]:
    answer = browser.post(
        "/v1/top-ups", {"amount": {"value": minor, "currency": "EUR"}, **more},
        content_type="application/json", headers={"Idempotency-Key": os.urandom(8).hex()},
    )  # fmt: skip
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def work(ref: str = "") -> None:
    """Do what the worker would."""
    mine = Q(topic__startswith="topups.") | Q(topic__startswith="sandbox_gateway.")
    for _ in range(6):
        for entry in OutboxEntry.objects.filter(mine, done_at=None, dead_at=None).order_by("id"):
            outbox.work(entry.id)


def pay(top_up_id: str, body: dict[str, str]) -> int:
    return Client().post(f"/sandbox/checkout/{top_up_id}", body, content_type="application/json").status_code


def status(top_up_id: str) -> str:
    return TopUp.objects.get(id=top_up_id).status


def on_main(holder_id: str) -> int:
    return balances.available(accounts.main(holder_id, "EUR")).minor


def test_a_top_up_is_paid_on_the_hosted_page_and_credited_once(
    alice: Any, browser: Client, deliveries: list[Any]
) -> None:
    """Break: key the credit by the event's id instead of the top-up's."""
    top_up = ask(browser)
    assert top_up["status"] == "created"
    assert top_up["checkout_url"] == f"{settings.PUBLIC_URL}/top-ups/{top_up['id']}/checkout"
    work(top_up["id"])
    assert status(top_up["id"]) == "pending"
    assert pay(top_up["id"], {"card": "4242 4242 4242 4242"}) == 202
    work(top_up["id"])
    assert status(top_up["id"]) == "succeeded"
    body, headers = deliveries[0]
    for number in range(5):
        assert post_event(body, headers) == 200
        again = {**headers, "webhook-id": f"evt_again{number}"}
        again["webhook-signature"] = adapter._signer().sign(again["webhook-id"], datetime.now(UTC), body.decode())
        again["webhook-timestamp"] = str(int(datetime.now(UTC).timestamp()))
        assert post_event(body, again) == 200
    work(top_up["id"])
    assert on_main(alice.pk) == 5000
    assert GatewayEvent.objects.filter(event_id=headers["webhook-id"]).count() == 1


def test_the_page_may_be_answered_before_its_session_is_made(
    alice: Any, browser: Client, deliveries: list[Any]
) -> None:
    """settled.md 36: 202 at once. Break: answer 404 while `SandboxCheckout` has no row."""
    top_up = ask(browser)
    assert pay(top_up["id"], {"card": "4242424242424242"}) == 202
    work(top_up["id"])
    assert (status(top_up["id"]), on_main(alice.pk)) == ("succeeded", 5000)


def test_a_declined_card_takes_nothing(alice: Any, browser: Client, deliveries: list[Any]) -> None:
    top_up = ask(browser)
    assert pay(top_up["id"], {"card": "4000000000000002"}) == 202
    work(top_up["id"])
    assert (status(top_up["id"]), on_main(alice.pk)) == ("failed", 0)
    assert pay(top_up["id"], {"card": "4242424242424242"}) == 409


@pytest.mark.parametrize(("answer", "state", "money"), [("confirm", "succeeded", 5000), ("refuse", "failed", 0)])
def test_the_banks_question_decides(
    alice: Any, browser: Client, deliveries: list[Any], answer: str, state: str, money: int
) -> None:
    top_up = ask(browser)
    pay(top_up["id"], {"card": "4000002760003184"})
    work(top_up["id"])
    assert status(top_up["id"]) == "pending"
    assert pay(top_up["id"], {"challenge": answer}) == 202
    work(top_up["id"])
    assert (status(top_up["id"]), on_main(alice.pk)) == (state, money)


def test_a_slow_payment_arrives_later(alice: Any, browser: Client, deliveries: list[Any]) -> None:
    top_up = ask(browser)
    pay(top_up["id"], {"card": "4000000000000077"})
    work(top_up["id"])
    assert (status(top_up["id"]), on_main(alice.pk)) == ("pending", 0)
    past = clock.now() - timedelta(seconds=1)
    SandboxCheckout.objects.filter(reference=top_up["id"]).update(settles_at=past)
    OutboxEntry.objects.filter(done_at=None).update(due_at=past)
    work(top_up["id"])
    assert (status(top_up["id"]), on_main(alice.pk)) == ("succeeded", 5000)


def test_a_payment_that_no_event_told_about_is_found(alice: Any, browser: Client, deliveries: list[Any]) -> None:
    """standard.md W03. Break: let the poller look at `created` ones only."""
    top_up = ask(browser)
    work(top_up["id"])
    SandboxCheckout.objects.filter(reference=top_up["id"]).update(status="paid")
    TopUp.objects.filter(id=top_up["id"]).update(look_due_at=clock.now() - timedelta(minutes=5))
    tasks.poll()
    assert (status(top_up["id"]), on_main(alice.pk)) == ("succeeded", 5000)


def test_it_can_go_straight_onto_a_card(alice: Any, browser: Client, deliveries: list[Any]) -> None:
    card = browser.post(
        "/v1/cards", {"currency": "EUR", "kind": "standard"}, content_type="application/json",
        headers={"Idempotency-Key": os.urandom(8).hex()},
    ).json()  # fmt: skip
    top_up = ask(browser, card=card["id"])
    pay(top_up["id"], {"card": "4242424242424242"})
    work(top_up["id"])
    assert on_main(alice.pk) == 0
    assert browser.get(f"/v1/cards/{card['id']}").json()["balance"] == {"value": 5000, "currency": "EUR"}


def test_another_amount_than_asked_for_credits_nothing(alice: Any, browser: Client) -> None:
    top_up = ask(browser)
    payment = Payment("cs", "pi", PaymentState.PAID, Money(500_000, "EUR"))
    with pytest.raises(top_ups.AmountDiffers):
        top_ups.apply(top_up_id=top_up["id"], payment=payment, actor=SYSTEM, now=clock.now())
    assert on_main(alice.pk) == 0


def test_money_that_comes_after_all_is_still_the_holders(alice: Any, browser: Client, deliveries: list[Any]) -> None:
    top_up = ask(browser)
    pay(top_up["id"], {"card": "4000000000000002"})
    work(top_up["id"])
    payment = Payment("cs", "pi_late", PaymentState.PAID, Money(5000, "EUR"))
    top_ups.apply(top_up_id=top_up["id"], payment=payment, actor=SYSTEM, now=clock.now())
    assert (status(top_up["id"]), on_main(alice.pk)) == ("succeeded", 5000)


@pytest.mark.parametrize("number", ["4111111111111111", "5555555555554444", "1234", "", None, 4242424242424242])
def test_only_listed_cards_are_taken_and_nothing_of_others_is_kept(
    browser: Client, number: object, caplog: pytest.LogCaptureFixture
) -> None:
    """settled.md 24. Break: echo the number in the error."""
    top_up = ask(browser)
    answer = Client().post(f"/sandbox/checkout/{top_up['id']}", {"card": number}, content_type="application/json")
    assert answer.status_code == 422
    page = Client().post(f"/sandbox/checkout/{top_up['id']}", {"card": number or ""})
    if isinstance(number, str) and number:
        assert number not in answer.content.decode() + page.content.decode() + caplog.text
        assert not SandboxCheckout.objects.filter(reference=top_up["id"]).exclude(status="open").exists()


@pytest.mark.parametrize("spoil", ["body", "signature", "old", "future", "no-id"])
def test_an_event_that_does_not_hold_leaves_no_row(spoil: str) -> None:
    """standard.md W01. Break: read the event before its signature is checked."""
    signer = Webhook(base64.b64encode(settings.SANDBOX_GATEWAY_SECRET.encode()).decode())
    at = datetime.now(UTC) + {"old": timedelta(minutes=-6), "future": timedelta(minutes=6)}.get(spoil, timedelta())
    body = json.dumps({"type": "checkout.session.completed", "data": {"id": "cs_sandbox_x"}})
    name = f"evt_{os.urandom(6).hex()}"
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signer.sign(name, at, body),
    }
    if spoil == "body":
        body = body.replace("_x", "_y")
    elif spoil == "signature":
        headers["webhook-signature"] = "v1," + base64.b64encode(b"x" * 32).decode()
    elif spoil == "no-id":
        del headers["webhook-id"]
    assert post_event(body.encode(), headers) == 400
    assert not GatewayEvent.objects.filter(event_id=name).exists()


def test_another_persons_top_up_is_not_there(browser: Client) -> None:
    """Break: look for the id alone in `find_top_up`."""
    eve = sign_up().client
    top_up = ask(browser)
    for path in (f"/v1/top-ups/{top_up['id']}", f"/top-ups/{top_up['id']}", f"/top-ups/{top_up['id']}/checkout"):
        assert eve.get(path).status_code == 404


@pytest.mark.parametrize(
    ("body", "expected", "pointer"),
    [
        ({"amount": {"value": 0, "currency": "EUR"}}, 422, "/amount/value"),
        ({"amount": {"value": 1.0, "currency": "EUR"}}, 422, "/amount/value"),
        ({"amount": {"value": "1", "currency": "EUR"}}, 422, "/amount/value"),
        ({"amount": {"value": 1, "currency": "XXX"}}, 422, "/amount/currency"),
        ({"amount": {"value": 1, "currency": "EUR", "x": 1}}, 400, None),
        ({"amount": 5}, 422, "/amount"),
        ({}, 422, "/amount"),
        ({"amount": {"value": 1, "currency": "EUR"}, "holder": "holder_x"}, 400, None),
        ({"amount": {"value": 1, "currency": "EUR"}, "card": "card_" + "a" * 22}, 422, "/card"),
    ],
)  # fmt: skip
def test_bad_input_gets_an_error_that_names_the_member(
    browser: Client, body: Any, expected: int, pointer: str | None
) -> None:
    raw = json.dumps(body)
    answer = browser.post("/v1/top-ups", raw, content_type="application/json", headers={"Idempotency-Key": "k"})
    assert answer.status_code == expected, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    if pointer:
        assert answer.json()["errors"][0]["pointer"] == pointer


def test_the_gateway_is_told_the_amount_and_our_reference_and_that_is_on_record(alice: Any, browser: Client) -> None:
    ask(browser)
    exposure = Exposure.objects.get(holder_id=alice.pk)
    assert set(exposure.fields) == {"payment.amount", "object.id"}


def test_the_page_asks_in_the_language_of_its_reader_and_leads_to_the_payment(browser: Client) -> None:
    page = browser.get("/top-ups/new")
    assert page.status_code == 200
    answer = browser.post("/top-ups/new", {"amount": "12.50", "currency": "EUR", "card": ""})
    assert answer.status_code == 302
    waiting = browser.get(answer["Location"])
    assert waiting["Refresh"] == "1"
    top_up_id = answer["Location"].split("/")[2]
    work(top_up_id)
    assert browser.get(answer["Location"])["Location"] == f"{settings.PUBLIC_URL}/sandbox/checkout/{top_up_id}"
    hosted = Client().get(f"/sandbox/checkout/{top_up_id}").content.decode()
    assert all(card.number in hosted for card in LISTED)
    assert browser.post("/top-ups/new", {"amount": "lots", "currency": "EUR", "card": ""}).status_code == 422
