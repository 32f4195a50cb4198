"""The operator's console: Django's admin, cut down to reading, and to the few acts that rooms add to their objects.

Here live the site, the base class of every room's `admin.py`, its words, and looks at personal data. May import the
floor. Nothing personal is shown without a typed reason, and a look is an exposure that its holder sees: `look` names
a closed schema, and what is shown is what the gate granted.

    @console.register(Card)
    class CardPage(ConsolePage):
        title, titles = _("card"), _("cards")
        list_display = ("id", "holder_id", "kind", "status")
        fields = ("id", "holder_id", "kind", "status", "created_at")
        look = CardLook                                     # label, last four digits: for a reason only
"""

from wallet.core.console.acts import Act
from wallet.core.console.columns import codes, money
from wallet.core.console.pages import ConsolePage
from wallet.core.console.site import console

__all__ = ["Act", "ConsolePage", "codes", "console", "money"]
