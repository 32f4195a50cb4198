"""What this room holds about a person, and how it is exported and erased."""

from django.utils.translation import gettext_lazy as _

from privacy.rights import kinds


@kinds.register
class CardNumbers(kinds.Kind):
    """Numbers of cards and places; the digits themselves are shown by the reveal page alone."""

    name = "card_numbers"
    label = _("numbers of your cards")
