"""Which columns hold sealed values: what a rotation of data keys goes over.

Encrypted fields are found through Django's registry of models. A room that seals by hand says so beside its table:

    register(SealedTable(Consent, columns=(SealedColumn("document_sealed", cell="document", keys="life"),)))
"""

# ruff: noqa: SLF001 - Django's `_meta` is documented.

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.db import models

from privacy.crypto.aead import Cell
from privacy.crypto.columns import EncryptedField
from privacy.crypto.datakeys import KeyClass
from privacy.crypto.rows import EncryptedModel


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One column, by its name in the database, and what stands in its cells."""

    column: str
    keys: KeyClass
    #: The column's name in the cell, where that differs.
    cell: str = ""
    schema_version: int = 1


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table with sealed columns.

    Args:
        model: its model.
        columns: what is sealed in it.
        key: the unique column that names a row; "" for the primary key.
        holder: the column with the holder's id; "" for rows that belong to nobody.
        version: the column with the row's version; "" where cells have version 1.
        version_of: from that column's value to the version in the cell.
        row_id: from the key to the row's name in the cell.
        reseal: for a protected table the SQL function `(column, keys, old values, new values) → keys done`.
    """

    model: type[models.Model]
    columns: tuple[SealedColumn, ...]
    key: str = ""
    holder: str = "holder_id"
    version: str = ""
    version_of: Callable[[Any], int] = int
    row_id: Callable[[Any], str] = str
    reseal: str = ""

    @property
    def name(self) -> str:
        """The table."""
        return self.model._meta.db_table

    @property
    def key_column(self) -> str:
        """The unique column that names a row."""
        return self.key or str(self.model._meta.pk.column)

    @property
    def key_type(self) -> str:
        """Its type in the database."""
        field = next(field for field in self.model._meta.concrete_fields if field.column == self.key_column)
        from django.db import connection  # noqa: PLC0415 - the type depends on it, and nothing else here does

        return str(field.rel_db_type(connection))

    def cell(self, column: SealedColumn, key: Any, holder_id: str, version: int) -> Cell:
        """The cell of one value."""
        name = column.cell or column.column
        return Cell(self.name, name, self.row_id(key), holder_id, version, column.schema_version)


_BY_HAND: Final[dict[str, SealedTable]] = {}


def register(table: SealedTable) -> None:
    """Say that a table's values are sealed by hand; called where the model is."""
    _BY_HAND[table.name] = table


def sealed_tables() -> list[SealedTable]:
    """Every table with sealed columns, by name."""
    encrypted = [_of_model(model) for model in apps.get_models() if issubclass(model, EncryptedModel)]
    by_hand = [table for table in _BY_HAND.values() if table.model in apps.get_models()]
    return sorted([*[table for table in encrypted if table.columns], *by_hand], key=lambda table: table.name)


def _of_model(model: type[EncryptedModel]) -> SealedTable:
    columns = tuple(
        SealedColumn(str(field.column), field.keys, schema_version=field.schema_version)
        for field in model._meta.local_concrete_fields
        if isinstance(field, EncryptedField)
    )
    # `encrypted_for` names an attribute, which a foreign key's column shares.
    holder = str(model._meta.get_field(model.encrypted_for).column) if model.encrypted_for else ""  # type: ignore[union-attr]
    return SealedTable(model, columns, holder=holder, version="enc_version")
