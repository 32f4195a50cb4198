"""The gateway's books against ours: each planted fault is named, and nothing else (standard.md L15)."""

import io
import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from payments.topups import tasks
from payments.topups.models import Reconciliation, TopUp, TopUpDispute, TopUpRefund
from payments.topups.reconcile import DifferenceKind, Entry, EntryKind, compare
from tests.payments.topups.stripe_cast import (
    Stripe,
    ask,
    on_main,
    owes,
    poll,
    post,
    run_worker,
    topped_up,
)
from tests.support import staff
from tests.support.people import Person
from wallet.core import clock
from wallet.core.money import Money

pytestmark = pytest.mark.django_db(transaction=True)
D, K = DifferenceKind, EntryKind
AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
#: A fault and how often it is planted: 25 in all.
FAULTS = {
    D.MISSING_HERE: 3, D.MISSING_THERE: 3, D.DUPLICATE_HERE: 3, D.DUPLICATE_THERE: 3, D.AMOUNT: 3, D.CURRENCY: 3, D.FEE: 2,
    D.LATE: 3, D.ACCOUNT: 2,
}  # fmt: skip


def books_of(size: int, rng: random.Random) -> list[Entry]:
    """One side: payments, and refunds and disputes of some of them."""
    found = []
    for number in range(size):
        kind = rng.choices([K.PAYMENT, K.REFUND, K.REFUND_FAILED, K.DISPUTE, K.DISPUTE_BACK], [80, 12, 2, 4, 2])[0]
        sign = -1 if kind in {K.REFUND, K.DISPUTE} else 1
        amount = Money(sign * rng.randint(50, 99_999), rng.choice(["EUR", "USD", "JPY"]))
        fee = rng.randint(25, 900) if kind is K.PAYMENT else 0
        found.append(Entry(kind, f"obj_{number}", amount, fee, AT + timedelta(seconds=number), f"txn_{number}"))
    return found


def plant(ours: list[Entry], theirs: list[Entry], at: int, fault: DifferenceKind) -> None:
    """Spoil what is about one object, on one side."""
    one, other = ours[at], theirs[at]
    changed = {
        D.AMOUNT: replace(one, amount=Money(one.amount.minor + 1, one.amount.currency)),
        D.CURRENCY: replace(one, amount=Money(one.amount.minor, "GBP")),
        D.FEE: replace(one, fee=(one.fee or 0) + 1),
        D.LATE: replace(one, at=one.at + timedelta(hours=2)),
        D.ACCOUNT: replace(one, is_ours=False),
    }
    if fault in changed:
        ours[at] = changed[fault]
    elif fault is D.DUPLICATE_HERE:
        ours.append(one)
    elif fault is D.DUPLICATE_THERE:
        theirs.append(other)
    elif fault is D.MISSING_HERE:
        ours[at] = replace(one, kind=K.PAYOUT)
    else:
        theirs[at] = replace(other, kind=K.PAYOUT)


@pytest.mark.parametrize("seed", range(3))
def test_ten_thousand_movements_with_25_faults_give_exactly_those(seed: int) -> None:
    """L15. Breaks: compare sums of a day; leave out currency, fee, time or account; match by amount."""
    rng = random.Random(seed)  # noqa: S311 - a seed that is printed
    theirs = books_of(10_000, rng)
    ours = [
        replace(one, ref=f"top_{number}", at=one.at + timedelta(seconds=rng.randint(0, 900)))
        for number, one in enumerate(theirs)
    ]
    assert compare(ours, theirs) == []
    payments = [number for number, one in enumerate(theirs) if one.kind is K.PAYMENT]
    places = iter(rng.sample(payments, 25))
    planted = {(f"obj_{at}", fault) for fault, times in FAULTS.items() for at in [next(places) for _ in range(times)]}
    for name, fault in planted:
        plant(ours, theirs, int(name.removeprefix("obj_")), fault)
    rng.shuffle(ours)
    rng.shuffle(theirs)
    assert {(one.object_ref, one.kind) for one in compare(ours, theirs)} == planted, f"seed {seed}"
    assert len(compare(ours, theirs)) == 25


def test_what_is_neither_payment_nor_refund_is_named() -> None:
    other = Entry(K.OTHER, "txn_fee", Money(-200, "EUR"), 0, AT, "txn_fee")
    assert [one.kind for one in compare([], [other])] == [D.UNKNOWN]


def about(said: dict[str, Any], *objects: str) -> list[tuple[str, str]]:
    """What it says of these objects; other tests of this process have left theirs."""
    return sorted((one["kind"], one["object"]) for one in said["differences"] if one["object"] in objects)


