"""What this room holds about a person, and how it is exported and erased."""

from django.utils.translation import gettext_lazy as _

from privacy.rights import kinds


@kinds.register
class NetworkCards(kinds.Kind):
    """What a card network that keeps numbers calls a holder's, and who holds a stand-in for one."""

    name = "network_cards"
    label = _("your cards at the card network")
