"""Kinds of personal data: each a class that exports and erases itself, registered by the room that owns it.

A room's `rights.py` (loaded by its app's `ready`) says what it holds::

    @kinds.register
    class Cards(kinds.Kind):
        name = "cards"
        label = _("your cards")

What the room's `columns.toml` gives to the kind is exported row by row, and deleted when the holder leaves where its
clock ends there. A room whose data need more says so in `records`, `shape` and `erase`.
"""

# ruff: noqa: SLF001 - Django's `_meta` is documented.

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, ClassVar, Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from privacy.fields import FieldClass
from privacy.rights import inventory
from privacy.rights.classes import DataClass, KeptClass, is_personal
from privacy.rights.inventory import Column, Table

#: What no export holds, and why; the same for everybody, so that it tells nothing.
WITHHELD: Final[dict[DataClass, Promise]] = {
    FieldClass.CARD_NUMBER_VIRTUAL: _("a card number is shown by its own page only, after your passkey"),
    KeptClass.ACCOUNT_CREDENTIAL: _("what would help whoever finds this file to attack your account"),
    KeptClass.ACCOUNT_ANSWER: _("copies of answers that you have got"),
    KeptClass.EXPORT_DOCUMENT: _("an export does not hold the ones before it"),
    KeptClass.STAFF_ACT: _("each look at your data stands among your exposures; the rest is the staff's own work"),
    KeptClass.STAFF_NOTE: _("the staff's own work"),
    KeptClass.STAFF_CASE: _("Directive (EU) 2015/849, art. 39 and 41(4): nobody may be told whether there is a case"),
}
#: Clocks that end when the holder leaves, or before: the rows go with them.
ENDS_WITH_HOLDER: Final = frozenset({"account", "session", "day", "tokens", "month"})
_PAGE: Final = 500


class Kind:
    """One kind of personal data."""

    name: ClassVar[str]
    #: What a holder reads: "your cards".
    label: ClassVar[Promise]

    def tables(self) -> list[Table]:
        """The tables that the inventory gives to this kind."""
        return [table for table in inventory.tables() if table.kind == self.name]

    def records(self, holder_id: str) -> Iterator[dict[str, Any]]:
        """Everything of this kind that an export holds, as JSON values."""
        for table in self.tables():
            columns = exported(table)
            if columns and table.person:
                for row in rows_of(table, holder_id).iterator(_PAGE):
                    yield {"table": table.name, **{one.name: value_of(row, one) for one in columns}}

    def shape(self) -> dict[str, Any]:
        """The JSON Schema of one record."""
        shapes = [_table_shape(table) for table in self.tables() if exported(table) and table.person]
        return {"anyOf": shapes} if shapes else {"not": {}}

    def erase(self, holder_id: str, *, now: datetime) -> None:  # noqa: ARG002 - for kinds that need the time
        """Delete what ends with the holder; what is sealed dies with the key, whatever stays."""
        for table in self.tables():
            if table.clock in ENDS_WITH_HOLDER and table.person:
                rows_of(table, holder_id).delete()


_KINDS: Final[dict[str, Kind]] = {}


def register(kind: type[Kind]) -> type[Kind]:
    """Make a kind known; called where the room says what it holds."""
    if kind.name in _KINDS and type(_KINDS[kind.name]) is not kind:
        raise ValueError(f"two kinds are named {kind.name}")
    _KINDS[kind.name] = kind()
    return kind


def every() -> list[Kind]:
    """All kinds, by name."""
    return [_KINDS[name] for name in sorted(_KINDS)]


def faults() -> list[str]:
    """Kinds that an inventory names and nobody has registered, and the other way round."""
    named = {table.kind: table for table in inventory.tables() if table.kind}
    missing = [
        f"{table.name} is of kind {name!r}, which nobody exports and erases: register a class of that name in "
        f"{table.room.replace('.', '/')}/rights.py (see privacy/rights/kinds.py), and name {table.room}.rights in the "
        f"app's ready()"
        for name, table in sorted(named.items())
        if name not in _KINDS
    ]
    return missing + [f"the kind {name!r} has no table: take it out" for name in sorted(_KINDS.keys() - named.keys())]


def rows_of(table: Table, holder_id: str) -> QuerySet[Any]:
    """The rows of a table that are about this person."""
    about = Q()
    for path in table.person:
        about |= Q(**{path: holder_id})
    return table.model._default_manager.filter(about).order_by("pk")


def personal(table: Table) -> list[Column]:
    """The columns of a table that say something about a person."""
    return [one for one in table.columns if is_personal(one.data_class)]


def exported(table: Table) -> list[Column]:
    """The columns of a table that an export holds."""
    return [one for one in personal(table) if one.data_class not in WITHHELD]


def value_of(row: models.Model, column: Column) -> Any:
    """The value of a column as JSON has it; sealed ones are opened."""
    field = row._meta.get_field(column.name)
    name = field.attname if isinstance(field, models.ForeignKey) else column.name
    return plain(getattr(row, name))


def plain(value: Any) -> Any:
    """JSON values."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def closed(**members: Any) -> dict[str, Any]:
    """The JSON Schema of an object with exactly these members."""
    return {"type": "object", "properties": members, "required": sorted(members), "additionalProperties": False}


def _table_shape(table: Table) -> dict[str, Any]:
    members = {one.name: _field_shape(table.model._meta.get_field(one.name), one) for one in exported(table)}
    return closed(table={"const": table.name}, **members)


def _field_shape(field: Any, column: Column) -> dict[str, Any]:
    target = field
    while isinstance(target, models.ForeignKey):
        target = target.target_field
    shape = _type_shape(target)
    if "type" in shape and (field.null or column.key != "clear"):
        shape["type"] = [shape["type"], "null"]
    return {**shape, "description": str(column.data_class)}


def _type_shape(field: Any) -> dict[str, Any]:
    # JSON as the room has written it, or text that is sealed: anything.
    return next((dict(shape) for types, shape in _TYPES if isinstance(field, types)), {})


_TYPES: Final[tuple[tuple[type | tuple[type, ...], dict[str, Any]], ...]] = (
    (models.DateTimeField, {"type": "string", "format": "date-time"}),
    (models.DateField, {"type": "string", "format": "date"}),
    (models.BooleanField, {"type": "boolean"}),
    (models.IntegerField, {"type": "integer"}),
    (ArrayField, {"type": "array", "items": {"type": "string"}}),
    ((models.CharField, models.TextField), {"type": "string"}),
)
