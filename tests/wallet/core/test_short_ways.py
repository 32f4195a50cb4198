"""What the hot paths leave out, and still notice: DRF's reading, questions to a connection, one message a row."""

import time
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st
from rest_framework import serializers

from cards.network.sandbox import bodies
from cards.network.sandbox.bodies import AuthorizationBody
from privacy.exposure.routes import list_routes
from tests.environment import URLS
from wallet.core import lane, outbox, reading
from wallet.core.errors import WalletError
from wallet.core.members import StrictSerializer, validated
from wallet.core.postgresql.base import check_when_in_doubt

GOOD: dict[str, Any] = {
    "pan": "9999001234567898", "expiry": "2029-05", "cvc": "123", "amount": {"value": 100, "currency": "EUR"},
    "merchant": {"id": "shop-1", "name": "Corner Shop", "mcc": "5999", "country": "FR"}, "network_ref": "n1",
}  # fmt: skip
BAD = [
    {"amount": {"value": 1.0, "currency": "EUR"}}, {"amount": {"value": -1, "currency": "EUR"}}, {"amount": None},
    {"merchant": {"id": "shop-1"}}, {"pan": 9}, {"expiry": "2029-13"}, {"cvc": None}, {"entry": "fax"}, {"partial": "yes"},
]  # fmt: skip


@pytest.mark.parametrize("more", [{}, {"partial": True}, {"entry": "chip", "cvc": None}])
def test_one_reader_for_all_bodies_reads_as_a_new_one_does(more: dict[str, Any]):
    fresh = AuthorizationBody(data=GOOD | more)
    fresh.is_valid(raise_exception=True)
    assert validated(AuthorizationBody, GOOD | more) == dict(fresh.validated_data)


@pytest.mark.parametrize("more", BAD)
def test_what_it_refuses_is_refused_in_the_same_words(more: dict[str, Any]):
    """Break: raise what the one reader has raised, for a body that is null."""
    fresh = AuthorizationBody(data=GOOD | more)
    assert not fresh.is_valid()
    with pytest.raises(serializers.ValidationError) as refused:
        validated(AuthorizationBody, GOOD | more)
    assert refused.value.detail == fresh.errors
    assert validated(AuthorizationBody, GOOD)["network_ref"] == "n1"


#: What a member may hold instead, right or wrong.
_ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 10**13), st.floats(allow_nan=False), st.text(max_size=70),
    st.sampled_from(["EUR", "XXX", "chip", "fax", "5999", "FR", "fr", "2029-05", "2029-13", "123", "12\n", "\x00", " a ", ""]),
    st.lists(st.integers(), max_size=2), st.just({}), st.just(GOOD["amount"]), st.just(GOOD["merchant"]),
)  # fmt: skip
_PLACES = [*GOOD, "partial", "entry", "unknown", "amount/value", "amount/currency", "amount/more", "merchant/id",
           "merchant/name", "merchant/mcc", "merchant/country", "merchant/more"]  # fmt: skip


def _changed(body: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    name, _slash, inner = place.partition("/")
    if not inner:
        return body | {name: value}
    return body | {name: body[name] | {inner: value}} if isinstance(body.get(name), dict) else body


def _said(read: Any, body: Any) -> Any:
    try:
        return dict(read(body))
    except (serializers.ValidationError, WalletError) as refused:
        return repr(refused.detail)


def _by_the_framework(body: Any) -> Any:
    fresh = AuthorizationBody(data=body)
    fresh.is_valid(raise_exception=True)
    return fresh.validated_data


@example([("merchant/id", "x" * 65)], [])
@example([("merchant/id", "x" * 64)], [])
@example([("merchant/name", "a\x07")], [])
@example([("pan", "12")], [])
@example([("merchant", None)], [])
@given(
    st.lists(st.tuples(st.sampled_from(_PLACES), _ODD), max_size=3),
    st.lists(st.sampled_from(list(GOOD)), max_size=1),
)
def test_what_is_read_at_once_is_what_the_framework_reads(changes: list[tuple[str, Any]], without: list[str]):
    """Break: leave the longest length, a pattern or the nulls out of `wallet.core.reading`."""
    body = GOOD
    for place, value in changes:
        body = _changed(body, place, value)
    body = {name: value for name, value in body.items() if name not in without}
    assert _said(lambda given: validated(AuthorizationBody, given), body) == _said(_by_the_framework, body)


def test_an_authorization_is_read_at_once_and_what_is_not_known_by_the_framework():
    """Break: a compiler that passes a validator which it does not know."""

    class Even(bodies.StrictCharField):
        def run_validation(self, data: Any = serializers.empty) -> Any:
            if len(data) % 2:
                raise serializers.ValidationError("must be even")
            return super().run_validation(data)

    class Strange(StrictSerializer):
        word = Even()

    class Lettered(StrictSerializer):
        word = bodies.StrictCharField(validators=[lambda _value: None])

    class Judged(StrictSerializer):
        word = bodies.StrictCharField()

        def validate_word(self, value: str) -> str:
            return value

    assert reading.compiled(AuthorizationBody()) is not None
    assert [reading.compiled(one()) for one in (Strange, Lettered, Judged)] == [None, None, None]


def test_the_lane_leads_to_the_network_alone():
    """Break: another prefix in `wallet.core.lane`, such as "/"."""
    passed = [route for route in list_routes() if route.path.startswith(lane.PREFIXES)]
    assert passed
    assert {str(route.audience) for route in passed} == {"network"}


@pytest.mark.django_db
def test_the_network_is_answered_in_english_whoever_was_answered_before(client: Client):
    """Break: leave the language of the thread alone in `wallet.core.lane`."""
    first = client.get("/sign-in", headers={"accept-language": "fr"})
    assert first["Content-Language"] == "fr"
    answer = client.post(
        f"{lane.PREFIXES[0]}authorizations", {**GOOD, "network_ref": ""}, content_type="application/json",
        headers={"accept-language": "fr", "authorization": f"Bearer {settings.SANDBOX_NETWORK_KEY}"},
    )  # fmt: skip
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "/network_ref", "detail": "This field may not be blank."}]
    assert "session" not in vars(answer.wsgi_request)


@pytest.mark.django_db
def test_a_connection_that_the_server_has_ended_is_noticed_at_once():
    """Break: look at the clock alone: within five seconds nobody asks."""
    url = URLS["app"].replace("{db}", str(connection.settings_dict["NAME"]))
    with psycopg.connect(url, autocommit=True) as pooled:
        check_when_in_doubt(pooled)
        check_when_in_doubt(pooled)
        with psycopg.connect(URLS["superuser"], autocommit=True) as root:
            root.execute("SELECT pg_terminate_backend(%s)", [pooled.info.backend_pid])
        until = time.monotonic() + 30
        with pytest.raises(psycopg.OperationalError):
            while time.monotonic() < until:
                check_when_in_doubt(pooled)


def test_workers_are_told_of_many_rows_at_once(monkeypatch: pytest.MonkeyPatch):
    """Break: send a message for each row."""
    told: list[list[int]] = []
    monkeypatch.setattr(outbox.work_all, "apply_async", lambda args, **_options: told.append(args[0]))
    for entry_id in range(50):
        outbox.wake_soon(-entry_id - 1)
    until = time.monotonic() + 30
    while sum(map(len, told)) < 50 and time.monotonic() < until:
        time.sleep(0.01)
    assert sorted(one for ids in told for one in ids) == list(range(-50, 0))
    assert len(told) < 50
