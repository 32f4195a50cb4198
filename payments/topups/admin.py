"""The console's pages of top-ups."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from payments.topups.models import (
    BankPayout,
    GatewayEvent,
    PayoutStatus,
    Reconciliation,
    RefundStatus,
    TopUp,
    TopUpDispute,
    TopUpRefund,
    TopUpStatus,
    Withdrawal,
    WithdrawalStatus,
)
from wallet.core.console import ConsolePage, codes, console, money

_AMOUNT = money("amount_minor", _("Amount"))


@admin.register(TopUp, site=console)
class TopUpPage(ConsolePage):
    title, titles = _("top-up"), _("top-ups")
    list_display = ("id", "created_at", "holder_id", _AMOUNT, "status", "gateway", "failure")
    fields = (
        "id", "created_at", "holder_id", _AMOUNT, "card_id", "status", "gateway", "payment_ref",
        "failure", money("refunded_minor", _("Refunded")), money("disputed_minor", _("Disputed")), "warning_ref",
        "succeeded_at",
    )  # fmt: skip
    list_filter = (codes("status", TopUpStatus),)
    search_fields = ("=id", "=holder_id", "=payment_ref")
    ordering = ("-created_at", "id")


@admin.register(GatewayEvent, site=console)
class GatewayEventPage(ConsolePage):
    title, titles = _("event of a gateway"), _("events of gateways")
    list_display = ("id", "received_at", "gateway", "type", "object_ref", "via")
    fields = ("id", "received_at", "gateway", "event_id", "type", "object_ref", "via")
    search_fields = ("=event_id", "=object_ref")


@admin.register(Withdrawal, site=console)
class WithdrawalPage(ConsolePage):
    title, titles = _("withdrawal"), _("withdrawals")
    list_display = ("id", "created_at", "holder_id", _AMOUNT, "status", "failure")
    fields = (
        "id", "created_at", "holder_id", _AMOUNT, "top_up_id", "status", "failure",
        money("returned_minor", _("Came back")), "ended_at",
    )  # fmt: skip
    list_filter = (codes("status", WithdrawalStatus),)
    search_fields = ("=id", "=holder_id")
    ordering = ("-created_at", "id")


@admin.register(TopUpRefund, site=console)
class TopUpRefundPage(ConsolePage):
    title, titles = _("refund of a top-up"), _("refunds of top-ups")
    list_display = ("id", "created_at", "top_up_id", _AMOUNT, "status", "gateway_ref", "failure")
    fields = ("id", "created_at", "top_up_id", "withdrawal", _AMOUNT, "status", "gateway_ref", "failure", "ended_at")
    list_filter = (codes("status", RefundStatus),)
    search_fields = ("=id", "=top_up__id", "=gateway_ref", "=withdrawal")
    ordering = ("-created_at", "id")


@admin.register(BankPayout, site=console)
class BankPayoutPage(ConsolePage):
    title, titles = _("payout to a bank"), _("payouts to banks")
    list_display = ("id", "created_at", "withdrawal_id", _AMOUNT, "status", "gateway", "failure")
    fields = ("id", "created_at", "withdrawal_id", _AMOUNT, "status", "gateway", "session_ref", "failure", "ended_at")
    list_filter = (codes("status", PayoutStatus),)
    search_fields = ("=id", "=withdrawal__id")
    ordering = ("-created_at", "id")


@admin.register(TopUpDispute, site=console)
class TopUpDisputePage(ConsolePage):
    title, titles = _("dispute of a top-up"), _("disputes of top-ups")
    list_display = ("gateway_ref", "opened_at", "top_up_id", _AMOUNT, "status", "is_over")
    fields = (
        "gateway_ref", "opened_at", "top_up_id", _AMOUNT, money("taken_minor", _("Taken now")), "status", "is_over",
        "ended_at",
    )  # fmt: skip
    list_filter = ("is_over",)
    search_fields = ("=gateway_ref", "=top_up__id")
    ordering = ("-opened_at", "id")


@admin.register(Reconciliation, site=console)
class ReconciliationPage(ConsolePage):
    title, titles = _("reconciliation"), _("reconciliations")
    list_display = ("id", "at", "gateway", "subject", "checked", "differing")
    fields = ("id", "at", "gateway", "subject", "checked", "differing", "differences", "safeguarding")
    search_fields = ("=subject",)
    ordering = ("-at", "-id")


console.add_queue(
    _("disputes that are open"), "admin:payments_topupdispute_changelist", "is_over__exact=0",
    lambda: TopUpDispute.objects.filter(is_over=False).count(),
)  # fmt: skip
