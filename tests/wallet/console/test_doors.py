"""Who comes into the console, and which doors it has (standard.md P08, P09, V15)."""

import secrets
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from cards.authorizations.models import Authorization
from privacy.exposure.models import Exposure
from tests.cards import acquirer
from tests.payments import cast
from tests.payments.requests.test_requests_api import Story
from tests.support.people import PASSWORD, Person, post_json, sign_in, sign_up
from tests.support.staff import invite, join
from wallet.activity.models import Line
from wallet.core.console import console
from wallet.core.models import StaffAct
from wallet.core.staff import BY_PASSKEY
from wallet.users import passwords
from wallet.users.models import Holder

pytestmark = pytest.mark.django_db(transaction=True)

DOORS = ("", "wallet/holder/", "wallet/staffact/", "cards/card/", "wallet/proposal/propose/", "jsi18n/")


@pytest.fixture
def olga() -> Person:
    return join("operator")


# --- Who -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("door", DOORS)
def test_the_console_is_there_for_the_staff_alone(door: str) -> None:
    """Break: leave `admin_view` as Django has it."""
    path = f"/operator/{door}"
    assert Client().get(path)["Location"].startswith("/sign-in?next=")
    assert sign_up().client.get(path).status_code == 404
    assert sign_up().client.post(path).status_code == 404


def test_an_invitation_opens_nothing_before_a_passkey_is_made() -> None:
    """Break: leave `BY_PASSKEY` out of `is_at_work`."""
    invitation, client = invite("operator"), Client()
    assert client.post("/recover", {"code": invitation["code"]})["Location"].startswith("/settings/passkeys")
    assert client.get("/operator/")["Location"].startswith("/settings/passkeys")
    assert client.get("/operator/wallet/holder/")["Location"].startswith("/settings/passkeys")
    assert Client().post("/recover", {"code": invitation["code"]}).status_code == 403


def test_an_invitation_is_over_after_a_day() -> None:
    """Break: leave `in_time` out of `spend_code`."""
    invitation = invite("operator")
    from wallet.core import clock
    from wallet.users.models import RecoveryCode

    RecoveryCode.objects.filter(holder_id=invitation["staff"]).update(expires_at=clock.now())
    assert Client().post("/recover", {"code": invitation["code"]}).status_code == 403


def test_a_password_never_lets_the_staff_in(olga: Person) -> None:
    """Even one that somebody wrote into the table. Break: leave `is_staff` out of `sign_in_with_password`."""
    name = f"u-{secrets.token_hex(6)}"
    Holder.objects.filter(pk=olga.holder.pk).update(username=name, password=passwords.encode(PASSWORD))
    assert Client().post("/sign-in/password", {"username": name, "password": PASSWORD}).status_code == 403


def test_a_passkey_lets_them_in_again(olga: Person) -> None:
    again = sign_in(olga.key)
    assert again.session[BY_PASSKEY]
    assert again.get("/operator/").status_code == 200


def test_who_is_invited_again_or_dismissed_is_shut_out_at_once(olga: Person) -> None:
    """Break: leave the sessions alone in `reinvite_staff` and `dismiss_staff`."""
    again = invite(staff=olga.holder.id)
    assert again["staff"] == olga.holder.id
    assert olga.client.get("/operator/").status_code == 302
    options = post_json(olga.client, "/sign-in/passkey/begin").json()["publicKey"]
    assert post_json(olga.client, "/sign-in/passkey/finish", {"credential": olga.key.get(options)}).status_code == 403
    invite(dismiss=olga.holder.id)
    assert Client().post("/recover", {"code": again["code"]}).status_code == 403


def test_the_staff_has_no_wallet_to_look_at(olga: Person) -> None:
    """Break: leave the door middleware out of the settings."""
    for path in ("/", "/cards", "/activity", "/privacy", "/settings", "/settings/codes", "/top-ups/new", "/p/preq_x"):
        assert olga.client.get(path)["Location"] == "/operator/", path
    for path in ("/v1/wallet", "/v1/cards", "/v1/exposures"):
        assert olga.client.get(path).status_code == 404, path
    assert olga.client.post("/cards/new", {"kind": "standard", "currency": "EUR"}).status_code == 404
    assert olga.client.post("/settings/password", {"old": "x", "new": "y"}).status_code == 404
    assert olga.client.get("/settings/passkeys").status_code == 200


