"""Every column of ours is classified beside its model, or this fails and says what to write (standard.md V18)."""

import json
import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command

from privacy.rights import inventory
from privacy.rights.classes import SEALED_ALWAYS, is_personal


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the rooms' files, to spoil."""
    for file in inventory.CHECKOUT.glob(f"*/*/{inventory.FILE}"):
        copy = tmp_path / file.relative_to(inventory.CHECKOUT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    return tmp_path


def spoil(checkout: Path, room: str, old: str, new: str) -> list[str]:
    """The faults after one change of one room's file."""
    file = checkout / room / inventory.FILE
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return inventory.faults(checkout)


def test_every_column_of_every_table_is_classified() -> None:
    """Break: add a column to a model, or a model to a room. Mend: what the message says."""
    wrong = inventory.faults()
    assert wrong == [], "\n\n".join(wrong)
    columns = {
        (model._meta.db_table, field.name)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
    }
    assert {(table.name, one.name) for table in inventory.tables() for one in table.columns} == columns


def test_the_document_says_what_the_models_are() -> None:
    """Break: change a clock in one `columns.toml`. Mend: `make data-inventory`."""
    said = (inventory.CHECKOUT / inventory.DOCUMENT).read_text(encoding="utf-8")
    assert said == inventory.document(), "run: make data-inventory"


def test_the_command_gives_each_column_a_class_a_key_and_a_clock() -> None:
    said = StringIO()
    call_command("data_inventory", "--json", stdout=said)
    columns = [column for table in json.loads(said.getvalue())["tables"] for column in table["columns"]]
    assert columns
    assert all(all(column.values()) for column in columns)


def test_what_speaks_of_a_person_is_sealed_and_every_person_has_a_ground() -> None:
    """Break: make `Card.label` a TextField."""
    for table in inventory.tables():
        personal = [one for one in table.columns if is_personal(one.data_class)]
        assert bool(table.kind) >= bool(personal), table.name
        assert bool(table.kind) == bool(table.basis), table.name
        assert [one.name for one in personal if one.data_class in SEALED_ALWAYS and one.key == "clear"] == []


@pytest.mark.parametrize(
    ("room", "old", "new", "said"),
    [
        ("cards/issuing", 'columns."card.label" = ["label"]\n', "", "[Card] does not classify label"),
        ("cards/issuing", '["label"]', '["label", "nickname"]', "classifies nickname, which is no column"),
        ("cards/issuing", "[Reveal]", "[Glance]", "cards/issuing/columns.toml does not classify Reveal"),
        ("cards/issuing", "[Reveal]", "[Glance]", "[Glance] names no table of this room"),
        ("cards/issuing", '"card.label"', '"card.nickname"', "names the class 'card.nickname'"),
        ("cards/issuing", 'clock = "nameless"', 'clock = "whenever"', "names the clock 'whenever'"),
        ("cards/issuing", 'kind = "cards"\n', "", "name the kind that exports and erases them"),
        ("cards/issuing", 'basis = "contract"\n', "", "needs kind and basis together"),
        ("cards/issuing", '["holder_id"]', '["owner_id"]', "person = 'owner_id' leads to no column"),
        ("cards/issuing", '"staff"', '"everybody"', "is seen by 'everybody'"),
        ("cards/issuing", '"object.id" = ["id"]\n', '"card.label" = ["id"]\n', "cards/issuing/columns.toml: Cannot overwrite"),
        ("wallet/users", '"account.name" = ["username"]', '"identity.name" = ["username"]', "username is identity.name and in clear"),
        ("payments/platforms", '"oauth2_provider.IDToken"', '"oauth2_provider.NoToken"', "does not classify IDToken"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_place(checkout: Path, room: str, old: str, new: str, said: str) -> None:
    """Break: take the check out of `_table`."""
    wrong = spoil(checkout, room, old, new)
    assert any(said in one for one in wrong), wrong
