"""The exception queue: what waits for a person, and what a person may do with it (settled.md 1)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.db import DatabaseError, connection, transaction
from django.test import Client

from cards.authorizations import exceptions
from cards.authorizations.models import Authorization, CaseDecision, QueuedCase
from cards.issuing import cards
from privacy.crypto.keyring import keyring
from tests.cards.acquirer import SHOP, TestCard, fund, issue, send
from wallet.activity import lines
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.errors import Invalid
from wallet.core.models import StateChange
from wallet.core.money import Money
from wallet.core.states import WrongState
from wallet.ledger import accounts, balances
from wallet.ledger.verify import verify

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("time_enough")]

Losses = Callable[..., int]

STAFF = Actor.staff("holder_somebody")


def owed(card: TestCard) -> int:
    return balances.available(accounts.shortfall(card.card.holder_id, "EUR")).minor


def case_of(authorization: str) -> exceptions.Case:
    return exceptions.show(exceptions.list_open().filter(authorization_id=authorization))[-1]


def act(what: str, case: exceptions.Case, *, actor: Actor = STAFF, note: str = "looked at it", **more: object) -> None:
    getattr(exceptions, what)(case_id=case.id, actor=actor, note=note, now=clock.now(), **more)


@pytest.fixture
def card() -> TestCard:
    return issue(1000)


@pytest.fixture
def loss(card: TestCard, losses: Losses) -> exceptions.Case:
    """A force post of 13.00 on a card with 10.00: the programme has paid 3.00."""
    return case_of(str(card.force_post(1300)["authorization"]))


def test_a_case_says_what_happened_what_to_do_and_whose_it_is(card: TestCard, loss: exceptions.Case) -> None:
    assert (loss.reason, loss.lost, loss.kept) == ("cleared_at_a_loss", Money(300, "EUR"), Money(0, "EUR"))
    assert (loss.holder, loss.card, loss.message) == (card.card.holder_id, card.card.id, "force_post")
    assert loss.what
    assert loss.todo
    assert loss.may_charge
    assert not loss.may_give


def test_resolving_moves_nothing_and_is_done_once_by_a_named_person(
    card: TestCard, loss: exceptions.Case, losses: Losses
) -> None:
    """Break: leave the state out of `_close`."""
    act("resolve", loss)
    assert (card.balance, card.main, owed(card), losses()) == ((0, 0), 0, 0, -300)
    with pytest.raises(WrongState):
        act("resolve", loss)
    with pytest.raises(WrongState):
        act("charge_to_holder", loss)
    decision = CaseDecision.objects.get(case_id=loss.id)
    assert (decision.decision, decision.staff, decision.note) == ("resolved", STAFF.id, "looked at it")
    audit = StateChange.objects.get(machine="exception", subject=str(loss.id))
    assert (audit.before, audit.after, audit.actor_kind, audit.actor_id) == ("open", "resolved", "staff", STAFF.id)
    assert not exceptions.list_open().filter(id=loss.id).exists()


@pytest.mark.parametrize("what", ["resolve", "charge_to_holder"])
@pytest.mark.parametrize(
    ("actor", "note"),
    [(STAFF, ""), (STAFF, "  "), (STAFF, "x" * 501), (Actor.system("job"), "a job"), (Actor.staff(""), "nobody")],
)
def test_nothing_is_closed_without_a_name_and_a_reason(
    card: TestCard, loss: exceptions.Case, what: str, actor: Actor, note: str, losses: Losses
) -> None:
    """Break: look at the actor after the money has moved."""
    fund(card.card.holder_id, 500)
    with pytest.raises(Invalid):
        act(what, loss, actor=actor, note=note)
    assert (card.main, losses()) == (500, -300)
    assert exceptions.list_open().filter(id=loss.id).exists()


def test_a_loss_that_is_the_holders_is_paid_from_main_and_then_owed(
    card: TestCard, loss: exceptions.Case, losses: Losses
) -> None:
    """Break: take it from the shortfall alone."""
    fund(card.card.holder_id, 200)
    act("charge_to_holder", loss)
    assert (card.main, owed(card), losses()) == (0, 100, 0)
    told = [line for line in lines.show(lines.list_lines(card.card.holder_id)) if line.kind == "card_loss"]
    assert [line.amount.minor for line in told] == [300]
    assert verify().is_green


def test_a_part_of_a_loss_may_be_charged(card: TestCard, loss: exceptions.Case, losses: Losses) -> None:
    fund(card.card.holder_id, 1000)
    for wrong in (Money(301, "EUR"), Money(0, "EUR"), Money(10, "USD")):
        with pytest.raises(Invalid):
            act("charge_to_holder", loss, amount=wrong)
    act("charge_to_holder", loss, amount=Money(120, "EUR"))
    assert (card.main, losses()) == (880, -180)


def test_a_refund_pays_the_programme_first_and_then_nobody_can_be_charged(
    card: TestCard, loss: exceptions.Case, losses: Losses
) -> None:
    """A merchant who clears beyond the card and refunds would make money. Break: give all of a refund to the card."""
    card.refund(1300, authorization=loss.authorization)
    assert (card.balance, losses()) == ((1000, 0), 0)
    with pytest.raises(exceptions.NotChargeable):
        act("charge_to_holder", loss)
    assert not case_of(loss.authorization).may_charge
    act("resolve", loss)


def test_what_has_no_loss_or_no_holder_cannot_be_charged(card: TestCard) -> None:
    card.force_post(300, pan="9999000000000000")
    nobodys = exceptions.show(exceptions.list_open().filter(reason="of_nobody"))[-1]
    assert (nobodys.lost.minor, nobodys.may_charge) == (300, False)
    payment = card.authorize(100)["authorization"]
    card.message(payment, "captures", 100, final=True)
    card.message(payment, "reversals", 100)
    for case in (nobodys, case_of(payment)):
        with pytest.raises(exceptions.NotChargeable):
            act("charge_to_holder", case)


def test_money_in_another_currency_is_kept_apart_and_may_be_given(card: TestCard, losses: Losses) -> None:
    """Break: let `purse` look at the holder alone."""
    dollars = {"value": 500, "currency": "USD"}
    body = {"pan": card.pan, "amount": dollars, "merchant": SHOP, "network_ref": "r-usd"}
    answer = send("/refunds", body).json()
    assert answer["result"] == "queued"
    assert losses("USD") == 500
    case = case_of(answer["authorization"])
    act("give_to_holder", case)
    assert losses("USD") == 0
    assert balances.available(accounts.main(card.card.holder_id, "USD")).minor == 500
    posted = send("/captures", {**body, "network_ref": "f-usd"}).json()
    assert (posted["result"], losses("USD"), card.balance) == ("queued", -500, (1000, 0))
    assert verify().is_green


def test_after_erasure_everything_late_is_the_programmes(card: TestCard, losses: Losses) -> None:
    """settled.md 1. Break: let `has_left` say no."""
    kept = card.authorize(400)["authorization"]
    cleared = card.authorize(300)["authorization"]
    card.message(cleared, "captures", 300, final=True)
    dispute = card.message(cleared, "chargebacks", 200)["chargeback"]
    cards.close_card(card=card.card, actor=Actor.system("test"), now=clock.now())
    before = card.main
    keyring.destroy(holder_id=card.card.holder_id, keys="life")
    assert card.message(kept, "captures", 150, final=True)["result"] == "applied"
    assert card.balance == (0, 0)
    assert losses() == 250  # what the hold released has no owner any more
    for answer in (
        card.message(kept, "captures", 50), card.refund(300, authorization=cleared), card.refund(70),
        card.message(cleared, "chargebacks", 10), card.message(cleared, "refund-reversals", 100),
    ):  # fmt: skip
        assert answer["result"] == "queued"
    assert send(f"/chargebacks/{dispute}/lost", {"network_ref": "late"}).json()["result"] == "queued"
    assert losses() == 250 - 50 + 300 + 70 - 100 - 200
    assert card.main == before
    assert owed(card) == 0
    case = QueuedCase.objects.filter(authorization_id=cleared, reason="after_erasure", lost_minor__gt=0).first()
    assert case is not None
    with pytest.raises(exceptions.NotChargeable):
        act("charge_to_holder", exceptions.show([case])[0])
    card.tell()
    assert verify().is_green


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cards_casedecision SET staff = 'another'", "DELETE FROM cards_casedecision",
        "DELETE FROM cards_chargeback", "DELETE FROM cards_queuedcase", "TRUNCATE cards_chargeback",
    ],
)  # fmt: skip
def test_a_decision_is_never_rewritten(loss: exceptions.Case, statement: str) -> None:
    """Break: leave `append_only` out of the migration."""
    act("resolve", loss)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_an_open_case_has_no_end_and_a_closed_one_has(loss: exceptions.Case) -> None:
    """Break: leave `queuedcase_resolved` out of the migration."""
    refused = pytest.raises(DatabaseError, match="queuedcase_resolved")
    with refused, transaction.atomic():
        QueuedCase.objects.filter(id=loss.id).update(status="charged")


def test_operators_see_how_many_cases_wait_since_when_and_at_a_loss(
    loss: exceptions.Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Break: count cases that are closed."""
    monkeypatch.setattr(configured, "METRICS_TOKEN", "secret")

    def shown() -> dict[str, float]:
        page = Client().get("/metrics", headers={"Authorization": "Bearer secret"}).content.decode()
        lines = (line.split() for line in page.splitlines() if line.startswith("paravent_exceptions_"))
        return {name.removeprefix("paravent_exceptions_"): float(value) for name, value in lines}

    QueuedCase.objects.filter(id=loss.id).update(at=clock.now() - timedelta(hours=3))
    before = shown()
    assert before["oldest_seconds"] >= 3 * 3600
    act("resolve", loss)
    after = shown()
    assert (before["open"] - after["open"], before["at_a_loss"] - after["at_a_loss"]) == (1, 1)
    assert after["oldest_seconds"] < before["oldest_seconds"]


