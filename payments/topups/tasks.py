"""The room's work: sessions, looking at payments, the sandbox's events, the poller."""

from datetime import timedelta

from celery import shared_task

from payments.topups import top_ups
from payments.topups.gateway import PaymentState
from payments.topups.models import TopUp, TopUpStatus
from payments.topups.sandbox import adapter, checkout
from wallet.core import clock, outbox
from wallet.core.actors import Actor
from wallet.core.models import OutboxEntry

#: A payment that no event has told about for so long is asked about (W03: found within ten minutes).
QUIET = timedelta(minutes=2)
_BATCH = 500

_GATEWAY = Actor.system("topups.gateway")


@outbox.handles(top_ups.CREATE_SESSION)
def create_session(entry: OutboxEntry) -> None:
    """Have the hosted page made."""
    top_ups.make_session(top_up_id=entry.ref, actor=_GATEWAY)


@outbox.handles(top_ups.LOOK)
def look(entry: OutboxEntry) -> None:
    """Ask the gateway and apply its answer."""
    state = top_ups.look(top_up_id=entry.ref, actor=_GATEWAY, now=clock.now())
    if state is PaymentState.PROCESSING:
        raise outbox.Later(5)


@outbox.handles(checkout.EMIT)
def emit(entry: OutboxEntry) -> None:
    """The sandbox gateway tells of an outcome."""
    adapter.deliver(event_id=str(entry.payload["event"]), event_type=str(entry.payload["type"]), session_ref=entry.ref)


@shared_task(name="payments.topups.poll")
def poll() -> int:
    """Look at every pending payment that has been quiet for a while; returns how many."""
    quiet = TopUp.objects.filter(status=TopUpStatus.PENDING, created_at__lt=clock.now() - QUIET).order_by("created_at")
    ids = list(quiet.values_list("id", flat=True)[:_BATCH])
    for top_up_id in ids:
        top_ups.look(top_up_id=top_up_id, actor=Actor.system("topups.poll"), now=clock.now())
    return len(ids)
