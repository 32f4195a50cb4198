"""What this room holds about a person, and how it is exported and erased."""

from django.utils.translation import gettext_lazy as _

from privacy.rights import kinds


@kinds.register
class Activity(kinds.Kind):
    """What moved, in the holder's words."""

    name = "activity"
    label = _("your activity")


@kinds.register
class Notices(kinds.Kind):
    """What the inbox told."""

    name = "notices"
    label = _("your inbox")
