"""The base of every room's pages: a list, an object, its acts, and personal data behind a reason."""

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from privacy.crypto.fields import BlindIndexField, EncryptedJSONField, EncryptedTextField, NextIndexField
from wallet.core import clock, staff
from wallet.core.console import looks
from wallet.core.console.acts import Act
from wallet.core.console.forms import LookForm
from wallet.core.errors import WalletError
from wallet.core.problems import STATUS
from wallet.core.staff import Power

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _Paginator = Paginator[Any]
else:
    _Paginator = Paginator
    _ModelAdmin = admin.ModelAdmin

_SEALED = (EncryptedTextField, EncryptedJSONField, BlindIndexField, NextIndexField)
#: Rows that a list counts: beyond, it says how to look for one thing instead.
_COUNTED = 5_000


class ShortPaginator(_Paginator):
    """Counts so far and no further: the number of all transfers is nobody's question."""

    @cached_property
    def count(self) -> int:
        """How many rows, up to the most that are counted."""
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[:_COUNTED].count())


class ConsolePage(_ModelAdmin):
    """Read-only; every column that is shown is named, and none of them is sealed."""

    title: ClassVar[str | Promise]
    titles: ClassVar[str | Promise]
    #: The closed schema of what is personal, and how it is read from an object.
    look: ClassVar[type[Any] | None] = None
    #: Acts on one object.
    acts: ClassVar[tuple[Act, ...]] = ()
    #: Lists of other tables about the same holder: address of the list, words, parameter.
    related: ClassVar[tuple[tuple[str, str | Promise, str], ...]] = ()

    #: Names of columns, of methods, and what `money` makes.
    fields: ClassVar[Any] = None
    actions: Any = ()
    view_on_site = False
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = ShortPaginator
    change_form_template = "wallet/console/object.html"
    ordering: ClassVar[Any] = ("-pk",)
    list_max_show_all = 0

    def __init__(self, model: type[Model], site: admin.AdminSite) -> None:
        super().__init__(model, site)
        sealed = {one.name for one in model._meta.get_fields() if isinstance(one, _SEALED)}  # noqa: SLF001 - Django's own door
        named = {
            str(one).lstrip("=^@")
            for one in (*self.list_display, *(self.fields or ()), *self.list_filter, *self.search_fields)
        }
        if not self.fields or named & sealed or "__str__" in named:
            raise ImproperlyConfigured(f"{type(self).__name__} must name what it shows, and nothing that is sealed")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002 - Django's signature
        """All of them."""
        return self.fields

    # --- Who may ---------------------------------------------------------------------------------------------

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever is at work here."""
        return staff.is_at_work(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        """The same."""
        return staff.is_at_work(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        """Nobody makes a row by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - the same
        """Nobody changes one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - the same
        """Nobody deletes one."""
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:  # noqa: ARG002 - the same
        """Only what is offered: a filter on any other column would answer questions that nobody gave a reason for."""
        offered = {one if isinstance(one, str) else one.parameter_name for one in self.list_filter}  # type: ignore[union-attr]
        has_holder = any(one.name == "holder_id" for one in self.model._meta.fields)  # noqa: SLF001 - Django's own door
        return lookup in offered or lookup.removesuffix("__exact") in offered or (has_holder and lookup == "holder_id")

    # --- Doors ------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """The list, an object, its acts, and the reason for a look; no history, no export, no look-up."""
        label, name = self.model._meta.app_label, self.model._meta.model_name  # noqa: SLF001 - Django's own door
        view = self.admin_site.admin_view
        doors = [path(f"<path:object_id>/{act.name}/", view(self._act_view(act)), name=f"{label}_{name}_{act.name}")
                 for act in self.acts]  # fmt: skip
        if self.look is not None:
            doors.append(path("<path:object_id>/look/", view(self.look_view), name=f"{label}_{name}_look"))
        return [
            path("", view(self.changelist_view), name=f"{label}_{name}_changelist"),
            *self.more_urls(),
            *doors,
            path("<path:object_id>/change/", view(self.change_view), name=f"{label}_{name}_change"),
        ]

    def more_urls(self) -> list[URLPattern]:
        """Further doors of a room."""
        return []

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The object, by its id as Django's admin quotes it or as it is: `_3D` within an id of ours is no quotation."""
        thing = super().get_object(request, object_id, from_field)
        return thing or super().get_object(request, quote(object_id), from_field)

    def url_of(self, thing: Any, door: str = "change") -> str:
        """The address of an object's page."""
        meta = self.model._meta  # noqa: SLF001 - Django's own door
        return reverse(f"admin:{meta.app_label}_{meta.model_name}_{door}", args=[thing.pk], current_app="operator")

    def subject_of(self, thing: Any) -> str:
        """How the acts of the staff name an object."""
        return str(thing.pk) if isinstance(thing.pk, str) else f"{self.model._meta.db_table}:{thing.pk}"  # noqa: SLF001

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, under the name of its table."""
        title = str(self.titles).capitalize()
        return super().changelist_view(request, {**(extra_context or {}), "title": title, "subtitle": None})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The object; its personal data only with a fresh reason."""
        thing = self._get(request, object_id)
        shown, why = self._shown(request, thing)
        context = {
            **(extra_context or {}),
            "title": str(self.title).capitalize(),
            "subtitle": None,
            "doors": [
                (self.url_of(thing, act.name), act.label) for act in self.acts if self._offers(request, act, thing)
            ],
            "lists": [(f"{reverse(where)}?{by}={thing.pk}", words) for where, words, by in self.related],
            "look_url": self.url_of(thing, "look") if self.look and staff.may(request, Power.LOOK) else "",
            "look_form": LookForm(),
            "look_lifetime": int(looks.LIFETIME.total_seconds() // 60),
            "shown": shown,
            "why": why,
        }
        return super().change_view(request, object_id, form_url, context)

    def look_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the reason, and go back to the object."""
        if not staff.may(request, Power.LOOK):
            raise PermissionDenied
        thing = self._get(request, object_id)
        form = LookForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                looks.give_reason(
                    request, subject=self.subject_of(thing), holder_id=self.holder_of(thing), now=clock.now(),
                    **form.cleaned_data,
                )  # fmt: skip
            except WalletError as refusal:
                form.add_error(None, _(refusal.detail or refusal.title))
            else:
                return HttpResponseRedirect(self.url_of(thing))
        explanation = _("The holder sees on their privacy page that the staff looked, and at what.")
        return self._form_page(request, thing, form, title=_("Look at personal data"), explanation=explanation)

    # --- Personal data -------------------------------------------------------------------------------------------

    def holder_of(self, thing: Any) -> str:
        """Whose data it is."""
        return str(thing.holder_id)

    def personal(self, thing: Any) -> Mapping[str, Any]:  # noqa: ARG002 - for those who override it
        """The body of `look`, read from an object."""
        raise ImproperlyConfigured(f"{type(self).__name__} has a schema and no body")

    def _shown(self, request: HttpRequest, thing: Any) -> tuple[list[tuple[str, Any]], Any]:
        if self.look is None or not staff.may(request, Power.LOOK):
            return [], None
        now = clock.now()
        why = looks.find_reason(request, subject=self.subject_of(thing), now=now)
        if why is None:
            return [], None
        body, holder_id = self.personal(thing), self.holder_of(thing)
        shown = looks.show(request, schema=self.look, body=body, holder_id=holder_id, why=why, now=now)
        labels = {name: one.label or name for name, one in self.look().fields.items()}
        return [(labels[name], value) for name, value in shown.items()], why

    # --- Acts ---------------------------------------------------------------------------------------------------------

    def _offers(self, request: HttpRequest, act: Act, thing: Any) -> bool:
        return staff.may(request, act.power) and act.may(thing)

    def _act_view(self, act: Act) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, object_id: str) -> HttpResponse:
            if not staff.may(request, act.power):
                raise PermissionDenied
            thing = self._get(request, object_id)
            form = act.form(request.POST if request.method == "POST" else None)
            status = 200
            if form.is_valid():
                try:
                    act.do(request, thing, form.cleaned_data)
                except WalletError as refusal:
                    form.add_error(None, _(refusal.detail or refusal.title))
                    status = STATUS[refusal.kind]
                else:
                    messages.success(request, str(act.done))
                    return HttpResponseRedirect(self.url_of(thing))
            return self._form_page(
                request, thing, form, title=act.label, explanation=act.explanation, status=status,
                binding=act.binding(thing) if act.binding else None, facts=act.facts(thing),
            )  # fmt: skip

        return view

    def _form_page(
        self, request: HttpRequest, thing: Any, form: forms.Form, *, status: int = 200, **more: Any
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,  # noqa: SLF001 - Django's own door
            "original": thing,
            "back": self.url_of(thing) if thing is not None else "",
            "form": form,
            "binding": None,
            **more,
        }
        context["binding_json"] = json.dumps(context["binding"])
        return TemplateResponse(request, "wallet/console/form.html", context, status=status)

    def _get(self, request: HttpRequest, object_id: str) -> Any:
        thing = self.get_object(request, unquote(object_id))
        if thing is None:
            raise Http404
        return thing
