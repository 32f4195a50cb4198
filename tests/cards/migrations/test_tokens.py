"""Numbers that were there before cards had more than one are carried over as they are."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from cards.vault import numbers
from privacy.crypto.keyring import Cell, keyring
from tests import environment
from wallet.core.ids import new_id


@pytest.fixture
def database() -> Iterator[str]:
    """An empty database of its own."""
    name = f"test_migration_{secrets.token_hex(4)}"
    environment.make_database(name)
    yield name
    environment.drop_database(name)


def migrate(database: str, *target: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", *target, "--verbosity", "0", "--skip-checks"],
        cwd=environment.ROOT, env={**os.environ, **environment.settings_of(database)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.django_db
def test_a_cards_number_keeps_its_index_and_opens_after_the_migration(database: str) -> None:
    """Break: give the rows new ids, or leave `card_id` empty."""
    migrate(database, "cards", "0004")
    card, holder = new_id("card"), new_id("holder")
    index = secrets.token_bytes(32)
    cell = Cell("cards_cardnumber", "pan", card, holder, 1, 1)
    sealed = keyring.seal(b"\x01" + b"9999001234567898" + b"\x80" + bytes(14), cell=cell, keys="life")
    with psycopg.connect(environment.URLS["owner"].replace("{db}", database), autocommit=True) as connection:
        for shredded in (False, True):
            connection.execute(
                "INSERT INTO cards_cardnumber (enc_version, card_id, holder_id, pan, pan_index, last4, expiry,"
                " cvc_version, created_at, shredded_at) VALUES (1, %s, %s, %s, %s, '7898', '2029-05', 1, now(), %s)",
                [f"{card}x" if shredded else card, holder, sealed, index[::-1] if shredded else index,
                 "2026-01-01" if shredded else None],
            )  # fmt: skip
        migrate(database, "cards", "0006")
        row = connection.execute(
            "SELECT id, card_id, pan, domain_id, total_minor FROM cards_cardnumber WHERE pan_index = %s", [index]
        ).fetchone()
        found = connection.execute("SELECT card_id, number_id, cvc_version FROM vault_find(%s)", [index]).fetchone()
        terms = connection.execute("SELECT card_id, expiry, is_shredded FROM vault_terms(%s)", [card]).fetchone()
    assert row == (card, card, sealed, None, None)
    assert found == (card, card, 1)
    assert terms == (card, "2029-05", False)
    opened = keyring.open(row[2], cell=Cell("cards_cardnumber", "pan", row[0], holder, 1, 1), keys="life")
    assert numbers.Pan(opened[1:17].decode()).last4 == "7898"
