"""What holds sealed values and blind indexes: that a rotation knows all of it, and writes only what it may."""

import os
import re
import secrets
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.core import checks
from django.db import connections, models, transaction

from privacy.crypto.aead import Cell
from privacy.crypto.fields import BlindIndexField, EncryptedModel, EncryptedTextField, NextIndexField
from privacy.crypto.keyring import keyring
from privacy.crypto.rotation.pages import Change, Table, write_to
from privacy.crypto.rotation.progress import Progress
from privacy.crypto.rotation.resealing import _make_versions, _old_keys, _reseal, _still_used, rotate_data
from privacy.crypto.rotation.session import RotationIncomplete, Session
from privacy.crypto.sealed import sealed_tables
from privacy.crypto.stages import FOLLOWING, IndexState, Stage
from tests.privacy.crypto.wallet_rows import IN_CLEAR
from tests.test_tidy import ROOT, source
from wallet.activity.models import Line


@pytest.fixture
def app() -> Iterator[psycopg.Connection]:
    """The database as the application role sees it."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        yield connection


@pytest.fixture
def owner() -> Iterator[psycopg.Connection]:
    """The database as the migrating role sees it."""
    with psycopg.connect(os.environ["MIGRATION_DATABASE_URL"], autocommit=True) as connection:
        yield connection


def test_a_rotation_goes_over_every_column_that_holds_a_sealed_value(owner: psycopg.Connection) -> None:
    """Break: take the registration of consents away."""
    found = owner.execute(
        "SELECT table_name || '.' || column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type = 'bytea' AND table_name NOT LIKE 'crypto_tests%'"
        " AND column_name NOT LIKE '%\\_index' AND column_name NOT LIKE '%\\_index\\_next'"
    ).fetchall()
    covered = {f"{table.name}.{column.column}" for table in sealed_tables() for column in table.columns}
    assert {name for (name,) in found} - set(IN_CLEAR) == covered


def test_no_blind_index_is_computed_by_hand() -> None:
    """It would be lost with its key. Break: call `blind_index` in a service."""
    pattern = re.compile(r"\bblind_index\(|derive\(\s*[\"']index[\"']|current_version\([\"']index[\"']")
    found = [
        str(path) for path, _ in source()
        if not str(path).startswith("privacy/crypto/") and pattern.search((ROOT / path).read_text(encoding="utf-8"))
    ]  # fmt: skip
    assert found == []


def test_an_index_without_its_second_column_fails_the_build() -> None:
    """Break: return nothing from `_check_following`."""

    class Lonely(EncryptedModel):
        holder_id = models.TextField()
        email = EncryptedTextField(keys="life")
        email_index = BlindIndexField(of="email", unique=True)
        name = EncryptedTextField(keys="life")
        name_index = BlindIndexField(of="name", unique=True)
        #: Not unique: during a rotation two people could have one name.
        name_index_next = NextIndexField(of="name_index")
        other_next = NextIndexField(of="other")

        class Meta:
            app_label = "crypto_tests_lonely"

    found = [
        (one.id, one.obj.name) for one in Lonely.check() if isinstance(one, checks.Error) and "crypto" in str(one.id)
    ]
    assert sorted(found) == [
        ("crypto.E009", "email_index"),
        ("crypto.E009", "name_index"),
        ("crypto.E010", "other_next"),
    ]


@pytest.mark.parametrize("stage", list(Stage))
def test_neighbouring_stages_find_each_other_and_refuse_each_others_duplicates(stage: Stage) -> None:
    """Break: let `swap` write v in the first column."""

    def row(state: IndexState) -> tuple[int, int | None]:
        return state.first, state.second

    def state(of: Stage) -> IndexState:
        return IndexState(of, 1, None if of is Stage.STABLE else 2)

    here, there = state(stage), state(FOLLOWING[stage])
    if stage is Stage.CLEAR:
        there = IndexState(Stage.STABLE, 2)
    for writer, reader in ((here, there), (there, here), (here, here)):
        assert reader.sought in row(writer), f"{reader} does not find what {writer} writes"
    same_first = here.first == there.first
    same_second = here.second is not None and here.second == there.second
    assert same_first or same_second, "the database would not see a duplicate"


# --- Protected tables -------------------------------------------------------------------------------------


@pytest.fixture
def exposure(owner: psycopg.Connection) -> Iterator[dict[str, Any]]:
    """A row of the exposure log as the gate's function writes it; taken away again, because no check would pass it."""
    exposure_id, holder_id = f"xpo_{secrets.token_hex(11)}", f"holder_{secrets.token_hex(8)}"
    sealed = keyring.seal(b"what was said", cell=Cell("privacy_exposure", "body", exposure_id, holder_id), keys="life")
    recipient = f"rcp_{secrets.token_hex(11)}"
    owner.execute(
        "INSERT INTO privacy_recipient (id, kind, ref, name) VALUES (%s, 'merchant', %s, 'M')", [recipient] * 2
    )
    disclosure = owner.execute(
        "INSERT INTO privacy_disclosure (recipient_id, schema, purpose, basis, channel, digest, request_id)"
        " VALUES (%s, 's', 'payment', 'contract', 'api', sha256(''), '') RETURNING id", [recipient],
    ).fetchone()  # fmt: skip
    owner.execute(
        "INSERT INTO privacy_exposure (id, disclosure_id, holder_id, recipient_id, fields, record_sealed, body_sealed)"
        " VALUES (%s, %s, %s, %s, '{}', %s, %s)",
        [exposure_id, disclosure[0] if disclosure else None, holder_id, recipient, sealed, sealed],
    )
    yield {"id": exposure_id, "sealed": sealed}
    owner.execute("DELETE FROM privacy_exposure WHERE id = %s", [exposure_id])
    owner.execute("DELETE FROM privacy_disclosure WHERE recipient_id = %s", [recipient])


