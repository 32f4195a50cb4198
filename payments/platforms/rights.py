"""What this room holds about a person, and how it is exported and erased."""

from django.utils.translation import gettext_lazy as _

from privacy.rights import kinds


@kinds.register
class Links(kinds.Kind):
    """Handles, aliases and mandates."""

    name = "links"
    label = _("your chat links")


@kinds.register
class Blocks(kinds.Kind):
    """That somebody was blocked, not who."""

    name = "blocks"
    label = _("people you blocked")


@kinds.register
class PlatformTokens(kinds.Kind):
    """Hashed tokens, gone with the link or the holder."""

    name = "tokens"
    label = _("tokens of platforms")
