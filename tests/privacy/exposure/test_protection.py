"""The log can be written through its functions only; where it cannot be written, nothing leaves."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction
from django.test import Client

from privacy.exposure import gate, recipients
from privacy.exposure.models import Exposure, Recipient
from privacy.fields import Basis, Channel, Purpose
from tests import environment
from tests.privacy.exposure import urls
from tests.privacy.exposure.bodies import AskBody, ask

TABLES = ("privacy_recipient", "privacy_disclosure", "privacy_exposure", "privacy_count", "privacy_consent")
OWNER = environment.URLS["owner"].replace("{db}", environment.DATABASE)


@pytest.fixture(autouse=True)
def _now(platform: Recipient, alice: str) -> None:
    urls.NOW.clear()
    urls.NOW.update(subjects={"payee": alice, "payer": None}, body=ask(payer=None), recipient=platform)


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement",
    ["INSERT INTO {} DEFAULT VALUES", "UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}",
     "ALTER TABLE {} DISABLE TRIGGER ALL", "DROP TABLE {}"],
)  # fmt: skip
def test_the_application_role_cannot_write_a_table_of_the_log(table: str, statement: str) -> None:
    """Break: take protect_table out of the migration."""
    with pytest.raises(ProgrammingError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))
    assert getattr(refused.value.__cause__, "sqlstate", "") == "42501"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [{"recipient": "rcp_unknown"}, {"at": "2020-01-01T00:00:00Z"}, {"digest": "00"}],
    ids=["unknown recipient", "not of now", "no digest"],
)
def test_the_function_refuses_what_makes_no_sense(platform: Recipient, alice: str, change: dict[str, str]) -> None:
    prepared = gate.prepare(
        recipient=platform, schema=AskBody, body=ask(payer=None), subjects={"payee": alice, "payer": None},
        purpose=Purpose.PAYMENT, basis=Basis.CONTRACT, channel=Channel.API,
    )  # fmt: skip
    changed = orjson.dumps({**orjson.loads(prepared.parameters), **change}).decode()
    with pytest.raises(Exception, match=r"recipient|of now|digest"), transaction.atomic():  # noqa: SIM117
        with connection.cursor() as cursor:
            cursor.execute("SELECT exposure_disclose(%s)", [changed])


@contextmanager
def revoked() -> Iterator[None]:
    """The log's function taken away from the application role."""
    grant = "EXECUTE ON FUNCTION exposure_disclose(jsonb)"
    with psycopg.connect(OWNER, autocommit=True) as owner:
        owner.execute(f"REVOKE {grant} FROM paravent_app")
        try:
            yield
        finally:
            owner.execute(f"GRANT {grant} TO paravent_app")


@contextmanager
def locked() -> Iterator[None]:
    """The log's table held by somebody."""
    with psycopg.connect(OWNER) as owner:
        owner.execute("LOCK TABLE privacy_exposure IN EXCLUSIVE MODE")
        yield
        owner.rollback()


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls("tests.privacy.exposure.urls")
@pytest.mark.parametrize("broken", [revoked, locked])
def test_where_the_log_cannot_be_written_nothing_leaves(platform: Recipient, alice: str, broken: Any) -> None:
    """standard.md V05. Break: `disclose` swallows the DatabaseError and returns the grant."""
    with broken():
        response = Client(raise_request_exception=False).post(
            "/v1/asks", data={"a": 1}, content_type="application/json",
            headers={"X-Platform": platform.ref, "Idempotency-Key": "k1"},
        )  # fmt: skip
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert urls.NOW["body"]["id"].encode() not in response.content
    assert not Exposure.objects.filter(holder_id=alice).exists()


@pytest.mark.django_db(transaction=True)
def test_a_refused_disclosure_takes_the_effect_along(platform: Recipient, alice: str) -> None:
    @transaction.atomic
    def effect_and_disclosure() -> None:
        recipients.register(kind=recipients.RecipientKind.MERCHANT, ref=alice, name="Effect")
        gate.disclose(
            recipient=platform, schema=AskBody, body=ask(payer=None), subjects={"payee": alice, "payer": None},
            purpose=Purpose.PAYMENT, basis=Basis.CONTRACT, channel=Channel.API,
        )  # fmt: skip

    with revoked(), pytest.raises(gate.DisclosureRefused):
        effect_and_disclosure()
    assert recipients.find(recipients.RecipientKind.MERCHANT, alice) is None
