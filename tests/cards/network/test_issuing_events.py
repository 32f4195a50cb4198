"""What Stripe tells after a payment: cleared, given back, disputed, never approved; in any order, any number, or never.

Every event of a story is also brought backwards and twice: the end is the same.
"""

import html
import json
import secrets
from typing import Any

import pytest

from cards.authorizations.models import Authorization, Chargeback
from cards.network import tasks
from cards.network.models import IssuingEvent, WalletToken
from privacy.rights import erasing
from privacy.rights.models import ErasureStatus
from tests.cards.network.issuing_cast import (
    Issuing,
    call,
    card_of,
    on_card,
    on_main,
    post,
    retry_now,
    run_worker,
)
from tests.support import worker
from tests.support.people import Person
from wallet.activity.words import REASONS
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.models import OutboxEntry

pytestmark = pytest.mark.django_db(transaction=True)

#: In order and once stands in `test_networks`.
ORDERS = pytest.mark.parametrize("how", [{"reverse": True}, {"times": 2}], ids=["backwards", "twice"])


def _state(card: str) -> list[tuple[str, int, int]]:
    rows = Authorization.objects.filter(card_id=card).order_by("decided_at")
    return [(one.status, one.captured_minor, one.refunded_minor) for one in rows]


@ORDERS
def test_a_purchase_is_cleared_and_refunded(issuing: Issuing, alice: Person, how: dict[str, Any]) -> None:
    """Break: key a transaction by the event that told of it."""
    card = card_of(alice, 5000)
    since = issuing.seen
    paid = issuing.pay(card, 3000)["authorization"]
    issuing.do("issuing-capture", authorization=paid, amount=2500)
    issuing.do("issuing-refund", authorization=paid, amount=500)
    issuing.deliver(since=since, **how)
    assert on_card(alice, card) == (3000, 0)
    assert _state(card) == [("captured", 2500, 500)]


@ORDERS
def test_a_clearing_in_parts_releases_the_rest_when_it_is_closed(
    issuing: Issuing, alice: Person, how: dict[str, Any]
) -> None:
    """Break: release with the first part."""
    card = card_of(alice, 5000)
    since = issuing.seen
    paid = issuing.pay(card, 3000)["authorization"]
    issuing.do("issuing-capture", authorization=paid, amount=1000, final=False)
    issuing.do("issuing-capture", authorization=paid, amount=1500)
    issuing.deliver(since=since, **how)
    assert on_card(alice, card) == (2500, 0)
    assert _state(card) == [("captured", 2500, 0)]


@ORDERS
@pytest.mark.parametrize("status", ["reversed", "expired"])
def test_what_is_given_back_is_free_again(issuing: Issuing, alice: Person, status: str, how: dict[str, Any]) -> None:
    """First a part, then the rest. Break: release nothing."""
    card = card_of(alice, 5000)
    since = issuing.seen
    paid = issuing.pay(card, 3000)["authorization"]
    issuing.do("issuing-reverse", authorization=paid, amount=1000)
    issuing.do("issuing-reverse", authorization=paid, status=status)
    issuing.deliver(since=since, **how)
    assert on_card(alice, card) == (5000, 0)


def test_a_yes_that_came_too_late_leaves_no_hold(issuing: Issuing, alice: Person) -> None:
    """A04: Stripe has declined by then. Break: release nothing for what Stripe did not approve (`closed`)."""
    card = card_of(alice, 5000)
    since = issuing.seen
    asked = issuing.do("issuing-ask", card=card, amount=3000)
    assert post(asked["request"]["body"], asked["request"]["signature"]).json() == {"approved": True}
    assert on_card(alice, card) == (2000, 3000)
    heard = issuing.do("issuing-hear", authorization=asked["authorization"], status=200, body="{}", seconds=2.5)
    assert (heard["approved"], heard["reason"]) == (False, "webhook_timeout")
    issuing.deliver(since=since)
    assert on_card(alice, card) == (5000, 0)


def test_an_increment_that_stripe_has_not_written_down_is_not_given_back(issuing: Issuing, alice: Person) -> None:
    """Break: leave the count of answers out of `_lessen`."""
    card = card_of(alice, 5000)
    since = issuing.seen
    paid = issuing.pay(card, 3000)["authorization"]
    asked = issuing.do("issuing-ask", card=card, amount=1000, authorization=paid)
    said = post(asked["request"]["body"], asked["request"]["signature"])
    assert said.json() == {"approved": True}
    issuing.deliver(since=since)
    assert on_card(alice, card) == (1000, 4000)
    issuing.do(
        "issuing-hear", authorization=paid, status=200, body=said.content.decode(), version=said["Stripe-Version"]
    )
    retry_now()
    assert on_card(alice, card) == (1000, 4000)


