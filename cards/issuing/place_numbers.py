"""Numbers of a card for one place each: made, looked at, ended. The money stays on the card, under the card's rules.

A shop or a platform that got such a number cannot match it with any other: number, date, code and last digits are its
own. Wherever else it is tried it is declined, and its owner hears who had it.
"""

from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import QuerySet

from cards.issuing.cards import lock_card
from cards.issuing.models import Card
from cards.issuing.networks import network
from cards.issuing.states import NUMBER, CardKind, CardStatus, NumberStatus
from cards.vault import domains, tokens
from cards.vault.models import CardNumber
from cards.vault.numbers import Limits, last_day
from cards.vault.places import Place
from cards.vault.tokens import Token
from wallet.core.actors import Actor
from wallet.core.errors import Invalid, Kind, NotFound, WalletError
from wallet.core.ids import new_id
from wallet.core.states import WrongState
from wallet.core.transactions import needs_transaction, owns_transaction

__all__ = ["Limits", "Place", "Token", "end_number", "get_number", "list_numbers", "make_number", "status_of", "view"]

#: Numbers of one card that live at the same time.
MOST_LIVE = 50

view = tokens.view


class NumberNotFound(NotFound):
    """There is no such number of this card, or the card is another's."""


class NumbersLimit(WalletError):
    """A card has at most 50 numbers at a time; end one that is not used any more."""

    kind = Kind.CONFLICT
    slug = "numbers-limit"
    title = "This card has as many numbers as it can have"


@owns_transaction
def make_number(*, card: Card, place: Place, limits: Limits, actor: Actor, now: datetime) -> Token:  # noqa: ARG001 - who acts belongs to every service
    """Give the card a number for one place.

    Args:
        card: the owner's.
        place: whom it is for.
        limits: in minor units of the card's currency; the card's own rules hold as well.
        actor: who asks.
        now: the database's time.

    Raises:
        WrongState: the card is closed.
        DomainUnknown: the link is unknown, ended or another's.
        Invalid: a platform card and another place than its platform, or an end that is over.
        NumbersLimit: the card has 50 numbers.
    """
    card = lock_card(card.id)
    if card.status == CardStatus.CLOSED:
        raise WrongState(state=card.status, event="make_number")
    if place.link:
        domains.get(place.link, holder_id=card.holder_id)
    if card.kind == CardKind.PLATFORM and place.link != card.link:
        raise Invalid("a platform card has numbers for its own platform only", pointer="/link")
    if limits.ends_on is not None and limits.ends_on < now.date():
        raise Invalid("is over", pointer="/ends_on")
    if tokens.of_card(card.id).filter(shredded_at=None).count() >= MOST_LIVE:
        raise NumbersLimit
    number_id = new_id("num")
    network().tokenize(
        number_id=number_id, card_id=card.id, holder_id=card.holder_id, place=place, limits=limits, now=now
    )
    return get_number(card, number_id)


@owns_transaction
def end_number(*, card: Card, number_id: str, actor: Actor, now: datetime) -> None:
    """Forget a number for good: it works nowhere from now on, and nobody gets it again; its holds still settle.

    Raises:
        NumberNotFound: no such number of this card.
        WrongState: it has ended already.
    """
    card = lock_card(card.id)
    _end(card, get_number(card, number_id), actor, now)


@needs_transaction
def end_numbers_of_link(*, link_ref: str, actor: Actor, now: datetime) -> None:
    """A platform link has ended: what was made for it on any card ends with it."""
    for card_id, number_id in tokens.in_domain(link_ref):
        card = lock_card(card_id)
        token = get_number(card, number_id)
        if token.ended_at is None:
            _end(card, token, actor, now)


def get_number(card: Card, number_id: str) -> Token:
    """One number of a card for one place.

    Raises:
        NumberNotFound: unknown, or another card's.
    """
    token = tokens.find(card.id, number_id)
    if token is None:
        raise NumberNotFound
    return token


def list_numbers(card: Card) -> QuerySet[CardNumber]:
    """The numbers of a card for one place each, ended ones too, newest first; `view` opens a row."""
    return tokens.of_card(card.id)


def live_numbers(card_ids: Iterable[str]) -> list[Token]:
    """The numbers for one place each of these cards that were not ended, newest first, read at once."""
    return [tokens.view(row) for row in tokens.live_of_cards(card_ids)]


def status_of(token: Token, today: date) -> NumberStatus:
    """Where it is in its life today."""
    if token.ended_at is not None:
        return NumberStatus.ENDED
    last = min(token.limits.ends_on or date.max, last_day(token.expiry))
    return NumberStatus.EXPIRED if today > last else NumberStatus.ACTIVE


def _end(card: Card, token: Token, actor: Actor, now: datetime) -> None:
    before = status_of(token, now.date())
    after = NUMBER.after(before, "end")
    network().shred(card_id=card.id, number_id=token.id, now=now)
    # A decision that has read the number and not yet placed its hold reads again.
    card.state_version += 1
    card.save(update_fields=["state_version"])
    NUMBER.record(subject=token.id, event="end", before=before, after=after, actor=actor)
