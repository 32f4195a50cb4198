import copy
import json
import pickle
import secrets
from collections.abc import Callable

import psycopg
import pytest
from django import forms
from django.core import serializers
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Count, F, Max, Value
from django.db.models.functions import Concat

from privacy.crypto.fields import DecryptionFailed, EncryptedFieldError, EncryptedTextField, RowChanged, Sealed
from privacy.crypto.keyring import KeyDestroyed, keyring
from tests.privacy.crypto.parts import NewHolder
from tests.privacy.crypto.people import Contact, Line

pytestmark = [pytest.mark.usefixtures("people_tables"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def alice(holder: NewHolder):
    return holder("alice")


def contact(holder_id: str, **values: object) -> Contact:
    values = {"alias": "Al", "note": "rent", "facts": {"seen": 1}, **values}
    return Contact.objects.create(id="contact_" + secrets.token_hex(8), holder_id=holder_id, **values)


def stored(row: models.Model, column: str) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {row._meta.db_table} WHERE id = %s", [row.pk])
        return bytes(cursor.fetchone()[0])


# --- What works -----------------------------------------------------------------------------------


def test_a_row_reads_back_what_was_written(alice: str):
    row = contact(alice, email=f"{alice}@Example.org")
    read = Contact.objects.get(pk=row.pk)
    assert (read.alias, read.note, read.email, read.facts) == ("Al", "rent", f"{alice}@Example.org", {"seen": 1})
    assert read.enc_version == 1
    for column in ("alias", "note", "email", "facts"):
        assert stored(row, column).startswith(b"\x01\x01")
    assert stored(row, "alias")[2:18] == stored(row, "facts")[2:18] != stored(row, "note")[2:18]


def test_defaults_and_none_are_sealed_too(alice: str):
    row = Contact.objects.create(id=secrets.token_hex(8), holder_id=alice)
    read = Contact.objects.get(pk=row.pk)
    assert (read.alias, read.note, read.email, read.facts, read.email_index) == ("", "", None, {}, None)
    assert len(stored(row, "email")) == len(stored(row, "alias"))


def test_lengths_show_in_steps_only(alice: str):
    """Break: return `packed` without padding in `cells.pack`."""
    sizes = {len(stored(contact(alice, alias="x" * length), "alias")) for length in (0, 1, 5, 20, 30)}
    assert len(sizes) == 1


def test_saving_seals_all_cells_again_under_the_next_version(alice: str):
    row = contact(alice)
    before = {column: stored(row, column) for column in ("alias", "note", "email", "facts")}
    row.alias = "Ally"
    row.save(update_fields=["alias"])
    assert row.enc_version == 2
    assert all(stored(row, column) != value for column, value in before.items())
    read = Contact.objects.get(pk=row.pk)
    assert (read.alias, read.note, read.facts, read.enc_version) == ("Ally", "rent", {"seen": 1}, 2)


def test_a_save_that_changes_no_cell_leaves_them_alone(alice: str):
    row = Contact.objects.get(pk=contact(alice).pk)
    before = stored(row, "alias")
    assert row.alias == "Al"
    row.status = "old"
    row.save()
    assert stored(row, "alias") == before
    assert Contact.objects.get(pk=row.pk).status == "old"


def test_a_value_changed_in_place_is_written(alice: str):
    """Break: return False for opened values in `is_pending`."""
    row = Contact.objects.get(pk=contact(alice).pk)
    row.facts["more"] = [1, 2]
    row.save()
    assert Contact.objects.get(pk=row.pk).facts == {"seen": 1, "more": [1, 2]}


def test_deferred_cells_load_with_their_version(alice: str):
    """Break: do not widen `names` in `refresh_from_db`."""
    row = contact(alice)
    for read in (
        Contact.objects.defer("alias").get(pk=row.pk),
        Contact.objects.only("alias").get(pk=row.pk),
        Contact.objects.only("status").get(pk=row.pk),
        Contact.objects.defer("enc_version", "holder_id").get(pk=row.pk),
    ):
        other = Contact.objects.get(pk=row.pk)
        other.note += "!"
        other.save()
        assert read.alias == "Al"
        assert read.note == other.note
        read.refresh_from_db()
        read.alias = "Al"
        read.facts = {"seen": 1}
        read.save()
    assert Contact.objects.get(pk=row.pk).note == "rent!!!!"


def test_deferred_loading_keeps_what_was_assigned(alice: str):
    row = Contact.objects.defer("note").get(pk=contact(alice).pk)
    row.alias = "Ally"
    assert row.note == "rent"
    row.save()
    read = Contact.objects.get(pk=row.pk)
    assert (read.alias, read.note) == ("Ally", "rent")
    row.alias = "lost"
    row.refresh_from_db()
    assert row.alias == "Ally"


def test_bulk_create_makes_the_ids_first(alice: str):
    """Break: drop `_give_ids` from `bulk_create`."""
    lines = Line.objects.bulk_create([Line(holder_id=alice, text=f"line {number}") for number in range(50)])
    assert [Line.objects.get(pk=line.pk).text for line in lines] == [f"line {number}" for number in range(50)]
    single = Line.objects.create(holder_id=alice, text="one")
    assert Line.objects.get(pk=single.pk).text == "one"
    lines[0].text = "again"
    lines[0].save()
    assert Line.objects.get(pk=lines[0].pk).text == "again"


def test_get_or_create_and_update_or_create_work(alice: str):
    pk = secrets.token_hex(8)
    row, made = Contact.objects.update_or_create(id=pk, defaults={"holder_id": alice, "alias": "one"})
    assert made
    row, made = Contact.objects.update_or_create(id=pk, defaults={"alias": "two"})
    assert not made
    row, made = Contact.objects.update_or_create(id=pk, defaults={"status": "old"})
    assert (Contact.objects.get(pk=pk).alias, Contact.objects.get(pk=pk).status, row.enc_version) == ("two", "old", 2)
    row, made = Contact.objects.get_or_create(id=pk, defaults={"alias": "three"})
    assert (row.alias, made) == ("two", False)


def test_forms_show_and_write_clear_values(alice: str):
    class ContactForm(forms.ModelForm):
        class Meta:
            model = Contact
            fields = ("alias", "note", "email", "facts")

    row = contact(alice, email=f"{alice}@example.org")
    form = ContactForm(instance=Contact.objects.get(pk=row.pk))
    assert form.initial == {"alias": "Al", "note": "rent", "email": f"{alice}@example.org", "facts": {"seen": 1}}
    form = ContactForm(
        {"alias": "Ally", "note": "sealed:AAAA", "email": f"b{alice}@example.org", "facts": "{}"}, instance=row
    )
    assert form.is_valid(), form.errors
    form.save()
    read = Contact.objects.get(pk=row.pk)
    assert (read.alias, read.note, read.email, read.facts) == ("Ally", "sealed:AAAA", f"b{alice}@example.org", {})
    assert not ContactForm({"alias": "x" * 61, "facts": "{}"}, instance=row).is_valid()


def test_full_clean_checks_clear_values(alice: str):
    row = contact(alice)
    row.full_clean()
    row.alias = "x" * 61
    with pytest.raises(ValidationError):
        row.full_clean()
    with pytest.raises(EncryptedFieldError, match="at most 60"):
        row.save()
    with pytest.raises(EncryptedFieldError, match="takes text"):
        contact(alice, alias=5)
    with pytest.raises(EncryptedFieldError, match="object or an array"):
        contact(alice, facts=5)
    with pytest.raises(EncryptedFieldError, match="needs a value"):
        contact(alice, note=None)


@pytest.mark.parametrize("kind", ["json", "xml", "python"])
def test_fixtures_hold_sealed_values_and_load_again(alice: str, kind: str):
    """Break: return the clear value in `value_to_string`."""
    mail = f"canary{secrets.token_hex(8)}@example.org"
    row = contact(alice, alias="canary", email=mail)
    dumped = serializers.serialize(kind, [Contact.objects.get(pk=row.pk)])
    assert "canary" not in str(dumped)
    Contact.objects.filter(pk=row.pk).delete()
    for restored in serializers.deserialize(kind, dumped):
        restored.save()
    read = Contact.objects.get(email_index=mail)
    assert (read.alias, read.email, read.note, read.facts) == ("canary", mail, "rent", {"seen": 1})


def test_a_fixture_written_by_hand_is_sealed_as_it_is_loaded(alice: str):
    fields = {"holder_id": alice, "alias": "Al", "note": "by hand", "email": None, "facts": {}}
    for restored in serializers.deserialize(
        "python", [{"model": "crypto_tests.contact", "pk": "by-hand-" + alice, "fields": fields}]
    ):
        restored.save()
    assert stored(Contact.objects.get(pk="by-hand-" + alice), "note").startswith(b"\x01\x01")
    assert Contact.objects.get(pk="by-hand-" + alice).note == "by hand"


def test_a_fixture_of_a_holder_who_left_still_dumps(alice: str):
    row = contact(alice)
    keyring.destroy(holder_id=alice, keys="life")
    assert '"sealed:' in json.dumps(serializers.serialize("python", [Contact.objects.get(pk=row.pk)]))


def test_nothing_shows_a_clear_value_by_accident(alice: str):
    """Break: keep the clear value itself in the instance's `__dict__`."""
    row = contact(alice, alias="canary")
    read = Contact.objects.get(pk=row.pk)
    assert read.alias == "canary"
    for shown in (
        repr(read),
        repr(vars(read)),
        repr(vars(row)),
        pickle.dumps(read).decode("latin-1"),
        str(read.alias_sealed),
    ):
        assert "canary" not in shown
    assert pickle.loads(pickle.dumps(read)).alias == "canary"  # noqa: S301 - our own
    unsaved = Contact(id="x", holder_id=alice, alias="canary")
    assert "canary" not in repr(vars(unsaved))
    with pytest.raises(EncryptedFieldError):
        pickle.dumps(unsaved)


# --- Indexes --------------------------------------------------------------------------------------


def test_a_blind_index_finds_and_is_unique(alice: str, holder: NewHolder):
    mail = f"{secrets.token_hex(8)}@Example.org"
    row = contact(alice, email=mail)
    assert Contact.objects.get(email_index=mail.upper()).pk == row.pk
    assert list(Contact.objects.filter(email_index__in=[mail, "nobody@example.org"])) == [row]
    with pytest.raises(IntegrityError), transaction.atomic():
        contact(holder("bob"), email=mail.lower())
    row.email = "new" + mail
    row.save(update_fields=["email"])
    assert not Contact.objects.filter(email_index=mail)
    assert Contact.objects.get(email_index="new" + mail).pk == row.pk
    with pytest.raises(EncryptedFieldError):
        Contact.objects.filter(email_index__startswith="a")


# --- What is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "use",
    [
        lambda: Contact.objects.filter(alias="Al").count(),
        lambda: Contact.objects.exclude(alias="Al").count(),
        lambda: Contact.objects.filter(alias__isnull=True).count(),
        lambda: Contact.objects.filter(alias_sealed=b"x").count(),
        lambda: Contact.objects.filter(status=F("alias")).count(),
        lambda: Contact.objects.update(status=F("alias")),
        lambda: list(Contact.objects.values("alias")),
        lambda: list(Contact.objects.values()),
        lambda: list(Contact.objects.values_list("alias", flat=True)),
        lambda: list(Contact.objects.values_list("alias_sealed")),
        lambda: list(Contact.objects.order_by("alias")),
        lambda: list(Contact.objects.distinct("alias")),
        lambda: list(Contact.objects.annotate(shown=F("alias"))),
        lambda: list(Contact.objects.annotate(shown=Concat("alias", Value("!")))),
        lambda: Contact.objects.aggregate(Max("alias")),
        lambda: Contact.objects.aggregate(Count("facts")),
        lambda: Contact.objects.update(alias="clear"),
        lambda: Contact.objects.update(alias_sealed=b"clear"),
        lambda: Contact.objects.update(alias=Value("clear")),
        lambda: Contact._base_manager.update(alias="clear"),
        lambda: Contact._base_manager.update(alias=Value(b"clear")),
        lambda: Contact._base_manager.update(alias=Sealed(b"clear")),
        lambda: Contact.objects.update(enc_version=9),
        lambda: Contact.objects.update(email_index=b"x" * 32),
        lambda: Contact.objects.bulk_update([Contact(id="x", alias="clear")], ["alias"]),
        lambda: Contact._base_manager.bulk_update([Contact(id="x", alias="clear")], ["alias"]),
        lambda: Contact.objects.bulk_create([], update_conflicts=True, update_fields=["alias"], unique_fields=["id"]),
        lambda: Contact.objects.create(id="x", alias="no holder"),
        lambda: Line._base_manager.bulk_create([Line(holder_id="holder_x", text="no id")]),
    ],
)
def test_what_cannot_work_refuses_clearly(use: Callable[[], object], alice: str):
    """Break: delete `path_infos`, or let `get_db_prep_save` pass what is not Ciphertext."""
    row = contact(alice)
    before = stored(row, "alias")
    with pytest.raises(EncryptedFieldError) as refused, transaction.atomic():
        use()
    assert "clear" not in str(refused.value)
    assert stored(row, "alias") == before


def test_two_writers_of_one_row_do_not_mix_their_cells(alice: str):
    """Break: drop the filter on enc_version in `_do_update`."""
    row = contact(alice)
    first, second = Contact.objects.get(pk=row.pk), Contact.objects.get(pk=row.pk)
    first.alias = "first"
    first.save()
    second.note = "second"
    with pytest.raises(RowChanged):
        second.save()
    assert second.enc_version == 1
    second.refresh_from_db()
    second.note = "second"
    second.save()
    read = Contact.objects.get(pk=row.pk)
    assert (read.alias, read.note, read.enc_version) == ("first", "second", 3)


def test_a_new_row_never_writes_over_an_old_one(alice: str):
    row = contact(alice)
    with pytest.raises(IntegrityError), transaction.atomic():
        Contact(id=row.pk, holder_id=alice, alias="new").save()
    assert Contact.objects.get(pk=row.pk).alias == "Al"


def test_the_holder_of_a_row_does_not_change(alice: str, holder: NewHolder):
    row = Contact.objects.get(pk=contact(alice).pk)
    row.holder_id = holder("bob")
    for save in (row.save, lambda: row.save(update_fields=["holder_id"])):
        with pytest.raises(EncryptedFieldError, match="holder"):
            save()


def test_a_copy_of_a_row_is_sealed_for_its_own_id(alice: str):
    row = contact(alice)
    row.pk = "copy_" + row.pk
    row._state.adding = True
    row.save()
    assert Contact.objects.get(pk=row.pk).alias == "Al"


def test_a_holder_who_left_leaves_what_the_law_keeps(alice: str):
    row = contact(alice)
    keyring.destroy(holder_id=alice, keys="life")
    read = Contact.objects.get(pk=row.pk)
    assert read.note == "rent"
    with pytest.raises(KeyDestroyed):
        _ = read.alias
    read.status = "left"
    read.save()
    assert Contact.objects.get(pk=row.pk).status == "left"


# --- By SQL, as the application role --------------------------------------------------------------


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE {0} c SET alias = o.alias FROM {0} o WHERE o.id = %(other)s AND c.id = %(id)s",
        "UPDATE {} SET alias = facts WHERE id = %(id)s",
        "UPDATE {} SET alias = note WHERE id = %(id)s",
        "UPDATE {} SET alias = %(old)s WHERE id = %(id)s",
        "UPDATE {} SET alias = %(old)s, enc_version = enc_version + 1 WHERE id = %(id)s",
        "UPDATE {} SET enc_version = enc_version - 1 WHERE id = %(id)s",
        "UPDATE {} SET enc_version = -9223372036854775808 WHERE id = %(id)s",
        "UPDATE {} SET alias = substr(alias, 1, length(alias) - 1) WHERE id = %(id)s",
        "UPDATE {} SET alias = alias || '\\x00' WHERE id = %(id)s",
        "UPDATE {} SET alias = '' WHERE id = %(id)s",
        "UPDATE {} SET alias = 'clear text' WHERE id = %(id)s",
        "UPDATE {} SET alias = set_byte(alias, 0, 2) WHERE id = %(id)s",
        "UPDATE {} SET alias = set_byte(alias, 1, 0) WHERE id = %(id)s",
        "UPDATE {} SET alias = set_byte(alias, 5, 255 - get_byte(alias, 5)) WHERE id = %(id)s",
        "UPDATE {} SET holder_id = %(bob)s WHERE id = %(id)s",
    ],
)
def test_a_cell_that_sql_touched_does_not_open(app: psycopg.Connection, alice: str, holder: NewHolder, tamper: str):
    """Break: leave the id, holder or version out of `EncryptedField.cell`, or return b"" for what does not open."""
    bob = holder("bob")
    row, other = contact(alice), contact(alice, alias="Other")
    contact(bob)
    old = stored(row, "alias")
    # All under the same version: the row's id alone tells them apart.
    for one in (row, other):
        one.alias += "!"
        one.save()
    values = {"id": row.pk, "other": other.pk, "old": old, "bob": bob}
    assert app.execute(tamper.format("crypto_tests_contact"), values).rowcount == 1
    read = Contact.objects.get(pk=row.pk)
    with pytest.raises(DecryptionFailed) as refused:
        _ = read.alias
    assert str(refused.value) == "the sealed value does not open here"
    read.note = "sealing its siblings again must not bless it"
    with pytest.raises(DecryptionFailed):
        read.save()


