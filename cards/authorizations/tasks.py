"""Work of this room: telling the holder, and ending what has expired."""

import structlog
from celery import shared_task
from django.db import connection, transaction

from cards.authorizations import books, radar
from cards.authorizations.models import Authorization
from cards.authorizations.states import AuthorizationStatus
from cards.issuing.cards import lock_card
from wallet.core import clock, outbox
from wallet.core.models import OutboxEntry

log = structlog.get_logger(__name__)

_BATCH = 200


@outbox.handles("cards.authorization")
def tell_holder(entry: OutboxEntry) -> None:
    """A payment was decided, or something came of it."""
    radar.tell(authorization_id=entry.ref, now=clock.now())


@shared_task(name="cards.authorizations.expire")
def expire() -> int:
    """Release what no clearing has come for; returns how many authorizations ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT cards_purge_mismatches()")
    due = Authorization.objects.filter(status=AuthorizationStatus.APPROVED, expires_at__lte=clock.now())
    ended = 0
    for authorization_id, card_id in due.order_by("expires_at").values_list("id", "card_id")[:_BATCH]:
        ended += _expire_one(authorization_id, card_id)
    return ended


def _expire_one(authorization_id: str, card_id: str) -> bool:
    with transaction.atomic():
        card = lock_card(card_id)
        now = clock.now()
        # A clearing, or another worker, may have come first.
        row = (
            Authorization.objects.select_for_update(no_key=True)
            .filter(id=authorization_id, status=AuthorizationStatus.APPROVED, expires_at__lte=now)
            .first()
        )
        if row is None:
            return False
        books.expire(row, card, now)
        outbox.enqueue(topic="cards.authorization", ref=row.id, payload={"event": "expiry"})
    log.info("cards.authorization.expired", authorization=authorization_id)
    return True
