"""What this room holds about a person, and how it is exported and erased."""

from django.utils.translation import gettext_lazy as _

from privacy.rights import kinds


@kinds.register
class Monitoring(kinds.Kind):
    """Cases; no export may say whether there are any."""

    name = "monitoring"
    label = _("monitoring that the law demands")
