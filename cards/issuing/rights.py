"""What this room holds about a person, and how it is exported and erased."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from cards.issuing.cards import close_card
from cards.issuing.models import Card
from cards.issuing.states import CardStatus
from privacy.rights import kinds, leaving
from wallet.core.actors import Actor


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


@leaving.step(20, "cards")
def close_cards(holder_id: str, now: datetime) -> None:
    """Every card ends; what is free goes to the main account, what is held follows when it is released."""
    for card in Card.objects.filter(holder_id=holder_id).exclude(status=CardStatus.CLOSED):
        close_card(card=card, actor=Actor.holder(holder_id), now=now)
