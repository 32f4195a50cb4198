"""The data inventory (GDPR art. 30, standard.md V18): every column of every table, classified beside its model.

Each room has a `columns.toml` beside its `models.py`; a table of another package stands, as `app.Model`, with the room
that uses it. Whose key seals a column is read from the model. What is missing, left over or contradictory is a fault,
and `faults` says what to write and where.
"""

# ruff: noqa: SLF001 - Django's `_meta` is documented.

import functools
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import ForeignKey, Model
from django.utils.translation import override

from privacy.crypto.sealed import sealed_tables
from privacy.fields import Basis
from privacy.rights.classes import KEPT_MEANINGS, SEALED_ALWAYS, DataClass, class_named, is_personal
from privacy.rights.clocks import CLOCKS

#: Where the document stands in the checkout, and the file of a room.
DOCUMENT: Final = "docs/data-inventory.md"
CHECKOUT: Final = Path(__file__).resolve().parent.parent.parent
FILE: Final = "columns.toml"
#: Who may read a row through the wallet: the staff with a reason that its holder reads, the operator by SQL.
SEEN: Final = ("holder", "staff", "platform", "counterparty", "network", "gateway", "operator", "nobody")
_MEMBERS: Final = frozenset({"about", "person", "kind", "basis", "clock", "seen", "columns"})


class InventoryFaulty(Exception):
    """The models and the `columns.toml` files do not agree; the message says what to write and where."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it is, under whose key, and how long."""

    name: str
    data_class: DataClass
    #: life, law, service, or clear.
    key: str
    clock: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table with what its room says of it."""

    model: type[Model]
    room: str
    about: str
    #: ORM paths to the id of the person, or of the people.
    person: tuple[str, ...]
    #: The kind of personal data that exports and erases it.
    kind: str
    basis: str
    clock: str
    seen: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def name(self) -> str:
        """The table's name in the database."""
        return self.model._meta.db_table

    @property
    def is_personal(self) -> bool:
        """Whether it says something about a person."""
        return bool(self.kind)


@functools.cache
def tables() -> tuple[Table, ...]:
    """Every table, classified.

    Raises:
        InventoryFaulty: something is not, or not rightly; all faults in one message.
    """
    found, wrong = _read(CHECKOUT)
    if wrong:
        raise InventoryFaulty("\n".join(wrong))
    return tuple(found)


def faults(checkout: Path = CHECKOUT) -> list[str]:
    """What is wrong, each with what to write and where."""
    return _read(checkout)[1]


def document() -> str:
    """The inventory as Markdown.

    Raises:
        InventoryFaulty: see `tables`.
    """
    every = tables()
    lines = [
        "# Data inventory",
        "",
        "Made from the models and the `columns.toml` beside them by `make data-inventory`; a test compares, and none",
        "of our columns is unclassified (GDPR art. 30, standard.md V18).",
        "",
        "A column's key is read from its model: `life` is destroyed when the holder leaves, `law` when the law's clock",
        "ends, `service` belongs to nobody, `clear` is not sealed. Sealed columns follow their key's clock.",
        "",
        "## Clocks",
        *_markdown(("clock", "kept", "why"), _clocks()),
        "",
        "## Classes that never leave",
        *_markdown(("class", "meaning"), [(f"`{one}`", meaning) for one, meaning in KEPT_MEANINGS.items()]),
        "",
        "## Tables",
    ]  # fmt: skip
    for table in every:
        lines += ["", f"### {table.name}", f"{table.about[0].upper()}{table.about[1:]}. {_said(table)}", ""]
        lines += _markdown(
            ("column", "class", "key", "clock"),
            [(f"`{one.name}`", f"`{one.data_class}`", one.key, one.clock) for one in table.columns],
        )
    return "\n".join([*lines, ""])


def as_json() -> list[dict[str, Any]]:
    """The inventory for programs.

    Raises:
        InventoryFaulty: see `tables`.
    """
    return [
        {
            "table": table.name, "room": table.room, "about": table.about, "kind": table.kind, "basis": table.basis,
            "clock": table.clock, "seen": list(table.seen),
            "columns": [
                {"column": one.name, "class": str(one.data_class), "key": one.key, "clock": one.clock}
                for one in table.columns
            ],
        }
        for table in tables()
    ]  # fmt: skip


def _clocks() -> list[tuple[str, ...]]:
    with override("en"):
        return [(name, str(one.until), str(one.reason)) for name, one in CLOCKS.items()]


def _said(table: Table) -> str:
    seen = f"Seen by: {', '.join(table.seen)}. Room: {table.room}."
    if not table.is_personal:
        return f"No personal data. {seen}"
    return f"Kind: {table.kind}. Basis: {table.basis}. {seen}"


def _markdown(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in (head, ("---",) * len(head), *rows)]


def _read(checkout: Path) -> tuple[list[Table], list[str]]:
    declared, wrong = _declared(checkout)
    keys = {
        (table.name, column.column): column.keys for table in sealed_tables() for column in table.columns
    }  # fmt: skip
    found = []
    for model in sorted(apps.get_models(include_auto_created=True), key=lambda model: model._meta.db_table):
        where, said = declared.pop(model, (_file_of(model, checkout), None))
        if said is None:
            wrong.append(_missing(model, where))
            continue
        table, faulty = _table(model, where, said, keys)
        wrong += faulty
        if not faulty:
            found.append(table)
    return found, wrong