@pytest.mark.parametrize(
    ("role", "may"),
    [("operator", {"freeze", "look", "propose"}), ("approver", {"look", "approve"}), ("auditor", set())],
)
def test_a_role_may_what_it_may_and_no_more(role: str, may: set[str]) -> None:
    """Break: give `READ` for the power of an act."""
    holder = cast.holder()
    card = acquirer.issue(holder_id=holder.id).card
    zoe = join("operator")
    values = {
        "kind": "manual_credit", "holder_id": holder.id, "amount": "5", "currency": "EUR", "reason_code": "goodwill",
        "reason": "We were late, twice",
    }  # fmt: skip
    proposal = zoe.client.post("/operator/wallet/proposal/propose/", values)["Location"].removesuffix("change/")
    doors = {
        "freeze": f"/operator/wallet/holder/{holder.id}/freeze/",
        "look": f"/operator/cards/card/{card.id}/look/",
        "propose": "/operator/wallet/proposal/propose/",
        "approve": f"{proposal}approve/",
    }
    client = join(role).client
    found = {name for name, path in doors.items() if client.get(path).status_code == 200}
    assert found == may
    for name, path in doors.items():
        assert name in may or client.post(path, {}).status_code == 403, name


def test_nobody_can_be_frozen_or_credited_who_is_of_the_staff(olga: Person) -> None:
    zoe = join("operator")
    values = {"reason_code": "security", "reason": "Because I can, I think"}
    freeze = olga.client.post(f"/operator/wallet/holder/{zoe.holder.id}/freeze/", values)
    assert freeze.status_code == 404
    values = {"kind": "manual_credit", "holder_id": zoe.holder.id, "amount": "5", "currency": "EUR",
              "reason_code": "goodwill", "reason": "For my friend, she is nice"}  # fmt: skip
    assert olga.client.post("/operator/wallet/proposal/propose/", values).status_code == 403


# --- Nothing personal without a reason -------------------------------------------------------------------

CANARY = "CANARY"


@pytest.fixture
def story() -> Story:
    """A person with everything that is sealed: a card's name, a shop, an alias, a note."""
    story = Story()
    made = acquirer.issue(5_000, holder_id=story.alice.holder.id, label=f"{CANARY}-label")
    made.authorize(500, merchant={**acquirer.SHOP, "name": f"{CANARY}-shop"})
    person = cast.holder()
    linked = cast.link(person, story.parlour, card_id=cast.card(person, 9_000).id, alias=f"{CANARY}-alias")
    paid = story.asked(payer=linked.link.id, note=f"{CANARY}-note")
    assert story.pay(paid["id"], linked).json()["status"] == "paid"
    story.canary_card = made  # type: ignore[attr-defined]
    return story


def addresses(olga: Person) -> list[str]:
    """Every address of the console with an object where one belongs, and doors that Django would have."""
    found = []
    resolver = next(
        one for one in get_resolver().url_patterns if "wallet.core" in str(getattr(one, "urlconf_name", ""))
    )
    mount = next(one for one in resolver.url_patterns if str(one.pattern) == "operator/")
    for route, pattern in _routes(mount):
        found += _filled(route, pattern)
    for model in console._registry:
        base = f"/operator/{model._meta.app_label}/{model._meta.model_name}/"
        search = [f"?q={CANARY}", "?e=1", "?all=", "?o=1.2.3", f"?label={CANARY}", f"?label__startswith={CANARY}",
                  f"?merchant__contains={CANARY}", f"?holder__username__startswith={CANARY}", "?_export=csv",
                  "?last4__startswith=4", "?_popup=1&_to_field=label"]  # fmt: skip
        if not console._registry[model].look:
            found.append(base + search[0])
            continue
        found += [base + one for one in search]
        for thing in model._default_manager.order_by("-pk")[:1]:
            found += [f"{base}{thing.pk}/{door}" for door in ("", "history/", "delete/", "change/?_popup=1")]
        found += [f"{base}add/", f"{base}export/"]
        found += [
            f"/operator/autocomplete/?app_label={model._meta.app_label}&model_name={model._meta.model_name}&term=C"
        ]
    return [*found, "/operator/r/1/1/", "/operator/login/", "/operator/password_change/"]