def test_a_refund_that_comes_after_a_card_is_closed_goes_to_the_wallet(issuing: Issuing, alice: Person) -> None:
    """Its number is shredded here, and Stripe's name for it still finds it. Break: forget the index with the number."""
    card = card_of(alice, 2000)
    ref = issuing.at_stripe(card)["id"]
    paid = issuing.pay(card, 2000)["authorization"]
    since = issuing.seen
    issuing.do("issuing-capture", authorization=paid)
    issuing.deliver(since=since)
    assert call(alice, f"/v1/cards/{card}/close").status_code == 200
    run_worker()
    since, before = issuing.seen, on_main(alice)
    issuing.do("issuing-refund", authorization=paid, amount=700)
    issuing.do("issuing-refund", card=ref, amount=300)
    issuing.deliver(since=since, times=2)
    assert on_main(alice) == before + 1000


def test_a_refund_that_is_taken_back(issuing: Issuing, alice: Person) -> None:
    card = card_of(alice, 2000)
    since = issuing.seen
    paid = issuing.pay(card, 2000)["authorization"]
    issuing.do("issuing-capture", authorization=paid)
    issuing.do("issuing-refund", authorization=paid, amount=700)
    issuing.do("issuing-refund", authorization=paid, amount=-700)
    issuing.deliver(since=since, reverse=True)
    assert on_card(alice, card) == (0, 0)


@ORDERS
@pytest.mark.parametrize(("status", "left"), [("won", 2000), ("lost", 0), ("expired", 0)])
def test_a_dispute_with_a_shop(issuing: Issuing, alice: Person, status: str, left: int, how: dict[str, Any]) -> None:
    """Lent while it is open. Break: take `expired` for open."""
    card = card_of(alice, 2000)
    since = issuing.seen
    paid = issuing.pay(card, 2000)["authorization"]
    moved = issuing.do("issuing-capture", authorization=paid)
    dispute = issuing.do("issuing-dispute", transaction=moved["id"])["id"]
    issuing.do("issuing-end-dispute", dispute=dispute, status=status)
    issuing.deliver(since=since, **how)
    assert on_card(alice, card) == (left, 0)
    ended = "won" if status == "won" else "lost"
    assert [one.status for one in Chargeback.objects.filter(authorization__card_id=card)] == [ended]


def test_events_that_never_came_are_found_by_asking(issuing: Issuing, alice: Person) -> None:
    """W03; the webhook that comes late does nothing. Break: poll without `issuing_transaction.created`."""
    card = card_of(alice, 2000)
    since = issuing.seen
    paid = issuing.pay(card, 1500)["authorization"]
    issuing.do("issuing-capture", authorization=paid)
    # Nothing but its own event tells of this one.
    issuing.do("issuing-force", card=issuing.at_stripe(card)["id"], amount=500)
    tasks.poll_events()
    run_worker()
    assert on_card(alice, card) == (0, 0)
    kept = IssuingEvent.objects.count()
    issuing.deliver(since=since)
    assert (on_card(alice, card), IssuingEvent.objects.count()) == ((0, 0), kept)


def test_events_wait_out_an_outage(issuing: Issuing, alice: Person) -> None:
    """W04. Break: mark an event as worked on whatever came of it."""
    card = card_of(alice, 2000)
    since = issuing.seen
    paid = issuing.pay(card, 2000)["authorization"]
    issuing.do("issuing-capture", authorization=paid)
    issuing.do("fault", where="GET /v1/issuing", kind="500", times=50)
    issuing.deliver(since=since)
    assert on_card(alice, card) == (0, 2000)
    issuing.do("heal")
    retry_now()
    assert on_card(alice, card) == (0, 0)
    assert not OutboxEntry.objects.filter(topic="issuing.event", done_at=None).exists()


def test_an_event_about_what_stripe_does_not_have_is_done_with(issuing: Issuing) -> None:
    """W04. Break: let the refusal through."""
    body = json.dumps(
        {
            "id": f"evt_{secrets.token_hex(12)}", "type": "issuing_authorization.updated", "livemode": False,
            "data": {"object": {"id": "iauth_nobodys"}},
        }
    )  # fmt: skip
    assert post(body, issuing.do("sign", body=body)["signature"]).status_code == 200
    run_worker()
    assert not OutboxEntry.objects.filter(topic="issuing.event", done_at=None).exists()


def _refused(card: str) -> list[str]:
    """By the alphabet: Stripe's times are whole seconds."""
    return sorted(Authorization.objects.filter(card_id=card, status="declined").values_list("reason", flat=True))


OWN_NOES: list[tuple[dict[str, str], str]] = [
    ({"refusal": "verification_failed", "cvc": "mismatch"}, "cvc_mismatch"),
    ({"refusal": "verification_failed", "expiry": "mismatch"}, "expiry_mismatch"),
    ({"refusal": "suspected_fraud"}, "network_refused"),
    ({"refusal": "spending_controls"}, "network_refused"),
    ({"refusal": "insufficient_funds"}, "network_refused"),
]


