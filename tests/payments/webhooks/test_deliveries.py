"""Webhooks against a real HTTP server, verified with the reference library."""

import json
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from payments.platforms import links
from payments.webhooks import deliveries
from payments.webhooks.models import Delivery, Endpoint, Event
from privacy.exposure.models import Exposure
from tests.payments import cast
from tests.payments.requests.test_requests_api import Story
from tests.payments.webhooks.receiving import Platform, hurry, paid, register, work
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.addresses import AddressRefused, check_url, is_public
from wallet.core.models import OutboxEntry

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_paid_request_is_told_in_a_thin_signed_message(story: Story, server: Platform) -> None:
    """W05. Break: sign with another secret."""
    endpoint = register(story, server)
    made = paid(story)
    work(made["id"])
    ((headers, body),) = server.got
    assert Webhook(endpoint["secret"]).verify(body, headers) == json.loads(body)
    event = Event.objects.get(object_id=made["id"])
    assert headers["webhook-id"] == event.id
    assert headers["content-type"] == "application/json"
    assert headers["host"] == f"127.0.0.1:{server.port}"
    told = json.loads(body)
    assert told == {"type": "payment_request.paid", "timestamp": told["timestamp"], "data": {"id": made["id"]}}
    read = story.chat.get(f"/v1/events/{event.id}").json()
    assert read == {
        "id": event.id, "type": told["type"], "timestamp": told["timestamp"],
        "data": {"id": made["id"], "canceled": None},
    }  # fmt: skip
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint["secret"]).verify(body + b" ", headers)


def test_every_attempt_is_on_record_for_both_people(story: Story, server: Platform) -> None:
    register(story, server)
    made = paid(story)
    server.statuses = [500]
    work(made["id"])
    hurry(made["id"])
    work(made["id"])
    assert len(server.got) == 2
    for person in (story.alice, story.bob):
        rows = Exposure.objects.filter(holder_id=person.holder.id, disclosure__channel="webhook")
        assert rows.count() == 2


def test_retries_follow_the_table_with_jitter_then_the_dead_letter(story: Story, server: Platform) -> None:
    """W06. Break: forget the jitter, or one of the waits."""
    register(story, server)
    made = paid(story)
    server.statuses = [500, 404, 429, 503, 302, 301, 308, 500, 500, 500, 500]
    work(made["id"])
    for wanted in deliveries.WAITS[1:]:
        assert wanted * 0.8 - 2 <= hurry(made["id"]) <= wanted * 1.2
        work(made["id"])
    delivery = Delivery.objects.get(event__object_id=made["id"])
    assert (delivery.status, delivery.attempts, len(server.got)) == ("dead", 10, 10)
    assert not OutboxEntry.objects.filter(ref=delivery.id, done_at=None).exists()
    assert len({headers["webhook-id"] for headers, _body in server.got}) == 1
    assert len({body for _headers, body in server.got}) == 1


def test_gone_disables_the_endpoint(story: Story, server: Platform) -> None:
    endpoint = register(story, server)
    server.statuses = [410]
    work(paid(story)["id"])
    assert story.chat.get(f"/v1/webhook-endpoints/{endpoint['id']}").json()["status"] == "disabled"
    work(paid(story)["id"])
    assert len(server.got) == 1


def test_a_rotation_signs_with_both_secrets_for_a_day(story: Story, server: Platform) -> None:
    first = register(story, server)
    second = story.chat.post(f"/v1/webhook-endpoints/{first['id']}/rotate-secret").json()
    assert second["secret"] != first["secret"]
    work(paid(story)["id"])
    headers, body = server.got[0]
    assert len(headers["webhook-signature"].split()) == 2
    for secret in (first["secret"], second["secret"]):
        Webhook(secret).verify(body, headers)
    Endpoint.objects.filter(pk=first["id"]).update(previous_until=clock.now() - timedelta(seconds=1))
    work(paid(story)["id"])
    with pytest.raises(WebhookVerificationError):
        Webhook(first["secret"]).verify(server.got[1][1], server.got[1][0])


