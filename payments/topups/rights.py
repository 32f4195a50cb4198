"""What this room holds about a person, and how it is exported and erased."""

from django.utils.translation import gettext_lazy as _

from privacy.rights import kinds


@kinds.register
class TopUps(kinds.Kind):
    """Payments into the wallet."""

    name = "top_ups"
    label = _("your top-ups")
