"""`POST /v1/suggestions`: limits, the shape of an answer, and that nothing is kept."""

from typing import Any

import pytest

from privacy.exposure.models import Count, Exposure
from tests.payments import cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def parlour() -> cast.Client3:
    return cast.platform()


def suggest(on: cast.Client3, **body: Any) -> Any:
    return cast.api(cast.chat_token(on)).post("/v1/suggestions", body, key=None)


def test_a_wish_for_money_becomes_a_suggestion(parlour: cast.Client3) -> None:
    text = "you owe me 20 € for the restaurant"
    answer = suggest(parlour, text=text, sender="u1", participants=["u1", "u2"], locale="en")
    assert answer.status_code == 200, answer.content
    found = answer.json()["suggestion"]
    assert set(found) == {"intent", "amount", "shares", "debtor", "creditor", "confidence", "spans"}
    assert (found["intent"], found["amount"]) == ("request_money", {"value": 2000, "currency": "EUR"})
    assert (found["debtor"], found["creditor"]) == ("u2", "u1")
    assert 0 < found["confidence"] <= 1
    assert all(0 <= start < end <= len(text) for start, end in found["spans"])


def test_ordinary_talk_is_null(parlour: cast.Client3) -> None:
    assert suggest(parlour, text="see you at eight").json() == {"suggestion": None}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": "x" * 2000}, 200), ({"text": "x" * 2001}, 422), ({}, 422), ({"text": 7}, 422),
        ({"text": "x", "thread": "t"}, 400), ({"text": "x", "locale": "no locale"}, 422),
        ({"text": "x", "locale": None}, 200), ({"text": "x", "locale": "fr-FR"}, 200),
        ({"text": "x", "locale": "pt"}, 200), ({"text": "x", "locale": 7}, 422),
        ({"text": "x", "context": [{"sender": "a", "text": "y" * 2000}] * 3}, 200),
        ({"text": "x", "context": [{"sender": "a", "text": "y"}] * 4}, 422),
        ({"text": "x", "context": [{"sender": "a", "text": "y" * 2001}]}, 422),
        ({"text": "x", "context": [{"sender": "a", "text": "y", "at": 1}]}, 400),
        ({"text": "x", "participants": "ab"}, 422), ({"text": "x", "participants": ["a", 1]}, 422),
    ],
)  # fmt: skip
def test_limits(parlour: cast.Client3, body: dict[str, Any], status: int) -> None:
    assert suggest(parlour, **body).status_code == status


def test_nothing_is_kept_but_a_count(parlour: cast.Client3, caplog: Any) -> None:
    before = Exposure.objects.count()
    suggest(parlour, text="canary-text: tu me dois 20 euros", sender="canary-sender")
    counted = Count.objects.filter(recipient__ref=parlour.platform.pk, schema="suggestion")
    assert sum(row.count for row in counted) == 1
    assert Exposure.objects.count() == before
    assert "canary" not in caplog.text