def test_the_secret_is_shown_once_and_stored_sealed(story: Story, server: Platform) -> None:
    endpoint = register(story, server, events=["payment_request.paid"])
    assert endpoint["secret"].startswith("whsec_")
    assert "secret" not in story.chat.get(f"/v1/webhook-endpoints/{endpoint['id']}").json()
    assert endpoint["secret"] not in story.chat.get("/v1/webhook-endpoints").content.decode()
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT secret::text FROM payments_endpoint WHERE id = %s", [endpoint["id"]])
        assert endpoint["secret"] not in str(cursor.fetchone())


def test_only_wanted_events_come_and_a_deleted_endpoint_gets_none(story: Story, server: Platform) -> None:
    endpoint = register(story, server, events=["payment_request.canceled"])
    work(paid(story)["id"])
    assert server.got == []
    made = story.asked()
    story.chat.post(f"/v1/payment-requests/{made['id']}/cancel")
    assert story.chat.delete(f"/v1/webhook-endpoints/{endpoint['id']}").status_code == 204
    work(made["id"])
    assert server.got == []


def test_an_ended_link_drops_what_waits_and_says_one_last_word(story: Story, server: Platform) -> None:
    """settled.md 12. Break: leave `link.revoked` out of `_may_be_told`.

    That what waits is dropped is held three times: by `drop_with_link`, `_may_be_told`, and the gate, which asks for a
    live consent.
    """
    register(story, server)
    waiting, open_one = paid(story), story.asked()
    server.statuses = [500]
    work(waiting["id"])
    alice = story.alice
    links.end_link(
        holder_id=alice.holder.id, link_id=alice.link.id, actor=Actor.holder(alice.holder.id), now=clock.now()
    )
    assert Delivery.objects.get(event__object_id=waiting["id"]).status == "dropped"
    server.got.clear()
    for ref in (waiting["id"], open_one["id"], alice.link.id):
        work(ref)
    ((_headers, body),) = server.got
    assert json.loads(body)["type"] == "link.revoked"
    assert json.loads(body)["data"] == {"id": alice.link.id}
    event = Event.objects.get(object_id=alice.link.id)
    read = story.chat.get(f"/v1/events/{event.id}").json()
    assert read["data"] == {"id": alice.link.id, "canceled": [open_one["id"]]}


def test_another_platform_reaches_no_endpoint_and_no_event(story: Story, server: Platform) -> None:
    """P10. Break: leave the platform out of `list_endpoints`."""
    endpoint = register(story, server)
    work(paid(story)["id"])
    event = Event.objects.get(platform=story.parlour.platform)
    eve = cast.api(cast.chat_token(cast.platform("Salon")))
    path = f"/v1/webhook-endpoints/{endpoint['id']}"
    assert eve.get(path).status_code == 404
    assert eve.delete(path).status_code == 404
    assert eve.post(path + "/rotate-secret").status_code == 404
    assert eve.get(f"/v1/events/{event.id}").status_code == 404
    assert endpoint["id"] not in eve.get("/v1/webhook-endpoints").content.decode()


