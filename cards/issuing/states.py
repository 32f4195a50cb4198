"""Kinds and states of a card, and of its numbers for one place."""

from django.db import models

from wallet.core.states import StateMachine


class CardKind(models.TextChoices):
    """What a card is made for."""

    STANDARD = "standard"
    #: One approved payment.
    SINGLE_USE = "single_use"
    #: Locked to the first merchant that takes money.
    MERCHANT_LOCKED = "merchant_locked"
    #: Works at one linked platform's merchants only.
    PLATFORM = "platform"


class CardStatus(models.TextChoices):
    """Where a card is in its life."""

    ACTIVE = "active"
    FROZEN = "frozen"
    CLOSED = "closed"


CARD = StateMachine[CardStatus](
    name="card",
    edges={
        "freeze": {CardStatus.ACTIVE: CardStatus.FROZEN},
        "unfreeze": {CardStatus.FROZEN: CardStatus.ACTIVE},
        "close": {CardStatus.ACTIVE: CardStatus.CLOSED, CardStatus.FROZEN: CardStatus.CLOSED},
    },
)


class NumberStatus(models.TextChoices):
    """Where a number for one place is in its life."""

    ACTIVE = "active"
    #: Its last day is over: nothing has to be done for that.
    EXPIRED = "expired"
    #: Shredded: by its owner, or with its card or its link.
    ENDED = "ended"


NUMBER = StateMachine[NumberStatus](
    name="card_number",
    edges={"end": {NumberStatus.ACTIVE: NumberStatus.ENDED, NumberStatus.EXPIRED: NumberStatus.ENDED}},
)
