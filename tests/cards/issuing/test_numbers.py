"""Numbers for one place over the holder API and the pages, in a browser's session and with a bearer token."""

import json
import secrets
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from cards.issuing.models import Reveal
from cards.vault import domains
from payments.platforms.links import end_link
from privacy.exposure.models import Exposure, RecipientKind
from tests.cards.acquirer import fund
from tests.cards.issuing.test_api import call, eur, make
from tests.payments import cast
from tests.support.people import Person, sign_up, sign_up_with_password
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.ids import is_id, new_id

# Refusals roll back what the request did, so these commit, each with people of its own.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice() -> Person:
    person = sign_up()
    fund(person.holder.id, 10_000)
    return person


@pytest.fixture
def card(alice: Person) -> str:
    return str(make(alice, load=eur(5000))["id"])


def number(person: Person, card: str, **body: Any) -> dict[str, Any]:
    answer = call(person.client, f"/v1/cards/{card}/numbers", body or {"merchant": "shop-1"})
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def test_a_number_has_a_shape_and_no_more_of_itself_than_four_digits(alice: Person, card: str) -> None:
    ends_on = (clock.now().date() + timedelta(days=30)).isoformat()
    made = number(
        alice, card, merchant="BAKER*", name="The baker", per_payment=eur(900), total=eur(5000), ends_on=ends_on
    )  # fmt: skip
    assert is_id(made.pop("id"), "num")
    assert len(made.pop("last4")) == 4
    assert len(made.pop("expiry")) == 7
    assert made.pop("created_at").endswith("Z")
    assert made == {
        "card": card, "status": "active", "name": "The baker", "link": None, "merchant": "BAKER*",
        "per_payment": eur(900), "total": eur(5000), "ends_on": ends_on, "spent": eur(0), "payments": 0,
        "last_used_at": None, "ended_at": None,
    }  # fmt: skip


def test_numbers_are_listed_newest_first_and_paged_and_the_cards_own_is_none_of_them(alice: Person, card: str) -> None:
    made = [number(alice, card)["id"] for _ in range(3)]
    path = f"/v1/cards/{card}/numbers"
    page = alice.client.get(f"{path}?limit=2").json()
    assert [one["id"] for one in page["data"]] == made[:0:-1]
    rest = alice.client.get(f"{path}?limit=2&cursor={page['next_cursor']}").json()
    assert ([one["id"] for one in rest["data"]], rest["next_cursor"]) == (made[:1], None)
    assert alice.client.get(f"{path}/{made[0]}").json() == rest["data"][0]
    assert alice.client.get(f"{path}/{card}").status_code == 404
    assert call(alice.client, f"{path}/{card}", method="delete").status_code == 404


UNUSABLE: list[tuple[dict[str, Any], str]] = [
        ({}, "/merchant"), ({"merchant": "shop-1", "link": "link_" + "0" * 22}, "/merchant"),
        ({"link": "link_" + "0" * 22}, "/link"), ({"link": "card_1"}, "/link"), ({"merchant": "AB*"}, "/merchant"),
        ({"merchant": "x" * 65}, "/merchant"), ({"merchant": "s", "name": "x" * 61}, "/name"),
        ({"merchant": "s", "total": {"value": 1, "currency": "USD"}}, "/total/currency"),
        ({"merchant": "s", "per_payment": {"value": 0, "currency": "EUR"}}, "/per_payment/value"),
        ({"merchant": "s", "ends_on": "2020-01-01"}, "/ends_on"), ({"merchant": "s", "ends_on": 20}, "/ends_on"),
]  # fmt: skip


def test_what_cannot_be_made_is_refused_and_leaves_nothing(alice: Person, card: str) -> None:
    """Break: take a last day that is over, or a prefix of two letters."""
    for body, pointer in UNUSABLE:
        refused = call(alice.client, f"/v1/cards/{card}/numbers", body)
        assert refused.status_code == 422, refused.content
        assert refused.json()["errors"][0]["pointer"] == pointer, body
    assert alice.client.get(f"/v1/cards/{card}/numbers").json()["data"] == []


def test_another_persons_numbers_are_not_there(alice: Person, card: str) -> None:
    """standard.md P10. Break: look numbers up without their card."""
    eve = sign_up()
    hers = make(eve)["id"]
    made = number(alice, card)["id"]
    eve.step_up()
    for path in (f"/v1/cards/{card}/numbers", f"/v1/cards/{hers}/numbers"):
        for answer in (
            eve.client.get(f"{path}/{made}"),
            call(eve.client, f"{path}/{made}", method="delete"),
            call(eve.client, f"{path}/{made}/reveal", key=None),
            eve.client.get(f"{path[3:]}/{made}"),
            eve.client.post(f"{path[3:]}/{made}/end"),
            eve.client.post(f"{path[3:]}/{made}/reveal"),
        ):
            assert answer.status_code == 404, path
    assert eve.client.get(f"/v1/cards/{card}/numbers").status_code == 404
    assert call(eve.client, f"/v1/cards/{card}/numbers", {"merchant": "s"}).status_code == 404
    assert alice.client.get(f"/v1/cards/{card}/numbers/{made}").json()["status"] == "active"


