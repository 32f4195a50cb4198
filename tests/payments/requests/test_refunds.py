"""Refunds: with the payee's token and a mandate that allows them, in parts, and never more than was paid (settled.md 2)."""

import html
import json
import re
from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction

from payments.platforms import links
from payments.platforms.models import Mandate
from payments.requests.models import PaymentRequest
from privacy.rights import erasing
from privacy.rights.models import ErasureStatus
from tests.payments import cast
from tests.payments.cast import Linked
from tests.payments.requests.test_requests_api import Story, eur, events_of, same_refusals
from tests.privacy.rights.lives import spend
from tests.support.people import Person, sign_up
from wallet.activity.models import Line, Notice
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.ids import new_id
from wallet.core.money import Money
from wallet.ledger import accounts, balances
from wallet.ledger.refusals import TransferInvalid
from wallet.limits.receiving import receive
from wallet.users.models import Holder
from wallet.users.people import is_staying

pytestmark = pytest.mark.django_db(transaction=True)


class Shop(Story):
    """alice has paid bob, who may be asked to give it back."""

    def __init__(self, *, refunds: bool = True) -> None:
        super().__init__()
        Mandate.objects.filter(link=self.bob.link).update(refunds=refunds)

    def paid(self, value: int = 2000, **changes: Any) -> dict[str, Any]:
        made = self.asked(value, **changes)
        assert self.pay(made["id"]).json()["status"] == "paid"
        return made

    def refund(self, made: dict[str, Any], value: int | None = None, who: Linked | None = None, **more: Any) -> Any:
        body = {"payment_request": made["id"], **({} if value is None else {"amount": eur(value)}), **more}
        return cast.api((who or self.bob).token).post("/v1/refunds", body)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def slug(answer: Any) -> str:
    return str(answer.json()["type"]).rpartition("/")[2]


def test_a_payment_goes_back_in_parts_up_to_what_was_paid(shop: Shop) -> None:
    """Break: leave `refunded_minor` out of `_give_back`."""
    made = shop.paid()
    first = shop.refund(made, 500)
    assert first.status_code == 201, first.content
    body = first.json()
    assert body == {
        "id": body["id"], "status": "succeeded", "payment_request": made["id"], "amount": eur(500),
        "approve_url": None, "created_at": body["created_at"],
    }  # fmt: skip
    assert shop.chat.get(f"/v1/refunds/{body['id']}").json() == body
    assert shop.chat.get(f"/v1/payment-requests/{made['id']}").json()["refunded"] == eur(500)
    beyond = shop.refund(made, 1501)
    assert (beyond.status_code, beyond.json()["errors"][0]["pointer"]) == (422, "/amount/value")
    assert shop.refund(made).json()["amount"] == eur(1500), "without an amount: the rest"
    over = shop.refund(made, 1)
    assert (over.status_code, slug(over)) == (409, "payment-request-not-refundable")
    after = shop.chat.get(f"/v1/payment-requests/{made['id']}").json()
    assert (after["status"], after["refunded"]) == ("paid", eur(2000))
    assert (shop.main(shop.bob), shop.main(shop.alice), shop.on_card()) == (0, 2000, 48_000)
    assert events_of(body["id"]) == ["refund.succeeded"]
    lines = {(one.holder_id, one.kind, one.direction) for one in Line.objects.filter(ref=body["id"])}
    assert lines == {
        (shop.bob.holder.id, "refund_sent", "out"), (shop.alice.holder.id, "refund_received", "in"),
    }  # fmt: skip
    assert Notice.objects.filter(holder_id=shop.alice.holder.id, kind="refund_received").count() == 2


def empty_main(shop: Shop) -> None:
    cast.card(shop.bob.holder)
    from cards.issuing.cards import list_cards, load_card
    from wallet.core.money import Money

    card = list_cards(shop.bob.holder.id).first()
    assert card is not None
    load_card(card=card, amount=Money(2000, "EUR"), actor=Actor.holder(shop.bob.holder.id), now=clock.now())


