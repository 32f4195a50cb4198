"""The cast of payments: alice owes, bob is owed, eve must learn nothing; two platforms that must not match them."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.test import Client

from cards.issuing.cards import issue_card
from payments.platforms.agreement import Trim
from payments.platforms.clients import create_platform
from payments.platforms.links import CardChoice, begin_link, confirm_link
from payments.platforms.mandates import Terms
from payments.platforms.models import Link, Platform
from payments.platforms.scopes import CHAT, LINK, PAY
from payments.platforms.tokens import issue_tokens
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.money import Money
from wallet.ledger import accounts, transfers
from wallet.ledger.accounts import AccountKind
from wallet.ledger.transfers import Op, Transfer
from wallet.users.models import Holder
from wallet.users.people import create_holder

REDIRECT = "http://127.0.0.1:8001/oauth/callback"


@dataclass(frozen=True)
class Client3:
    """A platform and its secret."""

    platform: Platform
    secret: str

    @property
    def id(self) -> str:
        return self.platform.client_id

    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.id}:{self.secret}".encode()).decode()


@dataclass(frozen=True)
class Linked:
    """A person on a platform, with the token that the platform has for them."""

    holder: Holder
    link: Link
    token: str
    refresh: str


def platform(name: str = "Parlour", *uris: str) -> Client3:
    made = create_platform(name=name, redirect_uris=list(uris) or [REDIRECT], merchants=[])
    return Client3(made.platform, made.client_secret)


def holder(name: str = "") -> Holder:
    return create_holder(username=name or f"u-{secrets.token_hex(6)}", now=clock.now())


@transaction.atomic
def fund(person: Holder, minor: int, currency: str = "EUR") -> None:
    source = accounts.programme(AccountKind.SANDBOX_CLEARING, currency)
    key = f"test:{secrets.token_hex(8)}"
    target = accounts.main(person.id, currency)
    transfers.post([Transfer(Op.POST, key, source, target, Money(minor, currency), "top_up", "top_test")])


def card(person: Holder, minor: int = 0, currency: str = "EUR") -> Any:
    if minor:
        fund(person, minor, currency)
    return issue_card(
        holder_id=person.id, currency=currency, kind="standard", label="Everyday",
        load=Money(minor, currency) if minor else None, actor=Actor.holder(person.id), now=clock.now(),
    )  # fmt: skip


@transaction.atomic
def link(
    person: Holder, on: Client3, *, card_id: str = "", alias: str = "", per_payment: int = 100_000,
    per_day: int = 1_000_000, **more: Any,
) -> Linked:  # fmt: skip
    minted = begin_link(holder_id=person.id, platform=on.platform)
    terms = Terms("EUR", per_payment, per_day, **more)
    made = confirm_link(
        link=minted, card=CardChoice(card_id=card_id), terms=terms, alias=alias, trim=Trim(), now=clock.now()
    )
    tokens = issue_tokens(holder_id=person.id, platform=on.platform, scopes=(LINK, PAY))
    return Linked(person, made, tokens.access_token, tokens.refresh_token)


def chat_token(on: Client3, client: Client | None = None) -> str:
    answer = (client or Client()).post(
        "/oauth/token", form({"grant_type": "client_credentials", "scope": CHAT}),
        content_type="application/x-www-form-urlencoded", headers={"authorization": on.basic()},
    )  # fmt: skip
    assert answer.status_code == 200, answer.content
    token: str = answer.json()["access_token"]
    return token


def form(members: dict[str, str]) -> str:
    from urllib.parse import urlencode

    return urlencode(members)


@dataclass
class Api:
    """The API with one token."""

    token: str
    client: Client

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(path, query, headers={"authorization": f"Bearer {self.token}"})

    def post(self, path: str, body: Any = None, key: str | None = "") -> Any:
        headers = {"authorization": f"Bearer {self.token}"}
        if key is not None:
            headers["idempotency-key"] = key or secrets.token_hex(8)
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body)
        return self.client.post(path, data, content_type="application/json", headers=headers)

    def patch(self, path: str, body: Any) -> Any:
        headers = {"authorization": f"Bearer {self.token}"}
        return self.client.patch(path, json.dumps(body), content_type="application/json", headers=headers)

    def delete(self, path: str) -> Any:
        return self.client.delete(path, headers={"authorization": f"Bearer {self.token}"})


def api(token: str) -> Api:
    return Api(token, Client())


def pkce() -> tuple[str, str]:
    """A verifier and its S256 challenge."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).decode().rstrip("=")
