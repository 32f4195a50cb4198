"""Having numbers made at Stripe, and keeping Stripe's copies what they should be (worker).

Record what is about to be told, call out, record the outcome. Whoever dies between calls again under the same key.
"""

import hashlib
import json
from datetime import datetime
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import transaction

from cards.issuing import place_numbers
from cards.issuing.models import Card
from cards.issuing.place_numbers import Token
from cards.issuing.states import CardStatus
from cards.network.models import IssuingNumber, IssuingPerson
from cards.network.stripe import rules
from cards.network.stripe.disclosures import disclose_card, disclose_person
from cards.network.stripe.rules import Copy
from cards.vault import numbers
from wallet.core import outbox
from wallet.core.errors import GatewayUnavailable
from wallet.core.transactions import owns_transaction
from wallet.stripe.client import call

log = structlog.get_logger(__name__)

MAKE: Final = "issuing.make"
ALIGN: Final = "issuing.align"
#: How often a change that comes while Stripe is told of the last one is followed at once.
_ROUNDS = 4


def make(*, number_id: str, now: datetime) -> None:
    """Have a number made, unless it is made already or its card has ended.

    Raises:
        GatewayUnavailable: the outbox tries again.
        Later: Stripe gave last digits that another number of this card has; that one is ended, and another asked for.
    """
    number, card, token = _read(number_id)
    if number.ref or card.status == CardStatus.CLOSED or (token is not None and token.ended_at is not None):
        return
    person = _person(card.holder_id)
    copy, expiry = rules.wanted(card, token), token.expiry if token else card.expiry
    with transaction.atomic():
        disclose_card(card, number_id, expiry, copy)
    with call("create_card") as stripe:
        theirs = stripe.v1.issuing.cards.create(
            params=_params(card, number_id, person, expiry, copy),
            options={"idempotency_key": f"{number_id}:{number.tries}"},
        )
    if _record(number_id=number_id, ref=theirs.id, last4=theirs.last4, now=now):
        return
    with call("cancel_card") as stripe:
        stripe.v1.issuing.cards.update(
            theirs.id, params={"status": "canceled"}, options={"idempotency_key": f"{number_id}:{number.tries}:ended"}
        )
    IssuingNumber.objects.filter(number_id=number_id, ref=None, tries=number.tries).update(tries=number.tries + 1)
    raise outbox.Later(1)


def align(*, number_id: str, now: datetime, is_drift: bool = False) -> bool:
    """Compare Stripe's copy of a number with what it should be, and mend it; whether it differed.

    Args:
        number_id: whose copy.
        now: the database's time.
        is_drift: nobody here has changed anything, so a difference is Stripe's own and is kept for the operator.

    Raises:
        GatewayUnavailable: the outbox tries again.
    """
    was_different = False
    for _round in range(_ROUNDS):
        number, card, token = _read(number_id)
        if not number.ref:
            return False  # whoever makes it makes it as it is then
        with call("read_card") as stripe:
            theirs = stripe.v1.issuing.cards.retrieve(number.ref)
        seen, copy = rules.seen(theirs), rules.wanted(card, token)
        differing = seen.differing(copy)
        if seen.status == "canceled" and rules.may_cancel_itself(card):
            differing = []
        IssuingNumber.objects.filter(number_id=number_id).update(compared_at=now)
        if not differing:
            return was_different
        was_different = True
        if is_drift:
            _note_drift(number, differing, now)
        if seen.status == "canceled":
            return True  # it cannot be brought back: a person looks at it
        _push(number, card, token, copy, seen)
    return was_different


def _push(number: IssuingNumber, card: Card, token: Token | None, copy: Copy, seen: Copy) -> None:
    with transaction.atomic():
        disclose_card(card, number.number_id, token.expiry if token else card.expiry, copy)
    params: Any = {"status": copy.status, "spending_controls": copy.spending_controls()}
    if copy.status == "canceled":
        params = {"status": "canceled"}
    # What was seen belongs to the key: the same change of another state is another change.
    told = json.dumps([params, seen.status, dict(seen.limits), sorted(seen.countries), card.state_version])
    digest = hashlib.sha256(told.encode()).hexdigest()[:32]
    with call("update_card") as stripe:
        stripe.v1.issuing.cards.update(
            str(number.ref), params=params, options={"idempotency_key": f"{number.number_id}:{digest}"}
        )


def _read(number_id: str) -> tuple[IssuingNumber, Card, Token | None]:
    number = IssuingNumber.objects.get(number_id=number_id)
    card = Card.objects.get(id=number.card_id)
    token = None if number_id == number.card_id else place_numbers.get_number(card, number_id)
    return number, card, token


def _person(holder_id: str) -> str:
    """Stripe's cardholder for a holder, made with the first card."""
    person, _is_new = IssuingPerson.objects.get_or_create(holder_id=holder_id)
    if person.ref:
        return person.ref
    with transaction.atomic():
        disclose_person(person.id, holder_id=holder_id)
    if not settings.STRIPE_ISSUING_NAME or not settings.STRIPE_ISSUING_ADDRESS:
        log.error("cards.network.programme_has_no_address")
        raise GatewayUnavailable
    line, city, postal_code, country = settings.STRIPE_ISSUING_ADDRESS
    with call("create_cardholder") as stripe:
        made = stripe.v1.issuing.cardholders.create(
            params={
                "type": "company",
                "name": settings.STRIPE_ISSUING_NAME,
                "billing": {
                    "address": {"line1": line, "city": city, "postal_code": postal_code, "country": country}
                },
                "metadata": {"reference": person.id},
            },
            options={"idempotency_key": person.id},
        )  # fmt: skip
    IssuingPerson.objects.filter(id=person.id).update(ref=made.id)
    return made.id


def _params(card: Card, number_id: str, person: str, expiry: str, copy: Copy) -> Any:
    controls = copy.spending_controls()
    if not copy.countries:
        del controls["allowed_merchant_countries"]
    ends_itself = (
        {"lifecycle_controls": {"cancel_after": {"payment_count": 1}}} if rules.may_cancel_itself(card) else {}
    )
    return {
        "cardholder": person, "currency": card.currency.lower(), "type": "virtual", "status": copy.status,
        "exp_month": int(expiry[5:]), "exp_year": int(expiry[:4]), "spending_controls": controls,
        "metadata": {"reference": number_id}, **ends_itself,
    }  # fmt: skip


@owns_transaction
def _record(*, number_id: str, ref: str, last4: str, now: datetime) -> bool:
    number = IssuingNumber.objects.select_for_update().get(number_id=number_id)
    if number.ref:
        return True
    if not numbers.name_reserved(number_id=number_id, name=ref, last4=last4, now=now):
        return False
    number.ref = ref
    number.save(update_fields=["ref"])
    if number_id == number.card_id:
        Card.objects.filter(id=number_id).update(last4=last4)
    # What changed while it was made.
    outbox.enqueue(topic=ALIGN, ref=number_id)
    return True


def _note_drift(number: IssuingNumber, differing: list[str], now: datetime) -> None:
    log.error("cards.network.drift", number=number.number_id, differing=differing)
    IssuingNumber.objects.filter(number_id=number.number_id).update(drifted_at=now, drift=" ".join(differing))
