"""The console's pages of the ledger."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from wallet.core.console import ConsolePage, codes, console, money
from wallet.core.money import Money, format_money
from wallet.ledger import balances
from wallet.ledger.accounts import AccountKind, AccountRef
from wallet.ledger.models import Account, Hold, Transfer

_AMOUNT = money("amount", _("Amount"))


@admin.register(Account, site=console)
class AccountPage(ConsolePage):
    title, titles = _("account"), _("accounts")
    list_display = ("id", "kind", "owner", "holder_id", "currency", "balance", "opened_at", "closed_at")
    fields = ("id", "kind", "owner", "holder_id", "currency", "balance", "held", "is_derived", "opened_at", "closed_at")
    list_filter = (
        codes("kind", AccountKind),
        codes("currency", settings.CURRENCIES),
    )
    search_fields = ("=holder_id", "=owner")

    @admin.display(description=_("Balance"))
    def balance(self, account: Account) -> str:
        """What can be spent, what is owed on a shortfall; of a programme's account what its transfers say."""
        ref = _ref(account)
        amount = balances.of_programme(ref) if account.is_derived else balances.available(ref)
        return format_money(amount, get_language() or "en")

    @admin.display(description=_("Held"))
    def held(self, account: Account) -> str:
        """What open holds keep."""
        amount = Money(0, account.currency) if account.is_derived else balances.of_account(_ref(account)).held
        return format_money(amount, get_language() or "en")


def _ref(account: Account) -> AccountRef:
    return AccountRef(AccountKind(account.kind), account.owner, account.holder_id, account.currency)


@admin.register(Transfer, site=console)
class TransferPage(ConsolePage):
    title, titles = _("transfer"), _("transfers")
    list_display = ("id", "at", "op", "code", "debit_account", "credit_account", _AMOUNT, "ref")
    fields = (
        "id", "at", "op", "code", "debit_account", "credit_account", _AMOUNT, "ref", "key", "hold_id",
        "expires_at",
    )  # fmt: skip
    search_fields = ("=id", "=key")


@admin.register(Hold, site=console)
class HoldPage(ConsolePage):
    title, titles = _("hold"), _("holds")
    list_display = ("id", "code", "debit_account", "credit_account", "remaining", "expires_at", "closed_at")
    fields = ("id", "code", "debit_account", "credit_account", "remaining", "expires_at", "closed_at")
    search_fields = ("=id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The open ones first."""
        return super().get_queryset(request).order_by(F("closed_at").desc(nulls_first=True), "-id")
