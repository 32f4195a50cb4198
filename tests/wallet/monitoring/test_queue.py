"""The queue: found by the worker, once; taken, closed with a note, or escalated to a freeze."""

import json
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from tests.payments import cast
from tests.support.people import Person
from tests.support.staff import join
from tests.wallet.monitoring.histories import play, play_in_and_out, somebody
from wallet.core import clock, figures
from wallet.core.models import StaffAct
from wallet.monitoring import cases, history, rules, watch
from wallet.monitoring.models import Case
from wallet.monitoring.tasks import look
from wallet.users import freezes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def olga() -> Person:
    return join("operator")


def case_of(holder_id: str) -> Case:
    play_in_and_out(holder_id)
    watch.look_at(holder_id, now=clock.now())
    return Case.objects.get(holder_id=holder_id)


def test_the_round_finds_whoever_moved_and_finds_it_once():
    """Break: a new case for each round in `open_case`."""
    holder = cast.holder()
    play_in_and_out(holder.id)
    look()
    look()
    case = Case.objects.get(holder_id=holder.id)
    assert (case.rule, case.version, case.status) == ("in_and_out", 1, "open")
    assert case.facts == {"in_minor": 20_000, "out_minor": 17_000, "currency": "EUR"}
    assert len(case.refs) == 2


def test_a_line_that_committed_late_is_found_by_looking_back():
    """Break: leave the overlap out of `look`."""
    holder = cast.holder()
    watch.look(now=clock.now())
    now = clock.now()
    play(holder.id, "top_up", 20_000, at=now - timedelta(minutes=8), status="succeeded")
    play(holder.id, "payment_sent", 17_000, at=now - timedelta(minutes=7), status="paid")
    watch.look(now=now)
    assert Case.objects.filter(holder_id=holder.id).count() == 1


def test_payers_are_told_apart_by_the_other_sides_line():
    """Break: count the lines."""
    holder, friend = cast.holder().id, somebody()
    for number in range(10):
        play(holder, "payment_received", 100, at=clock.now() - timedelta(hours=number + 1), to=friend)
    watch.look_at(holder, now=clock.now())
    assert not Case.objects.filter(holder_id=holder).exists()
    for number in range(9):
        play(holder, "payment_received", 100, at=clock.now() - timedelta(hours=number + 1), to=somebody())
    watch.look_at(holder, now=clock.now())
    assert Case.objects.get(holder_id=holder).facts == {"payers": 10}


def test_an_older_line_says_how_long_a_wallet_slept():
    """Break: read no older line in `history.read`."""
    holder = cast.holder().id
    play(holder, "top_up", 100, at=clock.now() - timedelta(days=200))
    play(holder, "top_up", 20_000, at=clock.now() - timedelta(hours=1))
    watch.look_at(holder, now=clock.now())
    assert Case.objects.get(holder_id=holder).rule == "wakes_up"


def test_two_workers_at_once_make_one_case():
    """While the first has not committed the second waits. Break: leave `case_once` out of the migration."""
    holder = cast.holder().id
    play_in_and_out(holder)
    finding = rules.apply(history.read(holder, now=clock.now()))[0]
    new: list[bool] = []

    def open_it() -> None:
        new.append(cases.open_case(holder_id=holder, finding=finding, now=clock.now()))

    def in_another_session() -> None:
        try:
            open_it()
        finally:
            connection.close()

    others = [threading.Thread(target=in_another_session) for _worker in range(3)]
    with transaction.atomic():
        open_it()
        for other in others:
            other.start()
        others[0].join(0.5)
    for other in others:
        other.join(60)
    assert new == [True, False, False, False]
    assert Case.objects.filter(holder_id=holder).count() == 1


def test_a_case_is_taken_and_closed_with_a_note(olga: Person):
    """Break: close without the staff's own record; take what is closed."""
    case = case_of(cast.holder().id)
    page = f"/operator/wallet/case/{case.id}/"
    assert olga.client.post(f"{page}take/", {}).status_code == 302
    assert Case.objects.get(pk=case.id).assigned_to == olga.holder.id
    assert olga.client.post(f"{page}close/", {"reason": "ok"}).status_code == 200
    assert olga.client.post(f"{page}close/", {"reason": "A birthday: many gifts, one dinner"}).status_code == 302
    closed = Case.objects.get(pk=case.id)
    assert (closed.status, closed.closed_by) == ("closed", olga.holder.id)
    assert olga.client.post(f"{page}take/", {}).status_code == 409
    acts = StaffAct.objects.filter(subject=case.id).order_by("id")
    assert [(one.act, one.reason) for one in acts] == [
        ("case.take", ""), ("case.close", "A birthday: many gifts, one dinner"),
    ]  # fmt: skip
    watch.look_at(case.holder_id, now=clock.now())
    assert Case.objects.filter(holder_id=case.holder_id).count() == 1, "what was closed does not come back"


def test_escalating_freezes_the_holder_and_ends_the_case(olga: Person):
    """Break: leave the freeze out of `escalate_case`."""
    case = case_of(cast.holder().id)
    answer = olga.client.post(f"/operator/wallet/case/{case.id}/escalate/", {"reason": "Three times this week"})
    assert answer.status_code == 302
    assert Case.objects.get(pk=case.id).status == "escalated"
    assert freezes.is_frozen(case.holder_id)
    act = StaffAct.objects.get(subject=case.holder_id, act="holder.freeze")
    assert (act.reason_code, case.id in act.reason) == ("monitoring", True)


def test_an_id_that_looks_quoted_is_found_all_the_same(olga: Person):
    """Django's admin reads `_3D` in an address as `=`. Break: leave `get_object` out of `ConsolePage`."""
    case = case_of(cast.holder().id)
    quoted = Case.objects.create(
        id=f"case_3D{case.id[7:]}", holder_id=case.holder_id, rule=case.rule, version=case.version, window="another",
        facts=case.facts, refs=case.refs, opened_at=case.opened_at,
    )  # fmt: skip
    page = f"/operator/wallet/case/{quoted.id}/"
    assert olga.client.get(f"{page}change/").status_code == 200
    assert olga.client.post(f"{page}take/", {})["Location"] == f"{page}change/"
    assert Case.objects.get(pk=quoted.id).assigned_to == olga.holder.id


def test_a_case_holds_nothing_that_is_sealed():
    """Break: a holder among the facts of `_in_and_out`."""
    case = case_of(cast.holder().id)
    assert set(json.dumps(case.facts)) <= set('abcdefghijklmnopqrstuvwxyz_EUR0123456789":,{} ')
    assert all(isinstance(value, int | str) for value in case.facts.values())


def test_an_operator_can_be_alarmed_by_the_oldest_case():
    """Break: count the closed ones instead."""
    case = case_of(cast.holder().id)
    Case.objects.filter(pk=case.id).update(opened_at=clock.now() - timedelta(days=3))
    said = {name: value for name, _meaning, value in figures.read()}
    assert said["monitoring_open"] >= 1
    assert said["monitoring_oldest_seconds"] >= 3 * 24 * 3600
