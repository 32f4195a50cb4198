"""The dead letter, replays, test events, and what a platform reads of its deliveries."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from payments.platforms import links
from payments.webhooks import deliveries
from payments.webhooks.deliveries import take_in
from payments.webhooks.models import Delivery, Event
from tests.payments import cast
from tests.payments.requests.test_requests_api import Story
from tests.payments.webhooks.receiving import Platform, deliver, hurry, hurry_delivery, paid, register, work
from tests.support.staff import join
from wallet.core import clock, figures
from wallet.core.actors import Actor
from wallet.core.models import OutboxEntry, StaffAct

pytestmark = pytest.mark.django_db(transaction=True)


def by_the_specification(secret: str, headers: dict[str, str], body: bytes) -> list[str]:
    """The signatures that Standard Webhooks 1.0 asks for, written from its text and not from a library."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return ["v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()]


def dead(story: Story, server: Platform) -> tuple[dict[str, Any], Delivery]:
    """A paid request whose delivery has had all its attempts."""
    made = paid(story)
    server.statuses = [500] * 10
    work(made["id"])
    for _again in range(9):
        hurry(made["id"])
        work(made["id"])
    delivery = Delivery.objects.get(event__object_id=made["id"])
    assert (delivery.status, delivery.attempts) == ("dead", 10)
    return made, delivery


def test_a_dead_letter_is_replayed_under_its_own_id(story: Story, server: Platform) -> None:
    """W06. Break: count the attempts of before: the replay has one try and no more."""
    endpoint = register(story, server)
    made, delivery = dead(story, server)
    path = f"/v1/webhook-deliveries/{delivery.id}/replay"
    answer = story.chat.post(path)
    assert (answer.status_code, answer.json()["status"]) == (200, "pending")
    assert story.chat.post(path).status_code == 409, "it is on its way"
    server.statuses = [500]
    work(delivery.event.object_id)
    assert 4 <= hurry(made["id"]) + 1 <= 8, "the top of the table again"
    work(made["id"])
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, len(server.got)) == ("delivered", 12, 12)
    assert len({headers["webhook-id"] for headers, _body in server.got}) == 1
    headers, body = server.got[-1]
    assert headers["webhook-signature"].split() == by_the_specification(endpoint["secret"], headers, body)
    assert story.chat.post(path).status_code == 200, "what was delivered may be asked for again"


def watched() -> dict[str, int]:
    return {name: value for name, _meaning, value in figures.read() if name.startswith("webhooks_")}


def test_an_operator_sees_that_webhooks_fail_and_sends_dead_letters_again(story: Story, server: Platform) -> None:
    """W06. Break: leave `_note_health` out of `_record`; `permissions` out of the action; or count what was delivered."""
    before = watched()
    register(story, server)
    made, delivery = dead(story, server)
    waits = paid(story)
    take_in(OutboxEntry.objects.get(topic="platform.event", ref=waits["id"]))
    after = watched()
    assert {name: after[name] - before[name] for name in before if name != "webhooks_failing_seconds"} == {
        "webhooks_waiting": 1, "webhooks_dead": 1, "webhooks_endpoints": 1, "webhooks_failing": 1,
    }  # fmt: skip
    assert after["webhooks_failing_seconds"] >= 0
    path = "/operator/payments/delivery/"
    body = {
        "action": "replay",
        "_selected_action": [delivery.id, Delivery.objects.get(event__object_id=waits["id"]).id],
    }
    assert join("auditor").client.post(path, body).status_code in {200, 302, 403}
    assert Delivery.objects.get(pk=delivery.id).status == "dead"
    olga = join("operator")
    assert "webhooks that were given up" in olga.client.get("/operator/").content.decode()
    assert olga.client.post(path, body).status_code == 302
    assert StaffAct.objects.filter(act="webhooks.replay", actor_id=olga.holder.id, subject=delivery.id).count() == 1
    work(made["id"])
    work(waits["id"])
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("delivered", 11)
    assert watched()["webhooks_failing"] == before["webhooks_failing"], "it has answered again"


def test_what_may_not_be_told_any_more_is_not_replayed(story: Story, server: Platform) -> None:
    """settled.md 12. Break: leave `_may_be_told` out of `replay` (`_prepare` and the gate still stop it)."""
    register(story, server)
    _made, delivery = dead(story, server)
    alice = story.alice
    links.end_link(
        holder_id=alice.holder.id, link_id=alice.link.id, actor=Actor.holder(alice.holder.id), now=clock.now()
    )
    answer = story.chat.post(f"/v1/webhook-deliveries/{delivery.id}/replay")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/delivery-not-replayable")


def test_a_disabled_endpoint_gets_no_replay_and_no_test(story: Story, server: Platform) -> None:
    endpoint = register(story, server)
    server.statuses = [410]
    work(paid(story)["id"])
    delivery = Delivery.objects.get(endpoint=endpoint["id"])
    assert delivery.status == "dead"
    assert story.chat.post(f"/v1/webhook-deliveries/{delivery.id}/replay").status_code == 409
    answer = story.chat.post(f"/v1/webhook-endpoints/{endpoint['id']}/test")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/webhook-endpoint-disabled")


