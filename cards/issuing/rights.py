"""What this room holds about a person, and how it is exported and erased."""

from django.utils.translation import gettext_lazy as _

from privacy.rights import kinds


@kinds.register
class Cards(kinds.Kind):
    """Virtual cards with their rules."""

    name = "cards"
    label = _("your cards")


@kinds.register
class Reveals(kinds.Kind):
    """Where the holder said a number would be typed."""

    name = "reveals"
    label = _("when you looked at a number")
