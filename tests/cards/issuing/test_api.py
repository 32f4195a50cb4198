"""The holder's card API over HTTP, in a browser's session; tokens are the platforms' tests."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from cards.issuing.cards import get_card
from cards.issuing.models import Reveal
from cards.issuing.reveals import RevealLimit, reveal_card
from cards.vault import domains
from privacy.exposure.models import Exposure, RecipientKind
from privacy.fields import Channel
from tests.cards.acquirer import fund, issue
from tests.support.people import Person, sign_up, sign_up_with_password
from wallet.core import clock
from wallet.core.ids import new_id

# Refusals roll back what the request did, so these commit, each with people of its own.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice() -> Person:
    person = sign_up()
    fund(person.holder.id, 10_000)
    return person


@pytest.fixture
def eve() -> Person:
    return sign_up()


def call(client: Client, path: str, body: Any = None, *, method: str = "post", key: str | None = "") -> Any:
    headers = {} if key is None else {"Idempotency-Key": key or secrets.token_hex(8)}
    return getattr(client, method)(path, body, content_type="application/json", headers=headers)


def make(person: Person, **more: Any) -> dict[str, Any]:
    answer = call(person.client, "/v1/cards", {"currency": "EUR", "kind": "standard", **more})
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def eur(minor: int) -> dict[str, Any]:
    return {"value": minor, "currency": "EUR"}


def test_a_card_has_the_contracts_shape_and_no_more_of_its_number_than_four_digits(alice: Person) -> None:
    card = make(alice, label="Groceries", load=eur(2500), controls={"daily": eur(900), "countries": ["FR"]})
    assert list(card) == [
        "id", "kind", "status", "label", "currency", "last4", "expiry", "balance", "held", "controls", "link",
    ]  # fmt: skip
    assert (card["kind"], card["status"], card["label"], card["link"]) == ("standard", "active", "Groceries", None)
    assert (card["balance"], card["held"]) == (eur(2500), eur(0))
    assert card["controls"] == {
        "per_transaction": None, "daily": eur(900), "monthly": None, "lifetime": None, "merchants": None,
        "mcc_allow": None, "mcc_block": None, "countries": ["FR"],
    }  # fmt: skip
    assert alice.client.get(f"/v1/cards/{card['id']}").json() == card
    assert len(card["last4"]) == 4


def test_lists_are_newest_first_and_paged(alice: Person) -> None:
    made = [make(alice)["id"] for _ in range(3)]
    page = alice.client.get("/v1/cards?limit=2").json()
    assert [card["id"] for card in page["data"]] == made[:0:-1]
    rest = alice.client.get(f"/v1/cards?limit=2&cursor={page['next_cursor']}").json()
    assert ([card["id"] for card in rest["data"]], rest["next_cursor"]) == (made[:1], None)


def test_money_goes_on_and_comes_off_and_never_more_than_there_is(alice: Person) -> None:
    card = make(alice)["id"]
    assert call(alice.client, f"/v1/cards/{card}/load", {"amount": eur(4000)}).json()["balance"] == eur(4000)
    assert call(alice.client, f"/v1/cards/{card}/unload", {"amount": eur(1500)}).json()["balance"] == eur(2500)
    assert call(alice.client, f"/v1/cards/{card}/unload", {"amount": eur(2501)}).status_code == 402
    assert call(alice.client, f"/v1/cards/{card}/load", {"amount": eur(99_999)}).status_code == 402
    wrong = call(alice.client, f"/v1/cards/{card}/load", {"amount": {"value": 1, "currency": "USD"}})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/amount/currency"


def test_states_move_by_their_edges(alice: Person) -> None:
    card = make(alice, load=eur(100))["id"]

    def act(what: str) -> tuple[int, str]:
        answer = call(alice.client, f"/v1/cards/{card}/{what}")
        return answer.status_code, answer.json().get("status")

    assert act("freeze") == (200, "frozen")
    assert act("freeze")[0] == 409
    assert act("unfreeze") == (200, "active")
    assert act("close") == (200, "closed")
    assert [act(what)[0] for what in ("close", "freeze", "unfreeze")] == [409] * 3
    assert call(alice.client, f"/v1/cards/{card}/load", {"amount": eur(1)}).status_code == 409
    closed = alice.client.get(f"/v1/cards/{card}").json()
    assert closed["balance"] == eur(0)


def test_rules_change_by_name_and_null_takes_one_away(alice: Person) -> None:
    card = make(alice, controls={"daily": eur(900), "mcc_block": ["7995"]})["id"]
    body = {"label": "Other", "controls": {"daily": None, "monthly": eur(5)}}
    changed = call(alice.client, f"/v1/cards/{card}", body, method="patch").json()
    assert changed["label"] == "Other"
    rules = {name: value for name, value in changed["controls"].items() if value is not None}
    assert rules == {"monthly": eur(5), "mcc_block": ["7995"]}
    for bad in ({"controls": {"daily": {"value": 1, "currency": "USD"}}}, {"controls": {"countries": ["FRA"]}}):
        assert call(alice.client, f"/v1/cards/{card}", bad, method="patch").status_code == 422
    assert call(alice.client, f"/v1/cards/{card}", {"status": "closed"}, method="patch").status_code == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "standard"}, 422), ({"currency": "EUR", "kind": "gold"}, 422),
        ({"currency": "XXX", "kind": "standard"}, 422), ({"currency": "EUR", "kind": "platform"}, 422),
        ({"currency": "EUR", "kind": "standard", "label": "x" * 61}, 422),
        ({"currency": "EUR", "kind": "standard", "link": "link_" + "0" * 22}, 422),
        ({"currency": "EUR", "kind": "platform", "link": "link_" + "0" * 22}, 422),
        ({"currency": "EUR", "kind": "standard", "pan": "4242424242424242"}, 400),
        ({"currency": "EUR", "kind": "standard", "load": {"value": 0, "currency": "EUR"}}, 422),
        ({"currency": "EUR", "kind": "standard", "load": {"value": 1, "currency": "USD"}}, 422),
        ({"currency": "EUR", "kind": "standard", "load": {"value": 10_001, "currency": "EUR"}}, 402),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_refused_and_leaves_nothing(alice: Person, body: dict[str, Any], status: int) -> None:
    assert call(alice.client, "/v1/cards", body).status_code == status
    assert alice.client.get("/v1/cards").json()["data"] == []


def test_another_persons_card_is_not_there(alice: Person, eve: Person) -> None:
    """standard.md P10. Break: look cards up without their holder."""
    card = make(alice, load=eur(100))["id"]
    calls = [
        eve.client.get(f"/v1/cards/{card}"), call(eve.client, f"/v1/cards/{card}", {"label": "x"}, method="patch"),
        *[call(eve.client, f"/v1/cards/{card}/{what}") for what in ("freeze", "unfreeze", "close", "reveal")],
        call(eve.client, f"/v1/cards/{card}/unload", {"amount": eur(1)}),
        *[eve.client.get(f"/cards/{card}{page}") for page in ("", "/reveal", "/close")],
    ]  # fmt: skip
    assert {answer.status_code for answer in calls} == {404}
    assert eve.client.get("/v1/cards").json()["data"] == []


def test_another_persons_link_makes_no_card(alice: Person, eve: Person) -> None:
    link = new_id("link")
    domains.register(link, "Messenger", ["fb-1"], holder_id=alice.holder.id)
    refused = call(eve.client, "/v1/cards", {"currency": "EUR", "kind": "platform", "link": link})
    unknown = call(eve.client, "/v1/cards", {"currency": "EUR", "kind": "platform", "link": new_id("link")})
    assert refused.status_code == unknown.status_code == 422
    assert refused.json()["errors"] == unknown.json()["errors"]
    assert make(alice, kind="platform", link=link)["link"] == link


def test_a_repeated_key_makes_one_card(alice: Person) -> None:
    """settled.md 3. Break: `idempotent = False` on CardsView."""
    body = {"currency": "EUR", "kind": "standard"}
    first = call(alice.client, "/v1/cards", body, key="k-1")
    again = call(alice.client, "/v1/cards", body, key='"k-1"')
    assert (again.status_code, again.content) == (201, first.content)
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert len(alice.client.get("/v1/cards").json()["data"]) == 1
    assert call(alice.client, "/v1/cards", {**body, "label": "x"}, key="k-1").status_code == 422
    assert call(alice.client, "/v1/cards", body, key=None).status_code == 400


def test_a_refusal_of_money_stays_the_answer_of_its_key(alice: Person) -> None:
    """settled.md 3: try again with a new key."""
    card = make(alice)["id"]
    path = f"/v1/cards/{card}/load"
    assert call(alice.client, path, {"amount": eur(10_001)}, key="k").status_code == 402
    assert call(alice.client, path, {"amount": eur(10_001)}, key="k").headers["Idempotent-Replayed"] == "true"
    assert call(alice.client, path, {"amount": eur(1)}, key="k").status_code == 422
    assert call(alice.client, path, {"amount": eur(1)}, key="another").status_code == 200


# --- Reveal -----------------------------------------------------------------------------------------


def test_a_number_is_shown_after_a_step_up_only_and_is_in_the_owners_log(alice: Person) -> None:
    """standard.md P16. Break: drop `stepup.require`."""
    card = make(alice)["id"]
    path = f"/v1/cards/{card}/reveal"
    refused = call(alice.client, path, key=None)
    assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[-1]) == (403, "step-up-required")
    alice.step_up()
    shown = call(alice.client, path, {"for": "Messenger"}, key=None)
    assert shown.status_code == 200
    assert shown["Cache-Control"] == "no-store"
    assert set(shown.json()) == {"pan", "expiry", "cvc"}
    assert shown.json() == call(alice.client, path, {"for": ""}, key=None).json()
    log = Exposure.objects.filter(holder_id=alice.holder.id, recipient__kind=RecipientKind.SELF)
    assert {tuple(one.fields) for one in log} == {
        ("card.cvc.virtual", "card.expiry.virtual", "card.number.virtual", "object.id", "payment.reference")
    }
    assert log.count() == 2
    assert shown.json()["pan"] not in str(alice.client.get("/v1/exposures").content)
    assert Reveal.objects.filter(card_id=card).count() == 2


def test_a_password_alone_neither_makes_nor_shows_a_card() -> None:
    """settled.md 11. Break: drop `_may_issue`."""
    bob = sign_up_with_password()
    answer = call(bob.client, "/v1/cards", {"currency": "EUR", "kind": "standard"})
    assert answer.status_code == 403
    card = issue(holder_id=bob.holder.id)
    assert call(bob.client, f"/v1/cards/{card.card.id}/reveal", key=None).status_code == 403


def test_a_number_is_shown_a_bounded_number_of_times_a_day(alice: Person) -> None:
    card = make(alice)["id"]
    alice.step_up()
    codes = [call(alice.client, f"/v1/cards/{card}/reveal", key=None).status_code for _ in range(21)]
    assert codes == [200] * 20 + [429]


@pytest.mark.django_db(transaction=True)
def test_looks_at_the_same_moment_are_counted_one_after_another() -> None:
    """Break: count without the lock of the card's row."""
    card = issue().card

    def look(number: int) -> bool:
        try:
            reveal_card(card=card, meant_for="", channel=Channel.API, request_id=f"req_{number}", now=clock.now())
        except RevealLimit:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(look, range(40))) == 20