def test_what_stripe_refuses_by_itself_is_shown_with_its_reason(issuing: Issuing, alice: Person) -> None:
    """Stripe looks at its copy before it asks. Breaks: leave it alone, as nobody asked; a row for each event."""
    card = card_of(alice, 5000)
    since = issuing.seen
    for how, _reason in OWN_NOES:
        assert issuing.pay(card, 2000, **how)["reason"] == "own"
    issuing.deliver(since=since, times=2)
    assert _refused(card) == sorted(reason for _how, reason in OWN_NOES)
    assert on_card(alice, card) == (5000, 0)
    worker.run_worker("cards.authorization")
    shown = html.unescape(alice.client.get(f"/cards/{card}").content.decode())
    assert shown.count("Corner Shop") == len(OWN_NOES)
    assert all(str(REASONS[reason].text) in shown for _how, reason in OWN_NOES)


def test_a_card_that_is_frozen_or_ended_at_stripe_is_refused_there_and_says_so(issuing: Issuing, alice: Person) -> None:
    """Break: take Stripe's word for why in place of our own decision."""
    card, once = card_of(alice, 5000), card_of(alice, 5000, kind="single_use")
    since = issuing.seen
    assert call(alice, f"/v1/cards/{card}/freeze").status_code == 200
    assert issuing.pay(once, 100)["approved"] is True
    issuing.do("change", name=issuing.at_stripe(once)["id"], values={"status": "canceled"})
    run_worker()
    assert issuing.pay(card, 100)["reason"] == issuing.pay(once, 100)["reason"] == "own"
    issuing.deliver(since=since)
    assert (_refused(card), _refused(once)) == (["card_frozen"], ["already_used"])


def test_guesses_that_stripe_finds_wrong_count_as_tries(issuing: Issuing, alice: Person) -> None:
    """A05. Break: leave `cards_count_mismatch` out of `refused_there`."""
    card = card_of(alice, 5000)
    since = issuing.seen
    for _ in range(3):
        issuing.pay(card, 100, refusal="verification_failed", cvc="mismatch")
    issuing.deliver(since=since)
    assert issuing.pay(card, 100)["approved"] is False
    assert _refused(card) == ["cvc_locked", *["cvc_mismatch"] * 3]


def test_a_request_that_we_could_not_answer_is_shown_and_holds_nothing_later(issuing: Issuing, alice: Person) -> None:
    """The same request, late: the answer is no. Break: another body than a request's in what is kept of a refusal."""
    card = card_of(alice, 5000)
    since = issuing.seen
    asked = issuing.do("issuing-ask", card=card, amount=3000)
    issuing.do("issuing-hear", authorization=asked["authorization"])
    issuing.deliver(since=since)
    assert _refused(card) == ["unavailable"]
    assert post(asked["request"]["body"], asked["request"]["signature"]).json() == {"approved": False}
    assert on_card(alice, card) == (5000, 0)


def test_who_holds_a_stand_in_for_a_number_is_shown_to_its_holder(issuing: Issuing, alice: Person) -> None:
    """Of the wallet's owner, device and account nothing is kept but the kind of device. Break: keep `device.name`."""
    card = card_of(alice)
    ref = issuing.at_stripe(card)["id"]
    since = issuing.seen
    issuing.do("issuing-tokenize", card=ref)
    shop = issuing.do("issuing-tokenize", card=ref, wallet=None, requestor="Streaming Ltd", device="other")["id"]
    issuing.deliver(since=since, times=2)
    kept = list(WalletToken.objects.filter(card_id=card).order_by("party").values())
    assert [(one["party"], one["device"], one["status"]) for one in kept] == [
        ("Streaming Ltd", "", "active"), ("apple_pay", "phone", "active"),
    ]  # fmt: skip
    assert not any(word in str(kept) for word in ("Jane", "192.0.2.1", "48.8", "+1555"))
    page = alice.client.get(f"/cards/{card}").content.decode()
    assert "Apple Pay" in page
    assert "Streaming Ltd" in page
    since = issuing.seen
    issuing.do("issuing-end-token", token=shop)
    issuing.deliver(since=since)
    assert "Streaming Ltd" not in alice.client.get(f"/cards/{card}").content.decode()


def test_who_leaves_leaves_no_card_at_stripe(issuing: Issuing, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the worker comes after the keys are gone. Break: leave `changed` out of the closing of a card."""
    monkeypatch.setattr(erasing, "is_sealed", lambda _holder_id: True)
    card = card_of(alice)
    ref, since = issuing.at_stripe(card)["id"], issuing.seen
    issuing.do("issuing-tokenize", card=ref)
    issuing.deliver(since=since)
    erasing.request_erasure(holder_id=alice.holder.pk, actor=Actor.holder(alice.holder.pk), now=clock.now())
    assert erasing.carry_on(holder_id=alice.holder.pk, now=clock.now()) is ErasureStatus.DONE
    run_worker()
    assert issuing.do("find", name=ref)["status"] == "canceled"
    assert not WalletToken.objects.filter(card_id=card).exists()
