"""The console's pages of top-ups."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from payments.topups.models import GatewayEvent, TopUp, TopUpStatus
from wallet.core.console import ConsolePage, codes, console, money

_AMOUNT = money("amount_minor", _("Amount"))


@admin.register(TopUp, site=console)
class TopUpPage(ConsolePage):
    title, titles = _("top-up"), _("top-ups")
    list_display = ("id", "created_at", "holder_id", _AMOUNT, "status", "gateway", "failure")
    fields = (
        "id", "created_at", "holder_id", _AMOUNT, "card_id", "status", "gateway", "payment_ref",
        "failure", money("refunded_minor", _("Refunded")), money("disputed_minor", _("Disputed")), "succeeded_at",
    )  # fmt: skip
    list_filter = (codes("status", TopUpStatus),)
    search_fields = ("=id", "=holder_id", "=payment_ref")
    ordering = ("-created_at", "id")


@admin.register(GatewayEvent, site=console)
class GatewayEventPage(ConsolePage):
    title, titles = _("event of a gateway"), _("events of gateways")
    list_display = ("id", "received_at", "gateway", "type", "object_ref")
    fields = ("id", "received_at", "gateway", "event_id", "type", "object_ref")
    search_fields = ("=event_id", "=object_ref")
