"""pg_dump, erasure, pg_restore, a real process: nothing of who has left opens again (standard.md C09)."""

import io
import json
import secrets
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from django.core.management import call_command
from django.test import Client

from privacy.crypto.aead import Cell
from privacy.crypto.journal import ErasureJournal
from privacy.crypto.keyring import KeyDestroyed, Keyring, keyring
from tests import environment
from tests.privacy.crypto import backups
from tests.privacy.crypto.parts import NewHolder
from tests.support.web import serve

pytestmark = pytest.mark.django_db(transaction=True)

_LABEL = "Canary-Label-R3"


def wallet(name: str) -> dict[str, Any]:
    """A person with a card, through the doors that people use."""
    out = io.StringIO()
    call_command("create_holder", "--username", f"{name}-{secrets.token_hex(4)}", "--json", stdout=out)
    person: dict[str, Any] = json.loads(out.getvalue())
    made = Client().post(
        "/v1/cards",
        json.dumps({"kind": "standard", "currency": "EUR", "label": f"{_LABEL} {name}"}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {person['access_token']}", "Idempotency-Key": secrets.token_hex(8)},
    )
    assert made.status_code == 201, made.content
    return person


def cards(url: str, person: dict[str, Any]) -> httpx.Response:
    headers = {"Authorization": f"Bearer {person['access_token']}"}
    return httpx.get(f"{url}/v1/cards", headers=headers, trust_env=False, timeout=20)


def wrapped_keys(url: str, holder_id: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        (found,) = connection.execute(
            "SELECT count(*) FROM privacy_datakey WHERE holder_id = %s AND key_class = 'life' AND wrapped IS NOT NULL",
            [holder_id],
        ).fetchone()
    return int(found)


def test_a_backup_from_before_an_erasure_brings_nothing_back(tmp_path: Path):
    """Break: a fresh file for ERASURE_JOURNAL in `serve`: Alice's card is shown again with its label."""
    alice, bob = wallet("alice"), wallet("bob")
    backup = backups.dump(environment.DATABASE, tmp_path / "backup")
    keyring.destroy(holder_id=alice["holder"], keys="life")
    with backups.empty_database() as name:
        backups.restore(backup, name)
        url = environment.URLS["app"].replace("{db}", name)
        assert wrapped_keys(url, alice["holder"]) == 1, "the backup does bring the key back"
        with serve(tmp_path, {"DATABASE_URL": url}) as web:
            kept = cards(web.url, bob)
            assert (kept.status_code, _LABEL in kept.text) == (200, True)
            gone = cards(web.url, alice)
            assert gone.status_code == 404
            assert _LABEL not in gone.text
            assert wrapped_keys(url, alice["holder"]) == 0
            assert wrapped_keys(url, bob["holder"]) == 1


def test_a_key_database_restored_by_itself_brings_nothing_back(tmp_path: Path, settings: Any, holder: NewHolder):
    """The key tables live apart, and only they come from a backup.

    Break: `return` at the start of `reconcile`.
    """
    cell = Cell("t", "c", "1", holder("alice"))
    with backups.empty_database(environment.TEMPLATE) as keys, backups.empty_database(environment.TEMPLATE) as older:
        settings.KEYS_DATABASE_URL = environment.URLS["app"].replace("{db}", keys)
        first = Keyring(in_background=False)
        sealed = first.seal(b"x", cell=cell, keys="life")
        backup = backups.dump_keys(keys, tmp_path / "keys")
        first.destroy(holder_id=cell.holder_id, keys="life")
        first.stop()
        backups.restore(backup, older)
        settings.KEYS_DATABASE_URL = environment.URLS["app"].replace("{db}", older)
        assert wrapped_keys(settings.KEYS_DATABASE_URL, cell.holder_id) == 1
        second = Keyring(in_background=False)
        with pytest.raises(KeyDestroyed):
            second.open(sealed, cell=cell, keys="life")
        assert wrapped_keys(settings.KEYS_DATABASE_URL, cell.holder_id) == 0
        second.stop()


def test_without_the_journal_a_restored_process_opens_nothing(tmp_path: Path, holder: NewHolder, settings: Any):
    """The database has seen erasures, the file stayed behind on the old machine.

    Break: create the file whenever it is missing in `erasures._begin`.
    """
    cell = Cell("t", "c", "1", holder("alice"))
    sealed = keyring.seal(b"x", cell=cell, keys="law")
    keyring.destroy(holder_id=holder("bob"), keys="life")
    settings.ERASURE_JOURNAL = tmp_path / "left behind.jsonl"
    ring = Keyring(in_background=False)
    with pytest.raises(Exception, match="replay_erasures"):
        ring.open(sealed, cell=cell, keys="law")
    ring.stop()
    assert not ErasureJournal(settings.ERASURE_JOURNAL).path.exists()
