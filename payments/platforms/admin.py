"""The console's pages of platforms and links; a client's secret is on none of them."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from payments.platforms.models import Link, LinkStatus, Platform
from privacy.exposure.schema import ClosedSchema, Member
from privacy.fields import FieldClass
from wallet.core.console import ConsolePage, codes, console
from wallet.core.members import PublicIdField, StrictCharField


class LinkLook(ClosedSchema):
    """What others on a platform read instead of a name."""

    id = PublicIdField("link", label=_("Id"))
    alias = StrictCharField(max_length=60, allow_blank=True, label=_("Alias"))

    class Meta:
        schema = "staff_link"
        members = {
            "id": Member(FieldClass.LINK_HANDLE, about=("person",)),
            "alias": Member(FieldClass.CONTACT_ALIAS, about=("person",)),
        }


@admin.register(Platform, site=console)
class PlatformPage(ConsolePage):
    title, titles = _("platform"), _("platforms")
    list_display = ("id", "name", "kind", "client_id", "created")
    fields = ("id", "name", "kind", "client_id", "redirect_uris", "merchants", "created")
    list_filter = ("kind",)
    search_fields = ("=id", "=client_id")
    ordering = ("name",)


@admin.register(Link, site=console)
class LinkPage(ConsolePage):
    title, titles = _("link"), _("links")
    list_display = ("id", "holder_id", "platform_id", "status", "can_pay", "confirmed_at", "ended_at")
    fields = (
        "id",
        "holder_id",
        "platform_id",
        "status",
        "can_pay",
        "card_id",
        "created_at",
        "confirmed_at",
        "ended_at",
    )
    list_filter = (codes("status", LinkStatus),)
    search_fields = ("=id", "=holder_id")
    ordering = ("-created_at", "id")
    look = LinkLook

    def personal(self, thing: Link) -> Mapping[str, Any]:
        """Opened for one look."""
        return {"id": thing.id, "alias": str(thing.alias)}
