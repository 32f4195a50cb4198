"""Encrypted columns through everything that Django offers: it works on clear values, or it refuses clearly."""

import copy
import io
import pickle
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib import admin
from django.contrib.messages.storage.cookie import CookieStorage
from django.core.management import call_command
from django.db import connection, models, transaction
from django.db.models import Case, Exists, F, OuterRef, Prefetch, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, Length
from django.test import RequestFactory
from django.urls import path

from privacy.crypto.fields import EncryptedFieldError, EncryptedModel, EncryptedTextField
from privacy.crypto.keyring import KeyDestroyed, keyring
from tests.privacy.crypto.parts import NewHolder
from tests.privacy.crypto.people import Contact, Line, Visit

pytestmark = [pytest.mark.usefixtures("people_tables"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def alice(holder: NewHolder):
    return holder("alice")


@pytest.fixture
def row(alice: str):
    """A contact with a canary in each cell, and one visit."""
    made = Contact.objects.create(
        id="contact_" + secrets.token_hex(8), holder_id=alice, alias="canary alias", note="canary note",
        email=f"{alice}@canary.example", facts={"canary": 1},
    )  # fmt: skip
    Visit.objects.create(contact=made, place="Paris")
    return Contact.objects.get(pk=made.pk)


# --- Reading -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "read",
    [
        lambda pk: Contact.objects.raw("SELECT * FROM crypto_tests_contact WHERE id = %s", [pk])[0],
        lambda pk: Contact.objects.raw("SELECT id, holder_id, status FROM crypto_tests_contact WHERE id = %s", [pk])[0],
        lambda pk: Contact.objects.in_bulk([pk])[pk],
        lambda pk: Contact.objects.in_bulk([f"{Contact.objects.get(pk=pk).holder_id}@canary.example"], field_name="email_index").popitem()[1],
        lambda pk: Visit.objects.select_related("contact").get(contact_id=pk).contact,
        lambda pk: Visit.objects.select_related("contact").only("contact__alias", "place").get(contact_id=pk).contact,
        lambda pk: Visit.objects.select_related("contact").only("contact__status", "place").get(contact_id=pk).contact,
        lambda pk: Visit.objects.select_related("contact").defer("contact__alias").get(contact_id=pk).contact,
        lambda pk: Visit.objects.prefetch_related("contact").get(contact_id=pk).contact,
        lambda pk: Visit.objects.prefetch_related(Prefetch("contact", Contact.objects.only("status"))).get(contact_id=pk).contact,
        lambda pk: Visit.objects.get(contact_id=pk).contact,
        lambda pk: Contact.objects.filter(visits__place="Paris").annotate(count=models.Count("visits")).get(pk=pk),
        lambda pk: Contact.objects.filter(pk=pk).union(Contact.objects.filter(pk="nobody")).get(),
        lambda pk: next(Contact.objects.filter(pk=pk).iterator(chunk_size=1)),
        lambda pk: Contact.objects.select_for_update().get(pk=pk),
        lambda pk: Contact.objects.filter(pk=pk).earliest("status"),
        lambda pk: Acquaintance.objects.get(pk=pk),
        lambda pk: Acquaintance.objects.defer("alias").get(pk=pk),
    ],
)  # fmt: skip
def test_every_way_to_a_row_opens_its_cells(row: Contact, read: Callable[[str], Contact]):
    with transaction.atomic():
        found = read(row.pk)
        assert (found.alias, found.note, found.facts) == ("canary alias", "canary note", {"canary": 1})
        assert found.pk == row.pk
        found.alias = "changed"
        found.save()
    assert (Contact.objects.get(pk=row.pk).alias, Contact.objects.get(pk=row.pk).note) == ("changed", "canary note")


class Acquaintance(Contact):
    """The same rows by another name."""

    class Meta:
        app_label = "crypto_tests"
        proxy = True


class Row(Line):
    class Meta:
        app_label = "crypto_tests"
        proxy = True


def test_a_proxy_writes_what_its_table_would(alice: str):
    """Break: `local_concrete_fields` in `rows`, which is empty for a proxy: a change was lost without a word."""
    made = Row.objects.create(holder_id=alice, text="one")
    (second,) = Row.objects.bulk_create([Row(holder_id=alice, text="two")])
    made.text = "three"
    made.save(update_fields=["text"])
    assert [Line.objects.get(pk=one.pk).text for one in (made, second)] == ["three", "two"]
    with pytest.raises(EncryptedFieldError):
        Row.objects.update(text="clear")


def test_a_proxy_is_no_inheritance_and_a_child_table_is_refused():
    """Break: refuse every parent in `EncryptedModel.check`; or none."""

    class Named(EncryptedModel):
        holder_id = models.TextField()
        name = EncryptedTextField(keys="life")

        class Meta:
            app_label = "crypto_tests_inheritance"
            abstract = True

    class Person(Named):
        id = models.TextField(primary_key=True)

        class Meta:
            app_label = "crypto_tests_inheritance"

    class Employee(Person):
        class Meta:
            app_label = "crypto_tests_inheritance"

    assert Person.check() == []
    assert Acquaintance.check() == []
    assert "crypto.E007" in {found.id for found in Employee.check()}


# --- Refusing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "use",
    [
        lambda: list(Contact.objects.annotate(x=Case(When(alias="Al", then=Value(1)), default=Value(0)))),
        lambda: list(Contact.objects.annotate(x=Case(When(status="new", then=F("alias"))))),
        lambda: list(Contact.objects.alias(x=Length("alias")).filter(x__gt=1)),
        lambda: list(Contact.objects.annotate(x=Coalesce("email", Value("")))),
        lambda: list(Contact.objects.order_by(F("alias").desc())),
        lambda: list(Contact.objects.filter(Q(status="new") | Q(note="x"))),
        lambda: list(Contact.objects.filter(status__in=Contact.objects.values("alias"))),
        lambda: list(Contact.objects.annotate(x=Subquery(Contact.objects.values("note")[:1]))),
        lambda: list(Contact.objects.filter(Exists(Contact.objects.filter(alias=OuterRef("status"))))),
        lambda: list(Contact.objects.filter(Exists(Contact.objects.filter(status=OuterRef("alias"))))),
        lambda: list(Visit.objects.filter(contact__alias="Al")),
        lambda: list(Visit.objects.values("contact__alias")),
        lambda: list(Visit.objects.values_list("contact__facts", flat=True)),
        lambda: list(Visit.objects.order_by("contact__alias")),
        lambda: list(Visit.objects.annotate(x=F("contact__alias"))),
        lambda: Visit.objects.update(place=Subquery(Contact.objects.values("alias")[:1])),
        lambda: Contact.objects.update(status=Case(When(alias="Al", then=Value("x")))),
        lambda: Contact.objects.latest("alias"),
        lambda: list(Contact.objects.filter(pk="x").union(Contact.objects.all()).values("alias")),
        lambda: Contact.objects.in_bulk(["Al"], field_name="alias"),
        lambda: Contact.objects.bulk_create(
            [Contact(id="x", holder_id="h", alias="Al")], update_conflicts=True, update_fields=["enc_version"],
            unique_fields=["id"],
        ),
        lambda: Contact.objects.get_or_create(alias="Al", defaults={"id": "x", "holder_id": "h"}),
    ],
)  # fmt: skip
def test_what_the_database_would_have_to_read_is_refused(use: Callable[[], object], row: Contact):
    """Break: delete `path_infos`."""
    with pytest.raises((EncryptedFieldError, ValueError)) as refused, transaction.atomic():
        use()
    assert "canary" not in str(refused.value)


