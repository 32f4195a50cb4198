"""The console's page of payment requests; notes and aliases are on none of them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from payments.requests.models import PaymentRequest, RequestStatus
from wallet.core.console import ConsolePage, codes, console, money

_AMOUNT = money("amount_minor", _("Amount"))


@admin.register(PaymentRequest, site=console)
class RequestPage(ConsolePage):
    title, titles = _("payment request"), _("payment requests")
    list_display = (
        "id",
        "created_at",
        "platform_id",
        _AMOUNT,
        "status",
        "payee_id",
        "paid_by",
    )
    fields = (
        "id", "created_at", "platform_id", _AMOUNT, money("refunded_minor", _("Refunded")), "status", "payee_id",
        "paid_by", "paid_at", "expires_at",
    )  # fmt: skip
    list_filter = (codes("status", RequestStatus),)
    search_fields = ("=id", "=payee_id", "=paid_by")
    ordering = ("-created_at", "id")
