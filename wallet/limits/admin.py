"""The console's pages of limits: tiers, and money that waits above them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from wallet.core.console import ConsolePage, codes, console, money
from wallet.limits.models import Parking, TierOf
from wallet.limits.regimes import Tier

_LEFT = money("left", _("Left"))


@admin.register(TierOf, site=console)
class TierPage(ConsolePage):
    title, titles = _("tier of a holder"), _("tiers of holders")
    list_display = ("holder_id", "tier", "since")
    fields = ("holder_id", "tier", "since")
    list_filter = (codes("tier", Tier),)
    search_fields = ("=holder_id",)


@admin.register(Parking, site=console)
class ParkingPage(ConsolePage):
    title, titles = _("waiting money"), _("waiting money")
    list_display = ("id", "holder_id", _LEFT, "source_kind", "ref", "at", "due_at")
    fields = ("id", "holder_id", _LEFT, "source_kind", "ref", "at", "due_at")
    search_fields = ("=holder_id", "=ref")
