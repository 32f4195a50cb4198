"""The headers that keep a page private, on every page that the manifest knows (standard.md P08)."""

import os
import re
import subprocess
import sys
from http import HTTPStatus

import pytest
from django.test import Client

from privacy.exposure.routes import list_routes
from tests.support.people import sign_up
from tests.support.system import ROOT

HEADERS = {
    "X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin", "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}  # fmt: skip
_ASK = """
from wallet import settings as s
print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS)
"""


@pytest.mark.django_db
def test_every_page_of_the_manifest_carries_them_for_whoever_asks() -> None:
    """Break: `@xframe_options_exempt` on one page; another policy on one; a page that may be kept."""
    alice, wrong, pages = sign_up().client, [], 0
    for route in list_routes():
        if (route.methods and "GET" not in route.methods) or route.path.startswith("/v1/"):
            continue
        path = re.sub(r"<[^>]+>", "x_" + "0" * 22, route.path)
        for browser in (alice, Client(raise_request_exception=False)):
            answer = browser.get(path)
            if answer.status_code == HTTPStatus.NO_CONTENT or not answer.get("Content-Type", "").startswith(
                "text/html"
            ):
                continue
            pages += 1
            policy = answer.get("Content-Security-Policy", "")
            kept = {name: answer.get(name) for name in HEADERS}
            is_open = "unsafe" in policy or "default-src 'none'" not in policy or "frame-ancestors 'none'" not in policy
            if kept != HEADERS or is_open or "no-store" not in answer.get("Cache-Control", ""):
                wrong.append((path, answer.status_code, kept, policy, answer.get("Cache-Control")))
    assert wrong == []
    assert pages > 60


def test_in_production_cookies_are_the_hosts_own_and_https_stays() -> None:
    """Break: a cookie's name without its prefix; less than a year."""
    given = {"MODE": "production", "PUBLIC_URL": "https://wallet.example", "SECRET_KEY": "x" * 64}
    said = subprocess.run(
        [sys.executable, "-c", _ASK], cwd=ROOT, capture_output=True, text=True, check=True,
        env={"PATH": os.environ["PATH"], **given, "DATABASE_URL": "postgresql://app@db/paravent"},
    ).stdout.split()  # fmt: skip
    session, csrf, *secure, seconds = said
    assert (session, csrf, secure) == ("__Host-session", "__Host-csrf", ["True", "True"])
    assert int(seconds) >= 365 * 24 * 3600
