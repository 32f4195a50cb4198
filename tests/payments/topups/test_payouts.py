"""Money that came from other people goes to a bank account after fourteen days; the account is typed elsewhere."""

import secrets
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from payments.topups import payouts, tasks
from payments.topups.models import BankPayout, SandboxPayout
from privacy.rights.models import Erasure, ErasureStatus
from tests.payments.cast import fund
from tests.payments.topups.stripe_cast import on_main, post, run_worker
from tests.support.people import Person
from wallet.core import clock
from wallet.core.money import Money
from wallet.ledger import accounts, balances, transfers
from wallet.ledger.accounts import AccountKind
from wallet.ledger.transfers import Op, Transfer
from wallet.ledger.verify import verify

pytestmark = pytest.mark.django_db(transaction=True)
GOOD, BAD = "AT611904300234573201", "AT861904300235473202"


@pytest.fixture(autouse=True)
def _money_settles_at_once(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Fourteen days in no time, but where a test looks at them."""
    if "waits" not in request.node.name:
        monkeypatch.setattr(payouts, "SETTLES_AFTER", timedelta(0))


def receive(person: Person, payer: Person, minor: int) -> None:
    """Bob pays, as a payment in chat does."""
    fund(payer.holder, minor)
    debit, credit = accounts.main(payer.holder.pk, "EUR"), accounts.main(person.holder.pk, "EUR")
    with transaction.atomic():
        key = f"test:{secrets.token_hex(8)}"
        transfers.post([Transfer(Op.POST, key, debit, credit, Money(minor, "EUR"), "payment", "preq_test")])


def withdraw(person: Person, minor: int, expected: int = 201) -> dict[str, Any]:
    person.step_up()
    answer = post(person, "/v1/withdrawals", {"amount": {"value": minor, "currency": "EUR"}})
    assert answer.status_code == expected, answer.content
    return dict(answer.json())


def state(person: Person, withdrawal: dict[str, Any]) -> str:
    return str(person.client.get(f"/v1/withdrawals/{withdrawal['id']}").json()["status"])


def type_account(person: Person, withdrawal: dict[str, Any], account: str) -> int:
    page = person.client.get(f"/withdrawals/{withdrawal['id']}/destination")
    answer = Client().post(page["Location"], {"account": account}, content_type="application/json")
    run_worker()
    return answer.status_code


@pytest.mark.parametrize(("account", "ends", "left"), [(GOOD, "succeeded", 1000), (BAD, "failed", 4000)])
def test_received_money_goes_to_an_account_that_is_typed_elsewhere(
    alice: Person, bob: Person, account: str, ends: str, left: int
) -> None:
    """settled.md 10. Break: leave the money out when the bank sends it back."""
    receive(alice, bob, 4000)
    made = withdraw(alice, 3000)
    assert on_main(alice) == 1000
    assert made["payout_url"].endswith(f"/withdrawals/{made['id']}/destination")
    run_worker()
    assert "bank account" in alice.client.get(f"/withdrawals/{made['id']}").content.decode()
    assert type_account(alice, made, account) == 202
    assert (state(alice, made), on_main(alice)) == (ends, left)
    assert verify().differences == []


def test_received_money_waits_fourteen_days(alice: Person, bob: Person) -> None:
    """Break: no age."""
    receive(alice, bob, 4000)
    withdraw(alice, 3000, expected=402)
    later = clock.now() + payouts.SETTLES_AFTER + timedelta(seconds=1)
    assert payouts.payable(holder_id=alice.holder.pk, currency="EUR", now=later).minor == 4000


def test_where_nobody_pays_to_banks_the_page_says_so(alice: Person, bob: Person, settings: Any) -> None:
    """Break: promise it all the same."""
    settings.PAYOUT_GATEWAY = "none"
    receive(alice, bob, 4000)
    withdraw(alice, 3000, expected=402)
    page = alice.client.get("/withdrawals").content.decode()
    assert "not taken out" in page
    assert "bank account" not in page


def test_what_came_from_others_goes_out_once(alice: Person, bob: Person) -> None:
    """Break: forget what was paid out before."""
    receive(alice, bob, 4000)
    fund(alice.holder, 4000)
    withdraw(alice, 3000)
    withdraw(alice, 1001, expected=402)
    withdraw(alice, 1000)


def test_a_page_that_nobody_answers_gives_the_money_back(alice: Person, bob: Person) -> None:
    receive(alice, bob, 4000)
    made = withdraw(alice, 3000)
    run_worker()
    payout = BankPayout.objects.get(withdrawal=made["id"])
    SandboxPayout.objects.filter(reference=payout.id).update(created_at=clock.now() - timedelta(days=2))
    tasks.poll_payouts()
    assert (state(alice, made), on_main(alice)) == ("failed", 4000)


def test_what_comes_back_after_its_holder_has_left_is_the_programmes(alice: Person, bob: Person) -> None:
    """settled.md 1. Break: credit somebody who is gone."""
    receive(alice, bob, 4000)
    made = withdraw(alice, 3000)
    run_worker()
    losses = accounts.programme(AccountKind.LOSSES, "EUR")
    before, main = balances.of_programme(losses).minor, on_main(alice)
    now = clock.now()
    Erasure.objects.create(
        holder_id=alice.holder.pk, status=ErasureStatus.DONE, done_at=now, law_due_at=now + timedelta(days=1826)
    )
    payout = BankPayout.objects.get(withdrawal=made["id"])
    SandboxPayout.objects.filter(reference=payout.id).update(created_at=clock.now() - timedelta(days=2))
    tasks.poll_payouts()
    assert BankPayout.objects.get(id=payout.id).status == "failed"
    assert (balances.of_programme(losses).minor - before, on_main(alice)) == (3000, main)


def test_only_listed_accounts_are_taken_and_nothing_of_others_is_kept(
    alice: Person, bob: Person, caplog: pytest.LogCaptureFixture
) -> None:
    """Break: echo what was typed."""
    receive(alice, bob, 4000)
    made = withdraw(alice, 3000)
    run_worker()
    assert type_account(alice, made, "DE89370400440532013000") == 422
    page = Client().post(
        f"/sandbox/payout/{BankPayout.objects.get(withdrawal=made['id']).id}", {"account": "DE89370400440532013000"}
    )
    assert page.status_code == 422
    assert "DE8937" not in page.content.decode() + caplog.text
    assert bob.client.get(f"/withdrawals/{made['id']}/destination").status_code == 404
