"""A frozen holder: nothing goes out, money comes in, what is held settles, and nobody says why (settled.md 34)."""

import io
import json
import threading
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from cards.authorizations.models import Authorization
from tests.cards import acquirer
from tests.payments import cast
from tests.payments.requests.test_requests_api import Story
from tests.support.people import sign_up
from wallet.activity.models import Line
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.models import StaffAct, StateChange
from wallet.core.states import WrongState
from wallet.ledger import accounts, balances
from wallet.users import acts, freezes
from wallet.users.people import HolderNotFound

pytestmark = pytest.mark.django_db(transaction=True)

WHY = "Suspected of laundering, SECRETWORD"
NOBODY = Actor.system("test")


def freeze(holder_id: str) -> None:
    freezes.freeze_holder(holder_id=holder_id, actor=NOBODY, reason_code="monitoring", reason=WHY, now=clock.now())


def unfreeze(holder_id: str) -> None:
    freezes.unfreeze_holder(holder_id=holder_id, actor=NOBODY, reason_code="cleared", reason=WHY, now=clock.now())


@pytest.fixture
def card() -> acquirer.TestCard:
    return acquirer.issue(10_000, holder_id=cast.holder().id)


def test_cards_decline_and_say_so_to_the_holder_and_work_again_afterwards(card: acquirer.TestCard):
    """Break: leave the check out of `decide`."""
    freeze(card.card.holder_id)
    refused = card.authorize(1_000)
    assert (refused["approved"], refused["response_code"]) == (False, "62")
    assert Authorization.objects.get(card=card.card).reason == "wallet_paused"
    assert card.balance == (10_000, 0)
    unfreeze(card.card.holder_id)
    assert card.authorize(1_000)["approved"]


def test_what_is_held_settles_and_comes_back_and_nothing_more_is_held(card: acquirer.TestCard):
    """Break: let both the increment and `decide` overlook the freeze."""
    one, two = (card.authorize(minor)["authorization"] for minor in (1_000, 2_000))
    freeze(card.card.holder_id)
    assert card.message(one, "increments", 500)["result"] == "refused"
    assert card.message(one, "captures", 1_000, final=True)["result"] == "applied"
    assert card.message(two, "reversals")["result"] == "applied"
    assert card.balance == (9_000, 0)
    assert card.refund(400, authorization=one)["result"] == "applied"
    assert card.balance == (9_400, 0)


def test_the_database_places_nothing_whatever_was_decided(card: acquirer.TestCard):
    """The lock before a payment says no by itself. Break: give `issuing_lock` back as it was."""
    freeze(card.card.holder_id)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT issuing_lock(%s)", [card.card.id])
        assert cursor.fetchone() == (None,)


def test_a_tap_asks_for_approval_in_the_same_bytes_as_for_any_other_reason():
    """settled.md 13: nobody learns that somebody is frozen."""
    story = Story()
    poor = story.asked(900_000)
    expected = story.pay(poor["id"])
    asked = story.asked()
    freeze(story.alice.holder.id)
    answer = story.pay(asked["id"])
    assert (answer.status_code, answer.json()["status"]) == (200, "requires_approval")
    assert answer.content.replace(asked["id"].encode(), b"-") == expected.content.replace(poor["id"].encode(), b"-")
    unfreeze(story.alice.holder.id)
    assert story.pay(asked["id"]).json()["status"] == "paid"


def test_a_frozen_payee_is_paid():
    story = Story()
    freeze(story.bob.holder.id)
    assert story.pay(story.asked(2_000)["id"]).json()["status"] == "paid"
    assert story.main(story.bob) == 2_000


def test_what_lets_something_out_is_refused_and_a_top_up_is_not():
    """Break: leave the check out of `acts.may`."""
    alice = sign_up()
    freeze(alice.holder.id)
    for act in acts.Act:
        if act in {acts.Act.LOOK, acts.Act.TOP_UP}:
            acts.may(alice.holder, act, clock.now())
            continue
        with pytest.raises(freezes.WalletPaused):
            acts.may(alice.holder, act, clock.now())
    page = alice.client.post("/cards/new", {"kind": "standard", "currency": "EUR"})
    assert page.status_code == 403
    assert "Your wallet is paused" in page.content.decode()
    assert alice.client.post("/top-ups/new", {"amount": "5", "currency": "EUR", "card": ""}).status_code == 302