def test_told_twice_by_the_outbox_it_is_one_event_and_one_message(story: Story, server: Platform) -> None:
    register(story, server)
    made = paid(story)
    entry = OutboxEntry.objects.get(topic="platform.event", ref=made["id"])
    deliveries.take_in(entry)
    deliveries.take_in(entry)
    delivery = Delivery.objects.get(event__object_id=made["id"])
    for _again in range(2):
        deliveries.attempt(delivery_id=delivery.id, number=0)
    assert len(server.got) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://parlour.example/hooks", "https://parlour.example:8443/hooks", "https://10.0.0.1/hooks",
        "https://169.254.169.254/latest", "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a9fe:a9fe]/",
        "https://user:pw@parlour.example/", "https://parlour.example/#x", "ftp://parlour.example/",
        "https:///hooks", "https://parlour.example:99999/", "http://127.0.0.2/",
        "https://par lour.example/", "https://parlour.example/" + "x" * 500,
        # Forms that resolvers read as an address, or that two readers read in two ways.
        "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/", "https://0x7f.1/",
        "https://127.0.0.1.:443/", "https://parlour.example./", "https://localhost./",
        "https://intranet/", "https://ⓛocalhost/", "https://127。0。0。1/", "https://pàrlour.example/",
        "https://parlour%2eexample/", "https://parlour.example\\@10.0.0.1/", "https://parlour.example\\.eve.example/",
        "https://parlour.example:443@10.0.0.1/", "https://parlour.example\t/", "https://parlour.example/\x7f",
        "https://[::ffff:169.254.169.254]/", "https://[2002:a9fe:a9fe::]/", "https://[fe80::1%25eth0]/", "https://[::1",
        "https://[ff0e::1]/", "https://[2606:2800:21f:cb07:0:5efe:7f00:1]/", "https://224.0.0.1/", "HTTPS://10.0.0.1/",
        "https://parlour.example:80/", "https://parlour.example#", "//parlour.example/", "https:parlour.example/",
    ],
)  # fmt: skip
def test_no_other_address_can_be_registered(url: str) -> None:
    """W07. Break: leave `_NAME` out of `check_url`; ask `urlsplit` for the fragment instead of looking for a `#`."""
    with pytest.raises(AddressRefused):
        check_url(url)


def test_an_address_that_is_refused_is_a_problem_that_names_the_member(story: Story) -> None:
    answer = story.chat.post("/v1/webhook-endpoints", {"url": "https://10.0.0.1/hooks"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/url")


@pytest.mark.parametrize(
    "url", ["https://parlour.example/hooks?x=1", "https://xn--prlour-cta.example", "https://8.8.8.8"]
)
def test_public_names_and_addresses_can(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1",
        "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "240.0.0.1", "255.255.255.255", "::1", "::",
        "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::169.254.169.254", "64:ff9b:1::1", "2002:7f00:1::",
        "2001::1", "2001:db8::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "100::1", "x",
        "3fff::1", "5f00::1", "::ffff:0:127.0.0.1", "2606:2800::5efe:10.0.0.1", "2606:2800::200:5efe:10.0.0.1",
        "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "1.2.3", "",
    ],
)  # fmt: skip
def test_what_is_not_a_public_address_in_its_own_right_is_refused(address: str) -> None:
    """W07. Break: trust `is_global` alone."""
    assert not is_public(address)


def test_public_addresses_are_public() -> None:
    assert is_public("93.184.215.14")
    assert is_public("2606:2800:21f:cb07:6820:80da:af6b:8b2c")


def test_production_knows_no_loopback(settings: Any) -> None:
    settings.SANDBOX = False
    for url in ("http://127.0.0.1:8001/hooks", "https://127.0.0.1/", "https://localhost/", "https://[::1]/"):
        with pytest.raises(AddressRefused):
            check_url(url)


def test_a_name_that_now_points_inside_gets_nothing(
    story: Story, server: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: judged at every delivery, and connected to what was judged."""
    endpoint = register(story, server)
    Endpoint.objects.filter(pk=endpoint["id"]).update(url="https://parlour.example/hooks")
    inside = ["93.184.215.14", "10.0.0.1"]
    made = story.asked()
    story.chat.post(f"/v1/payment-requests/{made['id']}/cancel")
    entry = OutboxEntry.objects.get(topic="platform.event", ref=made["id"])
    deliveries.take_in(entry)
    delivery = Delivery.objects.get(event__object_id=made["id"])
    monkeypatch.setattr("wallet.core.addresses.look_up", lambda *_a, **_k: inside)
    deliveries.attempt(delivery_id=delivery.id, number=0)
    delivery.refresh_from_db()
    assert (delivery.attempts, delivery.last_error) == (1, "address_refused")
    assert server.got == []
