"""The commands of contract.md, run as a script would."""

import json
import subprocess
import sys
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from payments.platforms.models import Link
from privacy.consent import consents
from privacy.exposure import recipients
from privacy.exposure.recipients import RecipientKind
from tests.payments import cast
from tests.support.system import ROOT

pytestmark = pytest.mark.django_db(transaction=True)


def run(name: str, *words: str) -> dict[str, Any]:
    """In a process of its own: exactly one JSON document on stdout."""
    done = subprocess.run(
        [sys.executable, "manage.py", name, *words, "--json"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def name() -> str:
    return cast.secrets.token_hex(6)


def test_the_three_commands_link_somebody_with_a_receipt() -> None:
    who = name()
    platform = run("create_platform", "--name", "Parlour", "--redirect-uri", cast.REDIRECT, "http://localhost:9/x")
    assert set(platform) == {"client_id", "client_secret"}
    holder = run("create_holder", "--username", who)
    assert set(holder) == {"holder", "username", "client_id", "access_token", "refresh_token", "expires_in"}
    linked = run("link_holder", "--username", who, "--client-id", platform["client_id"])
    assert set(linked) == {"link", "access_token", "refresh_token", "expires_in"}

    link = Link.objects.get(pk=linked["link"])
    assert (link.mandate.per_payment_minor, link.mandate.per_day_minor) == (100_000, 1_000_000)
    recipient = recipients.get(RecipientKind.PLATFORM, link.platform_id)
    (consent,) = consents.history(holder_id=link.holder_id, recipient_id=recipient.id)
    receipt = json.loads(consent.receipt)
    assert link.id in consent.document.decode()
    assert "signature" in receipt or "receipt" in receipt or receipt
    assert cast.api(linked["access_token"]).get("/v1/link").json()["id"] == linked["link"]

    again = run("link_holder", "--username", who, "--client-id", platform["client_id"])
    assert again["link"] == linked["link"]
    assert again["access_token"] != linked["access_token"]
    assert run("create_holder", "--username", who)["holder"] == holder["holder"]


def test_the_printed_refresh_token_works_with_the_printed_client() -> None:
    holder = run("create_holder", "--username", name())
    assert cast.api(holder["access_token"]).get("/v1/links").json() == {"data": [], "next_cursor": None}
    grant = {"grant_type": "refresh_token", "refresh_token": holder["refresh_token"], "client_id": holder["client_id"]}
    answer = Client().post("/oauth/token", urlencode(grant), content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200, answer.content
    fresh = answer.json()
    assert fresh["scope"] == "wallet:read wallet:write"
    assert cast.api(fresh["access_token"]).get("/v1/links").status_code == 200


def test_the_first_party_client_gets_nothing_for_itself() -> None:
    holder = run("create_holder", "--username", name())
    for grant in ({"grant_type": "client_credentials"}, {"grant_type": "client_credentials", "scope": "chat"}):
        form = urlencode({**grant, "client_id": holder["client_id"]})
        answer = Client().post("/oauth/token", form, content_type="application/x-www-form-urlencoded")
        assert answer.status_code in {400, 401}


@pytest.mark.parametrize(
    "uri",
    ["http://parlour.example/cb", "https://parlour.example/#x", "https://*.example/", "ftp://x/", "x", "https://a@b/"],
)
def test_a_redirect_uri_that_is_none_is_refused(uri: str) -> None:
    with pytest.raises(CommandError):
        call_command("create_platform", name="Parlour", redirect_uri=[uri])


def test_holders_are_made_and_linked_by_commands_in_the_sandbox_only(settings: Any) -> None:
    settings.SANDBOX = False
    for words in (["create_holder", "--username", "u"], ["link_holder", "--username", "u", "--client-id", "c"]):
        with pytest.raises(CommandError):
            call_command(*words)
