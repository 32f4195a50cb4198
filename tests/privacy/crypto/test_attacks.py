"""SQL against every sealed value of the product: as the application role where that may write, else as a superuser.

"With SQL write access no swapped, cut, re-used or single-cell rolled-back value opens" (standard.md C02 to C04): each
read afterwards is refused with the one error.
"""

import secrets
from collections import defaultdict
from collections.abc import Callable

import psycopg
import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from privacy.crypto.aead import DecryptionFailed
from tests.privacy.crypto.tampering import may_write, one_of_each, opens, tampered
from tests.privacy.crypto.wallet_rows import IN_CLEAR, Cast, SealedCell

pytestmark = pytest.mark.django_db(transaction=True)

#: Of a sealed value: nothing, the header, nonce and tag cut somewhere, and one byte short.
_CUTS = (0, 1, 2, 17, 18, 29, 30, 31, 45, 46, -16, -1)


# --- What there is ------------------------------------------------------------------------------------


def test_every_binary_column_of_the_database_is_known(cells: list[SealedCell], superuser: psycopg.Connection):
    """A new sealed column must be attacked below. Break: leave `_by_hand` out of `sealed_cells`."""
    found = superuser.execute(
        "SELECT table_name || '.' || column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type = 'bytea' AND table_name NOT LIKE 'crypto_tests%'"
    ).fetchall()
    assert {name for (name,) in found} == {cell.place for cell in cells} | set(IN_CLEAR)


def test_every_sealed_value_opens_before_anybody_touches_it(cells: list[SealedCell]):
    assert len(cells) >= 50
    for cell in cells:
        assert opens(cell) is not None
        cell.open(cell.stored)
    count = defaultdict(set)
    for cell in cells:
        count[cell.place].add(cell.pk)
    assert {place for place, rows in count.items() if len(rows) < 2} == set()


# --- One value in another's place -------------------------------------------------------------------------


def _same_row(cell: SealedCell, other: SealedCell) -> bool:
    return (other.table, other.pk) == (cell.table, cell.pk) and other.column != cell.column


def _same_holder(cell: SealedCell, other: SealedCell) -> bool:
    return other.place == cell.place and other.holder_id == cell.holder_id and other.pk != cell.pk


def _other_holder(cell: SealedCell, other: SealedCell) -> bool:
    return other.place == cell.place and other.holder_id != cell.holder_id


def _other_table(cell: SealedCell, other: SealedCell) -> bool:
    return other.table != cell.table and other.holder_id == cell.holder_id


@pytest.mark.parametrize("kinship", [_same_row, _same_holder, _other_holder, _other_table])
def test_a_value_from_another_cell_does_not_open(
    cells: list[SealedCell], superuser: psycopg.Connection, kinship: Callable[[SealedCell, SealedCell], bool]
):
    """Of its row, of another row, of another holder, of another table.

    Break, one for each: leave out of `aead.associated_data` the column; the row id; holder and row id, and the owner's
    comparisons out of `DataKeys`; table, column and row id.
    """
    tried = 0
    for cell in one_of_each(cells):
        foreign = [other for other in cells if kinship(cell, other)]
        # One of each other table.
        for other in {one.table: one for one in foreign}.values():
            with tampered(cell, superuser, **{cell.column: other.stored}):
                assert opens(cell) is None, (cell.place, other.place)
            tried += 1
    assert tried >= 10


# --- One value changed -----------------------------------------------------------------------------------


def test_a_value_that_was_cut_or_grew_does_not_open(cells: list[SealedCell], superuser: psycopg.Connection):
    """Break: return b"" for what does not authenticate in `open_sealed`."""
    for cell in one_of_each(cells):
        stored = cell.stored
        for forged in (
            *(stored[:end] for end in _CUTS),
            stored + b"\0",
            stored + stored,
            stored[:30] + stored,
            b"clear",
        ):
            with tampered(cell, superuser, **{cell.column: forged}):
                assert opens(cell) is None, (cell.place, len(forged))


def test_every_other_version_and_algorithm_is_refused(cells: list[SealedCell], superuser: psycopg.Connection):
    """standard.md C16. Break: no prefix in `key_id_of` and no header in `associated_data`."""
    places = one_of_each(cells)
    for number, cell in enumerate(places):
        stored = cell.stored
        # All 510 in one column, the first and last few in the others.
        values = range(256) if number == 0 else (0, 2, 3, 255)
        for position in (0, 1):
            for value in values:
                forged = stored[:position] + bytes((value,)) + stored[position + 1 :]
                if forged != stored:
                    with tampered(cell, superuser, **{cell.column: forged}):
                        assert opens(cell) is None, (cell.place, position, value)


