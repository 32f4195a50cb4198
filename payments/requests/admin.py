"""The console's pages of payment requests, splits, checkouts and refunds; notes, items and aliases are on none."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from payments.requests.models import (
    Checkout,
    CheckoutStatus,
    PaymentRequest,
    Refund,
    RefundStatus,
    RequestStatus,
    Split,
    SplitStatus,
)
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


@admin.register(Split, site=console)
class SplitPage(ConsolePage):
    title, titles = _("split"), _("splits")
    list_display = (
        "id", "created_at", "platform_id", money("total_minor", _("Total")), "status", "payee_id", "all_or_nothing",
    )  # fmt: skip
    fields = (
        "id", "created_at", "platform_id", money("total_minor", _("Total")), money("own_minor", _("Own share")),
        "status", "payee_id", "all_or_nothing", "expires_at",
    )  # fmt: skip
    list_filter = (codes("status", SplitStatus),)
    search_fields = ("=id", "=payee_id")
    ordering = ("-created_at", "id")


@admin.register(Checkout, site=console)
class CheckoutPage(ConsolePage):
    title, titles = _("checkout"), _("checkouts")
    list_display = (
        "id", "platform_id", money("total_minor", _("Total")), money("tip_minor", _("Tip")), "status", "payee_id",
    )  # fmt: skip
    fields = (*list_display, money("max_tip_minor", _("Largest tip")))
    list_filter = (codes("status", CheckoutStatus),)
    search_fields = ("=id", "=payee_id")
    ordering = ("id",)


@admin.register(Refund, site=console)
class RefundPage(ConsolePage):
    title, titles = _("refund"), _("refunds")
    list_display = ("id", "created_at", "platform_id", _AMOUNT, "status", "request_id", "payee_id", "payer_id")
    fields = (*list_display, "ended_at")
    list_filter = (codes("status", RefundStatus),)
    search_fields = ("=id", "=request__id", "=payee_id", "=payer_id")
    ordering = ("-created_at", "id")