def pause(shop: Shop) -> None:
    from wallet.users.freezes import freeze_holder

    freeze_holder(
        holder_id=shop.bob.holder.id, actor=Actor.staff("staff_x"), reason_code="monitoring", reason="A test of refunds",
        now=clock.now(),
    )  # fmt: skip


def mandate(**changes: Any) -> Any:
    return lambda shop: Mandate.objects.filter(link=shop.bob.link).update(**changes)


REASONS = {
    "refunds are off": mandate(refunds=False),
    "the mandate is over": mandate(until="2026-01-01T00:00:00Z"),
    "no money": empty_main,
    "a paused wallet": pause,
}


def test_every_reason_gives_the_same_bytes(shop: Shop) -> None:
    """settled.md 2 and 13. Break: answer 402 for no money."""
    seen = set()
    for act in REASONS.values():
        shop = Shop()
        made = shop.paid()
        act(shop)
        answer = shop.refund(made)
        assert answer.status_code == 201, answer.content
        body = answer.json()
        assert body["approve_url"].endswith(f"/refunds/{body['id']}")
        text = answer.content.decode().replace(body["id"], "ref").replace(made["id"], "preq")
        seen.add(text.replace(body["created_at"], "at"))
        assert shop.main(shop.alice) == 0
        assert shop.chat.get(f"/v1/payment-requests/{made['id']}").json()["refunded"] == eur(0)
        assert events_of(body["id"]) == []
    assert len(seen) == 1


def test_after_three_questions_a_day_every_answer_is_a_question(shop: Shop) -> None:
    """A balance oracle would give its answer away (settled.md 13). Break: leave `count_approval_asked` out of `_ask`."""
    made, small = shop.paid(), shop.paid(100)
    Mandate.objects.filter(link=shop.bob.link).update(refunds=False)
    for _ in range(3):
        assert shop.refund(made).json()["status"] == "requires_approval"
    Mandate.objects.filter(link=shop.bob.link).update(refunds=True)
    assert shop.refund(small).json()["status"] == "requires_approval"
    waiting = Notice.objects.filter(holder_id=shop.bob.holder.id, kind="refund_approval", read_at=None)
    assert waiting.count() == 2, "a new question takes the place of the one before"


def test_what_cannot_be_refunded(shop: Shop) -> None:
    """P10. Break: look the request up without its platform, or by the person instead of the link."""
    made = shop.paid()
    eve = cast.link(cast.holder(), cast.platform("Salon"), refunds=True)
    strangers = [shop.refund({"id": new_id("preq")}), shop.refund(made, who=eve), shop.refund(made, who=shop.alice)]
    assert len(same_refusals(strangers)) == 1
    not_paid = shop.refund(shop.asked())
    assert (not_paid.status_code, slug(not_paid)) == (409, "payment-request-not-refundable")
    for more, status in (
        ({"x": 1}, 400), ({"amount": {"value": 1, "currency": "USD"}}, 422), ({"amount": eur(0)}, 422),
        ({"payment_request": "preq_x"}, 422), ({"status": "succeeded"}, 400), ({"amount": None}, 201),
    ):  # fmt: skip
        assert shop.refund(made, **more).status_code == status, more
    assert shop.chat.post("/v1/refunds", {"payment_request": made["id"]}).status_code == 403, "the platform's own token"
    refund_id = shop.paid(300)
    answer = shop.refund(refund_id).json()
    assert cast.api(cast.chat_token(cast.platform("Salon"))).get(f"/v1/refunds/{answer['id']}").status_code == 404


