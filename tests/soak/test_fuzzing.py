"""standard.md P17 at length: requests from the OpenAPI document as each sort of caller, while the time allows."""

import time

import pytest
from django.db import transaction

from payments.platforms.clients import first_party_client
from payments.platforms.scopes import READ, WRITE
from payments.platforms.tokens import issue_tokens
from tests.payments.requests.test_requests_api import Story
from tests.support.fuzzing import fuzz
from tests.support.web import Web

pytestmark = pytest.mark.django_db(transaction=True)


def token_of(caller: str) -> str | None:
    """A fresh token of this sort of caller."""
    if caller == "nobody":
        return None
    story = Story()
    if caller == "platform":
        return story.chat.token
    if caller == "link":
        return story.alice.token
    with transaction.atomic():
        tokens = issue_tokens(holder_id=story.alice.holder.id, platform=first_party_client(), scopes=(READ, WRITE))
    return tokens.access_token


def test_every_answer_is_in_the_document(web: Web, deadline: float) -> None:
    """Break: a status, a member or a media type that the document does not name."""
    rounds = 0
    while time.monotonic() < deadline:
        for caller in ("platform", "holder", "link", "nobody"):
            assert fuzz(web.url, token_of(caller), examples=10) > 40
        rounds += 1
    print(f"\n{rounds} rounds of ten requests to each operation by four callers")