def test_nobody_without_a_session_reaches_a_card() -> None:
    card = new_id("card")
    assert Client().get(f"/v1/cards/{card}").status_code == 401
    assert call(Client(), f"/v1/cards/{card}/reveal", key=None).status_code == 401
    assert Client().get(f"/cards/{card}").status_code == 302


# --- Pages ------------------------------------------------------------------------------------------


def test_the_pages_do_what_the_api_does(alice: Person) -> None:
    made = alice.client.post("/cards/new", {"kind": "standard", "currency": "EUR", "label": "Books", "load": "12.50"})
    assert made.status_code == 302, made.content
    page = made["Location"]
    card_id = page.rsplit("/", 1)[-1]
    assert "Books" in alice.client.get(page).content.decode()
    alice.client.post(f"{page}/money", {"amount": "2,50", "direction": "unload"})
    alice.client.post(f"{page}/rules", {"daily": "5", "countries": "fr, be"})
    alice.client.post(f"{page}/freeze", {"frozen": "yes"})
    card = alice.client.get(f"/v1/cards/{card_id}").json()
    assert (card["balance"], card["status"]) == (eur(1000), "frozen")
    assert (card["controls"]["daily"], card["controls"]["countries"]) == (eur(500), ["FR", "BE"])
    too_much = alice.client.post(f"{page}/money", {"amount": "999", "direction": "load"})
    assert too_much.status_code == 422
    assert alice.client.get(f"{page}/close").status_code == 200
    assert alice.client.post(f"{page}/close").status_code == 302
    assert get_card(alice.holder.id, card_id).status == "closed"


def test_the_number_page_needs_the_passkey_and_leaves_by_itself(alice: Person) -> None:
    card = make(alice)
    path = f"/cards/{card['id']}/reveal"
    assert alice.client.post(path, {"meant_for": "Shop"}).status_code == 302
    alice.step_up()
    shown = alice.client.post(path, {"meant_for": "Shop"})
    assert shown.status_code == 200
    assert "no-store" in shown["Cache-Control"]
    assert shown["Refresh"].startswith("30;")
    assert f"<span>{card['last4']}</span></span>" in shown.content.decode()
