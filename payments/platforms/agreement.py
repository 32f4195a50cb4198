"""What a person agrees to when they link: the literal JSON that the platform will read, and what they trimmed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from payments.platforms.mandates import Terms
from privacy.fields import FieldClass
from wallet.core.money import Money

#: Everything about the person that this agreement lets a platform read.
CLASSES = frozenset(
    {
        FieldClass.LINK_HANDLE, FieldClass.LINK_ONE_TAP, FieldClass.ACCESS_TOKEN, FieldClass.PAYMENT_AMOUNT,
        FieldClass.PAYMENT_STATUS, FieldClass.PAYMENT_NOTE, FieldClass.PAYMENT_REFERENCE, FieldClass.OBJECT_ID,
        FieldClass.OBJECT_STATE, FieldClass.OBJECT_TIME,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trim:
    """What the person left out."""

    hide_note: bool = False


def classes(trim: Trim) -> frozenset[FieldClass]:
    """What the platform may read of the person: what was trimmed is no part of it, and the gate refuses it."""
    return CLASSES - {FieldClass.PAYMENT_NOTE} if trim.hide_note else CLASSES


def is_about(document: bytes, link_id: str) -> bool:
    """Whether an agreed document is the one of this link."""
    return bool(orjson.loads(document)["sent"]["token"]["link"] == link_id)


def shown(*, link_id: str, wallet_url: str, trim: Trim, can_pay: bool, one_tap: bool) -> dict[str, Any]:
    """The answers of the API with this person's own handle in them, member by member as they will be sent.

    Dots stand for what is made anew each time, and for what the platform itself has sent.
    """
    note = None if trim.hide_note else "…"
    scope = "link payments:pay" if can_pay else "link"
    return {
        "token": {
            "access_token": "…", "token_type": "Bearer", "expires_in": 300, "refresh_token": "…", "scope": scope,
            "link": link_id,
        },
        "link": {"id": link_id, "status": "active", "one_tap": can_pay and one_tap},
        "payment_request": {
            "id": "preq_…", "status": "open", "amount": {"value": 2000, "currency": "EUR"}, "payee": link_id,
            "payer": "link_…", "note": note, "reference": "…", "pay_url": f"{wallet_url}/p/preq_…",
            "button": {"title": "Pay €20.00", "url": f"{wallet_url}/p/preq_…"}, "created_at": "…", "expires_at": "…",
            "paid_at": None, "refunded": {"value": 0, "currency": "EUR"},
        },
        "split": {
            "id": "split_…", "status": "open", "total": {"value": 6000, "currency": "EUR"},
            "collected": {"value": 0, "currency": "EUR"}, "payee": "link_…", "all_or_nothing": False, "note": note,
            "reference": "…",
            "shares": [{
                "payer": link_id, "amount": {"value": 2000, "currency": "EUR"}, "status": "open",
                "payment_request": "preq_…", "pay_url": f"{wallet_url}/p/preq_…",
            }],
            "created_at": "…", "expires_at": "…",
        },
        "checkout": {
            "id": "chk_…", "status": "open", "items": [{"label": note, "amount": {"value": 2000, "currency": "EUR"}}],
            "total": {"value": 2000, "currency": "EUR"}, "tip": {"value": 0, "currency": "EUR"},
            "max_tip": {"value": 500, "currency": "EUR"}, "suggested_tips": [{"value": 100, "currency": "EUR"}],
            "payee": "link_…", "payer": link_id, "reference": "…", "return_url": "…",
            "checkout_url": f"{wallet_url}/p/preq_…",
            "button": {"title": "Pay €20.00", "url": f"{wallet_url}/p/preq_…"}, "payment_request": "preq_…",
            "created_at": "…", "expires_at": "…", "paid_at": None,
        },
        "refund": {
            "id": "ref_…", "status": "succeeded", "payment_request": "preq_…",
            "amount": {"value": 2000, "currency": "EUR"}, "approve_url": None, "created_at": "…",
        },
        "webhook": {"type": "payment_request.paid", "timestamp": "…", "data": {"id": "preq_…"}},
    }  # fmt: skip


def document(*, literal: Mapping[str, Any], terms: Terms, trim: Trim) -> dict[str, Any]:
    """What the receipt is about: the literal JSON, what was trimmed, and the mandate."""
    return {
        "sent": dict(literal),
        "trimmed": {"hide_note": trim.hide_note},
        "mandate": {
            "one_tap": terms.one_tap,
            "refunds": terms.refunds,
            "per_payment": Money(terms.per_payment_minor, terms.currency).as_json(),
            "per_day": Money(terms.per_day_minor, terms.currency).as_json(),
            "per_week": None if terms.per_week_minor is None else Money(terms.per_week_minor, terms.currency).as_json(),
            "until": None if terms.until is None else terms.until.isoformat(),
        },
    }