def test_a_protected_value_is_replaced_only_by_its_like_and_only_if_it_is_the_one_given(
    app: psycopg.Connection, exposure: dict[str, Any]
) -> None:
    """Breaks: drop `= n.old`, or the comparison of lengths or of the first two bytes, from `exposure_reseal`."""
    old = exposure["sealed"]
    like = old[:18] + secrets.token_bytes(len(old) - 18)
    call = "SELECT exposure_reseal(%s, %b, %b, %b)"
    for given, new in ((like, like), (old, like + b"x"), (old, b"\x02" + like[1:]), (old, b"")):
        assert app.execute(call, ["body_sealed", [exposure["id"]], [given], [new]]).fetchall() == []
    for column in ("leaf", "holder_id", "fields", "body_sealed = ''; --"):
        with pytest.raises(psycopg.errors.CheckViolation):
            app.execute(call, [column, [exposure["id"]], [old], [like]])
    assert app.execute(call, ["body_sealed", [exposure["id"]], [old], [like]]).fetchall() == [(exposure["id"],)]
    with pytest.raises(psycopg.errors.CheckViolation):
        app.execute("SELECT consent_reseal('classes', '{}', '{}', '{}')")


def test_a_row_that_somebody_works_on_is_left_for_later(
    app: psycopg.Connection, owner: psycopg.Connection, exposure: dict[str, Any]
) -> None:
    """Break: drop SKIP LOCKED from `exposure_reseal`."""
    old = exposure["sealed"]
    like = old[:18] + secrets.token_bytes(len(old) - 18)
    app.execute("SET statement_timeout = '5s'")
    with owner.transaction():
        owner.execute("SELECT 1 FROM privacy_exposure WHERE id = %s FOR UPDATE", [exposure["id"]])
        found = app.execute("SELECT exposure_reseal('body_sealed', %b, %b, %b)", [[exposure["id"]], [old], [like]])
        assert found.fetchall() == []


# --- One holder's keys --------------------------------------------------------------------------------------


@pytest.fixture
def session() -> Iterator[Session]:
    """A rotation of this process's own keys, long enough for it to look at them again."""
    with Session(Progress(lambda line: None), margin=0.6) as session:
        yield session


def line_of(holder_id: str) -> Line:
    line = Line(
        holder_id=holder_id, kind="payment", direction="out", amount_minor=1, currency="EUR", status="succeeded", ref="r",
        merchant="a shop", counterparty="somebody",
    )  # fmt: skip
    line.save()
    return line


def live_keys(owner: psycopg.Connection, holder_id: str) -> list[int]:
    rows = owner.execute(
        "SELECT version FROM privacy_datakey WHERE holder_id = %s AND wrapped IS NOT NULL ORDER BY 1", [holder_id]
    )
    return [version for (version,) in rows]


