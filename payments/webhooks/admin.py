"""The console's page of webhook deliveries; secrets and bodies are on none of them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from payments.webhooks.models import Delivery, DeliveryStatus
from wallet.core.console import ConsolePage, codes, console


@admin.register(Delivery, site=console)
class DeliveryPage(ConsolePage):
    title, titles = _("webhook delivery"), _("webhook deliveries")
    list_display = ("id", "created_at", "event_id", "endpoint_id", "status", "attempts", "last_status", "last_error")
    fields = (
        "id", "created_at", "event_id", "endpoint_id", "status", "attempts", "last_status", "last_error", "ended_at",
    )  # fmt: skip
    list_filter = (codes("status", DeliveryStatus),)
    search_fields = ("=id", "=event__id")
    ordering = ("-created_at", "id")