def test_a_day_and_a_payout_agree_and_each_fault_is_named(stripe: Stripe, alice: Person) -> None:
    """Payments, refunds, disputes and their returns, as the double books them; then one fault after the other."""
    kept = [topped_up(stripe, alice, minor) for minor in (5000, 4000, 3000)]
    alice.step_up()
    assert post(alice, "/v1/withdrawals", {"amount": {"value": 1500, "currency": "EUR"}}).status_code == 201
    run_worker()
    since = stripe.seen
    dispute = stripe.do("dispute", payment=kept[0])["id"]
    stripe.do("refund", payment=kept[1], amount=700)
    stripe.deliver(since=since)
    since = stripe.seen
    stripe.do("end-dispute", dispute=dispute, status="won")
    stripe.deliver(since=since)
    payments = [TopUp.objects.get(id=one).payment_ref for one in kept]
    refund = TopUpRefund.objects.get(top_up=kept[2]).gateway_ref
    objects = (*payments, refund, dispute)
    today = clock.now().date()
    said = json_of(today)
    assert about(said, *objects) == []
    assert (on_main(alice), owes(alice)) == (5000 + 4000 + 3000 - 1500 - 700, 0)
    payout = stripe.do("pay-out")
    assert about(json_of(None, payout=payout["id"]), *objects) == []

    transactions = {one["source"]: one["id"] for one in stripe.do("all", table="balance_transactions")["data"]}
    charges = {one["payment_intent"]: one["id"] for one in stripe.do("all", table="charges")["data"]}
    stripe.do("change", name=transactions[charges[payments[0]]], values={"fee": 999})
    stripe.do("change", name=transactions[charges[payments[1]]], values={"amount": 4001})
    stripe.do("change", name=transactions[charges[payments[2]]], values={"currency": "usd"})
    stripe.do("forget", name=transactions[refund])
    assert about(json_of(today), *objects) == sorted(
        [("fee", payments[0]), ("amount", payments[1]), ("currency", payments[2]), ("missing_there", refund)]
    )
    assert Reconciliation.objects.filter(subject=payout["id"]).exists()


def json_of(day: Any, **options: Any) -> dict[str, Any]:
    """What the command says, whatever its exit code."""
    said = io.StringIO()
    try:
        call_command("reconcile", json=True, day=day, stdout=said, stderr=io.StringIO(), **options)
    except CommandError:
        assert json.loads(said.getvalue())["differences"]
    else:
        assert json.loads(said.getvalue())["ok"]
    return dict(json.loads(said.getvalue()))


def test_a_payment_that_we_do_not_know_is_named_until_the_poller_has_found_it(stripe: Stripe, alice: Person) -> None:
    """Break: compare only what we have booked."""
    top_up = ask(alice)
    run_worker()
    stripe.do("pay", session=top_up)
    payment = stripe.do("find", name=top_up)["payment_intent"]
    assert about(json_of(clock.now().date()), payment) == [("missing_here", payment)]
    poll()
    assert about(json_of(clock.now().date()), payment) == []


def test_while_stripe_does_not_answer_nothing_is_claimed(stripe: Stripe) -> None:
    """Break: compare with an empty list."""
    stripe.do("fault", where="GET /v1/balance_transactions", kind="503")
    with pytest.raises(CommandError, match="nothing is known"):
        call_command("reconcile", json=True, stdout=io.StringIO(), stderr=io.StringIO())


def test_yesterday_is_compared_once_and_stands_in_the_console(stripe: Stripe) -> None:
    yesterday = clock.now().date() - timedelta(days=1)
    Reconciliation.objects.filter(subject=yesterday.isoformat()).delete()
    tasks.reconcile_yesterday()
    tasks.reconcile_yesterday()
    kept = Reconciliation.objects.get(subject=yesterday.isoformat())
    olga = staff.join("operator")
    page = olga.client.get(f"/operator/payments/reconciliation/{kept.pk}/change/")
    assert yesterday.isoformat() in page.content.decode()
    # What is owed and what is held stands there too. Break: keep the differences alone.
    assert {one["owed"]["currency"] for one in kept.safeguarding} >= {"EUR"}
    assert "paid_out" in page.content.decode()


def test_what_is_owed_and_what_is_held_are_said(stripe: Stripe, alice: Person) -> None:
    """The safeguarding figures move with a top-up: owed by its amount, booked and held by amount less fee."""
    before = {one["owed"]["currency"]: one for one in json_of(clock.now().date())["safeguarding"]}["EUR"]
    top_up = topped_up(stripe, alice, 5000)
    fee = TopUp.objects.get(id=top_up).fee_minor or 0
    after = {one["owed"]["currency"]: one for one in json_of(clock.now().date())["safeguarding"]}["EUR"]
    moved = {name: after[name]["value"] - before[name]["value"] for name in ("owed", "gateway", "booked")}
    assert moved == {"owed": 5000, "gateway": 5000 - fee, "booked": 5000 - fee}


def test_what_a_dispute_costs_is_booked_once_and_compared(stripe: Stripe, alice: Person) -> None:
    """Breaks: book it with every look; compare fees of payments alone."""
    today = clock.now().date()
    before = {one["owed"]["currency"]: one for one in json_of(today)["safeguarding"]}["EUR"]
    top_up, since = topped_up(stripe, alice, 5000), stripe.seen
    dispute = stripe.do("dispute", payment=top_up)["id"]
    stripe.deliver(since=since, times=2)
    assert TopUpDispute.objects.get(gateway_ref=dispute).fee_minor == 2000
    after = {one["owed"]["currency"]: one for one in json_of(today)["safeguarding"]}["EUR"]
    moved = {name: after[name]["value"] - before[name]["value"] for name in ("gateway", "booked")}
    assert moved["gateway"] == moved["booked"]
    assert about(json_of(today), dispute) == []
    taken = next(one for one in stripe.do("all", table="balance_transactions")["data"] if one["source"] == dispute)
    stripe.do("change", name=taken["id"], values={"fee": 1})
    assert about(json_of(today), dispute) == [("fee", dispute)]
    stripe.do("change", name=taken["id"], values={"fee": 2000})


def test_the_sandbox_gateway_keeps_no_books() -> None:
    with pytest.raises(CommandError, match="no books"):
        call_command("reconcile", json=True, stdout=io.StringIO(), stderr=io.StringIO())
