"""The holder API's frame: what a repeated POST gets when money was refused."""

import os
from typing import Any

import pytest

from tests.support.people import Person, sign_up

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice() -> Person:
    person = sign_up()
    person.step_up()
    return person


def post(alice: Person, path: str, body: Any, key: str) -> Any:
    return alice.client.post(path, body, content_type="application/json", headers={"Idempotency-Key": key})


def test_a_refusal_of_money_is_the_answer_of_its_key_and_another_key_tries_again(alice: Person) -> None:
    """settled.md 3: 402 is stored. Break: let the refusal pass through `_once`."""
    card = post(alice, "/v1/cards", {"currency": "EUR", "kind": "standard"}, os.urandom(8).hex()).json()["id"]
    load = {"amount": {"value": 100, "currency": "EUR"}}
    first = post(alice, f"/v1/cards/{card}/load", load, "k")
    again = post(alice, f"/v1/cards/{card}/load", load, "k")
    assert (first.status_code, again.status_code) == (402, 402)
    assert first["Content-Type"] == again["Content-Type"] == "application/problem+json"
    assert first.content == again.content
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert post(alice, f"/v1/cards/{card}/load", load, "other").get("Idempotent-Replayed") is None
