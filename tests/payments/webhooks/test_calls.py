"""The call itself, attacked: where it goes, whom it believes, how long and how much (W06 to W08)."""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpcore
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.db import connection

from payments.webhooks import deliveries, sending
from payments.webhooks.endpoints import create_endpoint
from payments.webhooks.models import Delivery, Endpoint
from payments.webhooks.sending import Result, send
from privacy.exposure.grants import GATE, Grant
from tests.payments import cast
from tests.payments.webhooks.receiving import Platform, deliver, hurry_delivery
from tests.support.system import ROOT
from wallet.core import addresses, calls, clock, outbox
from wallet.core.addresses import Target
from wallet.core.calls import MOST_READ, Failure
from wallet.core.models import OutboxEntry

pytestmark = pytest.mark.django_db(transaction=True)

GRANT = Grant(b"{}", "application/json", "webhook", GATE)


def called(url: str) -> Result:
    return send(url=url, grant=GRANT, headers={"webhook-id": "evt_x"})


@pytest.mark.parametrize(
    ("behaviour", "failure"),
    [("tarpit", Failure.TIMEOUT), ("hangs", Failure.TIMEOUT), ("early hints", Failure.TOO_LONG),
     ("long head", Failure.TOO_LONG), ("endless body", None)],
)  # fmt: skip
def test_a_hostile_server_is_bounded(
    server: Platform, monkeypatch: pytest.MonkeyPatch, behaviour: str, failure: Failure | None
) -> None:
    """W08. Break: leave the deadline to the socket's own timeouts; do not count what is read."""
    monkeypatch.setattr(sending, "DEADLINE", 1.5)
    server.behaviour = behaviour
    read = 0
    real = calls._Bounds.took

    def took(self: Any, size: int) -> None:
        nonlocal read
        read += size
        real(self, size)

    monkeypatch.setattr(calls._Bounds, "took", took)
    began = time.monotonic()
    result = called(server.url)
    assert time.monotonic() - began < 10, "a busy machine is slow, and not that slow"
    assert result.failure == failure
    assert result.status == (200 if failure is None else None)
    assert read <= 2 * MOST_READ


def test_a_packed_answer_is_not_unpacked(server: Platform) -> None:
    server.headers = {"Content-Encoding": "gzip"}
    assert called(server.url) == Result(200)
    assert server.got[0][0]["accept-encoding"] == "identity"


