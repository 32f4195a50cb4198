"""standard.md P17 at length: requests from the OpenAPI document as each sort of caller, while the time allows."""

import time

import pytest
from django.db import transaction

from payments.platforms.clients import first_party_client
from payments.platforms.scopes import READ, WRITE
from payments.platforms.tokens import issue_tokens
from tests.payments.requests.test_requests_api import Story, eur
from tests.support.fuzzing import fuzz
from tests.support.web import Web

pytestmark = pytest.mark.django_db(transaction=True)

#: Operations of the document; more than this many must have been asked.
LEAST = 40
EXAMPLES = 10


def token_of(caller: str, story: Story) -> str | None:
    """A fresh token of this sort of caller."""
    if caller == "holder":
        with transaction.atomic():
            client, scopes = first_party_client(), (READ, WRITE)
            return issue_tokens(holder_id=story.alice.holder.id, platform=client, scopes=scopes).access_token
    return {"nobody": None, "platform": story.chat.token, "link": story.alice.token}[caller]


def ids_of(story: Story) -> dict[str, str]:
    """What is there in this story, by the names that paths and bodies have for it."""
    share = {"payer": story.alice.link.id}
    split = story.chat.post("/v1/splits", {"payee": story.bob.link.id, "total": eur(500), "shares": [share]}).json()
    endpoint = story.chat.post("/v1/webhook-endpoints", {"url": "http://127.0.0.1:9/"}).json()["id"]
    return {
        "request_id": story.asked()["id"], "payment_request": story.asked()["id"], "split_id": split["id"],
        "payee": story.bob.link.id, "payer": story.alice.link.id, "link_id": story.alice.link.id,
        "card": story.alice_card.id, "endpoint_id": endpoint,
        "delivery_id": story.chat.post(f"/v1/webhook-endpoints/{endpoint}/test").json()["id"],
    }  # fmt: skip


def test_every_answer_is_in_the_document(web: Web, deadline: float) -> None:
    """Break: a status, a member or a media type that the document does not name."""
    rounds, began = 0, time.monotonic()
    while time.monotonic() < deadline:
        wrong = []
        for caller in ("platform", "holder", "link", "nobody"):
            story = Story()
            done, failures = fuzz(web.url, token_of(caller, story), examples=EXAMPLES, ids=ids_of(story))
            wrong += [f"as {caller}, {failure}" for failure in failures]
            assert done > LEAST
            print(f"\n{caller}: {done} operations, {time.monotonic() - began:.0f} s", flush=True)
        assert wrong == [], "\n\n".join(wrong)
        rounds += 1
    print(f"\n{rounds} rounds of ten requests to each operation by four callers")
