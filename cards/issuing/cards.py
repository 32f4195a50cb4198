"""The life of a card: issue, load, unload, freeze, unfreeze, change, close."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from cards.issuing.controls import Controls
from cards.issuing.models import Card
from cards.issuing.networks import network
from cards.issuing.states import CARD, CardKind, CardStatus
from cards.vault import domains
from privacy.crypto.keyring import KeyDestroyed
from wallet.activity import lines
from wallet.core.actors import Actor
from wallet.core.errors import Invalid, NotFound
from wallet.core.money import Money, is_offered
from wallet.core.states import WrongState
from wallet.core.transactions import needs_transaction, owns_transaction
from wallet.ledger import accounts, balances, transfers
from wallet.ledger.accounts import AccountKind, AccountRef
from wallet.ledger.balances import Balance
from wallet.ledger.transfers import Op, Transfer


class CardNotFound(NotFound):
    """There is no such card, or it is another's."""


class LinkUnusable(Invalid):
    """A platform card needs a link that may be used; another kind takes none."""


@dataclass(frozen=True, slots=True)
class CardView:
    """A card as its owner may see it."""

    id: str
    holder_id: str
    kind: str
    status: str
    label: str
    currency: str
    last4: str
    expiry: str
    balance: Money
    held: Money
    controls: Controls
    link: str | None
    platform: str


def account_of(card: Card) -> AccountRef:
    """The ledger account that holds a card's money."""
    return accounts.card(card.id, card.holder_id, card.currency)


@owns_transaction
def issue_card(
    *, holder_id: str, currency: str, kind: str, label: str = "", link_ref: str | None = None,
    controls: Controls | None = None, load: Money | None = None, actor: Actor, now: datetime,
) -> Card:  # fmt: skip
    """Make a card with a number of its own, empty or loaded from the holder's main account.

    Raises:
        Invalid: a currency that is not held here, an unknown kind, money of another currency.
        LinkUnusable: a platform card without a usable link, or a link on another kind.
        InsufficientFunds: less than `load` on the main account.
    """
    if kind not in CardKind.values:
        raise Invalid("must be standard, single_use, merchant_locked or platform", pointer="/kind")
    if not is_offered(currency):
        raise Invalid("is not a currency that is held here", pointer="/currency")
    if (made := network().currencies) is not None and currency not in made:
        raise Invalid("is not a currency that cards are made in here", pointer="/currency")
    if load is not None and load.currency != currency:
        raise Invalid(f"must be {currency}, the card's currency", pointer="/load/currency")
    if (kind == CardKind.PLATFORM) != (link_ref is not None):
        raise LinkUnusable("must be a link_ id that you may use, on a platform card only", pointer="/link")
    domain = domains.get(link_ref, holder_id=holder_id) if link_ref is not None else None
    card = Card(
        holder_id=holder_id, kind=kind, currency=currency, link=link_ref, created_at=now,
        controls=(controls or Controls()).as_json(),
    )  # fmt: skip
    card.label = label
    face = network().issue(card_id=card.id, holder_id=holder_id, domain_ref=domain.ref if domain else None, now=now)
    card.last4, card.expiry = face.last4, face.expiry
    card.save(force_insert=True)
    accounts.open_account(account_of(card))
    if load is not None:
        load_card(card=card, amount=load, actor=actor, now=now)
    return card


@owns_transaction
def load_card(*, card: Card, amount: Money, actor: Actor, now: datetime, key: str = "") -> Card:  # noqa: ARG001 - who acts belongs to every service
    """Move money from the holder's main account to the card.

    Raises:
        WrongState: the card is closed.
        Invalid: another currency than the card's.
        InsufficientFunds: less than that on the main account.
    """
    _same_currency(card, amount)
    card = lock_card(card.id)
    if card.status == CardStatus.CLOSED:
        raise WrongState(state=card.status, event="load")
    main = accounts.main(card.holder_id, card.currency)
    _move(card=card, debit=main, credit=account_of(card), amount=amount, code="card_load", key=key, now=now)
    return card


@owns_transaction
def unload_card(*, card: Card, amount: Money, actor: Actor, now: datetime, key: str = "") -> Card:  # noqa: ARG001 - who acts belongs to every service
    """Move money from the card back to the holder's main account; held money stays.

    Raises:
        WrongState: the card is closed; what was free on it is in main already.
        Invalid: another currency than the card's.
        InsufficientFunds: less than that is free on the card.
    """
    _same_currency(card, amount)
    card = lock_card(card.id)
    if card.status == CardStatus.CLOSED:
        raise WrongState(state=card.status, event="unload")
    main = accounts.main(card.holder_id, card.currency)
    _move(card=card, debit=account_of(card), credit=main, amount=amount, code="card_unload", key=key, now=now)
    return card


@owns_transaction
def freeze_card(*, card: Card, actor: Actor, now: datetime) -> Card:  # noqa: ARG001 - the clock comes in, as everywhere
    """Stop new payments; holds already placed still settle.

    Raises:
        WrongState: it is not active.
    """
    return _move_state(card=lock_card(card.id), event="freeze", actor=actor)