def test_a_repeated_key_gives_back_once(shop: Shop) -> None:
    made, bob = shop.paid(), cast.api(shop.bob.token)
    answers = [bob.post("/v1/refunds", {"payment_request": made["id"], "amount": eur(700)}, key="k") for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert answers[1]["Idempotent-Replayed"] == "true"
    assert shop.main(shop.alice) == 700


def test_the_payer_gets_it_whatever_became_of_their_link(shop: Shop) -> None:
    """settled.md 2. Break: send it to the link's card."""
    made = shop.paid()
    alice = shop.alice
    links.end_link(
        holder_id=alice.holder.id, link_id=alice.link.id, actor=Actor.holder(alice.holder.id), now=clock.now()
    )
    answer = shop.refund(made)
    assert answer.json()["status"] == "succeeded"
    assert shop.main(alice) == 2000
    from payments.webhooks.deliveries import take_in
    from payments.webhooks.models import Delivery
    from wallet.core.models import OutboxEntry

    shop.chat.post("/v1/webhook-endpoints", {"url": "http://127.0.0.1:9/", "events": ["refund.succeeded"]})
    take_in(OutboxEntry.objects.get(topic="platform.event", ref=answer.json()["id"]))
    assert not Delivery.objects.filter(event__object_id=answer.json()["id"]).exists(), "no later change is told"


def test_what_is_above_the_payers_limit_waits(shop: Shop) -> None:
    """Break: refuse a refund that does not fit."""
    made = shop.paid()
    stored = 1_000_000 - shop.on_card()
    cast.fund(shop.alice.holder, stored)
    assert shop.refund(made).json()["status"] == "succeeded"
    assert shop.main(shop.alice) == stored
    from wallet.limits.parking import waiting

    assert [one.minor for one in waiting(shop.alice.holder.id)] == [2000]


def test_an_ended_payee_is_not_asked_any_more(shop: Shop) -> None:
    Mandate.objects.filter(link=shop.bob.link).update(refunds=False)
    asked = shop.refund(shop.paid()).json()
    bob = shop.bob
    links.end_link(holder_id=bob.holder.id, link_id=bob.link.id, actor=Actor.holder(bob.holder.id), now=clock.now())
    assert shop.chat.get(f"/v1/refunds/{asked['id']}").json()["status"] == "failed"
    assert not Notice.objects.filter(holder_id=bob.holder.id, kind="refund_approval", read_at=None).exists()


# --- Whoever paid has left --------------------------------------------------------------------------


def leave(holder: Holder) -> ErasureStatus | None:
    erasing.request_erasure(holder_id=holder.id, actor=Actor.holder(holder.id), now=clock.now())
    return erasing.carry_on(holder_id=holder.id, now=clock.now())


@pytest.fixture
def gone(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Somebody leaves, to the end; the sealer is another process."""
    monkeypatch.setattr(erasing, "is_sealed", lambda _holder_id: True)

    def go(holder: Holder) -> None:
        leave(holder)
        spend(holder)
        assert erasing.carry_on(holder_id=holder.id, now=clock.now()) is ErasureStatus.DONE

    return go


def test_whoever_has_left_is_given_nothing_and_the_payee_keeps_it(shop: Shop, gone: Any) -> None:
    """Break: `is_staying` says yes: 409 of the ledger, or an account that is opened for nobody."""
    made = shop.paid()
    gone(shop.alice.holder)
    answer = shop.refund(made)
    assert (answer.status_code, answer.json()["status"], answer.json()["approve_url"]) == (201, "failed", None)
    assert shop.chat.get(f"/v1/refunds/{answer.json()['id']}").json()["status"] == "failed"
    assert shop.chat.get(f"/v1/payment-requests/{made['id']}").json()["refunded"] == eur(0)
    assert (shop.main(shop.bob), events_of(answer.json()["id"])) == (2000, [])
    assert not any(one.available for one in balances.of_holder(shop.alice.holder.id))


def test_a_payer_who_is_leaving_gets_it_and_is_paid_out_with_it(shop: Shop, gone: Any) -> None:
    """Break: refuse from the request to leave on."""
    made = shop.paid()
    assert leave(shop.alice.holder) is ErasureStatus.NEEDS_DESTINATION
    before = shop.main(shop.alice)
    assert shop.refund(made).json()["status"] == "succeeded"
    assert shop.main(shop.alice) == before + 2000
    gone(shop.alice.holder)


def test_an_erasure_waits_for_a_refund_that_is_under_way(shop: Shop, gone: Any) -> None:
    """Break: `is_staying` without its lock: the accounts close, and the money finds them closed."""
    alice = shop.alice.holder
    leave(alice)
    spend(alice)
    cast.fund(shop.bob.holder, 2000)
    ended: list[object] = []

    def erase() -> None:
        try:
            ended.append(erasing.carry_on(holder_id=alice.id, now=clock.now()))
        except TransferInvalid as refused:
            ended.append(refused)
        finally:
            connection.close()

    thread = Thread(target=erase)
    with transaction.atomic():
        assert is_staying(alice.id)
        thread.start()
        thread.join(0.5)
        receive(
            holder_id=alice.id, amount=Money(2000, "EUR"), source=accounts.main(shop.bob.holder.id, "EUR"),
            key=new_id("ref"), code="chat_refund", ref=new_id("ref"), now=clock.now(),
        )  # fmt: skip
    thread.join(60)
    assert ended
    assert ended != [ErasureStatus.DONE]
    assert shop.main(shop.alice) == 2000
    gone(alice)


# --- The payee's page -------------------------------------------------------------------------------


@pytest.fixture
def carol() -> Person:
    return sign_up()


def asked_of(carol: Person, shop: Shop) -> tuple[dict[str, Any], str]:
    """A payment to carol that shop wants back."""
    linked = cast.link(carol.holder, shop.parlour, alias="Caro")
    made = shop.paid(payee=linked.link.id)
    answer = shop.refund(made, who=linked)
    assert answer.json()["status"] == "requires_approval"
    return made, f"/refunds/{answer.json()['id']}"


def test_the_payee_gives_back_with_a_passkey_for_this_amount(shop: Shop, carol: Person) -> None:
    """A10. Break: leave the binding out of `stepup.require`."""
    made, page = asked_of(carol, shop)
    assert page in carol.client.get("/inbox").content.decode()
    shown = carol.client.get(page)
    assert "Alma (Parlour)" in shown.content.decode()
    assert "without asking you" in shown.content.decode()
    carol.step_up()
    assert carol.client.post(page)["Location"].startswith("/step-up")
    found = re.search(r'data-stepup-binding="([^"]*)"', shown.content.decode())
    assert found
    carol.step_up(json.loads(html.unescape(found[1])))
    assert carol.client.post(page)["Location"] == page
    assert (shop.main(shop.alice), PaymentRequest.objects.get(pk=made["id"]).refunded_minor) == (2000, 2000)
    assert "You gave this back" in carol.client.get(page).content.decode()
    assert "was given back" in carol.client.get(f"/p/{made['id']}").content.decode()
    assert carol.client.get("/v1/requests?direction=out").json()["data"][0]["refunded"] == eur(2000)


def test_the_payee_keeps_the_money_and_nobody_else_sees_the_page(shop: Shop, carol: Person) -> None:
    _made, page = asked_of(carol, shop)
    eve = sign_up()
    assert eve.client.get(page).status_code == 404
    assert eve.client.post(page).status_code == 404
    assert eve.client.post(f"{page}/refuse").status_code == 404
    assert carol.client.post(f"{page}/refuse").status_code == 302
    assert shop.chat.get(f"/v1{page}").json()["status"] == "failed"
    assert shop.main(shop.alice) == 0
    carol.step_up()
    assert "Nothing was given back" in carol.client.get(page).content.decode()


def test_the_page_says_that_whoever_paid_has_left(shop: Shop, carol: Person, gone: Any) -> None:
    """Asked before, approved after: it fails, and nothing moves. Break: `approve_refund` without `is_staying`."""
    made, page = asked_of(carol, shop)
    binding = re.search(r'data-stepup-binding="([^"]*)"', carol.client.get(page).content.decode())
    assert binding
    gone(shop.alice.holder)
    shown = carol.client.get(page).content.decode()
    assert "has left the wallet" in shown
    assert "Keep the money" in shown
    assert "data-stepup-binding" not in shown
    carol.step_up(json.loads(html.unescape(binding[1])))
    assert carol.client.post(page)["Location"] == page
    assert "Nothing was given back" in carol.client.get(page).content.decode()
    assert shop.chat.get(f"/v1{page}").json()["status"] == "failed"
    assert PaymentRequest.objects.get(pk=made["id"]).refunded_minor == 0
    assert not any(one.available for one in balances.of_holder(shop.alice.holder.id))