def test_another_persons_link_makes_no_number(alice: Person, card: str) -> None:
    """Break: `domains.find` instead of `domains.get`."""
    link = new_id("link")
    domains.register(link, "Messenger", ["fb-1"], holder_id=sign_up().holder.id)
    assert call(alice.client, f"/v1/cards/{card}/numbers", {"link": link}).status_code == 422


def test_a_number_is_shown_after_a_step_up_only_and_is_in_the_owners_log(alice: Person, card: str) -> None:
    """standard.md P16. Break: drop `stepup.require` in `_Cards.reveal`."""
    made = number(alice, card, merchant="shop-1", name="Corner Shop")
    path = f"/v1/cards/{card}/numbers/{made['id']}/reveal"
    refused = call(alice.client, path, key=None)
    assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[-1]) == (403, "step-up-required")
    alice.step_up()
    shown = call(alice.client, path, key=None)
    assert shown.status_code == 200
    assert shown["Cache-Control"] == "no-store"
    assert set(shown.json()) == {"pan", "expiry", "cvc"}
    assert (shown.json()["pan"][-4:], shown.json()["expiry"]) == (made["last4"], made["expiry"])
    own = call(alice.client, f"/v1/cards/{card}/reveal", key=None).json()
    assert own["pan"] != shown.json()["pan"]
    log = Exposure.objects.filter(holder_id=alice.holder.id, recipient__kind=RecipientKind.SELF).order_by("at")
    bodies = [json.loads(alice.client.get(f"/v1/exposures/{one.id}").json()["body"]) for one in log]
    assert [(one["place_number"], one["meant_for"], one["number"][-4:]) for one in bodies] == [
        (made["id"], "Corner Shop", made["last4"]), (None, "", own["pan"][-4:]),
    ]  # fmt: skip
    assert Reveal.objects.filter(card_id=card, number=made["id"]).count() == 1


def test_looks_are_counted_for_each_number(alice: Person, card: str) -> None:
    """Break: count the looks at the card."""
    one, other = number(alice, card)["id"], number(alice, card)["id"]
    alice.step_up()
    codes = [
        call(alice.client, f"/v1/cards/{card}/numbers/{one}/reveal", key=None).status_code for _ in range(21)
    ]  # fmt: skip
    assert codes == [200] * 20 + [429]
    assert call(alice.client, f"/v1/cards/{card}/numbers/{other}/reveal", key=None).status_code == 200
    assert call(alice.client, f"/v1/cards/{card}/reveal", key=None).status_code == 200


def test_a_token_makes_and_ends_numbers_and_never_sees_one() -> None:
    """standard.md P16. Break: drop `_only_in_person` in NumberRevealView."""
    out = StringIO()
    call_command("create_holder", "--username", f"alice-{secrets.token_hex(6)}", "--json", stdout=out)
    access = json.loads(out.getvalue())["access_token"]

    def ask(path: str, body: Any = None, *, method: str = "post") -> Any:
        from django.test import Client

        headers = {"Authorization": f"Bearer {access}", "Idempotency-Key": secrets.token_hex(8)}
        return getattr(Client(), method)(path, body, content_type="application/json", headers=headers)

    path = f"/v1/cards/{ask('/v1/cards', {'currency': 'EUR', 'kind': 'standard'}).json()['id']}/numbers"
    made = ask(path, {"merchant": "shop-1"})
    assert made.status_code == 201, made.content
    one = f"{path}/{made.json()['id']}"
    refused = ask(f"{one}/reveal")
    assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[-1]) == (403, "insufficient-scope")
    ended = ask(one, method="delete")
    assert (ended.status_code, ended.content) == (204, b"")
    assert ask(one, method="get").json()["status"] == "ended"


def test_an_ended_number_stays_ended(alice: Person, card: str) -> None:
    made = number(alice, card)["id"]
    path = f"/v1/cards/{card}/numbers/{made}"
    assert call(alice.client, path, method="delete").status_code == 204
    assert call(alice.client, path, method="delete").status_code == 409
    alice.step_up()
    assert call(alice.client, f"{path}/reveal", key=None).status_code == 409
    shown = alice.client.get(path).json()
    assert (shown["status"], shown["ended_at"] is not None, shown["merchant"]) == ("ended", True, "shop-1")


def test_with_the_card_all_its_numbers_end_and_none_is_made_any_more(alice: Person, card: str) -> None:
    made = number(alice, card)["id"]
    call(alice.client, f"/v1/cards/{card}/close")
    assert alice.client.get(f"/v1/cards/{card}/numbers/{made}").json()["status"] == "ended"
    assert call(alice.client, f"/v1/cards/{card}/numbers", {"merchant": "s"}).status_code == 409
    assert alice.client.get(f"/cards/{card}/numbers/new").status_code == 404


def test_a_card_has_at_most_fifty_at_a_time(alice: Person, card: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cards.issuing.place_numbers.MOST_LIVE", 2)
    first = number(alice, card)["id"]
    number(alice, card)
    refused = call(alice.client, f"/v1/cards/{card}/numbers", {"merchant": "s"})
    assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[-1]) == (409, "numbers-limit")
    assert alice.client.post(f"/cards/{card}/numbers/new", {"name": "Baker"}).status_code == 422
    call(alice.client, f"/v1/cards/{card}/numbers/{first}", method="delete")
    number(alice, card)


