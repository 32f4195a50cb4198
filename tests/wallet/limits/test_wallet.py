"""GET /v1/wallet and the pages that show the same."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings
from rest_framework.test import APIRequestFactory, force_authenticate

from tests.wallet.ledger.moving import CLEARING, NETWORK, move
from wallet.core import clock
from wallet.core.ids import new_id
from wallet.ledger import accounts
from wallet.ledger.transfers import Op
from wallet.limits.wallet_view import WalletOverview
from wallet.users.models import Holder
from wallet.users.people import create_holder

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(db: None):
    return create_holder(username=None, now=clock.now())


def eur(minor: int):
    return {"value": minor, "currency": "EUR"}


def test_the_wallet_shows_money_tier_and_limits(client: Client, alice: Holder):
    main, card = accounts.main(alice.id, "EUR"), accounts.card(new_id("card"), alice.id, "EUR")
    move(CLEARING, main, 10_000)
    move(main, card, 4_000)
    move(card, NETWORK, 1_500, op=Op.HOLD)
    client.force_login(alice)
    answer = client.get("/v1/wallet")
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    wallet = answer.json()
    assert set(wallet) == {"balances", "tier", "limits"}
    assert wallet["balances"] == [
        {"currency": "EUR", "available": eur(6_000), "held": eur(1_500), "on_cards": eur(2_500)}
    ]
    assert wallet["tier"] == "anonymous"
    stored, day = wallet["limits"]
    assert stored == {
        "name": "stored", "period": "always", "limit": eur(1_000_000), "used": eur(10_000), "left": eur(990_000),
        "resets_at": None,
    }  # fmt: skip
    assert (day["name"], day["period"], day["used"]) == ("spending", "day", eur(0))
    assert datetime.fromisoformat(day["resets_at"]).hour == 0


def test_an_empty_wallet_shows_the_first_currency(client: Client, alice: Holder):
    client.force_login(alice)
    assert client.get("/v1/wallet").json()["balances"] == [
        {"currency": "EUR", "available": eur(0), "held": eur(0), "on_cards": eur(0)}
    ]


def test_currencies_stand_in_the_order_of_the_settings(client: Client, alice: Holder):
    for currency in ("KWD", "EUR", "JPY"):
        programme = accounts.programme(accounts.AccountKind.SANDBOX_CLEARING, currency)
        move(programme, accounts.main(alice.id, currency), 5)
    client.force_login(alice)
    assert [one["currency"] for one in client.get("/v1/wallet").json()["balances"]] == ["EUR", "JPY", "KWD"]


class Token:
    kind, client_id, holder_id = "first_party", "client", ""

    def __init__(self, *scopes: Any) -> None:
        self.scopes = frozenset(scopes)


@pytest.mark.parametrize(
    ("scopes", "status"), [(["wallet:read"], 200), (["wallet:write"], 403), (["chat"], 403), ([], 403)]
)
def test_a_token_needs_its_scope(alice: Holder, scopes: Any, status: int):
    """Break: leaving the comparison out of WalletView.initial and HolderView.initial."""
    request = APIRequestFactory().get("/v1/wallet")
    force_authenticate(request, user=alice, token=Token(*scopes))
    assert WalletOverview.as_view()(request).status_code == status


def test_a_visitor_sees_what_this_is(client: Client):
    page = client.get("/")
    assert page.status_code == 200
    assert "/sign-up" in page.content.decode()
    assert client.get("/limits").status_code == 302


def test_the_home_page_shows_money_and_what_waits(client: Client, alice: Holder):
    from wallet.activity import lines, notices
    from wallet.core.money import Money

    now = clock.now()
    move(CLEARING, accounts.main(alice.id, "EUR"), 12_345)
    lines.record(holder_id=alice.id, kind="top_up", direction="in", amount=Money(12_345, "EUR"), status="done",
                 ref="top_x", now=now)  # fmt: skip
    notices.notify(holder_id=alice.id, kind="link_made", ref="link_x", facts={"name": "Chatter"}, now=now)
    client.force_login(alice)
    page = client.get("/").content.decode()
    assert "€123.45" in page
    assert "Chatter is now linked" in page
    assert "+€123.45" in page


def test_the_limits_page_names_the_law(client: Client, alice: Holder, settings: Settings):
    settings.REGIME = "eu-amld5"
    client.force_login(alice)
    page = client.get("/limits").content.decode()
    assert "Directive (EU) 2015/849" in page
    assert "€150.00" in page