# --- Copies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda row: pickle.loads(pickle.dumps(row))])  # noqa: S301 - our own
def test_a_copy_in_memory_opens_and_shares_nothing_that_is_written(
    row: Contact, duplicate: Callable[[Contact], Contact]
):
    assert row.facts == {"canary": 1}
    other = duplicate(row)
    other.alias = "of the copy"
    assert row.alias == "canary alias"
    other.save()
    assert other.facts == {"canary": 1}
    row.refresh_from_db()
    assert row.alias == "of the copy"


def test_a_pickled_queryset_holds_nothing_clear(row: Contact):
    """Break: let `Sealed.__reduce__` keep `plain`."""
    rows = Contact.objects.filter(pk=row.pk)
    assert [one.alias for one in rows] == ["canary alias"]
    dumped = pickle.dumps(rows)
    assert b"canary" not in dumped
    assert pickle.loads(dumped)[0].note == "canary note"  # noqa: S301 - our own
    again = Contact.objects.all()
    again.query = pickle.loads(pickle.dumps(rows.query))  # noqa: S301 - our own
    assert again.get().alias == "canary alias"


# --- The asynchronous doors ----------------------------------------------------------------------------


def test_the_asynchronous_doors_work_alike(alice: str):
    async def story() -> tuple[Any, ...]:
        made = await Contact.objects.acreate(id="async_" + secrets.token_hex(8), holder_id=alice, alias="one")
        made.alias = "two"
        await made.asave()
        await made.arefresh_from_db()
        changed, _ = await Contact.objects.aupdate_or_create(pk=made.pk, defaults={"note": "three"})
        read = await Contact.objects.aget(pk=made.pk)
        lines = await Line.objects.abulk_create([Line(holder_id=alice, text="four")])
        texts = [line.text async for line in Line.objects.filter(pk__in=[line.pk for line in lines])]
        return changed.alias, read.alias, read.note, read.enc_version, texts

    def told() -> tuple[Any, ...]:
        try:
            return async_to_sync(story)()
        finally:
            connection.close()

    # A thread of its own: the journeys' browser keeps an event loop in this one.
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(told).result() == ("two", "two", "three", 3, ["four"])


