"""The exception queue in the console: what happened, what to do, and an end with a note."""

import pytest

from cards.authorizations.models import QueuedCase
from tests.cards import acquirer
from tests.payments import cast
from tests.support.people import Person
from tests.support.staff import join
from wallet.core.models import StaffAct
from wallet.ledger import accounts, balances

pytestmark = pytest.mark.django_db(transaction=True)

NOTE = {"reason": "Spoke with the network, ticket 12"}


@pytest.fixture
def olga() -> Person:
    return join("operator")


@pytest.fixture
def loss() -> tuple[acquirer.TestCard, QueuedCase]:
    """A force post of 30.00 on a card with 10.00: 20.00 are the programme's loss."""
    card = acquirer.issue(1_000, holder_id=cast.holder().id)
    assert card.force_post(3_000)["result"] == "queued"
    return card, QueuedCase.objects.order_by("-id").first()  # type: ignore[return-value]


def test_a_case_is_read_and_resolved_with_a_note(olga: Person, loss: tuple[acquirer.TestCard, QueuedCase]):
    """Break: leave the record out of the console's acts."""
    card, case = loss
    page = f"/operator/cards/queuedcase/{case.pk}/"
    text = olga.client.get(f"{page}change/").content.decode()
    assert "20.00" in text
    assert card.card.holder_id in text
    assert olga.client.post(f"{page}resolve/", {"reason": "ok"}).status_code == 200
    assert QueuedCase.objects.get(pk=case.pk).status == "open"
    assert olga.client.post(f"{page}resolve/", NOTE).status_code == 302
    assert QueuedCase.objects.get(pk=case.pk).status == "resolved"
    assert olga.client.post(f"{page}resolve/", NOTE).status_code == 409
    act = StaffAct.objects.get(subject=f"cards_queuedcase:{case.pk}")
    assert (act.act, act.actor_id, act.holder_id) == ("exception.resolve", olga.holder.id, card.card.holder_id)


def test_a_loss_is_charged_to_the_holder_by_a_person(olga: Person, loss: tuple[acquirer.TestCard, QueuedCase]):
    """Break: let `staff.may` say yes."""
    card, case = loss
    acquirer.fund(card.card.holder_id, 5_000)
    page = f"/operator/cards/queuedcase/{case.pk}/charge/"
    assert join("auditor").client.post(page, NOTE).status_code == 403
    assert olga.client.post(page, NOTE).status_code == 302
    assert balances.available(accounts.main(card.card.holder_id, "EUR")).minor == 3_000
    assert StaffAct.objects.get(subject=f"cards_queuedcase:{case.pk}").act == "exception.charge"
