"""What no text of ours may hold is refused before it reaches the database: 400, never 500."""

import json

import pytest
from django.test import Client

from tests.payments import cast
from tests.support.people import post_json, sign_up
from wallet.core.idempotency import _body_hash

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path", ["/v1/cards/%00", "/v1/cards?cursor=%00", "/oauth/token?x=%00", "/problems/%00", "/webhooks/%00"]
)
def test_a_nul_is_a_problem_for_a_program(path: str):
    """Break: without UnreadableMiddleware, and it is 500 or 404."""
    answer = Client(raise_request_exception=False).get(path)
    assert answer.status_code == 400
    if not path.startswith("/problems"):
        assert answer["Content-Type"] == "application/problem+json"
    assert answer["Request-Id"]


@pytest.mark.parametrize("path", ["/top-ups/%00", "/p/%00", "/sign-in?next=%00", "/cards/%00", "/activity?%00=1"])
def test_a_nul_is_a_page_for_a_person(path: str):
    """Break: the same."""
    for client in (Client(raise_request_exception=False), sign_up().client):
        answer = client.get(path, headers={"Accept-Language": "fr"})
        assert (answer.status_code, answer["Content-Type"]) == (400, "text/html; charset=utf-8")
        assert "no-store" in answer["Cache-Control"]


def test_a_nul_in_a_form_is_refused():
    """Break: looking at the path and the query alone."""
    client = Client(raise_request_exception=False)
    assert client.post("/sign-in/password", {"username": "a\0", "password": "x"}).status_code == 400
    body = "grant_type=client_credentials&client_id=%00"
    assert client.post("/oauth/token", body, content_type="application/x-www-form-urlencoded").status_code == 400


@pytest.mark.parametrize("text", ["\\ud800", "\\u0000", "a\\udfffb"])
@pytest.mark.parametrize("member", ["note", "payee", "surprise"])
def test_json_that_is_no_text_is_refused(text: str, member: str):
    """Break: `ensure_ascii=False` in `_body_hash`."""
    platform = cast.platform()
    alice, bob = cast.link(cast.holder(), platform), cast.link(cast.holder(), platform)
    body = {"payee": bob.link.id, "payer": alice.link.id, "amount": {"value": 1, "currency": "EUR"}, member: "TEXT"}
    answer = Client(raise_request_exception=False).post(
        "/v1/payment-requests", json.dumps(body).replace("TEXT", text), content_type="application/json",
        headers={"Authorization": f"Bearer {cast.chat_token(platform)}", "Idempotency-Key": "k"},
    )  # fmt: skip
    assert answer.status_code in {400, 422}, answer.content


def test_every_parsed_body_has_a_hash():
    """Break: `ensure_ascii=False` in `_body_hash`."""
    assert _body_hash({"a": "\ud800"}) != _body_hash({"a": "\ud801"})


def test_json_of_our_own_pages_is_refused_the_same_way():
    client = sign_up().client
    client.raise_request_exception = False
    assert post_json(client, "/step-up/begin", {"binding": {"payee": "\0", "amount": 1}}).status_code < 500
    raw = client.post("/step-up/begin", '{"next": "\\ud800"}', content_type="application/json")
    assert raw.status_code < 500