@owns_transaction
def unfreeze_card(*, card: Card, actor: Actor, now: datetime) -> Card:  # noqa: ARG001 - the clock comes in, as everywhere
    """Let a frozen card pay again.

    Raises:
        WrongState: it is not frozen.
    """
    return _move_state(card=lock_card(card.id), event="unfreeze", actor=actor)


@owns_transaction
def close_card(*, card: Card, actor: Actor, now: datetime) -> Card:
    """End a card for good: its numbers are shredded, what is free goes to main now, what its holds release follows.

    Raises:
        WrongState: it is closed already.
    """
    card = lock_card(card.id)
    card.closed_at = now
    card = _move_state(card=card, event="close", actor=actor)
    network().shred(card_id=card.id, now=now)
    sweep_closed(card=card, now=now)
    return card


@owns_transaction
def change_card(*, card: Card, label: str | None, controls: Controls | None, actor: Actor, now: datetime) -> Card:  # noqa: ARG001 - as everywhere
    """Change what a card is called or may be used for; what is held already stays held.

    Raises:
        WrongState: the card is closed.
    """
    card = lock_card(card.id)
    if card.status == CardStatus.CLOSED:
        raise WrongState(state=card.status, event="change")
    if label is not None:
        card.label = label
    if controls is not None:
        card.controls = controls.as_json()
        card.state_version += 1
        network().changed(card_id=card.id)
    card.save()
    return card


@needs_transaction
def sweep_closed(*, card: Card, now: datetime) -> None:
    """Bring what is free on a closed card to its holder's main account; to the programme when the holder has left."""
    free = balances.available(account_of(card))
    if card.status != CardStatus.CLOSED or free.minor <= 0:
        return
    if has_left(card):
        losses = accounts.programme(AccountKind.LOSSES, card.currency)
        key = f"card_sweep:{card.id}:{secrets.token_urlsafe(16)}"
        transfers.post([Transfer(Op.POST, key, account_of(card), losses, free, "card_sweep", card.id)])
        return
    main = accounts.main(card.holder_id, card.currency)
    _move(card=card, debit=account_of(card), credit=main, amount=free, code="card_sweep", key="", now=now)


def has_left(card: Card) -> bool:
    """Whether the card's holder was erased: then there is nobody to credit, to charge or to tell (settled.md 1)."""
    try:
        _label = card.label
    except KeyDestroyed:
        return True
    return False


@needs_transaction
def lock_card(card_id: str) -> Card:
    """The card, locked before money moves on it (order of locks: card, authorization, accounts)."""
    return Card.objects.select_for_update(no_key=True).get(id=card_id)


def get_card(holder_id: str, card_id: str) -> Card:
    """The holder's own card.

    Raises:
        CardNotFound: unknown, or another's.
    """
    card = Card.objects.filter(id=card_id, holder_id=holder_id).first()
    if card is None:
        raise CardNotFound
    return card


def list_cards(holder_id: str, *, currency: str | None = None, status: str | None = None) -> QuerySet[Card]:
    """The holder's cards, newest first."""
    rows = Card.objects.filter(holder_id=holder_id)
    if currency is not None:
        rows = rows.filter(currency=currency)
    if status is not None:
        rows = rows.filter(status=status)
    return rows.order_by("-created_at", "-id")


def find_by_link(link_ref: str) -> QuerySet[Card]:
    """Cards of a platform link that are not closed."""
    return Card.objects.filter(link=link_ref).exclude(status=CardStatus.CLOSED).order_by("-created_at", "-id")


def view_card(card: Card, money: Balance | None = None) -> CardView:
    """The card as its owner may see it."""
    money = money or balances.of_account(account_of(card))
    domain = domains.find(card.link) if card.link else None
    return CardView(
        id=card.id, holder_id=card.holder_id, kind=card.kind, status=card.status, label=card.label,
        currency=card.currency, last4=card.last4, expiry=card.expiry, balance=money.available, held=money.held,
        controls=Controls.from_json(card.controls), link=card.link, platform=domain.name if domain else "",
    )  # fmt: skip


def view_cards(cards: Iterable[Card], holder_id: str) -> list[CardView]:
    """Cards with their balances, which are read at once."""
    by_owner = {balance.ref.owner: balance for balance in balances.of_holder(holder_id) if balance.ref.kind == "card"}
    return [view_card(card, by_owner.get(card.id)) for card in cards]


def _same_currency(card: Card, amount: Money) -> None:
    if amount.currency != card.currency:
        raise Invalid(f"must be {card.currency}, the card's currency", pointer="/amount/currency")


def _move_state(*, card: Card, event: str, actor: Actor) -> Card:
    before = CardStatus(card.status)
    card.status = after = CARD.after(before, event)
    card.state_version += 1
    card.save()
    network().changed(card_id=card.id)
    CARD.record(subject=card.id, event=event, before=before, after=after, actor=actor)
    return card


def _move(
    *, card: Card, debit: AccountRef, credit: AccountRef, amount: Money, code: str, key: str, now: datetime
) -> None:
    key = key or f"{code}:{card.id}:{secrets.token_urlsafe(16)}"
    transfers.post([Transfer(Op.POST, key, debit, credit, amount, code, card.id)])
    lines.record(
        holder_id=card.holder_id, kind=code, direction="none", amount=amount, status="done", ref=card.id, now=now
    )