def _routes(pattern: Any, prefix: str = "/") -> list[tuple[str, URLPattern]]:
    here = prefix + str(pattern.pattern)
    if isinstance(pattern, URLResolver):
        return [one for inner in pattern.url_patterns for one in _routes(inner, here)]
    return [(here, pattern)]


def _filled(route: str, pattern: URLPattern) -> list[str]:
    if "app_label" in route:
        return [f"/operator/{app}/" for app in ("wallet", "cards", "payments", "privacy")]
    if "<" not in route:
        return [route]
    label, name = route.removeprefix("/operator/").split("/")[:2]
    model = next(m for m in console._registry if (m._meta.app_label, m._meta.model_name) == (label, name))
    keys = [thing.pk for thing in model._default_manager.order_by("-pk")[:1]]
    return [route.replace("<path:object_id>", str(key)) for key in keys]


@pytest.mark.usefixtures("story")
def test_no_address_of_the_console_shows_anything_personal_without_a_reason(olga: Person) -> None:
    """Every page, list, search, filter and act, and the doors that were taken away (V15).

    Break: show what `look` names without a reason; name shops in the list of recipients.
    """
    before = Exposure.objects.count()
    opened = addresses(olga)
    assert len(opened) > 90
    answers = {path: olga.client.get(path) for path in opened}
    assert {answer.status_code for answer in answers.values()} <= {200, 302, 400, 403, 404}
    for path, answer in answers.items():
        words = answer.content.decode()
        assert f"{CANARY}-" not in words, path
        assert "Corner" not in words, path
    assert sum(answer.status_code == 200 for answer in answers.values()) > 40
    assert Exposure.objects.count() == before
    for gone in ("history/", "delete/", "add/", "export/", "autocomplete/", "password_change/", "/r/1/1/"):
        assert all(answers[path].status_code in {302, 404} for path in opened if gone in path.partition("?")[0]), gone


@pytest.mark.parametrize(
    "query", ["last4=4242", "last4__startswith=4", "enc_version__gt=0", "label=x", "controls__x=1"]
)
def test_a_list_answers_no_question_about_a_column_that_it_does_not_offer(olga: Person, query: str) -> None:
    """Break: leave `lookup_allowed` as Django has it."""
    assert olga.client.get(f"/operator/cards/card/?{query}").status_code == 400


def test_a_page_that_names_a_sealed_column_cannot_be_made() -> None:
    """Break: leave the check out of `ConsolePage.__init__`."""
    from django.core.exceptions import ImproperlyConfigured

    from cards.issuing.models import Card
    from wallet.core.console import ConsolePage

    for names in ({"list_display": ("id", "label")}, {"fields": ("label",)}, {"search_fields": ("=label",)}):
        page = type("Page", (ConsolePage,), {"list_display": ("id",), "fields": ("id",), **names})
        with pytest.raises(ImproperlyConfigured):
            page(Card, console)


def test_the_console_lists_splits_checkouts_and_refunds_and_changes_none(olga: Person) -> None:
    """Without items, notes or aliases. Break: leave one of the pages out; or let it be added to."""
    story = Story()
    cent, payee = {"value": 1, "currency": "EUR"}, story.bob.link.id
    paid = story.asked()
    story.pay(paid["id"])
    tea = [{"label": f"{CANARY}-tea", "amount": cent}]
    shares = [{"payer": story.alice.link.id}]
    made = {
        "split": story.chat.post("/v1/splits", {"payee": payee, "total": cent, "shares": shares}).json(),
        "checkout": story.chat.post("/v1/checkouts", {"payee": payee, "items": tea}).json(),
        "refund": cast.api(story.bob.token).post("/v1/refunds", {"payment_request": paid["id"]}).json(),
    }
    for name, thing in made.items():
        page = f"/operator/payments/{name}/"
        listed = olga.client.get(f"{page}?q={thing['id']}").content.decode()
        shown = olga.client.get(f"{page}{thing['id']}/change/")
        assert (thing["id"] in listed, shown.status_code) == (True, 200), name
        assert CANARY not in listed + shown.content.decode(), name
        assert olga.client.post(f"{page}{thing['id']}/change/", {"status": "paid"}).status_code in {302, 403, 404, 405}
        assert olga.client.get(f"{page}add/").status_code in {302, 403, 404}, name


