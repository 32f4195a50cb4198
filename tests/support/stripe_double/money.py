"""What happens to money at Stripe: payments and their outcomes, refunds, disputes, payouts."""

import re
from typing import Any

from tests.support.stripe_double.books import Books, Thing, new_id
from tests.support.stripe_double.params import Refused

ZERO_DECIMAL = {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"}  # fmt: skip
THREE_DECIMAL = {"bhd", "jod", "kwd", "omr", "tnd"}
#: The least that can be charged, of the currencies that the wallet offers.
MINIMUM = {"eur": 50, "usd": 50, "gbp": 30, "chf": 50, "jpy": 50, "kwd": 0}
DISPUTE_FEE = 2000
#: Stripe's documented test cards: what each leads to.
CARDS = {
    "4242424242424242": "paid",
    "4000000000000002": "card_declined",
    "4000000000009995": "insufficient_funds",
    "4000002760003184": "challenge",
    "4000000000000259": "disputed",
    "4000000000001976": "inquired",
    "4000000000005423": "early_fraud_warning",
    "4000000000007726": "refund_pending",
    "4000000000005126": "refund_fails",
}
#: Bank accounts for SEPA Direct Debit.
IBANS = {
    "AT611904300234573201": "debit_paid",
    "AT861904300235473202": "debit_fails",
    "AT591904300235473203": "debit_disputed",
}


def create_session(books: Books, wanted: dict[str, Any]) -> Thing:  # noqa: C901 - one check after the other
    """A session of Checkout, after the checks that no type can say."""
    if wanted.get("mode") != "payment":
        raise Refused("You must provide a mode.", param="mode", code="parameter_missing")
    lines = wanted.get("line_items") or []
    if not lines:
        raise Refused("Missing required param: line_items.", param="line_items", code="parameter_missing")
    total, currency = 0, ""
    for at, line in enumerate(lines):
        path, price = f"line_items[{at}]", line.get("price_data")
        if price is None or "unit_amount" not in price or not ("product" in price or "product_data" in price):
            raise Refused(f"You must specify {path}[price_data].", param=path, code="parameter_missing")
        if line.get("quantity", 0) < 1:
            raise Refused("This value must be greater than or equal to 1.", param=f"{path}[quantity]")
        if not re.fullmatch("[a-z]{3}", price["currency"]):
            raise Refused(f"Invalid currency: {price['currency']}.", param=f"{path}[price_data][currency]")
        if currency not in {"", price["currency"]}:
            raise Refused("All line items must have the same currency.", param=path)
        currency, total = price["currency"], total + price["unit_amount"] * line["quantity"]
    _check_amount(total, currency)
    for name in ("success_url", "cancel_url"):
        if name in wanted and not re.match(r"https?://[^/]+", wanted[name]):
            raise Refused("Not a valid URL", param=name, code="url_invalid")
    if "success_url" not in wanted:
        raise Refused("Missing required param: success_url.", param="success_url", code="parameter_missing")
    if len(wanted.get("client_reference_id", "")) > 200:
        raise Refused("Invalid string: must be at most 200 characters", param="client_reference_id")
    expires_at = wanted.get("expires_at", books.now() + 24 * 3600)
    if not books.now() + 1800 - 60 <= expires_at <= books.now() + 24 * 3600 + 60:
        raise Refused(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from now.", param="expires_at"
        )
    name = new_id("cs_test")
    return books.put(
        "sessions",
        {
            "id": name, "object": "checkout.session", "amount_subtotal": total, "amount_total": total,
            "cancel_url": wanted.get("cancel_url"), "client_reference_id": wanted.get("client_reference_id"),
            "created": books.now(), "currency": currency, "customer": None, "customer_details": None,
            "expires_at": expires_at, "livemode": False, "metadata": wanted.get("metadata") or {}, "mode": "payment",
            "payment_intent": None, "payment_method_types": ["card", "sepa_debit"], "payment_status": "unpaid",
            "status": "open", "success_url": wanted["success_url"], "ui_mode": "hosted_page",
            "url": f"{books.base}/c/pay/{name}",
        },
    )  # fmt: skip


def _check_amount(total: int, currency: str) -> None:
    if total < MINIMUM.get(currency, 50):
        raise Refused("The Checkout Session's total amount due is too small.", code="amount_too_small")
    if total > 99_999_999:
        raise Refused("The Checkout Session's total amount is too large.", code="amount_too_large")
    if currency in THREE_DECIMAL and total % 10:
        raise Refused(
            "Invalid integer: three-decimal currencies must be rounded to the nearest ten.", param="line_items"
        )


def age(books: Books) -> None:
    """Sessions whose time is over."""
    for session in books.tables["sessions"].values():
        if session["status"] == "open" and session["expires_at"] <= books.now():
            expire_session(books, session)


def expire_session(books: Books, session: Thing) -> None:
    """By time, or by request."""
    session.update(status="expired", url=None)
    books.tell("checkout.session.expired", session)


def pay(books: Books, session: Thing, outcome: str, *, name: str, email: str) -> str:
    """Somebody answered the page; returns `done`, `declined` or `challenge`."""
    if session["status"] != "open":
        raise Refused("This Checkout Session is no longer open.", code="session_closed")
    intent = books.find(session["payment_intent"] or "") or _intent(books, session)
    if outcome in {"card_declined", "insufficient_funds"}:
        intent["last_payment_error"] = {"type": "card_error", "code": "card_declined", "decline_code": outcome}
        books.tell("payment_intent.payment_failed", intent)
        return "declined"
    if outcome == "challenge":
        intent["status"] = "requires_action"
        books.tell("payment_intent.requires_action", intent)
        return "challenge"
    session.update(
        status="complete", url=None, customer_details={"email": email, "name": name, "address": {"country": "AT"}}
    )
    intent["_outcome"] = outcome
    if outcome.startswith("debit"):
        intent["status"] = "processing"
        books.tell("payment_intent.processing", intent)
        books.tell("checkout.session.completed", session)
        return "done"
    _succeed(books, session, intent, kind="charge")
    books.tell("checkout.session.completed", session)
    charge = books.find(intent["latest_charge"])
    if outcome in {"disputed", "inquired"}:
        open_dispute(books, charge, is_inquiry=outcome == "inquired")
    if outcome == "early_fraud_warning":
        warn(books, charge)
    return "done"


def settle_debit(books: Books, session: Thing) -> None:
    """The bank has answered a debit."""
    intent = books.find(session["payment_intent"])
    if intent["status"] != "processing":
        raise Refused("Nothing is being processed.")
    if intent["_outcome"] == "debit_fails":
        intent["status"] = "requires_payment_method"
        intent["last_payment_error"] = {"type": "card_error", "code": "payment_intent_payment_attempt_failed"}
        books.tell("payment_intent.payment_failed", intent)
        books.tell("checkout.session.async_payment_failed", session)
        return
    _succeed(books, session, intent, kind="payment")
    books.tell("checkout.session.async_payment_succeeded", session)
    if intent["_outcome"] == "debit_disputed":
        open_dispute(books, books.find(intent["latest_charge"]))


def _intent(books: Books, session: Thing) -> Thing:
    intent = {
        "id": new_id("pi"), "object": "payment_intent", "amount": session["amount_total"], "amount_received": 0,
        "created": books.now(), "currency": session["currency"], "last_payment_error": None, "latest_charge": None,
        "livemode": False, "metadata": {}, "status": "requires_payment_method",
    }  # fmt: skip
    session["payment_intent"] = intent["id"]
    books.tell("payment_intent.created", intent)
    return books.put("payment_intents", intent)


def _succeed(books: Books, session: Thing, intent: Thing, *, kind: str) -> None:
    charge = {
        "id": new_id("ch" if kind == "charge" else "py"), "object": "charge", "amount": intent["amount"],
        "amount_captured": intent["amount"], "amount_refunded": 0, "balance_transaction": None,
        "billing_details": dict(session["customer_details"] or {}), "captured": True, "created": books.now(),
        "currency": intent["currency"], "disputed": False, "livemode": False, "metadata": {}, "paid": True,
        "payment_intent": intent["id"], "refunded": False, "status": "succeeded", "_outcome": intent["_outcome"],
    }  # fmt: skip
    books.put("charges", charge)
    fee = intent["amount"] * 15 // 1000 + 25
    charge["balance_transaction"] = books.book(
        kind=kind, amount=intent["amount"], fee=fee, currency=intent["currency"], source=charge["id"], category="charge"
    )["id"]
    intent.update(status="succeeded", amount_received=intent["amount"], latest_charge=charge["id"])
    session["payment_status"] = "paid"
    books.tell("charge.succeeded", charge)
    books.tell("payment_intent.succeeded", intent)


def create_refund(books: Books, wanted: dict[str, Any]) -> Thing:
    """Money back to where it came from."""
    if ("charge" in wanted) == ("payment_intent" in wanted):
        raise Refused(
            "One of the following params should be provided: charge, payment_intent.", code="parameter_missing"
        )
    named = wanted.get("charge") or wanted["payment_intent"]
    found = books.find(named)
    charge = books.find(found["latest_charge"] or "") if found and found["object"] == "payment_intent" else found
    if charge is None or charge["object"] != "charge":
        raise Refused(f"No such payment: '{named}'", code="resource_missing", status=404)
    left = charge["amount"] - charge["amount_refunded"]
    amount = wanted.get("amount", left)
    if charge["disputed"]:
        raise Refused(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    if left == 0:
        raise Refused(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if not 0 < amount <= left:
        raise Refused(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param="amount")
    is_card = charge["id"].startswith("ch")
    refund = {
        "id": new_id("re" if is_card else "pyr"), "object": "refund", "amount": amount, "charge": charge["id"],
        "balance_transaction": None, "created": books.now(), "currency": charge["currency"], "failure_reason": None,
        "failure_balance_transaction": None, "metadata": wanted.get("metadata") or {},
        "payment_intent": charge["payment_intent"], "reason": wanted.get("reason"),
        "status": "pending" if charge["_outcome"] == "refund_pending" or not is_card else "succeeded",
    }  # fmt: skip
    refund["balance_transaction"] = books.book(
        kind="refund" if is_card else "payment_refund", amount=-amount, fee=0, currency=charge["currency"],
        source=refund["id"], category="refund",
    )["id"]  # fmt: skip
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    books.put("refunds", refund)
    books.tell("refund.created", refund)
    books.tell("charge.refunded", charge)
    return refund


def end_refund(books: Books, refund: Thing, *, is_paid: bool) -> None:
    """What became of a refund; one that succeeded may still fail."""
    if is_paid:
        refund["status"] = "succeeded"
        books.tell("refund.updated", refund)
        return
    refund.update(status="failed", failure_reason="expired_or_canceled_card")
    refund["failure_balance_transaction"] = books.book(
        kind="refund_failure", amount=refund["amount"], fee=0, currency=refund["currency"], source=refund["id"],
        category="refund_failure",
    )["id"]  # fmt: skip
    charge = books.find(refund["charge"])
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    books.tell("refund.failed", refund)


def open_dispute(books: Books, charge: Thing, *, is_inquiry: bool = False, amount: int | None = None) -> Thing:
    """The cardholder's bank disputes a payment; the money goes at once, but for an inquiry."""
    dispute = {
        "id": new_id("du"), "object": "dispute", "amount": amount or charge["amount"] - charge["amount_refunded"],
        "balance_transactions": [], "charge": charge["id"], "created": books.now(), "currency": charge["currency"],
        "is_charge_refundable": is_inquiry, "livemode": False, "metadata": {},
        "payment_intent": charge["payment_intent"], "reason": "fraudulent",
        "status": "warning_needs_response" if is_inquiry else "needs_response",
    }  # fmt: skip
    books.put("disputes", dispute)
    charge["disputed"] = not is_inquiry
    books.tell("charge.dispute.created", dispute)
    if not is_inquiry:
        _move_dispute(books, dispute, -1)
    return dispute


def _move_dispute(books: Books, dispute: Thing, sign: int) -> None:
    is_out = sign < 0
    moved = books.book(
        kind="adjustment", amount=sign * dispute["amount"], fee=DISPUTE_FEE if is_out else 0,
        currency=dispute["currency"], source=dispute["id"], category="dispute" if is_out else "dispute_reversal",
    )  # fmt: skip
    dispute["balance_transactions"] = [*dispute["balance_transactions"], moved]
    books.tell("charge.dispute.funds_withdrawn" if is_out else "charge.dispute.funds_reinstated", dispute)


def end_dispute(books: Books, dispute: Thing, status: str) -> None:
    """`won`: the money comes back; `lost`: it stays away; `reinstated`: back after all."""
    if status == "won":
        dispute["status"] = "warning_closed" if dispute["status"].startswith("warning") else "won"
        if dispute["balance_transactions"]:
            _move_dispute(books, dispute, 1)
    elif status == "lost":
        if not dispute["balance_transactions"]:
            _move_dispute(books, dispute, -1)
        dispute["status"] = "lost"
    elif status == "reinstated":
        dispute["status"] = "won"
        _move_dispute(books, dispute, 1)
        return
    books.tell("charge.dispute.closed", dispute)


def warn(books: Books, charge: Thing) -> Thing:
    """An early fraud warning of the card's issuer."""
    warning = {
        "id": new_id("issfr"), "object": "radar.early_fraud_warning", "actionable": True, "charge": charge["id"],
        "created": books.now(), "fraud_type": "unauthorized_use_of_card", "livemode": False,
        "payment_intent": charge["payment_intent"],
    }  # fmt: skip
    books.put("early_fraud_warnings", warning)
    books.tell("radar.early_fraud_warning.created", warning)
    return warning


def pay_out(books: Books, currency: str) -> Thing:
    """The balance of a currency goes to the operator's bank."""
    waiting = [
        one
        for one in books.tables["balance_transactions"].values()
        if one["currency"] == currency and not one["payout"]
    ]
    amount = sum(one["net"] for one in waiting)
    if amount <= 0:
        raise Refused("There is nothing to pay out.", code="balance_insufficient")
    payout = {
        "id": new_id("po"), "object": "payout", "amount": amount, "arrival_date": books.now(), "automatic": True,
        "balance_transaction": None, "created": books.now(), "currency": currency, "livemode": False, "metadata": {},
        "reconciliation_status": "completed", "status": "paid",
    }  # fmt: skip
    books.put("payouts", payout)
    moved = books.book(kind="payout", amount=-amount, fee=0, currency=currency, source=payout["id"], category="payout")
    payout["balance_transaction"] = moved["id"]
    for one in [*waiting, moved]:
        one["payout"] = payout["id"]
    books.tell("payout.paid", payout)
    return payout
