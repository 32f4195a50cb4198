"""The site: who comes in, and which doors it has. Django's site has more; what is not here is 404."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wallet.core import staff
from wallet.core.api import Audience
from wallet.core.console.words import COLUMNS

#: Django's own doors that stay: the start, a room's list of tables, the words of its scripts.
_KEPT = frozenset({"index", "app_list", "jsi18n"})


@dataclass(frozen=True, slots=True)
class Queue:
    """Something that waits for a person."""

    label: str | Promise
    where: str
    query: str
    count: Callable[[], int]


class Console(admin.AdminSite):
    """For members of the staff whom a passkey let in."""

    site_title = site_header = _("Operator console")
    index_title = _("What is there")
    site_url = None
    enable_nav_sidebar = False
    final_catch_all_view = False
    empty_value_display = "-"
    index_template = "wallet/console/index.html"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._queues: list[Queue] = []

    def add_queue(self, label: str | Promise, where: str, query: str, count: Callable[[], int]) -> None:
        """Show on the start page how much waits, and lead there.

        Args:
            label: what waits, in the plural.
            where: the name of the list's address.
            query: the filter that leaves what waits.
            count: how much.
        """
        self._queues.append(Queue(label, where, query, count))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """What waits, then every table."""
        queues = [
            {"label": one.label, "count": one.count(), "url": f"{reverse(one.where)}?{one.query}"}
            for one in self._queues
        ]
        return super().index(request, {**(extra_context or {}), "queues": queues})

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the one who asks is at work here."""
        return staff.is_at_work(request)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        """Let nobody else in: a visitor signs in first, a colleague without a passkey makes one, a holder sees 404."""
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path(), "/sign-in")
            if not request.user.is_staff:
                raise Http404
            if not self.has_permission(request):
                return HttpResponseRedirect("/settings/passkeys?needed=1&next=/operator/")
            request.current_app = self.name
            answer: HttpResponse = inner(request, *args, **kwargs)
            return answer

        return guarded

    def get_urls(self) -> list[Any]:
        """Only the doors that are kept, and each says whom it answers."""
        kept = [one for one in super().get_urls() if isinstance(one, URLResolver) or one.name in _KEPT]
        _mark(kept)
        return kept

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Also give the table and its columns their words, in the reader's language."""
        super().register(model_or_iterable, admin_class, **options)
        for model in [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable:
            _name(model, admin_class)


def _mark(patterns: Iterable[URLPattern | URLResolver]) -> None:
    for one in patterns:
        if isinstance(one, URLResolver):
            _mark(one.url_patterns)
        else:
            one.callback.audience = Audience.OPERATOR  # type: ignore[attr-defined]


def _name(model: type[Model], page: Any) -> None:
    """What migrations compare is what the class wrote, not these."""
    model._meta.verbose_name, model._meta.verbose_name_plural = page.title, page.titles  # noqa: SLF001 - Django's own door
    for field in model._meta.get_fields():  # noqa: SLF001 - the same
        if field.name in COLUMNS and hasattr(field, "verbose_name"):
            field.verbose_name = COLUMNS[field.name]


console = Console(name="operator")