def test_a_test_event_is_about_nobody_and_reaches_one_endpoint(story: Story, server: Platform) -> None:
    """Break: leave the type out of `is_without_consent`."""
    endpoint = register(story, server, events=["link.revoked"])
    register(story, server)
    sent = story.chat.post(f"/v1/webhook-endpoints/{endpoint['id']}/test")
    assert sent.status_code == 201, sent.content
    work(endpoint["id"])
    ((headers, body),) = server.got
    told = json.loads(body)
    assert Webhook(endpoint["secret"]).verify(body, headers) == told
    assert told == {
        "type": "webhook_endpoint.test", "timestamp": told["timestamp"], "data": {"id": endpoint["id"]},
    }  # fmt: skip
    assert headers["webhook-id"] == sent.json()["event"]
    read = story.chat.get(f"/v1/events/{sent.json()['event']}").json()
    assert (read["type"], read["data"]) == (told["type"], {"id": endpoint["id"], "canceled": None})
    refused = story.chat.post("/v1/webhook-endpoints", {"url": server.url, "events": ["webhook_endpoint.test"]})
    assert refused.status_code == 422, "it is not subscribed to"


def test_deliveries_say_how_a_message_travelled_and_nothing_of_what_it_says(story: Story, server: Platform) -> None:
    """Break: `type` or the object's id in DeliveryBody."""
    endpoint = register(story, server)
    server.statuses = [500]
    made = paid(story)
    work(made["id"])
    delivery = Delivery.objects.get(event__object_id=made["id"])
    page = story.chat.get(f"/v1/webhook-endpoints/{endpoint['id']}/deliveries")
    (line,) = page.json()["data"]
    assert line == {
        "id": delivery.id, "event": delivery.event_id, "endpoint": endpoint["id"], "status": "pending", "attempts": 1,
        "last_status": 500, "last_error": None, "created_at": line["created_at"], "ended_at": None,
    }  # fmt: skip
    for secret in (made["id"], story.alice.link.id, story.bob.link.id, "payment_request", "2000"):
        assert secret not in page.content.decode()


def test_what_was_dropped_unsent_is_not_there(story: Story, server: Platform) -> None:
    """It would say that something had happened about a link that ended. Break: list all rows."""
    endpoint = register(story, server)
    made = paid(story)
    for entry in OutboxEntry.objects.filter(ref=made["id"], topic="platform.event"):
        deliveries.take_in(entry)
    alice = story.alice
    links.end_link(
        holder_id=alice.holder.id, link_id=alice.link.id, actor=Actor.holder(alice.holder.id), now=clock.now()
    )
    delivery = Delivery.objects.get(event__object_id=made["id"])
    assert delivery.status == "dropped"
    listed = story.chat.get(f"/v1/webhook-endpoints/{endpoint['id']}/deliveries").json()["data"]
    assert delivery.id not in {line["id"] for line in listed}
    answers = [story.chat.post(f"/v1/webhook-deliveries/{one}/replay") for one in (delivery.id, "del_" + "0" * 22)]
    assert [answer.status_code for answer in answers] == [404, 404]


def test_another_platform_reaches_no_delivery(story: Story, server: Platform) -> None:
    """P10. Break: leave the platform out of `replay`."""
    endpoint = register(story, server)
    work(paid(story)["id"])
    delivery = Delivery.objects.get(endpoint=endpoint["id"])
    eve = cast.api(cast.chat_token(cast.platform("Salon")))
    assert eve.get(f"/v1/webhook-endpoints/{endpoint['id']}/deliveries").status_code == 404
    assert eve.post(f"/v1/webhook-endpoints/{endpoint['id']}/test").status_code == 404
    assert eve.post(f"/v1/webhook-deliveries/{delivery.id}/replay").status_code == 404
    assert not Event.objects.filter(object_id=endpoint["id"]).exists()


def test_each_endpoint_has_a_secret_of_its_own_and_a_timestamp_is_the_attempts(story: Story, server: Platform) -> None:
    """W05. Break: sign with the time of the event."""
    other, endpoint = register(story, server), register(story, server)
    assert other["secret"] != endpoint["secret"]
    delivery_id = story.chat.post(f"/v1/webhook-endpoints/{endpoint['id']}/test").json()["id"]
    Event.objects.filter(delivery=delivery_id).update(at=clock.now() - timedelta(hours=1))
    server.statuses = [500]
    deliver(delivery_id)
    hurry_delivery(delivery_id)
    deliver(delivery_id)
    first, second = (headers for headers, _body in server.got)
    for headers in (first, second):
        assert abs(int(headers["webhook-timestamp"]) - clock.now().timestamp()) < 300
    assert first["webhook-id"] == second["webhook-id"]
