"""What this room holds about a person, and how it is exported and erased."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from payments.platforms import links
from payments.platforms.models import Link, LinkStatus
from privacy.rights import kinds, leaving
from wallet.core.actors import Actor


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


@leaving.step(10, "links")
def end_links(holder_id: str, now: datetime) -> None:
    """Every link ends as its holder would end it: each platform gets its last word, `link.revoked` (settled.md 12)."""
    for link_id in Link.objects.filter(holder_id=holder_id, status=LinkStatus.ACTIVE).values_list("pk", flat=True):
        links.end_link(holder_id=holder_id, link_id=link_id, actor=Actor.holder(holder_id), now=now)