def test_the_holder_reads_of_a_dispute_and_of_a_late_clearing(card: TestCard) -> None:
    """Break: keep the state `reversed` when a clearing comes after all."""
    late = card.authorize(300)["authorization"]
    card.message(late, "reversals")
    card.message(late, "captures", 300)
    dispute = card.message(late, "chargebacks", 300)["chargeback"]
    card.tell()
    told = {line.kind: line for line in lines.show(lines.list_lines(card.card.holder_id))}
    assert (told["card_payment"].status, told["card_payment"].has_moved) == ("captured", True)
    assert (told["card_dispute"].ref, told["card_dispute"].status) == (dispute, "disputed")
    assert Authorization.objects.get(id=late).status == "captured"


def test_an_increment_of_another_day_is_given_back_to_that_days_window() -> None:
    """settled.md 33. Break: give all of it back to the day of the authorization."""
    from tests.cards.clocks import own_clock
    from tests.cards.pairs import Pair

    with own_clock() as hands:
        hands.set(0)
        pair = Pair(load=2000, daily=1000)
        payment = pair.authorize(600)
        assert payment is not None
        hands.set(1)
        pair.expired(1)
        pair.increment(payment, 900)
        pair.reverse(payment, 700)
        pair.check()
        assert pair.model.spent[1] == 200
        assert pair.authorize(801) is None
        assert pair.authorize(800) is not None
