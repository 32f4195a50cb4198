"""Two colleagues at work in real browsers: no console error, nothing from elsewhere, nothing wider than a phone."""

from collections.abc import Callable
from typing import Any

import pytest

from cards.authorizations.models import Authorization
from tests.cards import acquirer
from tests.payments import cast
from tests.support.browser import Visitor
from tests.support.staff import invite
from tests.wallet.monitoring.histories import play_in_and_out
from wallet.core import clock
from wallet.ledger import accounts, balances
from wallet.monitoring import watch
from wallet.monitoring.models import Case
from wallet.users import freezes

pytestmark = pytest.mark.django_db(transaction=True)


def come_in(visitor: Visitor, *roles: str) -> str:
    """As a new colleague does: the code that the command printed, then a passkey."""
    invitation = invite(*roles)
    visitor.open("/recover")
    visitor.page.locator("#id_code").fill(invitation["code"])
    visitor.page.locator("main form button").click()
    visitor.page.locator("form[data-passkey=make]").wait_for()
    visitor.picture("staff-passkey")
    visitor.page.locator("form[data-passkey=make] button").click()
    visitor.page.wait_for_url(f"{visitor.base}/operator/")
    return invitation["staff"]


def send(visitor: Visitor, reason: str) -> None:
    """Type the reason and send the form."""
    visitor.page.locator("#id_reason").fill(reason)
    visitor.page.locator(".submit-row input").click()


def look(olga: Visitor, path: str, word: str) -> None:
    """Nothing personal, then a reason, then what it was for."""
    olga.open(f"/operator/{path}/change/")
    assert word not in olga.page.content()
    olga.page.get_by_role("link", name="Give a reason and look").click()
    olga.picture("console-look-reason")
    send(olga, "Ticket 4711: which shop was it?")
    olga.page.wait_for_url("**/change/")
    olga.picture(f"console-look-{path.split('/')[1]}")
    assert word in olga.page.content()


def freeze_for_a_case(olga: Visitor, holder_id: str) -> None:
    olga.open("/operator/wallet/case/?status__exact=open")
    olga.picture("console-cases")
    # Other tests have cases too.
    olga.open(
        f"/operator/wallet/case/{Case.objects.filter(holder_id=holder_id, status='open').latest('opened_at').id}/change/"
    )
    olga.picture("console-case")
    olga.page.get_by_role("link", name="Freeze the holder").click()
    send(olga, "Topped up and gone within the hour, three times")
    olga.page.locator(".messagelist .success").wait_for()


def propose(olga: Visitor, holder_id: str) -> str:
    """The address of the proposal."""
    olga.open(f"/operator/wallet/proposal/propose/?holder_id={holder_id}")
    olga.page.locator("#id_amount").fill("12.50")
    olga.picture("console-propose")
    send(olga, "We charged a fee twice in March")
    olga.page.locator(".messagelist .success").wait_for()
    olga.picture("console-proposal")
    assert olga.page.get_by_role("link", name="Approve with your passkey").count() == 0
    return olga.page.url


def approve(ines: Visitor, proposal: str, holder_id: str) -> None:
    """Read what is signed, and sign it."""
    ines.page.goto(proposal)
    ines.picture("console-proposal-phone")
    assert ines.overflow() <= 0
    ines.page.get_by_role("link", name="Approuver avec votre clé").click()
    ines.picture("console-approve-phone")
    signed = ines.page.locator(".console-facts").inner_text()
    assert "12,50" in signed
    assert holder_id in signed
    ines.page.locator(".submit-row input").click()
    ines.page.locator(".messagelist .success").wait_for()
    ines.picture("console-approved-phone")


def test_two_colleagues_work_on_a_holder(new_visitor: Callable[..., Any]) -> None:
    """Look with a reason, freeze, propose a credit, and a second person approves it with a passkey; French on a phone."""
    holder = cast.holder()
    card = acquirer.issue(5_000, holder_id=holder.id, label="Groceries")
    card.authorize(1_200)
    play_in_and_out(holder.id)
    watch.look_at(holder.id, now=clock.now())
    olga, ines = new_visitor(width=1280), new_visitor(language="fr")

    come_in(olga, "operator")
    olga.picture("console-start")
    olga.open(f"/operator/wallet/holder/{holder.id}/change/")
    olga.picture("console-holder")
    look(olga, f"cards/card/{card.card.id}", "Groceries")
    look(olga, f"cards/authorization/{Authorization.objects.get(card=card.card).id}", "Corner Shop")
    freeze_for_a_case(olga, holder.id)
    assert freezes.is_frozen(holder.id)
    proposal = propose(olga, holder.id)

    come_in(ines, "approver")
    ines.picture("console-start-phone")
    assert ines.overflow() <= 0
    approve(ines, proposal, holder.id)
    assert balances.available(accounts.main(holder.id, "EUR")).minor == 1_250

    for path in ("wallet/outboxentry/", "wallet/transfer/", "wallet/staffact/", "privacy/exposure/"):
        for visitor, where in ((olga, ""), (ines, "-phone")):
            visitor.open(f"/operator/{path}")
            visitor.picture(f"console-list-{path.split('/')[1]}{where}")
            assert visitor.overflow() <= 0, path
