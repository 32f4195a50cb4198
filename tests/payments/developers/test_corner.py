"""The developer's corner: whose an app is, secrets shown once, what its pages and its log say, and what they never do."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import pytest
import redis
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver
from pytest_django.fixtures import Settings

from payments.developers import calls, ownership
from payments.platforms.models import Platform
from payments.platforms.redirects import RedirectRefused, check_redirect_uri
from payments.webhooks.models import Delivery
from tests.contracts.test_languages import check
from tests.payments import cast
from tests.payments.cast import REDIRECT, Client3
from tests.payments.requests.test_requests_api import Story
from tests.payments.webhooks.receiving import Platform as Server
from tests.payments.webhooks.receiving import deliver, hurry_delivery
from tests.support.people import Person, sign_up
from wallet.core import clock
from wallet.core.ids import new_id

pytestmark = pytest.mark.django_db(transaction=True)

_SECRET = re.compile(r'id="secret">([^<]+)<')


@pytest.fixture
def dora() -> Person:
    """She builds a chat."""
    return sign_up()


def secret_in(answer: Any) -> str:
    found = _SECRET.search(answer.content.decode())
    assert found is not None, answer.content
    return found[1]


def register(dora: Person, name: str = "Parlour") -> Client3:
    answer = dora.client.post("/developers/new", {"name": name, "redirect_uris": REDIRECT})
    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    platform = ownership.list_apps(dora.holder.id).get(name=name)
    return Client3(platform, secret_in(answer))


def test_anybody_signed_in_registers_an_app_and_its_keys_are_shown_once(dora: Person) -> None:
    """Break: keep the secret in the session, or show it on the app's page."""
    app = register(dora)
    assert cast.chat_token(app)
    page = dora.client.get(f"/developers/{app.platform.pk}").content.decode()
    assert app.id in page
    assert app.secret not in page
    assert app.secret not in str(dict(dora.client.session.items()))
    assert app.secret not in str(Platform.objects.filter(pk=app.platform.pk).values())
    assert "Parlour" in dora.client.get("/developers").content.decode()
    assert Client().get("/developers").status_code == 200
    assert Client().get("/developers/new").status_code == 302


def test_another_persons_app_is_not_there(dora: Person) -> None:
    """P10. Break: leave the holder out of `list_apps`."""
    app, eve = register(dora), sign_up()
    eve.step_up()
    eve.client.get("/")  # what the sign-up had to say
    server = Server()
    made = cast.api(cast.chat_token(app)).post("/v1/webhook-endpoints", {"url": server.url}).json()
    server.stop()
    tried = 0
    for entry in get_resolver("payments.developers.urls").url_patterns:
        route = str(entry.pattern)
        if "<str:app_id>" not in route:
            continue
        paths = [
            "/" + route.replace("<str:app_id>", app_id).replace("<str:endpoint_id>", made["id"])
            for app_id in (app.platform.pk, "plat_" + "0" * 22)
        ]
        for send in (eve.client.get, eve.client.post):
            answers = [send(path) for path in paths]
            assert {answer.status_code for answer in answers} <= {404, 405}, route
            assert len({re.sub(r"plat_\w+|csrf\w*\" value=\"\w+", "", a.content.decode()) for a in answers}) == 1
            tried += 1
    assert tried >= 16
    assert cast.chat_token(app), "the secret is as it was"


def test_in_production_the_operator_registers_and_lets_people_in(dora: Person, settings: Settings) -> None:
    """Break: leave the mode out of `register_app`."""
    operators = cast.platform("Salon")
    settings.SANDBOX = False
    answer = dora.client.post("/developers/new", {"name": "Parlour", "redirect_uris": "https://parlour.example/back"})
    assert answer.status_code == 403
    assert not ownership.list_apps(dora.holder.id).exists()
    for _twice in range(2):
        call_command("add_developer", client_id=operators.id, holder=dora.holder.id, stdout=StringIO())
    assert [app.name for app in ownership.list_apps(dora.holder.id)] == ["Salon"]
    assert dora.client.get(f"/developers/{operators.platform.pk}").status_code == 200


