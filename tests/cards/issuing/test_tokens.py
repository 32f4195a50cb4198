"""The card API with a bearer token: what its scopes reach, and what no scope reaches."""

import json
import secrets
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from payments.platforms.validator import load_access_token
from tests.cards.acquirer import fund

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def token() -> dict[str, Any]:
    out = StringIO()
    call_command("create_holder", "--username", f"alice-{secrets.token_hex(6)}", "--json", stdout=out)
    return dict(json.loads(out.getvalue()))


def call(token: str, path: str, body: Any = None, *, method: str = "post") -> Any:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": secrets.token_hex(8)}
    return getattr(Client(), method)(path, body, content_type="application/json", headers=headers)


def test_a_script_makes_loads_and_closes_a_card(token: dict[str, Any]) -> None:
    fund(token["holder"], 5000)
    access = token["access_token"]
    made = call(access, "/v1/cards", {"currency": "EUR", "kind": "standard", "load": {"value": 900, "currency": "EUR"}})
    assert made.status_code == 201, made.content
    path = f"/v1/cards/{made.json()['id']}"
    assert call(access, path, method="get").json() == made.json()
    for what in ("freeze", "unfreeze", "close"):
        assert call(access, f"{path}/{what}").status_code == 200


def test_no_token_ever_shows_a_number(token: dict[str, Any]) -> None:
    """standard.md P16. Break: let any first-party token through in CardRevealView."""
    access = token["access_token"]
    card = call(access, "/v1/cards", {"currency": "EUR", "kind": "standard"}).json()["id"]
    refused = call(access, f"/v1/cards/{card}/reveal")
    assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[-1]) == (403, "insufficient-scope")


@pytest.mark.parametrize(
    ("scope", "reads", "writes"), [("wallet:read", 200, 403), ("wallet:write", 403, 201), ("", 403, 403)]
)
def test_a_token_reaches_as_far_as_its_scopes(token: dict[str, Any], scope: str, reads: int, writes: int) -> None:
    """Break: check no scope in HolderView.initial."""
    access = token["access_token"]
    row = load_access_token(access)
    assert row is not None
    type(row).objects.filter(pk=row.pk).update(scope=scope)
    assert call(access, "/v1/cards", method="get").status_code == reads
    assert call(access, "/v1/cards", {"currency": "EUR", "kind": "standard"}).status_code == writes


def test_a_dead_token_is_none() -> None:
    assert call("nonsense", "/v1/cards", method="get").status_code == 401