def _declared(checkout: Path) -> tuple[dict[type[Model], tuple[Path, dict[str, Any]]], list[str]]:
    """What every room says of its own models, and of those that it uses of other packages."""
    models = apps.get_models(include_auto_created=True)
    by_room = {(_file_of(model, checkout), model.__name__): model for model in models}
    by_label = {f"{model._meta.app_label}.{model.__name__}": model for model in models if not _is_ours(model)}
    declared: dict[type[Model], tuple[Path, dict[str, Any]]] = {}
    wrong = []
    for file in sorted(checkout.glob(f"*/*/{FILE}")):
        try:
            entries = tomllib.loads(file.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as unreadable:
            wrong.append(f"{_shown(file)}: {unreadable}")
            continue
        for name, said in entries.items():
            model = by_label.get(name) if "." in name else by_room.get((file, name))
            if model is None:
                wrong.append(f"{_shown(file)}: [{name}] names no table of this room; take the entry out")
            elif model in declared:
                wrong.append(f"{_shown(file)}: [{name}] is classified twice")
            else:
                declared[model] = (file, said)
    return declared, wrong


def _is_ours(model: type[Model]) -> bool:
    return model.__module__.split(".")[0] in ("wallet", "cards", "payments", "privacy")


def _file_of(model: type[Model], checkout: Path) -> Path:
    if not _is_ours(model):
        return checkout / "wallet" / "core" / FILE
    return checkout.joinpath(*model.__module__.split(".")[:-1], FILE)


def _shown(file: Path) -> str:
    return "/".join(file.parts[-3:])


def _table(
    model: type[Model], file: Path, said: dict[str, Any], keys: Mapping[tuple[str, str], str]
) -> tuple[Table, list[str]]:
    at = f"{_shown(file)}: [{model.__name__}]"
    classes, wrong = _classes(model, said.get("columns", {}), at)
    person, kind = tuple(said.get("person", ())), said.get("kind", "")
    columns = tuple(
        _column(model, name, one, keys, said.get("clock", ""))
        for name, one in classes.items()
    )  # fmt: skip
    personal = [column.name for column in columns if is_personal(column.data_class)]
    wrong += [f"{at} has the unknown member {name!r}" for name in sorted(said.keys() - _MEMBERS)]
    wrong += [f"{at} needs {name} = …" for name in ("about", "clock", "seen") if not said.get(name)]
    if said.get("clock") and said["clock"] not in CLOCKS:
        wrong.append(f"{at} names the clock {said['clock']!r}: one of {', '.join(CLOCKS)} (privacy/rights/clocks.py)")
    wrong += [f"{at} is seen by {one!r}: one of {', '.join(SEEN)}" for one in said.get("seen", ()) if one not in SEEN]
    wrong += [f"{at}: person = {path!r} leads to no column" for path in person if not _leads(model, path)]
    if personal and not kind:
        wrong.append(f"{at} has personal columns ({', '.join(personal)}): name the kind that exports and erases them")
    if bool(kind) != (said.get("basis") in set(Basis)):
        wrong.append(f"{at} needs kind and basis together; basis is one of {', '.join(Basis)}")
    wrong += [
        f"{at}: {column.name} is {column.data_class} and in clear: seal it (privacy.crypto.fields)"
        for column in columns
        if column.data_class in SEALED_ALWAYS and column.key == "clear"
    ]
    table = Table(
        model=model, room=".".join(file.parts[-3:-1]), about=said.get("about", ""),
        person=person, kind=kind, basis=said.get("basis", ""), clock=said.get("clock", ""),
        seen=tuple(said.get("seen", ())), columns=columns,
    )  # fmt: skip
    return table, wrong


def _classes(model: type[Model], columns: dict[str, list[str]], at: str) -> tuple[dict[str, DataClass], list[str]]:
    """The class of each column, in the order of the table."""
    wrong, given = [], dict[str, DataClass]()
    for class_name, names in columns.items():
        one = class_named(class_name)
        if one is None:
            wrong.append(f"{at} names the class {class_name!r}: see privacy/fields.py and privacy/rights/classes.py")
            continue
        for name in names:
            if name in given:
                wrong.append(f"{at} classifies {name} twice")
            given[name] = one
    names = [field.name for field in model._meta.concrete_fields]
    wrong += [f"{at} classifies {name}, which is no column" for name in given if name not in names]
    wrong += [
        f'{at} does not classify {name}: add it to one of its columns."<class>" lists, then `make data-inventory`'
        for name in names
        if name not in given
    ]
    return {name: given[name] for name in names if name in given}, wrong


def _column(model: type[Model], name: str, one: DataClass, keys: Mapping[tuple[str, str], str], clock: str) -> Column:
    column = str(model._meta.get_field(name).column)  # type: ignore[union-attr]
    key = keys.get((model._meta.db_table, column), "clear")
    return Column(name, one, key, {"life": "account", "law": "law"}.get(key, clock))


def _leads(model: type[Model], path: str) -> bool:
    try:
        for part in path.split("__")[:-1]:
            field = model._meta.get_field(part)
            if not isinstance(field, ForeignKey):
                return False
            model = field.related_model
        return path.rsplit("__", maxsplit=1)[-1] in set(_attributes(model))
    except FieldDoesNotExist:
        return False


def _attributes(model: type[Model]) -> Iterator[str]:
    for field in model._meta.concrete_fields:
        yield field.name
        yield field.attname


def _missing(model: type[Model], file: Path) -> str:
    """A fault that can be copied into the file."""
    name = model.__name__ if _is_ours(model) else f'"{model._meta.app_label}.{model.__name__}"'
    columns = ", ".join(f'"{field.name}"' for field in model._meta.concrete_fields)
    return (
        f"{_shown(file)} does not classify {model.__name__}. Write there, as its neighbours do, and run "
        f'`make data-inventory`:\n[{name}]\nabout = "…"\nperson = ["holder_id"]  # personal data only, with kind and '
        f'basis\nkind = "…"\nbasis = "contract"\nclock = "…"\nseen = ["holder"]\ncolumns."<class>" = [{columns}]'
    )
