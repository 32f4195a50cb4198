"""An authorization: read, decide, place. Two statements, no call out of the house, in doubt no (A04).

The second is a transaction of its own: what it says is committed.
"""

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import structlog
from django.db import DatabaseError, OperationalError, transaction

from cards.authorizations import answers, late, snapshots
from cards.authorizations.answers import OUR_OWN, Speech
from cards.authorizations.codes import APPROVED, MISMATCHES, PARTIALLY_APPROVED, RESPONSE_CODE, Reason
from cards.authorizations.decide import Approve, Ask, Decline, Proof, decide
from cards.authorizations.merchants import Merchant
from cards.authorizations.messages import body_hash, merchant_mark, same_body
from cards.authorizations.models import Authorization
from cards.authorizations.snapshots import Reading
from cards.authorizations.terms import hold_life
from cards.issuing.numbers import Evidence
from privacy.crypto.keyring import Cell, KeyDestroyed, keyring
from privacy.exposure import gate
from privacy.exposure.gate import Grant, Prepared
from wallet.core import outbox
from wallet.core.ids import new_id
from wallet.core.money import Money
from wallet.core.transactions import one_statement, owns_transaction, sqlstate

log = structlog.get_logger(__name__)

#: A lock that takes longer, and all of the second statement: both are an answer of their own: no.
LOCK_TIMEOUT, PATIENCE = "300ms", "1s"
#: lock_timeout, patience, serialization failure, deadlock.
_IN_DOUBT = frozenset({"55P03", "57014", "40001", "40P01"})
#: Of these, what somebody else won: tried again while there is time (L11).
_LOST = frozenset({"40001", "40P01"})
_RETRIES = 3
#: What `cards_place` raises when a window, or the money, went to somebody else since the snapshot.
_STALE = frozenset({"PV100", "PV001", "PV006"})
#: The network's limit is 2 s: whatever comes later than this is a no, also when it was committed.
DEADLINE_MS = 1500
_TRIES = 2
_PLACE = "SELECT set_config('lock_timeout', %(lock_timeout)s, true), cards_place({})".format(
    ", ".join(
        f"p_{name} => %({name})s"
        for name in (
            "authorization", "network", "ref", "body_hash", "answer", "card", "number", "holder", "state_version",
            "currency", "requested", "amount", "mcc", "country", "entry", "merchant", "mark", "once", "is_try",
            "day_limit", "month_limit", "lifetime_limit", "tier_payment", "tier_day", "tier_month", "expires_at",
            "response_code", "recipient", "schema", "purpose", "basis", "channel", "digest", "request", "at",
            "exposure", "fields", "record", "body", "patience",
        )
    )
)  # fmt: skip
_DECLINE = (
    "SELECT set_config('lock_timeout', %(lock_timeout)s, true), cards_decline_authorization(%(order)s, %(disclosure)s)"
)
#: Refusals that say nothing of the code.
_UNTRIED = frozenset({Reason.CVC_LOCKED, Reason.UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class Request:
    """An authorization as the network sends it.

    Args:
        network: its name; with `ref` and the kind of message the key of the message.
        ref: the network's reference.
        presented: what the merchant typed or read, or what the network that keeps the number says of it.
        amount: zero asks whether the card lives.
        merchant: who asks.
        is_partial: the merchant takes less.
        entry: `ecommerce`, `chip`, or `stored`: remote, and no code was asked for, which the network allows.
        body: the message as it came, to tell a repetition from another one.
        request_id: of the HTTP request, for the exposure record.
        speech: how the network wants to be answered.
    """

    network: str
    ref: str
    presented: Evidence
    amount: Money
    merchant: Merchant
    is_partial: bool
    entry: str
    body: Mapping[str, Any]
    request_id: str
    speech: Speech = OUR_OWN

    @property
    def tries_code(self) -> bool:
        """Whether the answer may say how a code was; a chip shows none."""
        return self.entry == "ecommerce" or self.presented.has_code()

    def __repr__(self) -> str:
        return f"Request({self.network}, {self.ref})"


def authorize(request: Request) -> Grant:
    """Decide on a payment, place the decision, and grant the bytes of the answer.

    Raises:
        MessageReused: the reference came before with another body.
        DisclosureRefused: the log cannot be written, so nothing may be said; the hold is rolled back with it.
    """
    answers.recipient_of(request.merchant)
    began, digest = time.monotonic_ns(), body_hash(request.body)
    for _try in range(_RETRIES + 1):
        try:
            return _place(request, digest, began)
        except OperationalError as error:
            state = sqlstate(error)
            if state not in _IN_DOUBT:
                raise
        if state not in _LOST or 2 * _ms_since(began) > DEADLINE_MS:
            break
    log.warning("cards.authorization.in_doubt", sqlstate=state, network=request.network)
    reading = _read(request)
    before = _answered_before(request, reading)
    return before or _decline(request, digest, reading, Decline(Reason.UNAVAILABLE))


def _ms_since(began: int) -> int:
    return (time.monotonic_ns() - began) // 1_000_000


def _read(request: Request) -> Reading:
    return snapshots.read(index=request.presented.index(), network=request.network, ref=request.ref)


def _place(request: Request, digest: bytes, began: int) -> Grant:
    for _try in range(_TRIES):
        reading = _read(request)
        if (before := _answered_before(request, reading)) is not None:
            return before
        ask = ask_of(request, reading)
        decision = decide(reading.snapshot_for(ask.proof), ask)
        if isinstance(decision, Decline):
            grant = _write_decline(request, digest, reading, decision)
        else:
            grant = _write_approval(request, digest, reading, decision, began)
        if grant is not None:
            return grant
    return _decline(request, digest, reading, Decline(Reason.UNAVAILABLE))


def ask_of(request: Request, reading: Reading) -> Ask:
    """What is to be decided, by what was read."""
    is_remote = request.entry == "ecommerce"
    # Also for a number that is nobody's: the same work.
    matches = request.presented.cvc_matches(version=reading.cvc_version)
    return Ask(
        amount=request.amount,
        merchant=request.merchant,
        merchant_mark=merchant_mark(request.merchant.id, locked_to=reading.snapshot.locked_to),
        proof=Proof(expiry_matches=reading.expiry_matches(request.presented), cvc_matches=matches, is_remote=is_remote),
        is_partial=request.is_partial,
    )


def _answered_before(request: Request, reading: Reading) -> Grant | None:
    if reading.seen is None:
        return None
    same_body(reading.seen.body_hash, request.body)
    return _disclose_again(request, reading.holder_id, late.as_it_stands(reading.seen.answer))


@owns_transaction
def _disclose_again(request: Request, holder_id: str | None, answer: Mapping[str, Any]) -> Grant:
    schema, body = request.speech.say(answer)
    return answers.disclose(
        schema=schema, body=body, merchant=request.merchant,
        holder_id=_subject(holder_id, answer), request_id=request.request_id,
    )  # fmt: skip


def _subject(holder_id: str | None, answer: Mapping[str, Any]) -> str | None:
    """Whom an answer is about.

    A refusal that a number of nobody's gets too says nothing of anybody. It is counted, alike for all of them: a record
    for some would tell them apart by the time it takes (A06).
    """
    return None if answer["response_code"] == RESPONSE_CODE[Reason.NUMBER_UNKNOWN] else holder_id


def _decline(request: Request, digest: bytes, reading: Reading, decision: Decline) -> Grant:
    """Place a no that no code was tried for: it always holds."""
    grant = _write_decline(request, digest, reading, decision)
    assert grant is not None  # for the type checker
    return grant


def _write_approval(
    request: Request, digest: bytes, reading: Reading, decision: Approve, began: int
) -> Grant | None:  # fmt: skip
    """The second statement of a yes; None when what was decided no longer holds."""
    authorization_id = new_id("auth")
    answer = _answer(authorization_id, request, decision)
    holder_id = reading.snapshot.holder_id
    # Both keys in one look where they are not in memory.
    keyring.prefetch(key_ids=(), owners=((holder_id, "law"), (holder_id, "life")))
    prepared = _prepare(request, reading, answer)
    order = {
        "authorization": authorization_id,
        "network": request.network,
        "ref": request.ref,
        "body_hash": digest,
        "answer": orjson.dumps(answer).decode(),
        **_facts(authorization_id, request, reading),
        **_approval(request, reading, decision),
        **prepared.columns,
        "patience": PATIENCE,
    }
    try:
        # Numbers as text: the server reads them as what they are for, and prepares one statement for all sizes.
        texts = {name: str(value) if type(value) is int else value for name, value in order.items()}
        outbox_id = _call(_PLACE, texts, raises=_IN_DOUBT | _STALE)
    except DatabaseError as error:
        if sqlstate(error) in _STALE:
            return None
        raise
    if outbox_id is None:
        return None
    if _ms_since(began) > DEADLINE_MS:
        log.error("cards.authorization.committed_late", authorization=authorization_id, network=request.network)
        return _take_back(request, reading, authorization_id)
    transaction.on_commit(partial(outbox.wake_soon, outbox_id), robust=True)
    return prepared.grant


@owns_transaction
def _take_back(request: Request, reading: Reading, authorization_id: str) -> Grant:
    answer = late.take_back(network=request.network, ref=request.ref, authorization_id=authorization_id)
    return _disclose_again(request, reading.holder_id, answer)


def _write_decline(request: Request, digest: bytes, reading: Reading, decision: Decline) -> Grant | None:
    """The second statement of a no; None when a code was tried that may not be tried any more."""
    authorization_id = new_id("auth")
    answer = _answer(authorization_id, request, decision)
    prepared = _prepare(request, reading, answer)
    facts = _facts(authorization_id, request, reading)
    order = {
        "authorization": authorization_id,
        "network": request.network,
        "ref": request.ref,
        "body_hash": digest.hex(),
        "pan_index": request.presented.index().hex(),
        "answer": answer,
        **facts,
        "merchant": base64.b64encode(facts["merchant"]).decode(),
        **_refusal(request, decision),
    }
    said = _call(_DECLINE, {"order": orjson.dumps(order).decode(), "disclosure": prepared.parameters})
    outcome = orjson.loads(said) if isinstance(said, str) else said
    if outcome["outcome"] == "duplicate":
        same_body(bytes.fromhex(outcome["body_hash"]), request.body)
        return _disclose_again(request, reading.holder_id, late.as_it_stands(outcome["answer"]))
    if outcome["outcome"] == "stale":
        return None
    transaction.on_commit(partial(outbox.wake_soon, outcome["outbox"]), robust=True)
    return prepared.grant


def _prepare(request: Request, reading: Reading, answer: Mapping[str, Any]) -> Prepared:
    schema, body = request.speech.say(answer)
    return answers.prepare(
        schema=schema, body=body, merchant=request.merchant,
        holder_id=_subject(reading.holder_id, answer), request_id=request.request_id, now=reading.now,
    )  # fmt: skip


def _call(statement: str, parameters: Mapping[str, Any], *, raises: frozenset[str] = _IN_DOUBT) -> Any:
    try:
        with one_statement() as cursor:
            cursor.execute(statement, {**parameters, "lock_timeout": LOCK_TIMEOUT})
            return cursor.fetchone()[1]
    except DatabaseError as error:
        if sqlstate(error) in raises:
            raise
        raise gate.refusal(error) from None


def _answer(authorization_id: str, request: Request, decision: Approve | Decline) -> dict[str, Any]:
    if isinstance(decision, Decline):
        code = RESPONSE_CODE[decision.reason]
        return {"approved": False, "response_code": code, "authorization": None, "approved_amount": None}
    code = APPROVED if decision.amount == request.amount else PARTIALLY_APPROVED
    amount = decision.amount.as_json()
    return {"approved": True, "response_code": code, "authorization": authorization_id, "approved_amount": amount}


def _facts(authorization_id: str, request: Request, reading: Reading) -> dict[str, Any]:
    snapshot, merchant = reading.snapshot, request.merchant
    return {
        "card": snapshot.card_id or None,
        "number": snapshot.number.id,
        "holder": snapshot.holder_id,
        "currency": request.amount.currency,
        "requested": request.amount.minor,
        "mcc": merchant.mcc,
        "country": merchant.country,
        "entry": request.entry,
        "merchant": seal_merchant(authorization_id, snapshot.holder_id, merchant),
    }


def _approval(request: Request, reading: Reading, decision: Approve) -> dict[str, Any]:
    snapshot, controls = reading.snapshot, reading.snapshot.controls
    locks = snapshot.kind == "merchant_locked"
    return {
        "state_version": snapshot.state_version,
        "amount": decision.amount.minor,
        "mark": merchant_mark(request.merchant.id, locked_to=snapshot.locked_to) if locks else None,
        "once": snapshot.kind == "single_use",
        "is_try": request.tries_code,
        "day_limit": controls.daily,
        "month_limit": controls.monthly,
        "lifetime_limit": controls.lifetime,
        "tier_payment": reading.caps.payment,
        "tier_day": reading.caps.day,
        "tier_month": reading.caps.month,
        "expires_at": reading.now + hold_life(request.merchant.mcc),
        "response_code": APPROVED if decision.amount == request.amount else PARTIALLY_APPROVED,
    }


def _refusal(request: Request, decision: Decline) -> dict[str, Any]:
    return {
        # A code was tried, and any answer but "locked" may say how that went: it must be one of the day's three.
        "is_try": request.tries_code and decision.reason not in _UNTRIED,
        "reason": str(decision.reason),
        "response_code": RESPONSE_CODE[decision.reason],
        "is_mismatch": decision.reason in MISMATCHES,
    }


def seal_merchant(authorization_id: str, holder_id: str, merchant: Merchant) -> bytes:
    """The merchant, sealed for the row that SQL will write; under the service's key where there is no holder."""
    row = Authorization(id=authorization_id, holder_id=holder_id)
    field: Any = Authorization._meta.get_field("merchant")  # noqa: SLF001 - Django's documented API
    plain = field.encode(merchant.as_json())
    if holder_id:
        try:
            return keyring.seal(plain, cell=field.cell(row), keys="law")
        except KeyDestroyed:
            log.info("cards.authorization.of_nobody_any_more", authorization=authorization_id)
    cell = Cell("cards_authorization", "merchant", authorization_id, "")
    return keyring.seal(plain, cell=cell, keys="service")


__all__ = ["Request", "ask_of", "authorize", "seal_merchant"]
