"""A payment that the network refused without asking us: nothing moves, and the holder reads why.

A wrong date or code that the network found counts as a try (A05).
"""

from datetime import datetime

from django.db import connection

from cards.authorizations import snapshots
from cards.authorizations.authorize import Request, ask_of
from cards.authorizations.codes import MISMATCHES, RESPONSE_CODE, Reason
from cards.authorizations.decide import Decline, decide
from cards.authorizations.messages import body_hash
from cards.authorizations.models import Authorization, NetworkMessage
from cards.authorizations.snapshots import Reading
from cards.authorizations.states import AuthorizationStatus, MessageKind
from cards.issuing.cards import has_left, lock_card
from wallet.core import outbox
from wallet.core.ids import new_id
from wallet.core.transactions import owns_transaction


@owns_transaction
def note(*, request: Request, reason: Reason | None, at: datetime) -> bool:
    """Write down a no of the network's; whether it is new.

    Args:
        request: what was asked for.
        reason: why; None: a rule that the network has from us, and our own decision says which.
        at: when the network refused.
    """
    reading = snapshots.read(index=request.presented.index(), network=request.network, ref=request.ref)
    if reading.seen is not None or not reading.snapshot.is_known:
        return False
    card = lock_card(reading.snapshot.card_id)
    if has_left(card) or _is_known(request):
        return False
    reason = reason or _own_reason(request, reading)
    row = Authorization(
        id=new_id("auth"), card=card, number=reading.snapshot.number.id, holder_id=card.holder_id,
        status=AuthorizationStatus.DECLINED, currency=request.amount.currency, requested_minor=request.amount.minor,
        mcc=request.merchant.mcc, country=request.merchant.country, entry=request.entry, reason=reason,
        response_code=RESPONSE_CODE[reason], decided_at=at,
    )  # fmt: skip
    row.merchant = request.merchant.as_json()
    row.save(force_insert=True)
    NetworkMessage.objects.create(
        network=request.network, ref=request.ref, kind=MessageKind.AUTHORIZATION, body_hash=body_hash(request.body),
        authorization_id=row.id, at=at,
        answer={
            "approved": False, "response_code": RESPONSE_CODE[reason], "authorization": None, "approved_amount": None
        },
    )  # fmt: skip
    if reason in MISMATCHES:
        with connection.cursor() as cursor:
            cursor.execute("SELECT cards_count_mismatch(%s)", [request.presented.index()])
    outbox.enqueue(topic="cards.authorization", ref=row.id, payload={"event": "refused_there"})
    return True


def _own_reason(request: Request, reading: Reading) -> Reason:
    ask = ask_of(request, reading)
    decision = decide(reading.snapshot_for(ask.proof), ask)
    return decision.reason if isinstance(decision, Decline) else Reason.NETWORK_REFUSED


def _is_known(request: Request) -> bool:
    asked = NetworkMessage.objects.filter(network=request.network, ref=request.ref, kind=MessageKind.AUTHORIZATION)
    return asked.exists()