@pytest.mark.django_db(transaction=True)
def test_a_key_stays_while_anything_in_the_database_is_sealed_under_it(
    session: Session, owner: psycopg.Connection
) -> None:
    """Break: take everything for unused in `_still_used`."""
    holder_id = f"holder_{secrets.token_hex(8)}"
    line = line_of(holder_id)
    stray = f"stray_{secrets.token_hex(4)}"
    owner.execute(f"CREATE TABLE {stray} (forgotten bytea)")
    owner.execute(f"INSERT INTO {stray} SELECT merchant FROM wallet_line WHERE id = %s", [line.pk])
    try:
        with pytest.raises(RotationIncomplete):
            rotate_data(session, holder_id=holder_id)
        assert live_keys(owner, holder_id) == [1, 2]
    finally:
        owner.execute(f"DROP TABLE {stray}")
    # The next run goes on where this one had to stop.
    rotate_data(session, holder_id=holder_id)
    assert live_keys(owner, holder_id) == [2]
    assert Line.objects.get(pk=line.pk).merchant == "a shop"


@pytest.mark.django_db(transaction=True)
def test_who_read_a_row_before_the_rotation_saves_it_after(session: Session, owner: psycopg.Connection) -> None:
    """Break: raise `enc_version` when resealing."""
    holder_id = f"holder_{secrets.token_hex(8)}"
    line = line_of(holder_id)
    held, unopened = Line.objects.get(pk=line.pk), Line.objects.defer("counterparty").get(pk=line.pk)
    assert held.merchant == "a shop"
    rotate_data(session, holder_id=holder_id)
    assert live_keys(owner, holder_id) == [2]
    assert unopened.counterparty == "somebody"
    held.counterparty = "somebody else"
    held.save()
    now = Line.objects.get(pk=line.pk)
    assert (now.merchant, now.counterparty, now.enc_version) == ("a shop", "somebody else", 2)


@pytest.mark.django_db(transaction=True)
def test_a_row_in_which_a_client_works_is_looked_at_again(session: Session, owner: psycopg.Connection) -> None:
    """Break: do not look at pending rows again."""
    holder_id = f"holder_{secrets.token_hex(8)}"
    lines = [line_of(holder_id) for _ in range(3)]
    begun = threading.Event()

    def client() -> None:
        try:
            with transaction.atomic():
                row = Line.objects.select_for_update().get(pk=lines[1].pk)
                row.merchant = "written meanwhile"
                row.save()
                begun.set()
                time.sleep(3)
        finally:
            connections.close_all()

    writing = threading.Thread(target=client)
    writing.start()
    assert begun.wait(20)
    session.announce(data_since=session.store.now(), data_holder=holder_id)
    old = _old_keys(session)
    assert _make_versions(session) == 1
    session.announce()
    # The client has sealed under the old key, and holds its row: the pass waits for it, and nobody for the pass.
    time.sleep(0.6)
    _reseal(session, old)
    writing.join()
    assert set(_still_used(old)) == set()
    rotate_data(session, holder_id=holder_id)
    assert live_keys(owner, holder_id)[0] > 1
    found = {row.pk: row.merchant for row in Line.objects.filter(holder_id=holder_id)}
    assert found == {lines[0].pk: "a shop", lines[1].pk: "written meanwhile", lines[2].pk: "a shop"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_contended", [False, True])
def test_who_wrote_after_the_page_was_read_wins(owner: psycopg.Connection, is_contended: bool) -> None:  # noqa: FBT001 - a case
    """Break: drop IS NOT DISTINCT FROM from `pages._statement`."""
    holder_id = f"holder_{secrets.token_hex(8)}"
    rows = [line_of(holder_id), line_of(holder_id)]
    table = Table("wallet_line", "id", "text", ("merchant",), ("holder_id", holder_id))
    changes = [
        Change(key, {"merchant": (bytes(value), b"by the rotation")}) for page in table.pages() for key, value in page
    ]
    rows[0].merchant = "by the client"
    rows[0].save()
    with owner.transaction():
        if is_contended:
            owner.execute("SELECT 1 FROM wallet_line WHERE id = %s FOR UPDATE", [rows[1].pk])
        done = write_to(table)(changes)
    assert done == (set() if is_contended else {rows[1].pk})
    assert Line.objects.get(pk=rows[0].pk).merchant == "by the client"
