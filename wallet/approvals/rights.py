"""What this room holds about a person, and how it is exported and erased."""

from django.utils.translation import gettext_lazy as _

from privacy.rights import kinds


@kinds.register
class Proposals(kinds.Kind):
    """What the staff proposed to book by hand; once booked it stands in the activity."""

    name = "proposals"
    label = _("corrections by hand")