def test_a_number_for_a_link_ends_with_the_link() -> None:
    """settled.md 12. Break: drop `end_numbers_of_link` from `end_link`."""
    platform = cast.platform()
    alice = cast.holder()
    holder_id, linked = alice.id, cast.link(alice, platform).link
    from cards.issuing.place_numbers import Limits, Place, get_number, make_number
    from tests.cards.acquirer import issue

    card = issue(1000, holder_id=holder_id).card
    actor = Actor.holder(holder_id)
    made = make_number(card=card, place=Place(link=linked.id), limits=Limits(), actor=actor, now=clock.now())
    assert made.name == "Parlour"
    own = issue(holder_id=holder_id).card
    kept = make_number(card=own, place=Place(merchant="s"), limits=Limits(), actor=actor, now=clock.now())
    end_link(holder_id=holder_id, link_id=linked.id, actor=actor, now=clock.now())
    assert get_number(card, made.id).ended_at is not None
    assert get_number(own, kept.id).ended_at is None


def test_a_platform_card_has_numbers_for_its_platform_only(alice: Person) -> None:
    link = new_id("link")
    domains.register(link, "Messenger", ["fb-1"], holder_id=alice.holder.id)
    card = make(alice, kind="platform", link=link)["id"]
    assert call(alice.client, f"/v1/cards/{card}/numbers", {"merchant": "shop-1"}).status_code == 422
    assert number(alice, card, link=link)["name"] == "Messenger"


def test_a_password_alone_makes_no_number() -> None:
    """settled.md 11. Break: drop `_may_issue` in NumbersView."""
    from tests.cards.acquirer import issue

    bob = sign_up_with_password()
    card = issue(holder_id=bob.holder.id).card.id
    assert call(bob.client, f"/v1/cards/{card}/numbers", {"merchant": "s"}).status_code == 403
    bob.client.post(f"/cards/{card}/numbers/new", {"name": "Baker"})
    assert bob.client.get(f"/v1/cards/{card}/numbers").json()["data"] == []


# --- Pages ------------------------------------------------------------------------------------------


def test_the_pages_do_what_the_api_does(alice: Person, card: str) -> None:
    fields = {"name": "Corner Shop", "per_payment": "9.50", "total": "50"}
    made = alice.client.post(f"/cards/{card}/numbers/new", fields)
    assert made.status_code == 302, made.content
    page = made["Location"].removesuffix("/reveal")
    (row,) = alice.client.get(f"/v1/cards/{card}/numbers").json()["data"]
    assert (row["merchant"], row["name"]) == ("Corner Shop*", "Corner Shop")
    assert (row["per_payment"], row["total"]) == (eur(950), eur(5000))
    assert "Corner Shop" in alice.client.get(f"/cards/{card}").content.decode()
    assert f"•••• {row['last4']}" in alice.client.get(page).content.decode()
    assert alice.client.post(f"{page}/reveal").status_code == 302
    alice.step_up()
    shown = alice.client.post(f"{page}/reveal")
    assert shown.status_code == 200
    assert "no-store" in shown["Cache-Control"]
    assert shown["Refresh"] == f"30; url={page}"
    assert f"<span>{row['last4']}</span></span>" in shown.content.decode()
    assert alice.client.post(f"{page}/end").status_code == 302
    assert alice.client.post(f"{page}/end").status_code == 302
    assert alice.client.get(f"{page}/reveal").status_code == 404
    assert "Corner Shop" not in alice.client.get(f"/cards/{card}").content.decode()


def test_a_form_that_is_not_understood_is_shown_again(alice: Person, card: str) -> None:
    wrong = ({}, {"name": "**"}, {"name": "Ba"}, {"total": "much"}, {"total": "-1"}, {"ends_on": "2020-01-01"})
    for fields in wrong:
        given = {"name": "Baker", **fields} if fields else {}
        answer = alice.client.post(f"/cards/{card}/numbers/new", given)
        assert answer.status_code == 422, fields
        assert "field__error" in answer.content.decode()
    assert alice.client.get(f"/v1/cards/{card}/numbers").json()["data"] == []


def test_a_linked_platform_is_offered_and_a_shops_own_number_is_taken(alice: Person, card: str) -> None:
    link = new_id("link")
    domains.register(link, "Messenger", ["fb-1"], holder_id=alice.holder.id)
    assert "Messenger" in alice.client.get(f"/cards/{card}/numbers/new").content.decode()
    alice.client.post(f"/cards/{card}/numbers/new", {"link": link})
    alice.client.post(f"/cards/{card}/numbers/new", {"name": "Baker", "merchant": "baker-7"})
    found = alice.client.get(f"/v1/cards/{card}/numbers").json()["data"]
    assert [(one["name"], one["link"], one["merchant"]) for one in found] == [
        ("Baker", None, "baker-7"), ("Messenger", link, None),
    ]  # fmt: skip