# --- Commands and the admin ------------------------------------------------------------------------------


def test_dumpdata_and_loaddata_carry_sealed_values(row: Contact, tmp_path: Path):
    fixture = tmp_path / "contacts.json"
    call_command("dumpdata", "crypto_tests.contact", pks=row.pk, output=str(fixture), verbosity=0)
    text = fixture.read_text(encoding="utf-8")
    assert "canary" not in text
    assert text.count("sealed:") == 4
    Visit.objects.all().delete()
    Contact.objects.filter(pk=row.pk).delete()
    call_command("loaddata", str(fixture), verbosity=0, stdout=io.StringIO())
    read = Contact.objects.get(pk=row.pk)
    assert (read.alias, read.note, read.facts, read.enc_version) == ("canary alias", "canary note", {"canary": 1}, 1)


class _Site(admin.AdminSite):
    def has_permission(self, request: Any) -> bool:  # noqa: ARG002 - Django's signature
        return True


class _ContactAdmin(admin.ModelAdmin):
    fields = ("holder_id", "status", "alias", "note", "email", "facts")
    list_display = ("id", "alias")

    def has_view_permission(self, request: Any, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        return True

    has_change_permission = has_add_permission = has_delete_permission = has_view_permission
    has_module_permission = has_view_permission

    def log_change(self, request: Any, obj: Any, message: Any) -> None:  # noqa: ARG002 - Django's signature
        self.said = str(message)


SITE = _Site(name="admin")
SITE.register(Contact, _ContactAdmin)
urlpatterns = [path("admin/", SITE.urls)]


def _request(method: str, data: dict[str, str] | None = None) -> Any:
    request = getattr(RequestFactory(), method)("/admin/crypto_tests/contact/", data or {})
    request.user = SimpleNamespace(
        is_active=True, is_staff=True, pk="x", is_anonymous=False, has_usable_password=lambda: False,
        get_username=lambda: "operator", get_short_name=lambda: "operator", is_authenticated=True,
    )  # fmt: skip
    request.session, request._dont_enforce_csrf_checks = {}, True
    request._messages = CookieStorage(request)
    return request


def test_the_admin_shows_and_writes_clear_values(row: Contact, settings: Any):
    """Break: return the sealed value in `value_from_object`."""
    settings.ROOT_URLCONF = __name__
    door = SITE.get_model_admin(Contact)
    listed = door.changelist_view(_request("get", {"holder_id": row.holder_id}))
    assert "canary alias" in listed.render().content.decode()
    shown = door.change_view(_request("get"), row.pk).render().content.decode()
    for text in ("canary alias", "canary note", "canary.example", "&quot;canary&quot;: 1"):
        assert text in shown
    form = {
        "holder_id": row.holder_id, "status": "seen", "alias": "by the operator", "note": "canary note", "email": "",
        "facts": '{"x": [2]}',
    }  # fmt: skip
    done = door.change_view(_request("post", form), row.pk)
    assert done.status_code == 302, done.render().content.decode()
    read = Contact.objects.get(pk=row.pk)
    assert (read.status, read.alias, read.note, read.facts) == ("seen", "by the operator", "canary note", {"x": [2]})
    assert "canary" not in door.said
    too_long = door.change_view(_request("post", {**form, "alias": "x" * 61}), row.pk)
    assert "60" in too_long.render().content.decode()


def test_the_admin_does_not_search_or_filter_what_is_encrypted(row: Contact):
    class Searching(_ContactAdmin):
        search_fields = ("alias",)

    with pytest.raises(EncryptedFieldError):
        Searching(Contact, SITE).get_search_results(_request("get"), Contact.objects.all(), "canary")


def test_the_admin_shows_a_mark_for_what_a_holder_who_left_took_along_and_writes_no_mark(row: Contact, settings: Any):
    """Break: `forms.JSONField` in `EncryptedJSONField.formfield`."""
    settings.ROOT_URLCONF = __name__
    door = SITE.get_model_admin(Contact)
    keyring.destroy(holder_id=row.holder_id, keys="life")
    shown = door.change_view(_request("get"), row.pk).render().content.decode()
    assert "canary alias" not in shown
    assert "canary note" in shown
    assert shown.count("&lt;sealed&gt;") >= 3
    posted = {"holder_id": row.holder_id, "status": "x", "alias": "<sealed>", "note": "canary note", "facts": "{}"}
    with pytest.raises(KeyDestroyed):
        door.change_view(_request("post", posted), row.pk)
    assert (
        "Enter a valid JSON"
        in door.change_view(_request("post", {**posted, "facts": "<sealed>"}), row.pk).render().content.decode()
    )
    assert Contact.objects.get(pk=row.pk).status == "new"