def test_another_keys_id_in_the_header_is_refused(cells: list[SealedCell], superuser: psycopg.Connection):
    """Break: the owner's comparisons out of `DataKeys`, and b"" for what does not authenticate in `open_sealed`."""
    for cell in one_of_each(cells):
        stored = cell.stored
        ids = {other.stored[2:18] for other in cells} - {stored[2:18]}
        assert len(ids) >= 4, "alice's and bob's of each class, and the service's"
        for key_id in (*ids, bytes(16), secrets.token_bytes(16)):
            with tampered(cell, superuser, **{cell.column: stored[:2] + key_id + stored[18:]}):
                assert opens(cell) is None, cell.place


def test_every_single_byte_of_fifty_values_is_authenticated(cells: list[SealedCell]):
    """standard.md C04. Break: seal and open without associated data, and no prefix in `key_id_of`."""
    chosen = one_of_each(cells)
    chosen += [cell for cell in cells if cell not in chosen][: max(0, 50 - len(chosen))]
    assert len(chosen) >= 50
    flipped = 0
    for cell in chosen:
        stored = cell.stored
        # A long document: header, nonce, both ends, and every sixteenth byte between.
        positions = (
            range(len(stored)) if len(stored) < 200 else {*range(64), *range(64, len(stored), 16), len(stored) - 1}
        )
        for position in positions:
            forged = bytearray(stored)
            forged[position] ^= 1 + secrets.randbelow(255)
            with pytest.raises(DecryptionFailed) as refused:
                cell.open(bytes(forged))
            assert str(refused.value) == "the sealed value does not open here"
            flipped += 1
    assert flipped > 4000


# --- The row around it -------------------------------------------------------------------------------------


def test_another_row_version_is_refused(cells: list[SealedCell], superuser: psycopg.Connection):
    """Break: leave the version out of `EncryptedField.cell`."""
    for cell in one_of_each([cell for cell in cells if cell.is_model]):
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT enc_version FROM {cell.table} WHERE "{cell.key}" = %s', [cell.pk])
            (version,) = cursor.fetchone()
        for other in (version + 1, version - 1, -version, 2**62):
            with tampered(cell, superuser, enc_version=other):
                assert opens(cell) is None, cell.place


def test_another_holder_on_the_row_is_refused(cells: list[SealedCell], cast: Cast, superuser: psycopg.Connection):
    """Break: leave the holder out of `associated_data`, and the owner's comparisons out of `DataKeys`."""
    theirs, tried = [cell for cell in cells if cell.holder_id], set()
    for cell in theirs:
        other = cast.bob.id if cell.holder_id == cast.alice.id else cast.alice.id
        try:
            with tampered(cell, superuser, **{cell.holder_column: other}):
                assert opens(cell) is None, cell.place
        except (IntegrityError, psycopg.errors.UniqueViolation):
            continue  # the database would not have it: one active link to a platform
        tried.add(cell.place)
    assert tried == {cell.place for cell in theirs}


def test_an_older_value_of_the_same_cell_is_refused(cells: list[SealedCell], superuser: psycopg.Connection):
    """Single-cell rollback. Break: do not raise `enc_version` in `_save_again`."""
    tables = {model._meta.db_table: model for model in apps.get_models()}
    tried = set()
    for cell in one_of_each([cell for cell in cells if cell.is_model]):
        older, model = cell.stored, tables[cell.table]
        if not may_write(cell.table):
            continue
        with transaction.atomic():
            row = model._default_manager.get(pk=cell.pk)
            name = next(one.name for one in model._meta.local_fields if one.column == cell.column)
            value = getattr(row, name)
            newer = {dict: {"more": 1}, list: ["newer"]}.get(type(value), "newer")
            setattr(row, name, newer)
            row.save()
            with tampered(cell, superuser, **{cell.column: older}):
                assert opens(cell) is None, cell.place
            assert opens(cell) is not None
            transaction.set_rollback(True)
        tried.add(cell.place)
    assert {"wallet_passkey.name", "cards_card.label", "payments_link.alias", "payments_endpoint.secret"} <= tried


def test_the_answer_of_an_idempotency_key_that_was_used_again_is_the_new_one(
    cells: list[SealedCell], superuser: psycopg.Connection
):
    """Break: leave the time out of `idempotency._cell`: yesterday's answer opens in today's row."""
    cell = next(cell for cell in cells if cell.place == "wallet_idempotencykey.answer")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT created_at FROM {cell.table} WHERE id = %s", [cell.pk])
        (at,) = cursor.fetchone()
    with tampered(cell, superuser, created_at=at.replace(year=at.year - 1)):
        assert opens(cell) is None
