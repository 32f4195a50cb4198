from django.urls import path

from wallet.limits import pages
from wallet.limits.wallet_view import WalletOverview

urlpatterns = [
    path("", pages.home, name="home"),
    path("limits", pages.limits, name="limits"),
    path("v1/wallet", WalletOverview.as_view(), name="wallet"),
]