def test_another_secret_needs_the_passkey_and_ends_the_old_one(dora: Person) -> None:
    """Break: leave `stepup.require` out of `rotate_secret`."""
    app = register(dora)
    path = f"/developers/{app.platform.pk}/secret"
    assert dora.client.post(path)["Location"].startswith("/step-up?")
    assert cast.chat_token(app)
    dora.step_up()
    fresh = Client3(app.platform, secret_in(dora.client.post(path)))
    assert cast.chat_token(fresh)
    with pytest.raises(AssertionError, match="invalid_client"):
        cast.chat_token(app)


def test_other_redirect_addresses_need_the_passkey_and_are_checked(dora: Person) -> None:
    app = register(dora)
    path, wanted = f"/developers/{app.platform.pk}", "https://parlour.example/back\r\nhttp://127.0.0.1:9000/back"
    assert dora.client.post(path, {"redirect_uris": wanted})["Location"].startswith("/step-up?")
    dora.step_up()
    assert dora.client.post(path, {"redirect_uris": "http://parlour.example/"}).status_code == 422
    assert dora.client.post(path, {"redirect_uris": wanted}).status_code == 302
    assert Platform.objects.get(pk=app.platform.pk).redirect_uris.split() == wanted.split()


@pytest.mark.parametrize(
    "uri",
    [
        "http://parlour.example/back", "https://parlour.example/#x", "https://eve@parlour.example/", "https://*.example/",
        "https://parlour.example\\@eve.example/", "https://", "https:parlour.example", "javascript:alert(1)", "//x/",
        "https://parlour.example/a/../b", "https://parlour.example/./b", "https://parlour.example:99999/", "https://[::1",
        "https://parlour.example/a b", "https://pàrlour.example/", "https://parlour.example/\t", "urn:ietf:wg:oauth:2.0:oob",
        "http://127.0.0.2/back", "http://localhost.eve.example/", "https://parlour.example/" + "x" * 500, "",
    ],
)  # fmt: skip
def test_what_is_no_exact_address_is_not_registered(uri: str) -> None:
    """P04. Break: leave the checks of `check_redirect_uri` out one by one."""
    with pytest.raises(RedirectRefused):
        check_redirect_uri(uri)


def test_webhooks_are_tried_seen_and_sent_again(dora: Person) -> None:
    app, server = register(dora), Server()
    path = f"/developers/{app.platform.pk}/webhooks"
    assert dora.client.post(path, {"url": "https://10.0.0.1/"}).status_code == 422
    made = dora.client.post(path, {"url": server.url, "events": ["link.revoked"]})
    secret = secret_in(made)
    assert secret.startswith("whsec_")
    page = re.search(rf"{path}/whe_\w+", made.content.decode())
    assert page is not None
    for shown in (dora.client.get(path), dora.client.get(page[0])):
        assert server.url in shown.content.decode()
        assert secret not in shown.content.decode()
    server.statuses = [410]
    assert dora.client.post(f"{page[0]}/test").status_code == 302
    delivery = Delivery.objects.get(endpoint__platform=app.platform)
    deliver(delivery.id)
    assert "Given up" in dora.client.get(page[0]).content.decode()
    Delivery.objects.get(pk=delivery.id).endpoint.__class__.objects.filter(delivery=delivery).update(status="enabled")
    assert dora.client.post(f"{page[0]}/replay", {"delivery": delivery.id}).status_code == 302
    deliver(delivery.id)
    assert "Delivered" in dora.client.get(page[0]).content.decode()
    assert dora.client.post(f"{page[0]}/replay", {"delivery": "del_" + "0" * 22}).status_code == 404
    assert secret_in(dora.client.post(f"{page[0]}/secret")) != secret
    assert dora.client.post(f"{page[0]}/delete")["Location"] == path
    server.stop()