def test_the_holder_hears_that_it_is_paused_and_never_why():
    """Directive (EU) 2015/849 art. 39."""
    alice = sign_up()
    card = acquirer.issue(5_000, holder_id=alice.holder.id)
    freeze(alice.holder.id)
    card.authorize(100)
    pages = [alice.client.get(path).content.decode() for path in ("/", "/inbox", "/activity", "/privacy", "/settings")]
    assert "contact support" in pages[0]
    assert "paused" in pages[1]
    for page in pages:
        for word in ("SECRETWORD", "launder", "suspect", "monitoring", "frozen for", "unusual"):
            assert word not in page
    act = StaffAct.objects.get(subject=alice.holder.id, act="holder.freeze")
    assert (act.reason, act.reason_code) == (WHY, "monitoring")
    moves = StateChange.objects.filter(machine="wallet.holder", subject=alice.holder.id)
    assert list(moves.values_list("event", "before", "after")) == [("freeze", "active", "frozen")]


def test_frozen_twice_is_refused_and_leaves_one_act(card: acquirer.TestCard):
    freeze(card.card.holder_id)
    with pytest.raises(WrongState):
        freeze(card.card.holder_id)
    assert StaffAct.objects.filter(subject=card.card.holder_id).count() == 1
    with pytest.raises(HolderNotFound):
        freeze("holder_nobody")


def test_the_command_is_safe_to_run_twice_and_prints_one_document(card: acquirer.TestCard):
    def run(**options: Any) -> dict[str, Any]:
        out = io.StringIO()
        call_command("freeze_holder", holder=card.card.holder_id, reason=WHY, json=True, stdout=out, **options)
        return dict(json.loads(out.getvalue()))

    assert run() == {"holder": card.card.holder_id, "frozen": True, "changed": True}
    assert run()["changed"] is False
    assert run(unfreeze=True) == {"holder": card.card.holder_id, "frozen": False, "changed": True}
    with pytest.raises(CommandError):
        call_command("freeze_holder", holder="holder_nobody", reason=WHY)
    with pytest.raises(CommandError):
        call_command("freeze_holder", holder=card.card.holder_id, reason="short")


def test_a_freeze_waits_for_the_payment_that_is_under_way_and_then_none_begins(card: acquirer.TestCard):
    """After it has answered, nothing leaves: no payment that had passed its check commits later.

    Break: take the lock out of `users_may_spend`.
    """
    holder_id, done = card.card.holder_id, threading.Event()

    def in_another_session() -> None:
        try:
            freeze(holder_id)
            done.set()
        finally:
            connection.close()

    thread = threading.Thread(target=in_another_session)
    with transaction.atomic():
        assert freezes.may_spend(holder_id)
        thread.start()
        wait_for_lock()
        assert not done.is_set()
    thread.join(30)
    assert done.is_set()
    with transaction.atomic():
        assert not freezes.may_spend(holder_id)


def wait_for_lock() -> None:
    """Until another session waits for an advisory lock of this database."""
    waiting = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with connection.cursor() as cursor:
        for _try in range(3_000):
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("nobody waits")


def test_payments_from_main_stop_as_well():
    """Break: leave the check out of `paying._transfer`."""
    story = Story()
    alice = story.alice.holder
    cast.fund(alice, 3_000)
    asked = story.asked(1_000)
    freeze(alice.id)
    from payments.requests.paying import PaymentRefused, Source, approve_request

    with pytest.raises(PaymentRefused) as refused:
        approve_request(payer_id=alice.id, request_id=asked["id"], source=Source(), now=clock.now())
    assert refused.value.reason == "wallet_paused"
    assert balances.available(accounts.main(alice.id, "EUR")).minor == 3_000
    assert not Line.objects.filter(holder_id=alice.id, ref=asked["id"]).exists()
