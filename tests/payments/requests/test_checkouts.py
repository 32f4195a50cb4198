"""Checkouts: what a bot sells is paid as a request, with items, a tip, and a way back that the platform has registered."""

import html
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from payments.platforms import links
from payments.requests.models import Checkout, CheckoutItems, PaymentRequest
from tests.payments import cast
from tests.payments.requests.test_requests_api import Story, eur, events_of, same_refusals
from tests.support.people import Person, sign_up
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.ids import new_id

pytestmark = pytest.mark.django_db(transaction=True)

ITEMS = [{"label": "Espresso", "amount": eur(250)}, {"label": "Croissant", "amount": eur(200)}]
BACK = "http://127.0.0.1:8001/orders/7?from=wallet"


class Bar(Story):
    """bob is a bot that sells."""

    def sell(self, **changes: Any) -> Any:
        body = {"payee": self.bob.link.id, "items": ITEMS, **changes}
        return self.chat.post("/v1/checkouts", {k: v for k, v in body.items() if v is not ...})

    def sold(self, **changes: Any) -> dict[str, Any]:
        answer = self.sell(**changes)
        assert answer.status_code == 201, answer.content
        made: dict[str, Any] = answer.json()
        return made

    def read(self, made: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.chat.get(f"/v1/checkouts/{made['id']}").json()
        return found


@pytest.fixture
def bar() -> Bar:
    return Bar()


@pytest.fixture
def carol() -> Person:
    return sign_up()


def path_of(made: dict[str, Any]) -> str:
    return str(made["checkout_url"][made["checkout_url"].index("/p/") :])


def buy(person: Person, made: dict[str, Any], source: str, query: str = "") -> Any:
    """As the page does: what it shows is what is signed and sent."""
    text = person.client.get(path_of(made) + query).content.decode()
    signed = re.search(r'data-stepup-binding="([^"]*)"', text)
    assert signed
    person.step_up(json.loads(html.unescape(signed[1])))
    tip = re.search(r'name="tip" value="(\d+)"', text)
    return person.client.post(path_of(made), {"source": source, **({"tip": tip[1]} if tip else {})})


def test_a_checkout_has_the_contracts_shape(bar: Bar) -> None:
    made = bar.sold(
        payer=bar.alice.link.id, max_tip=eur(300), suggested_tips=[eur(50), eur(100)], reference="order-7",
        return_url=BACK, locale="fr",
    )  # fmt: skip
    assert bar.read(made) == made
    assert {name: made[name] for name in ("status", "items", "total", "tip", "max_tip", "payer", "reference")} == {
        "status": "open", "items": ITEMS, "total": eur(450), "tip": eur(0), "max_tip": eur(300),
        "payer": bar.alice.link.id, "reference": "order-7",
    }  # fmt: skip
    assert (made["suggested_tips"], made["return_url"], made["paid_at"]) == ([eur(50), eur(100)], BACK, None)
    assert "4,50" in made["button"]["title"]
    assert made["button"]["url"] == made["checkout_url"]
    asked = bar.chat.get(f"/v1/payment-requests/{made['payment_request']}").json()
    assert (asked["amount"], asked["note"], asked["pay_url"]) == (
        eur(450), "Espresso, Croissant", made["checkout_url"],
    )  # fmt: skip


def test_one_tap_pays_a_checkout_and_a_refund_gives_it_back(bar: Bar) -> None:
    made = bar.sold(payer=bar.alice.link.id)
    assert bar.pay(made["payment_request"]).json()["status"] == "paid"
    assert (bar.read(made)["status"], bar.main(bar.bob)) == ("paid", 450)
    assert events_of(made["id"]) == ["checkout.paid"]
    assert events_of(made["payment_request"]) == ["payment_request.paid"]
    from payments.platforms.models import Mandate

    Mandate.objects.filter(link=bar.bob.link).update(refunds=True)
    refund = {"payment_request": made["payment_request"], "amount": eur(200)}
    assert cast.api(bar.bob.token).post("/v1/refunds", refund).json()["status"] == "succeeded"


def test_members_of_a_checkout(bar: Bar) -> None:
    usd = {"value": 1, "currency": "USD"}
    for changes, status, pointer in (
        ({"x": 1}, 400, None), ({"items": [{**ITEMS[0], "x": 1}]}, 400, None), ({"total": eur(1)}, 400, None),
        ({"items": []}, 422, "/items"), ({"items": [ITEMS[0]] * 51}, 422, "/items"), ({"items": ...}, 422, "/items"),
        ({"items": [{"label": "x" * 61, "amount": eur(1)}]}, 422, "/items/0/label"),
        ({"items": [{"label": "", "amount": eur(1)}]}, 422, "/items/0/label"),
        ({"items": [{"label": "x", "amount": eur(0)}]}, 422, "/items/0/amount/value"),
        ({"items": [ITEMS[0], {"label": "x", "amount": usd}]}, 422, "/items/1/amount/currency"),
        ({"items": [{"label": "x", "amount": eur(999_999_999_999)}] * 2}, 422, "/items"),
        ({"max_tip": usd}, 422, "/max_tip/currency"), ({"suggested_tips": [eur(1)]}, 422, "/suggested_tips/0/value"),
        ({"max_tip": eur(5), "suggested_tips": [eur(6)]}, 422, "/suggested_tips/0/value"),
        ({"max_tip": eur(5), "suggested_tips": [eur(2), eur(2)]}, 422, "/suggested_tips/1/value"),
        ({"max_tip": eur(5), "suggested_tips": [eur(1)] * 5}, 422, "/suggested_tips"),
        ({"multi_use": True}, 422, "/multi_use"), ({"multi_use": False}, 201, None),
        ({"payer": bar.bob.link.id}, 422, "/payer"), ({"expires_in": 59}, 422, "/expires_in"),
        ({"payer": None, "max_tip": None, "suggested_tips": None, "return_url": None}, 201, None),
    ):  # fmt: skip
        answer = bar.sell(**changes)
        assert answer.status_code == status, (changes, answer.content)
        if pointer is not None:
            assert [error["pointer"] for error in answer.json()["errors"]] == [pointer], changes


def test_the_way_back_is_on_a_registered_origin_and_nowhere_else(bar: Bar) -> None:
    """P04. Break: compare hosts without ports, or the start of the text."""
    for url in (BACK, "http://127.0.0.1:8001", "http://127.0.0.1:8001/"):
        assert bar.sell(return_url=url).status_code == 201, url
    for url in (
        "http://127.0.0.1:8002/", "http://127.0.0.1/", "https://127.0.0.1:8001/", "http://localhost:8001/",
        "http://127.0.0.1:8001.evil.example/", "http://127.0.0.1:8001@evil.example/", "http://u@127.0.0.1:8001/",
        "https://evil.example/", "//127.0.0.1:8001/", "/orders", "javascript:alert(1)", "http://127.0.0.1:8001/#x",
        "http://127.0.0.1:8001\\@evil.example/", "http://127.0.0.1:8001/ x", "http://[::1]:8001/", "HTTP://127.0.0.1:8002",
        "http://127.0.0.1:99999/", "http://evil.example/?http://127.0.0.1:8001/", "",
    ):  # fmt: skip
        answer = bar.sell(return_url=url)
        assert answer.status_code == 422, (url, answer.content)
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/return_url"], url
    salon = cast.platform("Salon", "https://chat.example/oauth/callback")
    body, chat = {"payee": cast.link(cast.holder(), salon).link.id, "items": ITEMS}, cast.api(cast.chat_token(salon))
    for url, status in (
        ("https://chat.example/orders", 201), ("https://chat.example.evil.example/", 422),
        ("https://chat.example:8443/", 422), ("https://CHAT.example/", 422), ("https://chat.examples/", 422),
    ):  # fmt: skip
        assert chat.post("/v1/checkouts", {**body, "return_url": url}).status_code == status, url


def test_another_platform_reaches_no_checkout(bar: Bar) -> None:
    """P10. Break: leave the platform out of `get_checkout`."""
    made = bar.sold()
    eve = cast.link(cast.holder(), cast.platform("Salon"))
    salon = cast.api(cast.chat_token(cast.platform("Salon")))
    assert [salon.get(f"/v1/checkouts/{one}").status_code for one in (made["id"], new_id("chk"))] == [404, 404]
    assert len(same_refusals([bar.sell(payee=one) for one in (new_id("link"), eve.link.id)])) == 1


def test_a_checkout_ends_as_its_request_does(bar: Bar, carol: Person) -> None:
    """Break: leave `_move_checkout` out of `move`."""
    linked = cast.link(carol.holder, bar.parlour)
    canceled, late, refused, left = (bar.sold(payer=linked.link.id) for _ in range(4))
    bar.chat.post(f"/v1/payment-requests/{canceled['payment_request']}/cancel")
    PaymentRequest.objects.filter(pk=late["payment_request"]).update(expires_at=clock.now() - timedelta(seconds=1))
    carol.client.post(f"{path_of(refused)}/decline", {"decision": "decline"})
    assert [bar.read(one)["status"] for one in (canceled, late, refused, left)] == [
        "canceled", "expired", "canceled", "open",
    ]  # fmt: skip
    links.end_link(
        holder_id=carol.holder.id, link_id=linked.link.id, actor=Actor.holder(carol.holder.id), now=clock.now()
    )
    assert bar.read(left)["status"] == "canceled"
    assert not Checkout.objects.filter(platform=bar.parlour.platform, status="paid").exists()


# --- On the page ------------------------------------------------------------------------------------


def test_before_sign_in_a_checkout_shows_nothing(bar: Bar) -> None:
    made = bar.sold(return_url=BACK)
    page = Client().get(path_of(made))
    assert "Espresso" not in page.content.decode()
    assert "127.0.0.1:8001" not in page["Content-Security-Policy"]


def test_items_a_tip_a_passkey_and_the_way_back(bar: Bar, carol: Person) -> None:
    """A10. Break: leave the tip out of the binding; or redirect to the page itself."""
    card = cast.card(carol.holder, 5000)
    made = bar.sold(max_tip=eur(300), suggested_tips=[eur(50), eur(100)], return_url=BACK)
    page = carol.client.get(path_of(made))
    for word in ("Espresso", "Croissant", "€4.50", "Tip €0.50", "up to €3.00"):
        assert word in page.content.decode()
    assert "http://127.0.0.1:8001" in page["Content-Security-Policy"]
    tipped = carol.client.get(f"{path_of(made)}?tip=100").content.decode()
    assert "Pay €5.50 with your passkey" in tipped
    carol.step_up(json.loads(html.unescape(re.findall(r'data-stepup-binding="([^"]*)"', tipped)[0])))
    cheated = carol.client.post(path_of(made), {"source": card.id, "tip": "300"})
    assert cheated["Location"].startswith("/step-up"), "another tip than was signed"
    answer = buy(carol, made, card.id, "?own_tip=0.75")
    assert (answer.status_code, answer["Location"]) == (303, BACK)
    after = bar.read(made)
    assert (after["status"], after["total"], after["tip"], after["payer"]) == ("paid", eur(450), eur(75), None)
    assert bar.main(bar.bob) == 525
    assert bar.chat.get(f"/v1/payment-requests/{made['payment_request']}").json()["amount"] == eur(525)
    shown = carol.client.get(path_of(made)).content.decode()
    for word in (f'href="{html.escape(BACK)}"', "€5.25", "Tip", "Espresso"):
        assert word in shown


def test_a_tip_is_at_most_what_is_taken(bar: Bar, carol: Person) -> None:
    """Break: leave `min` out of `_tip`, and the check out of `_add_tip`."""
    made, plain = bar.sold(max_tip=eur(300)), bar.sold()
    for query, amount in (
        ("?tip=999999", "€7.50"),
        ("?own_tip=x", "€4.50"),
        ("?tip=-5", "€4.50"),
        ("?tip=1e3", "€4.50"),
    ):
        assert f"Pay {amount}" in carol.client.get(path_of(made) + query).content.decode(), query
    assert "Pay €4.50" in carol.client.get(f"{path_of(plain)}?tip=100").content.decode()
    from payments.requests.paying import Source, TipRefused, approve_request
    from wallet.core.money import Money

    cast.fund(carol.holder, 5000)
    for one, tip in ((made, 301), (plain, 1)):
        with pytest.raises(TipRefused):
            approve_request(
                payer_id=carol.holder.id, request_id=one["payment_request"], source=Source(),
                tip=Money(tip, "EUR"), now=clock.now(),
            )  # fmt: skip
    assert bar.main(bar.bob) == 0


def test_without_enough_money_the_tip_comes_along_to_the_top_up(bar: Bar, carol: Person) -> None:
    made = bar.sold(max_tip=eur(300))
    text = html.unescape(carol.client.get(f"{path_of(made)}?tip=100").content.decode())
    assert f"/top-ups/new?amount=5.50&currency=EUR&next=%2Fp%2F{made['payment_request']}%3Ftip%3D100" in text


def test_each_of_the_two_has_their_own_copy_of_the_items(bar: Bar, carol: Person) -> None:
    """settled.md 7. Break: leave `write_items` out of `keep_payer_side`."""
    cast.fund(carol.holder, 5000)
    made = bar.sold()
    carol.client.get(path_of(made))
    assert set(copies(made)) == {bar.bob.holder.id}, "who only looks gets none"
    buy(carol, made, "main")
    assert copies(made) == {who: ["Espresso", "Croissant"] for who in (bar.bob.holder.id, carol.holder.id)}


def copies(made: dict[str, Any]) -> dict[str, list[str]]:
    rows = CheckoutItems.objects.filter(checkout=made["id"])
    return {row.holder_id: [item["label"] for item in row.items] for row in rows}


def test_hidden_notes_hide_labels(bar: Bar) -> None:
    from payments.platforms.models import Link

    Link.objects.filter(pk=bar.bob.link.pk).update(hide_note=True)
    assert [item["label"] for item in bar.sold()["items"]] == [None, None]
