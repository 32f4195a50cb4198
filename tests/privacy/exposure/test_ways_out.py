"""Every way out of the house is known: what may open a connection, and what passes no gate and holds nobody."""

import ast
import re
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from privacy.exposure.routes import route_faults
from tests.test_tidy import source

#: What can carry data away. A module of ours that imports one of these stands in the table below, or the build fails.
CARRIERS = frozenset(
    {"aiohttp", "boto3", "botocore", "ftplib", "grpc", "http.client", "httpcore", "httpx", "requests", "smtplib",
     "socket", "stripe", "telnetlib", "urllib.request", "urllib3", "websockets", "django.core.mail"}
)  # fmt: skip
#: Who opens connections, and why nothing personal leaves by it without a grant.
WAYS_OUT = {
    "payments/webhooks/sending.py": "sends the body of a Grant",
    "payments/topups/sandbox/adapter.py": "the sandbox gateway's webhook to ourselves: ids alone",
    "wallet/stripe/client.py": "Stripe's own library: ids, amounts and limits that a grant has named",
    "wallet/stripe/signatures.py": "Stripe's own library: checks what came in",
    "privacy/exposure/witnesses.py": "asks outside witnesses: the published checkpoint and hashes alone",
    "privacy/crypto/providers/aws_kms.py": "wraps keys: ciphertext alone",
    "wallet/core/addresses.py": "looks up the host name of a platform or a witness",
    "wallet/core/calls.py": "posts what its caller brings: the body of a Grant, a checkpoint",
    "wallet/embedded/probes.py": "asks our own servers whether they live",
    "wallet/embedded/seeding.py": "asks our own web",
    "wallet/embedded/valkey.py": "asks our own server",
}


def imports_of(path: Path, tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {one for one in found if any(one == name or one.startswith(f"{name}.") for name in CARRIERS)}


def test_nothing_but_what_is_known_opens_a_connection() -> None:
    """Break: `import httpx` in any other module."""
    found = {str(path) for path, tree in source() if path.parts[0] != "demo" and imports_of(path, tree)}
    assert found - WAYS_OUT.keys() == set()


def test_an_import_of_a_carrier_is_seen_however_it_is_written() -> None:
    """Break: look at `import x` alone."""
    for text in (
        "import httpx",
        "from django.core import mail",
        "from stripe import StripeClient",
        "import http.client",
    ):
        assert imports_of(Path("x.py"), ast.parse(text)), text
    assert not imports_of(Path("x.py"), ast.parse("from http import HTTPStatus"))


@pytest.mark.urls("tests.privacy.exposure.urls")
def test_a_route_that_says_nothing_or_steps_around_the_gate_fails_the_build() -> None:
    """Break: `_faults` yields nothing for a function view of a platform."""
    faults = "\n".join(route_faults())
    assert "/undeclared does not say whom it answers" in faults
    for path in ("altered", "rolled-back", "redirecting", "cookie", "streaming"):
        assert f"/v1/{path} answers a platform and is no DisclosingView" in faults
    assert "/v1/asks" not in faults


@pytest.mark.django_db
def test_metrics_name_nobody(settings: Settings) -> None:
    """Break: label a request with its path instead of its view."""
    settings.METRICS_TOKEN = "right"
    client, canary = Client(raise_request_exception=False), "Canary-Q7"
    for path in (f"/v1/payment-requests/{canary}", f"/p/preq_{'x' * 22}", f"/{canary}", f"/cards/card_{'x' * 22}"):
        client.get(path, headers={"Authorization": f"Bearer {canary}", "User-Agent": canary})
    text = client.get("/metrics", headers={"Authorization": "Bearer right"}).content.decode()
    assert "paravent_outbox_waiting" in text
    assert canary not in text
    assert re.findall(r"\b(?:holder|card|link|preq|auth|xpo|top|wd|req)_[0-9A-Za-z]{16,}", text) == []