def test_whoever_looks_after_an_app_reads_that_its_webhooks_do_not_arrive(dora: Person) -> None:
    """W06. Break: leave `alarms.tell` out of `_record`; or tell every developer there is."""
    app, eve, server = register(dora), sign_up(), Server()
    path = f"/developers/{app.platform.pk}/webhooks"
    made = dora.client.post(path, {"url": server.url, "events": ["link.revoked"]})
    page = re.search(rf"{path}/whe_\w+", made.content.decode())
    assert page is not None
    server.statuses = [500] * 20
    for _each in range(2):
        assert dora.client.post(f"{page[0]}/test").status_code == 302
        delivery = Delivery.objects.get(endpoint__platform=app.platform, status="pending")
        deliver(delivery.id)
        assert "do not arrive" not in dora.client.get("/inbox").content.decode() or _each
        for _again in range(9):
            hurry_delivery(delivery.id)
            deliver(delivery.id)
    server.statuses = [410]
    assert dora.client.post(f"{page[0]}/test").status_code == 302
    deliver(Delivery.objects.get(endpoint__platform=app.platform, status="pending").id)
    inbox = dora.client.get("/inbox").content.decode()
    assert inbox.count("Webhooks of your app Parlour do not arrive") == 1, "once, however many were given up"
    assert "An endpoint of your app Parlour answered 410" in inbox
    assert f'href="{path}"' in inbox
    assert "your app" not in eve.client.get("/inbox").content.decode()
    server.stop()


def test_an_app_sees_its_own_calls_and_nothing_about_anybody(dora: Person) -> None:
    """Break: note `request.path`; or whatever client a request claims to be."""
    story = Story()
    ownership.add_developer(client_id=story.parlour.id, holder_id=dora.holder.id, now=clock.now())
    made = story.asked(note="restaurant")
    story.pay(made["id"])
    assert story.chat.get(f"/v1/payment-requests/{'preq_' + '0' * 22}").status_code == 404
    wrong = Client3(story.parlour.platform, "wrong")
    with pytest.raises(AssertionError):
        cast.chat_token(wrong)
    lines = calls.list_calls(story.parlour.id)
    assert {(one.method, one.route, one.status, one.problem) for one in lines} == {
        ("POST", "/oauth/token", 200, ""),
        ("POST", "/v1/payment-requests", 201, ""),
        ("POST", "/v1/payment-requests/{request_id}/pay", 200, ""),
        ("GET", "/v1/payment-requests/{request_id}", 404, "not-found"),
    }
    page = dora.client.get(f"/developers/{story.parlour.platform.pk}/calls").content.decode()
    assert lines[0].request_id in page
    for secret in (made["id"], story.alice.link.id, story.bob.link.id, "restaurant", "2000", "20.00", "preq_"):
        assert secret not in page
    assert calls.list_calls(cast.platform("Salon").id) == []


def test_the_log_is_short_and_its_absence_harms_no_call(dora: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Break: leave `ltrim` out; or the `except` around Redis."""
    app = register(dora)
    token = cast.chat_token(app)
    monkeypatch.setattr(calls, "KEPT", 3)
    for _again in range(5):
        assert cast.api(token).get("/v1/webhook-endpoints").status_code == 200
    assert len(calls.list_calls(app.id)) == 3
    monkeypatch.setattr(calls, "_REDIS", redis.Redis(port=1, socket_connect_timeout=0.1))
    assert cast.api(token).get("/v1/webhook-endpoints").status_code == 200
    assert calls.list_calls(app.id) == []


def test_the_first_calls_may_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each made a client then, and one closed the other's connection in use: 500. Break: make it where it is needed."""
    made: list[redis.Redis] = []
    make = redis.Redis.from_url

    def made_slowly(*args: Any, **kwargs: Any) -> redis.Redis:
        time.sleep(0.2)
        made.append(make(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(redis.Redis, "from_url", made_slowly)
    client_id = new_id("link")
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: calls.list_calls(client_id), range(8))) == [[]] * 8
    assert len(made) < 2


def test_the_corner_speaks_french() -> None:
    dora = sign_up(Client(headers={"accept-language": "fr"}))
    check(dora.client, "/developers/new", {"name": "", "redirect_uris": "http://x/"})
    check(dora.client, "/developers/new", {"name": "Parloir", "redirect_uris": "http://x/"})
    check(dora.client, "/developers/new", {"name": "Parloir", "redirect_uris": REDIRECT})
    app = ownership.list_apps(dora.holder.id).get()
    check(dora.client, "/developers")
    base = f"/developers/{app.pk}"
    endpoint = re.search(r"whe_\w+", check(dora.client, f"{base}/webhooks", {"url": "http://127.0.0.1:9/"}))
    assert endpoint is not None
    check(dora.client, f"{base}/webhooks/{endpoint[0]}/test", {})
    for path in (base, f"{base}/webhooks", f"{base}/webhooks/{endpoint[0]}", f"{base}/calls"):
        check(dora.client, path)
