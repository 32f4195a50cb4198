"""GET /v1/wallet: balances for each currency, the tier, the limits used and left (settled.md 32)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from wallet.core import clock
from wallet.core.holder_api import Answer, HolderView
from wallet.core.members import MoneyField
from wallet.core.money import Money
from wallet.ledger import balances
from wallet.ledger.accounts import AccountKind
from wallet.limits import tiers, windows
from wallet.limits.regimes import Tier


@dataclass(frozen=True, slots=True)
class CurrencyBalance:
    """What a holder has in one currency: free on main, held for open payments, free on cards."""

    currency: str
    available: Money
    held: Money
    on_cards: Money


@dataclass(frozen=True, slots=True)
class Wallet:
    """A holder's wallet at a glance."""

    balances: list[CurrencyBalance]
    tier: Tier
    limits: list[windows.Usage]


def wallet_of(holder_id: str, *, now: datetime) -> Wallet:
    """The wallet of a holder; one in which nothing has been yet shows the first currency offered."""
    shown: dict[str, CurrencyBalance] = {}
    for balance in balances.of_holder(holder_id):
        if balance.ref.kind not in {AccountKind.MAIN, AccountKind.CARD}:
            continue
        currency = balance.ref.currency
        before = shown.get(currency) or _nothing(currency)
        on_card = balance.ref.kind is AccountKind.CARD
        shown[currency] = CurrencyBalance(
            currency=currency,
            available=before.available if on_card else before.available + balance.available,
            held=before.held + balance.held,
            on_cards=before.on_cards + balance.available if on_card else before.on_cards,
        )
    order = [currency for currency in settings.CURRENCIES if currency in shown]
    order += sorted(set(shown) - set(order))
    return Wallet(
        balances=[shown[currency] for currency in order] or [_nothing(settings.CURRENCIES[0])],
        tier=tiers.tier_of(holder_id),
        limits=windows.usage(holder_id, now=now),
    )


def _nothing(currency: str) -> CurrencyBalance:
    return CurrencyBalance(currency, Money(0, currency), Money(0, currency), Money(0, currency))


class CurrencyBalanceSerializer(serializers.Serializer[CurrencyBalance]):
    """One currency."""

    currency = serializers.CharField()
    available = MoneyField(minimum=0, help_text="free on the main account")
    held = MoneyField(minimum=0, help_text="kept for open payments")
    on_cards = MoneyField(minimum=0, help_text="free on cards")


class LimitUsageSerializer(serializers.Serializer[windows.Usage]):
    """One limit."""

    name = serializers.ChoiceField(choices=[limit.value for limit in windows.Limit])
    period = serializers.ChoiceField(choices=["always", "payment", "day", "month"])
    limit = MoneyField(minimum=0)
    used = MoneyField(minimum=0)
    left = MoneyField(minimum=0)
    resets_at = serializers.DateTimeField(allow_null=True)


class WalletSerializer(serializers.Serializer[Wallet]):
    """The wallet."""

    balances = CurrencyBalanceSerializer(many=True)
    tier = serializers.ChoiceField(choices=[tier.value for tier in Tier])
    limits = LimitUsageSerializer(many=True)


class WalletOverview(HolderView):
    """A holder's own wallet."""

    @extend_schema(operation_id="get_wallet", responses=WalletSerializer)
    def get(self, request: Request) -> Answer:
        """Balances, tier and limits."""
        wallet = wallet_of(self.holder_id(request), now=clock.now())
        body: dict[str, Any] = WalletSerializer(wallet).data
        return Answer(200, body)
