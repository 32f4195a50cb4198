"""Where a visitor is sent back to: never to another origin."""

import pytest
from django.test import Client, RequestFactory

from tests.support.people import sign_up
from wallet.users.returning import safe_page

_AWAY = [
    "//evil.example/x", "/\t//evil.example/x", "/\t/evil.example", "/\r\n/evil.example", "/\\evil.example", "\\\\evil.example",
    "https://evil.example", " //evil.example", "/\x00/evil.example", "/ /evil.example", "/\x7f/evil.example", "javascript:x",
]  # fmt: skip


@pytest.mark.parametrize("target", _AWAY)
def test_what_a_browser_could_read_as_another_host_is_dropped(target: str):
    """Break: leave `is_own_path` out of `safe_page`."""
    assert safe_page(RequestFactory().get("/"), target, "/home") == "/home"


@pytest.mark.parametrize("target", ["/", "/p/preq_1?x=%20y", "/oauth/authorize?redirect_uri=https%3A%2F%2Fa"])
def test_a_page_of_ours_is_kept(target: str):
    assert safe_page(RequestFactory().get("/"), target) == target


@pytest.mark.django_db
@pytest.mark.parametrize("target", [one for one in _AWAY if "\x00" not in one])
def test_no_page_sends_away(target: str):
    """Break: another check than `is_own_path` in the language switch, or in a top-up's `next`."""
    assert Client().post("/language", {"language": "fr", "next": target})["Location"] == "/"
    alice = sign_up().client
    assert alice.get("/sign-in", {"next": target})["Location"] == "/"
    assert alice.get("/top-ups/new", {"next": target}).context["next"] == ""
