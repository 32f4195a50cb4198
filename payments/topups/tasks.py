"""The room's work: sessions, looking at payments, the sandbox's events, the poller."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from celery import shared_task
from django.db.models import Q

from payments.topups import inbox, payouts, reconciling, top_ups, withdrawals
from payments.topups.gateway import books, gateway
from payments.topups.models import BankPayout, PayoutStatus, Reconciliation, TopUp, TopUpStatus
from payments.topups.sandbox import adapter, checkout
from wallet.core import clock, outbox
from wallet.core.actors import Actor
from wallet.core.errors import GatewayBusy, GatewayUnavailable, WalletError
from wallet.core.models import OutboxEntry

log = structlog.get_logger(__name__)

#: A payment that no event has told about for so long is asked about (W03: found within ten minutes).
QUIET = timedelta(minutes=2)
_BATCH = 500
#: While other calls wait for the gateway, this one comes back.
_LATER_SECONDS = 2

_GATEWAY = Actor.system("topups.gateway")


@contextmanager
def _in_turn() -> Iterator[None]:
    try:
        yield
    except GatewayBusy:
        raise outbox.Later(_LATER_SECONDS) from None


@outbox.handles(top_ups.CREATE_SESSION)
def create_session(entry: OutboxEntry) -> None:
    """Have the hosted page made."""
    with _in_turn():
        top_ups.make_session(top_up_id=entry.ref, actor=_GATEWAY, now=clock.now())


@outbox.handles(top_ups.LOOK)
def look(entry: OutboxEntry) -> None:
    """Ask the gateway and apply its answer."""
    with _in_turn():
        top_ups.look(top_up_id=entry.ref, actor=_GATEWAY, now=clock.now())


@outbox.handles(inbox.WORK)
def event(entry: OutboxEntry) -> None:
    """Bring the payment that an event is about to what the gateway says."""
    with _in_turn():
        inbox.work(event_id=int(entry.ref), actor=_GATEWAY, now=clock.now())


@outbox.handles(withdrawals.SEND)
def send_refund(entry: OutboxEntry) -> None:
    """Have money sent back."""
    with _in_turn():
        withdrawals.send(refund_id=entry.ref, now=clock.now())


@outbox.handles(payouts.MAKE_PAGE)
def payout_page(entry: OutboxEntry) -> None:
    """Have the page made that asks for bank details."""
    with _in_turn():
        payouts.make_page(payout_id=entry.ref, now=clock.now())


@outbox.handles(payouts.LOOK)
def payout_look(entry: OutboxEntry) -> None:
    """Ask how a payout stands."""
    with _in_turn():
        payouts.look(payout_id=entry.ref, now=clock.now())


@outbox.handles(checkout.EMIT)
def emit(entry: OutboxEntry) -> None:
    """The sandbox gateway tells of an outcome."""
    adapter.deliver(event_id=str(entry.payload["event"]), event_type=str(entry.payload["type"]), session_ref=entry.ref)


@shared_task(name="payments.topups.poll")
def poll() -> int:
    """Look at every pending payment that has been quiet for a while; returns how many."""
    now = clock.now()
    is_due = Q(look_due_at__lte=now) | Q(look_due_at=None, created_at__lt=now - QUIET)
    quiet = TopUp.objects.filter(is_due, status=TopUpStatus.PENDING).order_by("created_at")
    ids = list(quiet.values_list("id", flat=True)[:_BATCH])
    for top_up_id in ids:
        try:
            top_ups.look(top_up_id=top_up_id, actor=Actor.system("topups.poll"), now=clock.now())
        except GatewayUnavailable:
            return 0  # it does not answer: the next poll asks again
        except WalletError as refusal:
            log.error("topups.poll.failed", top_up=top_up_id, error=type(refusal).__name__)  # noqa: TRY400 - ids alone
    return len(ids)


@shared_task(name="payments.topups.poll_payouts")
def poll_payouts() -> int:
    """Look at every payout that is under way; returns how many."""
    is_open = BankPayout.objects.filter(status__in=[PayoutStatus.WAITING, PayoutStatus.PENDING])
    ids = list(is_open.order_by("created_at").values_list("id", flat=True)[:_BATCH])
    for payout_id in ids:
        try:
            payouts.look(payout_id=payout_id, now=clock.now())
        except GatewayUnavailable:
            return 0  # it does not answer: the next poll asks again
    return len(ids)


@shared_task(name="payments.topups.poll_events")
def poll_events() -> int:
    """Ask for events that never came; returns how many there were."""
    try:
        return inbox.poll(name=gateway().name, now=clock.now())
    except GatewayUnavailable:
        return 0


@shared_task(name="payments.topups.reconcile")
def reconcile_yesterday() -> int:
    """Compare yesterday's books, once; returns how many differences there are."""
    name, yesterday = gateway().name, clock.now().date() - timedelta(days=1)
    if books(name) is None or Reconciliation.objects.filter(gateway=name, subject=yesterday.isoformat()).exists():
        return 0
    try:
        return len(reconciling.of_day(yesterday, name=name).differences)
    except GatewayUnavailable:
        return 0  # it does not answer: the next hour asks again