def test_no_proxy_of_the_environment_is_used(server: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """W07. Break: `httpx.Client()` in `_post`."""
    other = Platform()
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{other.port}")
    assert called(server.url) == Result(200)
    assert (len(server.got), len(other.got)) == (1, 0)
    other.stop()


def test_the_address_that_was_judged_is_the_one_that_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding (W07). Break: give httpcore the name."""
    answers = iter(["93.184.215.14", "127.0.0.1", "127.0.0.1"])
    looked_up, connected = [], []

    def look_up(host: str, port: int, **_more: Any) -> list[Any]:
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    def connect(_self: Any, host: str, port: int, *_more: Any) -> httpcore.NetworkStream:
        connected.append((host, port))
        raise httpcore.ConnectError

    monkeypatch.setattr(addresses.socket, "getaddrinfo", look_up)
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    assert called("https://parlour.example/hooks") == Result(failure=Failure.CONNECTION)
    assert looked_up == ["parlour.example"]
    assert connected == [("93.184.215.14", 443)]
    assert called("https://parlour.example/hooks") == Result(failure=Failure.ADDRESS)
    assert len(connected) == 1


def test_a_look_up_that_hangs_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break: resolve outside the deadline."""
    monkeypatch.setattr(sending, "DEADLINE", 0.5)
    monkeypatch.setattr(addresses, "look_up", lambda *_who: time.sleep(3) or ["93.184.215.14"])
    began = time.monotonic()
    assert called("https://parlour.example/hooks") == Result(failure=Failure.TIMEOUT)
    assert time.monotonic() - began < 2.5


@pytest.mark.parametrize("location", ["http://127.0.0.1:{port}/elsewhere", "https://10.0.0.1/", "ftp://10.0.0.1/"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(server: Platform, status: int, location: str) -> None:
    """W06. Break: `follow_redirects=True`, were it httpx."""
    server.statuses, server.headers = [status], {"Location": location.format(port=server.port)}
    result = called(server.url)
    assert (result.status, result.is_success, len(server.got)) == (status, False, 1)


# --- TLS: the name is checked, whatever address was connected to --------------------------------------------


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for this name, and a client's that believes its issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    try:
        alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        alternative = x509.DNSName(name)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{name}.pem"
    path.write_bytes(pem + secret)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(path)
    return served, ssl.create_default_context(cadata=pem.decode())


@pytest.mark.parametrize(
    ("name", "issuer", "failure"),
    [
        ("parlour.example", "believed", None),
        ("eve.example", "believed", Failure.CONNECTION),
        ("127.0.0.1", "believed", Failure.CONNECTION),
        ("parlour.example", "unknown", Failure.CONNECTION),
    ],
)
def test_the_certificate_must_be_of_the_name_and_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, issuer: str, failure: Failure | None
) -> None:
    """Break: `check_hostname = False`; or the address in the URL."""
    served, believing = certificate(tmp_path, name)
    server = Platform(served)
    monkeypatch.setattr(calls, "resolve", lambda _url: Target("https", "parlour.example", server.port, "127.0.0.1"))
    if issuer == "believed":
        monkeypatch.setattr(calls, "trusted", lambda: believing)
    result = called("https://parlour.example/hooks")
    assert result == (Result(200) if failure is None else Result(failure=failure))
    assert [headers["host"] for headers, _body in server.got] == ([] if failure else ["parlour.example"])
    server.stop()


# --- One endpoint's trouble is its own ------------------------------------------------------------------------


def waiting(on: cast.Client3, server: Platform, count: int) -> list[str]:
    """Deliveries to this server that are due."""
    endpoint = create_endpoint(platform=on.platform, url=server.url, events=None, now=clock.now())
    return [
        deliveries.send_test(platform=on.platform, endpoint_id=endpoint.id, now=clock.now()).id for _ in range(count)
    ]


def status_of(*ids: str) -> set[str]:
    return set(Delivery.objects.filter(pk__in=ids).values_list("status", flat=True))


def do_work(entry_id: int) -> None:
    outbox.work(entry_id)
    connection.close()


@pytest.fixture
def callers() -> Iterator[ThreadPoolExecutor]:
    """The caller of `make run`: sixteen threads."""
    with ThreadPoolExecutor(16) as pool:
        yield pool


def test_a_slow_platform_does_not_delay_another(server: Platform, callers: ThreadPoolExecutor) -> None:
    """W08. Break: `AT_ONCE = 100`: all sixteen threads wait for the one that hangs."""
    hanging = Platform()
    hanging.behaviour = "hangs"
    stuck, told = waiting(cast.platform(), hanging, 20), waiting(cast.platform("Salon"), server, 3)
    running = [callers.submit(do_work, OutboxEntry.objects.get(ref=delivery_id).id) for delivery_id in (*stuck, *told)]
    for one in running[-3:]:
        one.result(timeout=15)
    assert status_of(*told) == {"delivered"}
    assert status_of(*stuck) == {"pending"}
    assert len(hanging.got) <= deliveries.AT_ONCE
    hanging.stop()


def test_an_endpoint_that_fails_gets_two_calls_at_once(server: Platform) -> None:
    """Break: leave `failing_since` out of `_await_turn`."""
    first, second, third, fourth = waiting(cast.platform(), server, 4)
    server.statuses = [500]
    deliver(first)
    endpoint = Endpoint.objects.filter(delivery=first)
    assert endpoint.get().failing_since is not None
    busy = Delivery.objects.filter(pk__in=[second, third])
    busy.update(calling_until=clock.now() + timedelta(minutes=5))
    deliver(fourth)
    assert len(server.got) == 1
    assert 1 < hurry_delivery(fourth) < 10
    busy.update(calling_until=None)
    deliver(fourth)
    assert len(server.got) == 2
    assert endpoint.get().failing_since is None


def test_what_is_being_sent_is_not_sent_beside_it(server: Platform) -> None:
    """A call may take longer than the outbox waits for its worker. Break: leave `calling_until` out."""
    (one,) = waiting(cast.platform(), server, 1)
    Delivery.objects.filter(pk=one).update(calling_until=clock.now() + timedelta(seconds=20))
    deliver(one)
    assert server.got == []
    Delivery.objects.filter(pk=one).update(calling_until=clock.now() - timedelta(seconds=1))
    hurry_delivery(one)
    deliver(one)
    assert len(server.got) == 1


@pytest.mark.parametrize(("status", "form"), [(429, "seconds"), (502, "date"), (503, "date"), (504, "seconds")])
def test_an_endpoint_may_ask_for_patience(server: Platform, status: int, form: str) -> None:
    """W06. Break: leave `retry_after` out of the wait; or `resting_until` out of `_await_turn`."""
    first, second = waiting(cast.platform(), server, 2)
    at = format_datetime(clock.now() + timedelta(minutes=15), usegmt=True)
    server.statuses, server.headers = [status], {"Retry-After": at if form == "date" else "900"}
    deliver(first)
    assert 880 < hurry_delivery(first) < 960
    deliver(second)
    assert len(server.got) == 1, "the endpoint rests, whichever delivery it said it to"


@pytest.mark.parametrize("text", ["", "-1", "soon", "1e9", "9" * 400, "Mon, 99 Foo 2026 00:00:00 GMT", "\xb2"])
def test_patience_without_sense_is_none_or_an_hour_at_most(server: Platform, text: str) -> None:
    server.statuses, server.headers = [503], {"Retry-After": text}
    assert 0 <= called(server.url).retry_after <= 3600


def test_webhooks_wait_in_a_queue_that_has_a_worker_of_its_own() -> None:
    """Break: leave the topic out of `OUTBOX_QUEUES`."""
    assert settings.OUTBOX_QUEUES[deliveries.TOPIC] == "calls"
    queues = {queue.name for queue in settings.CELERY_TASK_QUEUES}
    services = yaml.safe_load((ROOT / "docker/compose.yaml").read_text(encoding="utf-8"))["services"].values()
    commands = [one["command"] for one in services if "--queues" in one.get("command", [])]
    assert sorted(one[one.index("--queues") + 1] for one in commands) == sorted(queues) == ["calls", "work"]
