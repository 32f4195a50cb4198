"""P17 in short: a few requests from the document to every operation, as each sort of caller; tests/soak goes on."""

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


@pytest.mark.parametrize("caller", ["nobody", "platform", "link", "holder"])
def test_every_answer_is_in_the_document(web: Web, caller: str) -> None:
    """Break: a status, a member or a media type that the document does not name."""
    assert fuzz(web.url, token_of(caller), examples=1 if caller in {"nobody", "link"} else 2) > 40
