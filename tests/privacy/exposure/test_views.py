"""A platform view: what its handler returns is what leaves and what the log says, once for each key, or nothing."""

import hashlib
from typing import Any

import orjson
import pytest
from django.test import Client

from privacy.exposure.api import Answer
from privacy.exposure.models import Count, Disclosure, Exposure, Recipient
from privacy.exposure.schema import Problem
from tests.privacy.exposure import urls
from tests.privacy.exposure.bodies import FindingBody, ask

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.privacy.exposure.urls")]


@pytest.fixture(autouse=True)
def _now(platform: Recipient, alice: str) -> None:
    urls.NOW.clear()
    urls.NOW.update(subjects={"payee": alice, "payer": None}, body=ask(payer=None))


def post(platform: Recipient, *, key: str = "k1", body: Any = None, path: str = "/v1/asks") -> Any:
    return Client(raise_request_exception=False).post(
        path, data=body or {"a": 1}, content_type="application/json",
        headers={"X-Platform": platform.ref, "Idempotency-Key": key},
    )  # fmt: skip


def test_the_wire_is_what_the_log_says(platform: Recipient, alice: str) -> None:
    response = post(platform)
    assert response.status_code == 201
    exposure = Exposure.objects.select_related("disclosure").get(holder_id=alice)
    assert bytes(exposure.disclosure.digest) == hashlib.sha256(response.content).digest()
    assert exposure.disclosure.request_id == response.headers["Request-Id"]
    assert exposure.recipient_id == platform.id


def test_a_replay_has_one_effect_the_same_bytes_and_a_disclosure_of_its_own(platform: Recipient, alice: str) -> None:
    """Break: disclose only when the answer is not a replay."""
    first, second = post(platform), post(platform)
    assert urls.NOW["calls"] == 1
    assert first.content == second.content
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert Exposure.objects.filter(holder_id=alice).count() == 2


def test_a_post_without_its_key_is_refused(platform: Recipient) -> None:
    response = Client().post("/v1/asks", data={}, content_type="application/json", headers={"X-Platform": platform.ref})
    assert response.status_code == 400


def test_a_decision_that_refuses_money_is_an_answer(platform: Recipient, alice: str) -> None:
    body = {
        "type": "/problems/payment-not-completed", "title": "Not completed", "status": 402,
        "detail": "Not completed", "instance": "req_1",
    }  # fmt: skip
    urls.NOW["answer"] = Answer(Problem, body, {"person": alice}, status=402)
    first, second = post(platform), post(platform)
    assert (first.status_code, first.headers["Content-Type"]) == (402, "application/problem+json")
    assert first.content == second.content
    assert urls.NOW["calls"] == 1
    assert Exposure.objects.filter(holder_id=alice).count() == 2


def test_a_refusal_is_a_problem_that_is_counted_and_leaves_no_exposure(platform: Recipient, alice: str) -> None:
    urls.NOW["raises"] = urls.Refusal()
    response = post(platform)
    assert (response.status_code, orjson.loads(response.content)["title"]) == (422, "No")
    assert not Exposure.objects.filter(holder_id=alice).exists()


def test_an_answer_about_nobody_is_counted(platform: Recipient) -> None:
    response = Client().get("/v1/asks", headers={"X-Platform": platform.ref})
    assert response.json() == {"found": True}
    assert Count.objects.get(recipient=platform).schema == "test_finding"
    assert not Disclosure.objects.filter(recipient=platform).exists()


def test_no_body_needs_no_grant(platform: Recipient) -> None:
    response = Client().delete("/v1/asks", headers={"X-Platform": platform.ref})
    assert (response.status_code, response.content) == (204, b"")


def test_a_token_without_the_scope_gets_nothing(platform: Recipient) -> None:
    response = post(platform, path="/v1/narrow")
    assert response.status_code == 403
    assert "calls" not in urls.NOW


def test_without_a_token_there_is_nothing(platform: Recipient) -> None:
    assert Client().get("/v1/asks").status_code in {401, 403}


def test_a_schema_that_the_view_does_not_declare_does_not_leave(platform: Recipient) -> None:
    urls.NOW["answer"] = Answer(FindingBody, {"found": True}, status=201)
    assert post(platform).status_code == 500


def test_a_body_that_does_not_fit_is_a_500_without_a_word_of_it(platform: Recipient, alice: str) -> None:
    urls.NOW["body"] = ask(payer=None, iban="DE89370400440532013000")
    response = post(platform)
    assert response.status_code == 500
    assert b"DE89" not in response.content
    assert not Exposure.objects.filter(holder_id=alice).exists()
