from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WalletConfig(AppConfig):
    """The app `wallet`; its rooms are plain packages."""

    name = "wallet"
    verbose_name = _("Wallet")

    def ready(self) -> None:
        """Every process that may promise work knows the queue, and what the rooms hold about people."""
        import_module("wallet.celery")
        for room in ("activity", "approvals", "ledger", "limits", "monitoring", "users"):
            import_module(f"wallet.{room}.rights")
