"""standard.md P17 at length: requests from the OpenAPI document as each sort of caller, while the time allows."""

import time

import pytest

from tests.contracts.test_fuzzing import token_of
from tests.support.fuzzing import fuzz
from tests.support.web import Web

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_answer_is_in_the_document(web: Web, deadline: float) -> None:
    rounds = 0
    while time.monotonic() < deadline:
        for caller in ("platform", "holder", "link", "nobody"):
            fuzz(web.url, token_of(caller), examples=10)
        rounds += 1
    print(f"\n{rounds} rounds of ten requests to each operation by four callers")
