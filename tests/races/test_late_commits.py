"""A04: what is committed after the deadline is a no, and holds nothing."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection

from cards.authorizations import authorize
from cards.authorizations.models import Authorization, Spending
from tests.cards.acquirer import TestCard, issue
from tests.environment import URLS
from wallet.ledger.verify import verify

pytestmark = pytest.mark.django_db(transaction=True)

SLOW_SECONDS = 1.0


@contextmanager
def slow_commits(card: TestCard) -> Iterator[None]:
    """Every commit of an approval of this card takes a while: a deferred trigger waits in it."""
    name = f"slow_{secrets.token_hex(6)}"
    url = URLS["owner"].replace("{db}", str(connection.settings_dict["NAME"]))
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN PERFORM pg_sleep({SLOW_SECONDS}); RETURN NULL; END $$;"
            f"CREATE CONSTRAINT TRIGGER {name} AFTER INSERT ON cards_authorization DEFERRABLE INITIALLY DEFERRED"
            f" FOR EACH ROW WHEN (NEW.card_id = '{card.card.id}' AND NEW.status = 'approved') EXECUTE FUNCTION {name}()"
        )
        try:
            yield
        finally:
            owner.execute(f"DROP TRIGGER {name} ON cards_authorization; DROP FUNCTION {name}()")


def test_a_yes_that_is_committed_late_is_a_no_and_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break: give the grant in `_write_approval` without a look at the clock."""
    monkeypatch.setattr(authorize, "DEADLINE_MS", 500)
    card = issue(5_000, controls={"daily": 1_000})
    body = card.body(1_000)
    with slow_commits(card):
        answer = card.authorize(1_000, network_ref=body["network_ref"])
    assert (answer["approved"], answer["response_code"], answer["authorization"]) == (False, "91", None)
    assert card.balance == (5_000, 0)
    row = Authorization.objects.get(card=card.card)
    assert (row.status, row.reason, row.held_minor) == ("reversed", "unavailable", 0)
    # The day's window is free again, and the message that comes once more is told the same.
    assert Spending.objects.get(card=card.card).day_minor == 0
    monkeypatch.undo()
    assert card.authorize(1_000, network_ref=body["network_ref"]) == answer
    assert card.balance == (5_000, 0)
    assert verify().is_green


def test_a_lock_that_somebody_keeps_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break: leave `lock_timeout` out of `_PLACE`: the network waits for as long as somebody likes."""
    card = issue(5_000)
    url = URLS["app"].replace("{db}", str(connection.settings_dict["NAME"]))
    with psycopg.connect(url) as other:
        other.execute("SELECT issuing_lock(%s)", [card.card.id])
        answer = card.authorize(100)
    assert (answer["approved"], answer["response_code"]) == (False, "91")
    assert card.balance == (5_000, 0)
    monkeypatch.setattr(authorize, "LOCK_TIMEOUT", "60s")
    assert card.authorize(100)["approved"]
