"""The other side of the counter: cards with money on them, and the messages that an acquirer sends."""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction
from django.test import Client

from cards.authorizations import tasks
from cards.authorizations.models import Authorization
from cards.issuing import cards
from cards.issuing.cards import account_of
from cards.issuing.controls import Controls
from cards.issuing.models import Card
from cards.issuing.networks import network
from cards.issuing.place_numbers import Limits, Place, make_number
from cards.network.sandbox import views
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.ids import new_id
from wallet.core.models import OutboxEntry
from wallet.core.money import Money
from wallet.ledger import accounts, balances
from wallet.ledger.accounts import AccountKind, AccountRef
from wallet.ledger.transfers import Op, Transfer, post

PATH = "/sandbox/network"
SHOP = {"id": "shop-1", "name": "Corner Shop", "mcc": "5999", "country": "FR"}
RESTAURANT = {"id": "rest-1", "name": "Bistro", "mcc": "5812", "country": "FR"}
OTHER_SHOP = {"id": "shop-2", "name": "Other Shop", "mcc": "5999", "country": "FR"}


def fund(holder_id: str, minor: int, currency: str = "EUR") -> None:
    """Money on a holder's main account, as a top-up brings it."""
    source = accounts.programme(AccountKind.SANDBOX_CLEARING, currency)
    with transaction.atomic():
        post(
            [
                Transfer(
                    Op.POST, f"test:{secrets.token_hex(8)}", source, accounts.main(holder_id, currency),
                    Money(minor, currency), "top_up", "test",
                )
            ]
        )  # fmt: skip


@dataclass
class TestCard:
    """A card and what a merchant would type."""

    __test__ = False
    card: Card
    pan: str
    expiry: str
    cvc: str
    client: Client = field(default_factory=Client)
    #: The id of a number for one place; "" for the card's own.
    number: str = ""

    @property
    def balance(self) -> tuple[int, int]:
        """Free and held."""
        money = balances.of_account(account_of(self.card))
        return money.available.minor, money.held.minor

    @property
    def main(self) -> int:
        return balances.available(accounts.main(self.card.holder_id, self.card.currency)).minor

    @property
    def wrong_cvc(self) -> str:
        return f"{(int(self.cvc) + 1) % 1000:03d}"

    def body(self, minor: int, **more: Any) -> dict[str, Any]:
        return {
            "pan": self.pan, "expiry": self.expiry, "cvc": self.cvc,
            "amount": {"value": minor, "currency": self.card.currency}, "merchant": SHOP,
            "network_ref": secrets.token_hex(8), **more,
        }  # fmt: skip

    def authorize(self, minor: int, **more: Any) -> dict[str, Any]:
        answer = send("/authorizations", self.body(minor, **more), client=self.client)
        assert answer.status_code == 200, answer.content
        return dict(answer.json())

    def message(self, authorization: str, what: str, minor: int | None = None, **more: Any) -> dict[str, Any]:
        body: dict[str, Any] = {"network_ref": secrets.token_hex(8), **more}
        if minor is not None:
            body["amount"] = {"value": minor, "currency": self.card.currency}
        answer = send(f"/authorizations/{authorization}/{what}", body, client=self.client)
        assert answer.status_code == 200, answer.content
        return dict(answer.json())

    def force_post(self, minor: int, **more: Any) -> dict[str, Any]:
        amount = {"value": minor, "currency": self.card.currency}
        body = {"pan": self.pan, "amount": amount, "merchant": SHOP, "network_ref": secrets.token_hex(8), **more}
        answer = send("/captures", body, client=self.client)
        assert answer.status_code == 200, answer.content
        return dict(answer.json())

    def refund(self, minor: int, **more: Any) -> dict[str, Any]:
        amount = {"value": minor, "currency": self.card.currency}
        body = {"amount": amount, "merchant": SHOP, "network_ref": secrets.token_hex(8), **more}
        if "authorization" not in more:
            body.setdefault("pan", self.pan)
        answer = send("/refunds", body, client=self.client)
        assert answer.status_code == 200, answer.content
        return dict(answer.json())

    def tell(self) -> None:
        """What the worker does with all that happened on this card."""
        own = Authorization.objects.filter(card=self.card).values("id")
        for entry in OutboxEntry.objects.filter(topic="cards.authorization", ref__in=own, done_at=None).order_by("id"):
            tasks.tell_holder(entry)
            OutboxEntry.objects.filter(id=entry.id).update(done_at=clock.now())


def send(path: str, body: Any, *, client: Client | None = None, key: str | None = None) -> Any:
    """A message with the network's key."""
    return (client or Client()).post(
        PATH + path, json.dumps(body), content_type="application/json",
        headers={"Authorization": f"Bearer {settings.SANDBOX_NETWORK_KEY if key is None else key}"},
    )  # fmt: skip


def issue(minor: int = 0, *, kind: str = "standard", currency: str = "EUR", **more: Any) -> TestCard:
    """A new holder's card with so much on it."""
    holder_id = more.pop("holder_id", None) or new_id("holder")
    controls = more.pop("controls", None)
    if minor:
        fund(holder_id, minor, currency)
    card = cards.issue_card(
        holder_id=holder_id, currency=currency, kind=kind, controls=Controls(**controls) if controls else None,
        load=Money(minor, currency) if minor else None, actor=Actor.holder(holder_id), now=clock.now(), **more,
    )  # fmt: skip
    shown = network().reveal(card_id=card.id)
    return TestCard(card, shown.pan.reveal(), shown.expiry, shown.cvc.reveal())


def number_for(card: TestCard, merchant: str = "shop-1", *, link: str = "", **limits: Any) -> TestCard:
    """A further number of the card, for one shop or one link: the same money, another thing to type."""
    place = Place(link=link) if link else Place(merchant=merchant, name=limits.pop("name", ""))
    token = make_number(
        card=card.card, place=place, limits=Limits(**limits), actor=Actor.holder(card.card.holder_id), now=clock.now()
    )
    shown = network().reveal(card_id=card.card.id, number_id=token.id)
    return TestCard(card.card, shown.pan.reveal(), shown.expiry, shown.cvc.reveal(), number=token.id)


def programme(kind: AccountKind, currency: str = "EUR") -> AccountRef:
    return accounts.programme(kind, currency)


__all__ = [
    "OTHER_SHOP", "PATH", "RESTAURANT", "SHOP", "TestCard", "fund", "issue", "number_for", "programme", "send", "views",
]  # fmt: skip