def test_an_emptied_column_is_not_taken_for_none(app: psycopg.Connection, alice: str):
    """Break: return None for NULL in `clear_value`."""
    row = contact(alice, email=f"{alice}@example.org")
    app.execute("UPDATE crypto_tests_contact SET email = NULL WHERE id = %s", [row.pk])
    with pytest.raises(DecryptionFailed):
        _ = Contact.objects.get(pk=row.pk).email


def test_a_dump_of_the_rows_shows_nothing(owner: psycopg.Connection, alice: str):
    mail = f"canary{secrets.token_hex(8)}@example.org"
    contact(alice, alias="canary alias", note="canary note", email=mail, facts={"canary": "fact"})
    with owner.cursor().copy("COPY crypto_tests_contact TO STDOUT (FORMAT binary)") as stream:
        dump = b"".join(stream)
    assert alice.encode() in dump
    assert b"canary" not in dump


# --- Checks and migrations ------------------------------------------------------------------------


def test_misuse_is_a_system_check_error():
    class Loose(models.Model):
        text = EncryptedTextField(keys="life", unique=True)

        class Meta:
            app_label = "crypto_tests_misuse"

    class Lost(Contact.__base__):
        encrypted_for = "owner"
        text = EncryptedTextField(keys="life")
        objects = models.Manager()

        class Meta:
            app_label = "crypto_tests_misuse"

    assert {"crypto.E001", "crypto.E002"} <= {found.id for found in Loose.check()}
    assert {"crypto.E006", "crypto.E008"} <= {found.id for found in Lost.check()}
    assert Contact.check() == []
    assert [found for found in Line.check() if found.id.startswith("crypto")] == []
    with pytest.raises(ValueError, match="life, law or service"):
        EncryptedTextField(keys="all")  # type: ignore[arg-type]


def test_fields_deconstruct_to_what_makes_them_again():
    for field in Contact._meta.local_fields:
        name, path, args, kwargs = field.deconstruct()
        if "crypto" in path:
            assert path.rsplit(".", 1)[0] == "privacy.crypto.fields"
            again = type(field)(*args, **kwargs)
            again.set_attributes_from_name(name)
            assert again.deconstruct() == field.deconstruct()
            assert copy.copy(field).deconstruct() == field.deconstruct()
