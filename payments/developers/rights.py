"""What this room holds about a person, and how it is exported and erased."""

from django.utils.translation import gettext_lazy as _

from privacy.rights import kinds


@kinds.register
class Apps(kinds.Kind):
    """Which platforms somebody looks after; the platforms stay, with whoever else does."""

    name = "apps"
    label = _("apps that you look after")
