"""Step-up: a yes for one thing, now, by a passkey (standard.md A10, P15)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import RequestFactory

from tests.support.people import Person, post_json, sign_up, sign_up_with_password
from wallet.core import clock
from wallet.users import acts, stepup
from wallet.users.models import Ceremony, Holder

pytestmark = pytest.mark.django_db

PAYMENT = {"amount": 1250, "currency": "EUR", "payee": "link_bob"}


def _request(person: Person) -> HttpRequest:
    """A request of this person's browser, as a view gets it."""
    request = RequestFactory().post("/")
    request.session = person.client.session
    request.user = Holder.objects.get(pk=person.holder.pk)
    return request


def _require(person: Person, binding: Mapping[str, Any] | None = None) -> None:
    stepup.require(_request(person), binding)


def test_nothing_is_fresh_after_sign_in_alone():
    """Break: let `finish_sign_in` set the proof."""
    alice = sign_up()
    assert not stepup.is_fresh(_request(alice))
    with pytest.raises(stepup.StepUpRequired):
        _require(alice)


def test_a_yes_is_good_for_five_minutes():
    """Break: FRESH = 10 minutes."""
    alice = sign_up()
    alice.step_up()
    _require(alice)
    _require(alice)
    Ceremony.objects.filter(holder=alice.holder).update(verified_at=clock.now() - timedelta(seconds=301))
    with pytest.raises(stepup.StepUpRequired):
        _require(alice)


def test_a_bound_yes_is_used_once():
    """Break: leave `used_at=None` out of `require`."""
    alice = sign_up()
    alice.step_up(PAYMENT)
    _require(alice, PAYMENT)
    with pytest.raises(stepup.StepUpRequired):
        _require(alice, PAYMENT)


def test_a_yes_to_a_payment_is_no_yes_to_anything_else():
    """Break: let the unbound checks look at all proofs: one payment's yes shows a card's number for five minutes."""
    alice = sign_up()
    alice.step_up(PAYMENT)
    for _ in ("unused", "used"):
        assert not stepup.is_fresh(_request(alice))
        with pytest.raises(stepup.StepUpRequired):
            _require(alice)
        if _ == "unused":
            _require(alice, PAYMENT)


@pytest.mark.parametrize(
    "altered",
    [
        {"amount": 1251},
        {"currency": "USD"},
        {"payee": "link_eve"},
        {"payee": "link_bob", "extra": "x"},
        {"amount": "1250"},
    ],
)
def test_a_bound_yes_is_for_nothing_else(altered: dict[str, Any]):
    """Break: leave `binding=` out of the filter in `require`."""
    alice = sign_up()
    alice.step_up(PAYMENT)
    with pytest.raises(stepup.StepUpRequired):
        _require(alice, {**PAYMENT, **altered})
    _require(alice, dict(reversed(PAYMENT.items())))


def test_a_fresh_yes_is_not_a_bound_one():
    alice = sign_up()
    alice.step_up()
    with pytest.raises(stepup.StepUpRequired):
        _require(alice, PAYMENT)


def test_the_challenge_is_bound_to_what_is_agreed():
    """The passkey signs a digest of the binding: with the same nonce another amount gives another challenge."""
    alice = sign_up()
    begun = post_json(alice.client, "/step-up/begin", {"binding": PAYMENT})
    asked = Ceremony.objects.get(pk=alice.client.session["stepup_asked"])
    assert begun.json()["publicKey"]["userVerification"] == "required"
    assert bytes(asked.binding or b"") == stepup.digest_of(PAYMENT)
    assert len(bytes(asked.challenge)) == 32
    assert stepup.digest_of(PAYMENT) != stepup.digest_of({**PAYMENT, "amount": 1})


def test_a_proof_belongs_to_the_session_that_gave_it():
    """Break: look proofs up by the holder alone."""
    alice = sign_up()
    other = Person(alice.holder, alice.sign_in_elsewhere(), alice.key, [])
    with pytest.raises(stepup.StepUpRequired):
        _require(other)
    other.step_up()
    Ceremony.objects.filter(holder=alice.holder).update(verified_at=clock.now() - timedelta(seconds=301))
    alice.step_up()
    _require(alice)
    with pytest.raises(stepup.StepUpRequired):
        _require(other)


def test_another_persons_passkey_says_no_yes_for_alice():
    """Break: leave the comparison of holders out of `read_answer`."""
    alice, eve = sign_up(), sign_up()
    options = post_json(alice.client, "/step-up/begin").json()["publicKey"]
    assert post_json(alice.client, "/step-up/finish", {"credential": eve.key.get(options)}).status_code == 403
    with pytest.raises(stepup.StepUpRequired):
        _require(alice)


def test_a_passkey_that_verified_nobody_says_no_yes():
    alice = sign_up()
    options = post_json(alice.client, "/step-up/begin").json()["publicKey"]
    alice.key.user_verified = False
    assert post_json(alice.client, "/step-up/finish", {"credential": alice.key.get(options)}).status_code == 403
    assert not stepup.is_fresh(_request(alice))


def test_a_bound_yes_given_in_a_transaction_that_fails_can_be_used_again():
    from django.db import transaction

    class Undone(Exception):
        pass

    alice = sign_up()
    alice.step_up(PAYMENT)

    def pay_and_fail() -> None:
        with transaction.atomic():
            _require(alice, PAYMENT)
            raise Undone

    with pytest.raises(Undone):
        pay_and_fail()
    _require(alice, PAYMENT)


def test_a_password_is_no_way_around_a_passkey():
    bob = sign_up_with_password()
    refused = post_json(bob.client, "/step-up/begin")
    assert refused.status_code == 403
    assert refused.json()["type"].endswith("/problems/passkey-needed")


@pytest.mark.parametrize(
    "binding", [{}, {"a": []}, {"a": True}, {"a": 1.5}, {"a": "x" * 300}, {str(n): n for n in range(9)}]
)
def test_a_binding_that_is_no_binding_is_refused(binding: dict[str, Any]):
    alice = sign_up()
    assert post_json(alice.client, "/step-up/begin", {"binding": binding}).status_code == 422


def test_without_a_session_there_is_nothing_to_confirm():
    from django.test import Client

    assert post_json(Client(), "/step-up/begin").status_code == 401


# --- What one may do with which keys --------------------------------------------------------------------


@pytest.mark.parametrize("act", ["issue", "link", "approve", "reveal", "withdraw", "leave"])
def test_a_password_alone_may_look_and_top_up_only(act: str):
    """Break: add the act to `_WITHOUT_PASSKEY`."""
    bob = sign_up_with_password()
    now = clock.now()
    acts.may(bob.holder, "look", now)
    acts.may(bob.holder, "top_up", now)
    with pytest.raises(acts.PasskeyNeeded):
        acts.may(bob.holder, act, now)
    acts.may(sign_up().holder, act, now)


@pytest.mark.parametrize(("act", "waits"), [("reveal", True), ("withdraw", True), ("link", True), ("approve", False)])
def test_a_recovery_holds_back_for_a_day(act: str, waits: bool):  # noqa: FBT001 - an example's column
    """Break: RECOVERY_WAIT = 23 hours."""
    alice = sign_up()
    now = clock.now()
    alice.holder.recovered_at = now - timedelta(hours=23, minutes=59)
    if waits:
        with pytest.raises(acts.RecoveryRecent):
            acts.may(alice.holder, act, now)
    else:
        acts.may(alice.holder, act, now)
    alice.holder.recovered_at = now - timedelta(hours=24)
    acts.may(alice.holder, act, now)