# --- With one ----------------------------------------------------------------------------------------------

WHY = {"reason_code": "support", "reason": "Ticket 4711, which shop was that?"}


def test_a_look_needs_a_reason_and_its_holder_sees_it(olga: Person, story: Story) -> None:
    """Break: show without `disclose_to_staff`."""
    alice, card = story.alice.holder, story.canary_card.card  # type: ignore[attr-defined]
    page = f"/operator/cards/card/{card.id}/"
    for poor in ({}, {"reason_code": "support", "reason": "short"}, {**WHY, "reason_code": "curious"}):
        assert olga.client.post(f"{page}look/", poor).status_code == 200
        assert CANARY not in olga.client.get(f"{page}change/").content.decode()
    assert olga.client.post(f"{page}look/", WHY).status_code == 302
    assert f"{CANARY}-label" in olga.client.get(f"{page}change/").content.decode()

    shown = Exposure.objects.filter(holder_id=alice.id, recipient__kind="staff")
    assert shown.count() == 1
    exposure = shown.get()
    assert exposure.disclosure.purpose == "support"
    assert set(exposure.fields) == {"object.id", "card.label", "card.last4.virtual", "card.expiry.virtual"}
    acts = list(StaffAct.objects.filter(subject=card.id).order_by("id").values_list("act", "actor_id", "reason_code"))
    assert acts == [("look", olga.holder.id, "support"), ("look.shown", olga.holder.id, "support")]
    olga.client.get(f"{page}change/")
    assert shown.count() == 2, "each showing is one"


def test_the_holder_reads_of_it_on_their_own_page(olga: Person) -> None:
    alice = sign_up()
    card = acquirer.issue(holder_id=alice.holder.id, label="Groceries").card
    olga.client.post(f"/operator/cards/card/{card.id}/look/", WHY)
    olga.client.get(f"/operator/cards/card/{card.id}/change/")
    page = alice.client.get("/privacy").content.decode()
    assert "Staff of this wallet" in page
    assert olga.holder.id not in page
    assert "4711" not in page


def test_a_reason_is_good_for_one_object_one_colleague_and_ten_minutes(olga: Person, story: Story) -> None:
    """Break: leave subject, actor or time out of `find_reason`."""
    from datetime import timedelta

    from wallet.core import clock
    from wallet.core.console import looks

    card, other = story.canary_card.card, acquirer.issue(holder_id=story.alice.holder.id, label=f"{CANARY}-2").card  # type: ignore[attr-defined]
    olga.client.post(f"/operator/cards/card/{card.id}/look/", WHY)
    assert CANARY not in olga.client.get(f"/operator/cards/card/{other.id}/change/").content.decode()
    assert CANARY not in join("operator").client.get(f"/operator/cards/card/{card.id}/change/").content.decode()
    request: Any = type("Request", (), {"user": olga.holder})
    now = clock.now()
    assert looks.find_reason(request, subject=card.id, now=now + timedelta(minutes=9)) is not None
    assert looks.find_reason(request, subject=card.id, now=now + timedelta(minutes=10, seconds=5)) is None


def test_every_kind_of_look_shows_what_it_names(olga: Person, story: Story) -> None:
    payment = Authorization.objects.get(card=story.canary_card.card)  # type: ignore[attr-defined]
    line = Line.objects.filter(kind="payment_received", holder_id=story.bob.holder.id).latest("at")
    from payments.platforms.models import Link

    link = Link.objects.filter(status="active").exclude(holder_id=story.bob.holder.id).latest("created_at")
    for path, word in (
        (f"cards/authorization/{payment.id}", f"{CANARY}-shop"), (f"wallet/line/{line.id}", f"{CANARY}-alias"),
        (f"payments/link/{link.id}", f"{CANARY}-alias"),
    ):  # fmt: skip
        assert word not in olga.client.get(f"/operator/{path}/change/").content.decode(), path
        olga.client.post(f"/operator/{path}/look/", WHY)
        assert word in olga.client.get(f"/operator/{path}/change/").content.decode(), path
