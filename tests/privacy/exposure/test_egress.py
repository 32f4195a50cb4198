"""The last door: on a platform's or network's route only granted bytes pass, whatever made up the others."""

from typing import Any

import orjson
import pytest
from django.test import Client

from privacy.exposure.models import Exposure, Recipient
from tests.privacy.exposure import urls

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.privacy.exposure.urls")]


@pytest.fixture(autouse=True)
def _now(platform: Recipient, alice: str) -> None:
    urls.NOW.clear()
    urls.NOW.update(recipient=platform, subjects={"payee": alice, "payer": None})


@pytest.fixture
def stranger() -> Client:
    return Client(raise_request_exception=False)


def is_silent(response: Any) -> bool:
    return response.status_code == 503 and orjson.loads(response.content)["type"].endswith("/problems/unavailable")


@pytest.mark.parametrize(
    "path",
    ["/v1/sneaky", "/v1/altered", "/v1/rolled-back", "/v1/redirecting", "/v1/cookie", "/v1/streaming",
     "/v1/false-problem", "/undeclared"],
)  # fmt: skip
def test_what_was_not_granted_does_not_leave(stranger: Client, path: str) -> None:
    """Break: `objection` returns "" for a body without a grant, or at no cookie; or a grant survives its rollback."""
    response = stranger.get(path)
    assert is_silent(response)
    assert "Location" not in response.headers
    assert not response.cookies
    for secret in (b"DE89", b"Alice", b"balance", b"preq_"):
        assert secret not in response.content


def test_a_grant_whose_record_was_rolled_back_is_void(stranger: Client, alice: str) -> None:
    assert is_silent(stranger.get("/v1/rolled-back"))
    assert not Exposure.objects.filter(holder_id=alice).exists()


def test_a_prepared_grant_leaves_once_it_is_adopted(stranger: Client, alice: str) -> None:
    response = stranger.get("/network/adopted")
    assert response.status_code == 200
    assert bytes(Exposure.objects.get(holder_id=alice).disclosure.digest).hex()
    urls.NOW["adopts"] = False
    assert is_silent(stranger.get("/network/adopted"))


def test_an_error_leaves_as_a_problem_without_a_word_of_it(stranger: Client) -> None:
    urls.NOW["raises"] = ValueError("DE89370400440532013000")
    response = stranger.get("/v1/failing")
    assert response.status_code == 500
    assert b"DE89" not in response.content
    assert response.headers["Content-Type"] == "application/problem+json"


def test_an_unknown_path_is_a_problem_under_v1_and_a_page_elsewhere(stranger: Client) -> None:
    assert orjson.loads(stranger.get("/v1/nothing").content)["status"] == 404
    assert stranger.get("/nothing").headers["Content-Type"].startswith("text/html")


def test_a_head_request_gets_no_description_of_a_body(stranger: Client) -> None:
    assert stranger.head("/v1/asks", headers={"X-Platform": urls.NOW["recipient"].ref}).status_code == 405
    sneaky = stranger.head("/v1/sneaky")
    assert (sneaky.status_code, sneaky.content) == (503, b"")


def test_other_audiences_are_left_alone(stranger: Client) -> None:
    assert stranger.get("/public").json() == {"status": "ok"}
