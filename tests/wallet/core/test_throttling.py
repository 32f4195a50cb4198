"""How often the API may be asked (settled.md 35, P13)."""

import secrets

import pytest
from django.contrib.auth.models import AnonymousUser
from pytest_django.fixtures import Settings
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from wallet.core import throttling
from wallet.core.api import AnyCaller, Audience, WalletView
from wallet.core.throttling import Bucket, buckets_of


class Caller:
    """What `request.auth` says."""

    def __init__(self, kind: str, client_id: str, holder_id: str = "") -> None:
        self.kind, self.client_id, self.holder_id = kind, client_id, holder_id
        self.scopes: frozenset[str] = frozenset()


class NoToken:
    def authenticate(self, request: Request) -> None:
        if "Authorization" in request.headers:
            raise AuthenticationFailed

    def authenticate_header(self, _request: Request) -> str:
        return "Bearer"


class Asked(WalletView):
    audience = Audience.PUBLIC
    authentication_classes = [NoToken]
    permission_classes = [AnyCaller]

    def get(self, _request: Request) -> Response:
        return Response({})


class Network(Asked):
    audience = Audience.NETWORK


@pytest.fixture(autouse=True)
def _limits_on(settings: Settings) -> None:
    settings.RATE_LIMITS = True


@pytest.fixture
def slow_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same buckets, which let two through and then one in ten minutes: a slow machine counts like a fast one."""
    real = throttling.buckets_of
    mark = own()
    monkeypatch.setattr(
        throttling, "buckets_of", lambda request: [Bucket(mark + one.name, 1 / 600, 2) for one in real(request)]
    )


def request_of(caller: Caller | None = None, *, address: str = "127.9.0.1", **headers: str) -> Request:
    request = Request(APIRequestFactory().get("/", REMOTE_ADDR=address, **headers))
    request.user, request.auth = AnonymousUser(), caller
    return request


def ask(caller: Caller | None = None, *, view: type[WalletView] = Asked, **headers: str) -> int:
    request = APIRequestFactory().get("/", **headers)
    if caller is not None:
        force_authenticate(request, user=AnonymousUser(), token=caller)
    return view.as_view()(request).status_code


def own() -> str:
    return secrets.token_hex(8)


@pytest.mark.parametrize(
    ("caller", "buckets"),
    [
        (Caller("platform", "c1"), [Bucket("client:c1", 100, 200)]),
        (Caller("platform", "c1", "h1"), [Bucket("client:c1", 100, 200), Bucket("holder:c1:h1", 20, 40)]),
        (Caller("first_party", "c1", "h1"), [Bucket("holder:c1:h1", 20, 40)]),
        (Caller("session", "session", "h1"), [Bucket("holder:session:h1", 20, 40)]),
        (None, [Bucket("address:127.9.0.1", 20, 40)]),
    ],
)
def test_who_is_counted_and_how_often(caller: Caller | None, buckets: list[Bucket]):
    """Break: counting holders of the first-party client, which they all share, by that client."""
    assert buckets_of(request_of(caller)) == buckets


def test_an_address_cannot_be_forged(settings: Settings):
    """Break: reading the first member of X-Forwarded-For, or reading it without a proxy of ours."""
    forged = request_of(HTTP_X_FORWARDED_FOR="9.9.9.9, 8.8.8.8")
    assert buckets_of(forged)[0].name == "address:127.9.0.1"
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert buckets_of(forged)[0].name == "address:8.8.8.8"


@pytest.mark.usefixtures("slow_buckets")
def test_what_is_too_much_is_told_when_to_come_again():
    caller = Caller("platform", own())
    assert [ask(caller) for _ in range(3)] == [200, 200, 429]
    assert ask(Caller("platform", own())) == 200
    request = APIRequestFactory().get("/")
    force_authenticate(request, user=AnonymousUser(), token=caller)
    refused = Asked.as_view()(request)
    assert 500 < int(refused["Retry-After"]) <= 600
    assert refused["Content-Type"] == "application/problem+json"


def test_a_request_takes_from_all_its_buckets_or_from_none():
    """Break: writing one bucket before the next has been looked at."""
    counter = throttling._Counter()
    free, full = Bucket(own(), 1 / 600, 1), Bucket(own(), 1 / 600, 1)
    assert counter.wait_for([full]) == 0
    assert counter.wait_for([free, full]) > 0
    assert counter.wait_for([free]) == 0


@pytest.mark.usefixtures("slow_buckets")
def test_two_platforms_cannot_tell_that_they_share_a_customer():
    """Break: one bucket of the holder for all clients."""
    holder = own()
    assert [ask(Caller("platform", own(), holder)) for _ in range(5)] == [200] * 5


@pytest.mark.usefixtures("slow_buckets")
def test_a_bad_token_is_counted_for_its_address():
    """Break: throttling after permissions, as DRF does by default."""
    assert [ask(HTTP_AUTHORIZATION="Bearer x") for _ in range(3)] == [401, 401, 429]
    assert ask() == 429


@pytest.mark.usefixtures("slow_buckets")
def test_networks_are_not_limited_and_the_switch_turns_it_off(settings: Settings):
    assert {ask(view=Network) for _ in range(5)} == {200}
    settings.RATE_LIMITS = False
    assert {ask() for _ in range(5)} == {200}


def test_a_bucket_drips():
    counter, bucket = throttling._Counter(), Bucket(own(), 1000, 1)
    for _ in range(3):
        while counter.wait_for([bucket]):
            pass


@pytest.mark.usefixtures("slow_buckets")
def test_without_redis_it_is_open(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/valkey.sock"}}
    monkeypatch.setattr(throttling, "_counter", throttling._Counter())
    assert {ask() for _ in range(5)} == {200}
