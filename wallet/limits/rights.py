"""What this room holds about a person, and how it is exported and erased."""

from django.utils.translation import gettext_lazy as _

from privacy.rights import kinds


@kinds.register
class Limits(kinds.Kind):
    """Tier, used limits, money that waits above one."""

    name = "limits"
    label = _("your tier and limits")
