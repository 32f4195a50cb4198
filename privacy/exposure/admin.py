"""The console's pages of the exposure log: that something left, to whom and of which classes; never what it said."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from privacy.exposure.models import Disclosure, Exposure, Recipient, RecipientKind
from privacy.fields import Channel, Purpose
from wallet.core.console import ConsolePage, codes, console

_OURS = frozenset({RecipientKind.PLATFORM, RecipientKind.NETWORK, RecipientKind.GATEWAY, RecipientKind.STAFF})


@admin.register(Recipient, site=console)
class RecipientPage(ConsolePage):
    title, titles = _("recipient"), _("recipients")
    list_display = ("id", "kind", "known_name", "created_at")
    fields = ("id", "kind", "known_name", "created_at")
    list_filter = (codes("kind", RecipientKind),)
    search_fields = ("=id",)
    ordering = ("kind", "id")

    @admin.display(description=_("Name"))
    def known_name(self, recipient: Recipient) -> str:
        """Of whom the operator deals with; a shop's name beside an exposure would say where its holder buys."""
        return recipient.name if recipient.kind in _OURS else ""


@admin.register(Disclosure, site=console)
class DisclosurePage(ConsolePage):
    title, titles = _("disclosure"), _("disclosures")
    list_display = ("id", "at", "recipient", "schema", "purpose", "basis", "channel")
    fields = ("id", "at", "recipient", "schema", "purpose", "basis", "channel", "request_id")
    list_filter = (
        codes("channel", Channel),
        codes("purpose", Purpose),
    )
    search_fields = ("=request_id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With their recipients, in one query."""
        return super().get_queryset(request).select_related("recipient")


@admin.register(Exposure, site=console)
class ExposurePage(ConsolePage):
    title, titles = _("exposure"), _("exposures")
    list_display = ("id", "at", "holder_id", "recipient", "fields", "leaf_index")
    fields = ("id", "at", "holder_id", "recipient", "disclosure", "fields", "leaf_index")
    search_fields = ("=id", "=holder_id")
    ordering = ("-seq",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without what is sealed."""
        return super().get_queryset(request).select_related("recipient").defer("record_sealed", "body_sealed")
