"""What happens on the sandbox's hosted page: outcomes, the bank's question, and the events that tell of them."""

from datetime import datetime, timedelta

from payments.topups.models import SandboxCheckout, TopUp
from payments.topups.sandbox.test_cards import Outcome
from wallet.core import outbox
from wallet.core.errors import Invalid, Kind, NotFound, WalletError
from wallet.core.ids import new_id
from wallet.core.transactions import owns_transaction

#: How long the slow card takes.
SLOW = timedelta(seconds=8)
#: How long the page waits for a card.
OPEN_FOR = timedelta(hours=24)

EMIT = "sandbox_gateway.emit"


class CheckoutClosed(WalletError):
    """The page was answered before."""

    kind = Kind.CONFLICT
    slug = "checkout-closed"
    title = "This payment page was answered already"


class CardNotListed(Invalid):
    """Not one of the test cards; it was not read further, stored or logged."""

    slug = "test-card-needed"
    title = "Only the listed test cards are taken here"


@owns_transaction
def pay(*, reference: str, outcome: Outcome, now: datetime) -> SandboxCheckout:
    """A test card was typed; its outcome follows by an event.

    Raises:
        NotFound: no such top-up.
        CheckoutClosed: answered before.
    """
    checkout = _locked(reference)
    if checkout.status != "open":
        raise CheckoutClosed
    match outcome:
        case Outcome.CHALLENGE:
            checkout.status = "challenge"
        case Outcome.SLOW:
            checkout.status = "processing"
            checkout.settles_at = now + SLOW
            _emit(checkout, "checkout.session.completed")
            _emit(checkout, "checkout.session.async_payment_succeeded", due_at=checkout.settles_at)
        case _:
            _settle(checkout, is_paid=outcome is Outcome.PAID)
    checkout.save()
    return checkout


@owns_transaction
def answer_challenge(*, reference: str, is_confirmed: bool) -> SandboxCheckout:
    """The bank's question was answered.

    Raises:
        NotFound: no such top-up.
        CheckoutClosed: nothing was asked, or it was answered before.
    """
    checkout = _locked(reference)
    if checkout.status != "challenge":
        raise CheckoutClosed
    _settle(checkout, is_paid=is_confirmed)
    checkout.save()
    return checkout


def _settle(checkout: SandboxCheckout, *, is_paid: bool) -> None:
    checkout.status = "paid" if is_paid else "declined"
    _emit(checkout, "checkout.session.completed" if is_paid else "checkout.session.async_payment_failed")


def _locked(reference: str) -> SandboxCheckout:
    """The page of this top-up; it may be answered while its session is still being made (settled.md 36)."""
    if not TopUp.objects.filter(id=reference, gateway="sandbox").exists():
        raise NotFound
    SandboxCheckout.objects.bulk_create(
        [SandboxCheckout(reference=reference, session_ref=session_ref_of(reference))], ignore_conflicts=True
    )
    return SandboxCheckout.objects.select_for_update().get(reference=reference)


def session_ref_of(reference: str) -> str:
    """The gateway's name for the page; one for a reference, so that a repeated call returns the same session."""
    return f"cs_sandbox_{reference.removeprefix('top_')}"


def _emit(checkout: SandboxCheckout, event_type: str, due_at: datetime | None = None) -> None:
    payload = {"event": new_id("evt"), "type": event_type}
    outbox.enqueue(topic=EMIT, ref=checkout.session_ref, payload=payload, due_at=due_at)
