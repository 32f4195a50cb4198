"""Stripe Issuing: cardholders, cards, payments with them, tokens, disputes.

A payment is asked for in two steps, `ask` and `hear`, because Stripe waits for the answer of the webhook; `buy` does
both over HTTP. Before it asks, Stripe looks at its own copy: an inactive card, or a limit that was pushed to it,
declines without a question.
"""

import json
import secrets
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from tests.support.stripe_double.books import VERSION, Books, Thing, _copy, new_id
from tests.support.stripe_double.params import Refused
from tests.support.stripe_double.webhooks import bytes_of, signed

if TYPE_CHECKING:
    from tests.support.stripe_double.server import Double

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_BIN = "400000999"
SHOP = {"network_id": "1234567890", "name": "Corner Shop", "category": "miscellaneous_specialty_retail",
        "category_code": "5999", "country": "FR", "city": "Paris", "postal_code": None, "state": None, "tax_id": None,
        "terminal_id": None, "url": None}  # fmt: skip


# --- The API -----------------------------------------------------------------------------------------------------


def create_cardholder(books: Books, wanted: dict[str, Any], name: str) -> Thing:
    if not 1 <= len(wanted["name"]) <= 24:
        raise Refused("Invalid name: at most 24 characters", param="name")
    address = {"line1": None, "line2": None, "city": None, "state": None, **wanted["billing"]["address"]}
    if not all(address[part] for part in ("line1", "city", "postal_code", "country")):
        raise Refused("Billing address is incomplete", param="billing[address]")
    return books.put(
        "cardholders",
        {
            "id": new_id("ich"), "object": "issuing.cardholder", "billing": {"address": address}, "company": None,
            "created": books.now(), "email": wanted.get("email"), "individual": wanted.get("individual"),
            "livemode": False, "metadata": wanted.get("metadata") or {}, "name": wanted["name"],
            "phone_number": wanted.get("phone_number"), "preferred_locales": [],
            "requirements": {"disabled_reason": None, "past_due": []}, "spending_controls": _controls({}),
            "status": wanted.get("status", "active"), "type": wanted.get("type", "individual"),
        },
    )  # fmt: skip


def create_card(books: Books, wanted: dict[str, Any], name: str) -> Thing:
    holder = books.tables["cardholders"].get(wanted.get("cardholder", ""))
    if holder is None:
        raise Refused(f"No such cardholder: '{wanted.get('cardholder')}'", param="cardholder", code="resource_missing")
    if wanted["currency"] not in {"usd", "eur", "gbp"}:
        raise Refused(f"Your account cannot make cards in {wanted['currency']}", param="currency")
    number, books.next_last4 = _draw(books.next_last4), ""
    year, month = wanted.get("exp_year", 2029), wanted.get("exp_month", 12)
    if not 1 <= month <= 12 or not 2020 < year < 2060:
        raise Refused("Invalid expiration date", param="exp_month")
    _refuse_two_lists(wanted.get("spending_controls") or {})
    return books.put(
        "issuing_cards",
        {
            "id": new_id("ic"), "object": "issuing.card", "brand": "Visa", "cancellation_reason": None,
            "cardholder": _copy(holder), "created": books.now(), "currency": wanted["currency"],
            "exp_month": month, "exp_year": year, "financial_account": None, "last4": number[-4:],
            "latest_fraud_warning": None, "lifecycle_controls": wanted.get("lifecycle_controls"), "livemode": False,
            "metadata": wanted.get("metadata") or {}, "personalization_design": None, "replaced_by": None,
            "replacement_for": None, "replacement_reason": None, "second_line": None, "shipping": None,
            "spending_controls": _controls(wanted.get("spending_controls") or {}),
            "status": wanted.get("status", "inactive"), "type": wanted["type"], "wallets": None,
            "_number": number, "_cvc": f"{secrets.randbelow(1000):03d}",
        },
    )  # fmt: skip


def update_card(books: Books, wanted: dict[str, Any], name: str) -> Thing:
    card = books.tables["issuing_cards"].get(name)
    if card is None:
        raise Refused(f"No such issuing.card: '{name}'", param="card", code="resource_missing", status=404)
    if card["status"] == "canceled":
        raise Refused("You cannot update a canceled card.", param="status")
    if "spending_controls" in wanted:
        _refuse_two_lists(wanted["spending_controls"])
        card["spending_controls"] = _controls({**card["spending_controls"], **wanted["spending_controls"]})
    if "status" in wanted:
        card["status"] = wanted["status"]
    if "metadata" in wanted:
        card["metadata"] = wanted["metadata"]
    books.tell("issuing_card.updated", card)
    return card


def create_ephemeral_key(books: Books, wanted: dict[str, Any], name: str) -> Thing:
    card = books.tables["issuing_cards"].get(wanted.get("issuing_card", ""))
    nonce = wanted.get("nonce", "")
    if card is None:
        raise Refused("No such issuing.card", param="issuing_card", code="resource_missing")
    if nonce not in books.nonces or books.nonces[nonce] != card["id"]:
        raise Refused("The nonce is unknown, used, or another card's.", param="nonce")
    del books.nonces[nonce]
    key = {
        "id": new_id("ephkey"), "object": "ephemeral_key", "created": books.now(), "expires": books.now() + 900,
        "livemode": False, "secret": f"ek_test_{secrets.token_urlsafe(24)}",
        "associated_objects": [{"type": "issuing.card", "id": card["id"]}],
    }  # fmt: skip
    books.looks[key["secret"]] = (card["id"], nonce)
    return key


# --- Test mode: what Stripe lets a developer play ----------------------------------------------------------------


def play_authorization(books: Books, wanted: dict[str, Any], name: str) -> Thing:
    """A shop asks while nobody listens: Stripe's own no, or a yes by itself."""
    card = _find(books, "issuing_cards", wanted["card"])
    checks = wanted.get("verification_data") or {}
    thing = books.put(
        "authorizations",
        _new(
            books, card, wanted.get("merchant_data"), wanted.get("authorization_method", "online"),
            checks.get("cvc_check", "match"), checks.get("expiry_check", "match"),
        ),
    )  # fmt: skip
    reason = _own_no(card, wanted["amount"], thing["merchant_data"])
    _decided(books, thing, approved=not reason, reason=reason or "card_active", amount=wanted["amount"])
    return thing


def play_capture(books: Books, wanted: dict[str, Any], name: str) -> Thing:
    """A clearing without an authorization."""
    card = _find(books, "issuing_cards", wanted["card"])
    merchant = {**SHOP, **(wanted.get("merchant_data") or {})}
    return _tell(books, _transaction(books, card["id"], -wanted["amount"], merchant))


def play_refund(books: Books, wanted: dict[str, Any], name: str) -> Thing:
    """The shop gives a clearing back, or a part."""
    moved = _find(books, "issuing_transactions", name)
    amount = wanted.get("refund_amount", -moved["amount"])
    return _tell(books, _transaction(books, moved["card"], amount, moved["merchant_data"], kind="refund"))


def _tell(books: Books, moved: Thing) -> Thing:
    books.tell("issuing_transaction.created", moved)
    return moved


# --- What a shop and a bank do -----------------------------------------------------------------------------------


def ask(  # noqa: PLR0913 - what a shop can say
    double: "Double", *, card: str, amount: int, currency: str = "", merchant: dict[str, Any] | None = None,
    method: str = "online", cvc: str = "match", expiry: str = "match", is_partial: bool = False, authorization: str = "",
    refusal: str = "",
) -> Any:  # fmt: skip
    """A shop asks: the request as it goes to the webhook, or Stripe's own no (`request` null).

    With `authorization`, more of one that was approved; with `refusal`, Stripe says no by itself, for this reason.
    """
    books = double.books
    its = _find(books, "issuing_cards", card)
    thing = (
        _find(books, "authorizations", authorization)
        if authorization
        else _new(books, its, merchant, method, cvc, expiry)
    )
    pending = {
        "amount": amount, "amount_details": None, "currency": currency or its["currency"],
        "is_amount_controllable": is_partial, "merchant_amount": amount,
        "merchant_currency": currency or its["currency"], "network_risk_score": None,
    }  # fmt: skip
    thing["pending_request"] = pending
    books.put("authorizations", thing)
    if reason := refusal or _own_no(its, amount, thing["merchant_data"]):
        _decided(books, thing, approved=False, reason=reason, amount=amount)
        return {"authorization": thing["id"], "request": None}
    event = {
        "id": new_id("evt"), "object": "event", "api_version": VERSION, "created": books.now(),
        "data": {"object": _copy(thing)}, "livemode": False, "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None}, "type": "issuing_authorization.request",
    }  # fmt: skip
    body = bytes_of(event)
    return {
        "authorization": thing["id"],
        "request": {"body": body.decode(), "signature": signed(body, double.issuing.secret)},
    }


def hear(
    double: "Double", *, authorization: str, status: int = 0, body: str = "", version: str = "", seconds: float = 0.0
) -> Any:
    """The webhook's answer, judged as Stripe does; status 0: none came in time."""
    thing = _find(double.books, "authorizations", authorization)
    pending = thing["pending_request"]
    approved, reason, amount = _judged(status, body, version, seconds, pending)
    _decided(double.books, thing, approved=approved, reason=reason, amount=amount)
    return {"approved": approved, "reason": reason, "amount": amount}


def buy(double: "Double", **how: Any) -> Any:
    """`ask` and `hear` over HTTP."""
    asked = ask(double, **how)
    if asked["request"] is None:
        return {"authorization": asked["authorization"], "approved": False, "reason": "own"}
    began = time.monotonic()
    said: dict[str, Any] = {}
    request = urllib.request.Request(  # noqa: S310 - the tests' own address
        double.issuing.url, asked["request"]["body"].encode(),
        {"Content-Type": "application/json", "Stripe-Signature": asked["request"]["signature"]},
    )  # fmt: skip
    try:
        with _OPENER.open(request, timeout=10) as answer:
            said = {
                "status": answer.status,
                "body": answer.read().decode(),
                "version": answer.headers["Stripe-Version"],
            }
    except urllib.error.HTTPError as error:
        said = {"status": error.code, "body": ""}
    except OSError:
        said = {"status": 0}
    heard = hear(double, authorization=asked["authorization"], seconds=time.monotonic() - began, **said)
    return {"authorization": asked["authorization"], **heard}


def capture(double: "Double", *, authorization: str, amount: int | None = None, final: bool = True) -> Any:
    """The shop takes it, or a part."""
    thing = _find(double.books, "authorizations", authorization)
    taken = thing["amount"] if amount is None else amount
    moved = _transaction(double.books, thing["card"]["id"], -taken, thing["merchant_data"], authorization=thing["id"])
    thing["transactions"].append(_copy(moved))
    if final:
        thing["status"] = "closed"
    double.books.tell("issuing_transaction.created", moved)
    double.books.tell("issuing_authorization.updated", thing)
    return _copy(moved)


def reverse(double: "Double", *, authorization: str, amount: int | None = None, status: str = "reversed") -> Any:
    """The shop gives back what is held, or a part; or nobody took it in time (`status="expired"`)."""
    thing = _find(double.books, "authorizations", authorization)
    left = 0 if amount is None else thing["amount"] - amount
    thing["amount"] = left
    if left <= 0:
        thing["status"] = status
    double.books.tell("issuing_authorization.updated", thing)
    return {}


def force(double: "Double", *, card: str, amount: int, merchant: dict[str, Any] | None = None) -> Any:
    """A clearing that nobody was asked about."""
    moved = _transaction(double.books, card, -amount, {**SHOP, **(merchant or {})})
    double.books.tell("issuing_transaction.created", moved)
    return _copy(moved)


def give_back(double: "Double", *, authorization: str = "", card: str = "", amount: int) -> Any:
    """The shop refunds; less than nothing takes a refund back."""
    thing = _find(double.books, "authorizations", authorization) if authorization else None
    moved = _transaction(
        double.books, thing["card"]["id"] if thing else card, amount, thing["merchant_data"] if thing else SHOP,
        authorization=authorization or None, kind="refund",
    )  # fmt: skip
    if thing:
        thing["transactions"].append(_copy(moved))
    double.books.tell("issuing_transaction.created", moved)
    return _copy(moved)


def dispute_purchase(double: "Double", *, transaction: str, amount: int | None = None) -> Any:
    moved = _find(double.books, "issuing_transactions", transaction)
    thing = double.books.put(
        "issuing_disputes",
        {
            "id": new_id("idp"), "object": "issuing.dispute", "amount": amount or -moved["amount"],
            "balance_transactions": [], "created": double.books.now(), "currency": moved["currency"],
            "evidence": {"reason": "fraudulent"}, "livemode": False, "loss_reason": None, "metadata": {},
            "status": "submitted", "transaction": moved["id"],
        },
    )  # fmt: skip
    moved["dispute"] = thing["id"]
    double.books.tell("issuing_dispute.submitted", thing)
    return _copy(thing)


def decide_dispute(double: "Double", *, dispute: str, status: str) -> Any:
    thing = _find(double.books, "issuing_disputes", dispute)
    thing["status"] = status
    double.books.tell("issuing_dispute.closed", thing)
    return {}


def tokenize(
    double: "Double", *, card: str, wallet: str | None = "apple_pay", requestor: str = "", device: str = "phone"
) -> Any:
    """A wallet, or a shop, gets a stand-in for the number."""
    its = _find(double.books, "issuing_cards", card)
    thing = double.books.put(
        "tokens",
        {
            "id": new_id("intok"), "object": "issuing.token", "card": its["id"], "created": double.books.now(),
            "device_fingerprint": "d-1", "last4": "4242", "livemode": False, "network": "mastercard",
            "network_data": {
                "type": "mastercard",
                "device": {"device_fingerprint": "d-1", "ip_address": "192.0.2.1", "location": "48.8/2.3",
                           "name": "Jane's phone", "phone_number": "+15550100", "type": device},
                "mastercard": {"card_reference_id": "c-1", "token_reference_id": "t-1", "token_requestor_id": "501",
                               "token_requestor_name": requestor or None},
                "wallet_provider": {"account_id": "a-1", "cardholder_name": "Jane Doe"},
            },
            "network_updated_at": double.books.now(), "status": "active", "wallet_provider": wallet,
        },
    )  # fmt: skip
    double.books.tell("issuing_token.created", thing)
    return _copy(thing)


def end_token(double: "Double", *, token: str, status: str = "deleted") -> Any:
    thing = _find(double.books, "tokens", token)
    thing["status"] = status
    double.books.tell("issuing_token.updated", thing)
    return {}


def _new(books: Books, card: Thing, merchant: dict[str, Any] | None, method: str, cvc: str, expiry: str) -> Thing:
    return {
        "id": new_id("iauth"), "object": "issuing.authorization", "amount": 0, "amount_details": None,
        "approved": False, "authorization_method": method, "balance_transactions": [], "card": _copy(card),
        "card_presence": "present" if method in {"chip", "contactless", "swipe"} else "not_present",
        "cardholder": card["cardholder"]["id"], "created": books.now(), "currency": card["currency"], "fleet": None,
        "fraud_challenges": None, "fuel": None, "livemode": False, "merchant_amount": 0,
        "merchant_currency": card["currency"], "merchant_data": {**SHOP, **(merchant or {})}, "metadata": {},
        "network_data": None, "pending_request": None, "request_history": [], "status": "pending", "token": None,
        "transactions": [], "treasury": None, "verified_by_fraud_challenge": None, "wallet": None,
        "verification_data": {
            "address_line1_check": "not_provided", "address_postal_code_check": "not_provided",
            "authentication_exemption": None, "cvc_check": cvc, "expiry_check": expiry, "postal_code": None,
            "three_d_secure": None,
        },
    }  # fmt: skip


def _own_no(card: Thing, amount: int, merchant: Thing) -> str:
    if card["status"] != "active":
        return "card_canceled" if card["status"] == "canceled" else "card_inactive"
    controls = card["spending_controls"]
    countries = controls["allowed_merchant_countries"]
    if countries and merchant["country"] not in countries:
        return "spending_controls"
    if any(one["interval"] == "per_authorization" and amount > one["amount"] for one in controls["spending_limits"]):
        return "spending_controls"
    return ""


def _judged(status: int, body: str, version: str, seconds: float, pending: Thing) -> tuple[bool, str, int]:
    asked = int(pending["amount"])
    if not status or seconds > 2:
        return False, "webhook_timeout", asked
    try:
        said = json.loads(body)
        ok = status == 200 and version == VERSION and said.keys() <= {"approved", "amount", "metadata"}
        ok = ok and type(said["approved"]) is bool
        amount = said.get("amount", asked)
        ok = ok and type(amount) is int and (pending["is_amount_controllable"] or amount == asked) and amount <= asked
    except (ValueError, KeyError, AttributeError):
        ok = False
    if not ok:
        return False, "webhook_error", asked
    return said["approved"], "webhook_approved" if said["approved"] else "webhook_declined", amount


def _decided(books: Books, thing: Thing, *, approved: bool, reason: str, amount: int) -> None:
    is_first = not thing["request_history"]
    thing["pending_request"] = None
    thing["request_history"].append(
        {
            "amount": amount, "amount_details": None, "approved": approved, "authorization_code": None,
            "created": books.now(), "currency": thing["currency"], "merchant_amount": amount,
            "merchant_currency": thing["currency"], "network_risk_score": None, "reason": reason,
            "reason_message": None, "requested_at": None,
        }
    )  # fmt: skip
    if is_first:
        thing["approved"], thing["amount"] = approved, amount
        thing["status"] = "pending" if approved else "closed"
    elif approved:
        thing["amount"] += amount
    books.tell("issuing_authorization.created" if is_first else "issuing_authorization.updated", thing)


def _transaction(
    books: Books, card: str, amount: int, merchant: dict[str, Any], *, authorization: str | None = None,
    kind: str = "capture",
) -> Thing:  # fmt: skip
    its = _find(books, "issuing_cards", card)
    return books.put(
        "issuing_transactions",
        {
            "id": new_id("ipi"), "object": "issuing.transaction", "amount": amount, "amount_details": None,
            "authorization": authorization, "balance_transaction": None, "card": card,
            "cardholder": its["cardholder"]["id"], "created": books.now(), "currency": its["currency"],
            "dispute": None, "livemode": False, "merchant_amount": amount, "merchant_currency": its["currency"],
            "merchant_data": dict(merchant), "metadata": {}, "network_data": None, "purchase_details": None,
            "token": None, "treasury": None, "type": kind, "wallet": None,
        },
    )  # fmt: skip


def _controls(given: dict[str, Any]) -> dict[str, Any]:
    limits = [{"categories": None, **one} for one in given.get("spending_limits") or ()]
    return {
        "allowed_card_presences": None, "allowed_categories": None,
        "allowed_merchant_countries": given.get("allowed_merchant_countries") or None,
        "blocked_card_presences": None, "blocked_categories": None, "blocked_merchant_countries": None,
        "spending_limits": limits, "spending_limits_currency": None,
    }  # fmt: skip


def _refuse_two_lists(controls: dict[str, Any]) -> None:
    if controls.get("allowed_merchant_countries") and controls.get("blocked_merchant_countries"):
        raise Refused("Only one of allowed and blocked countries can be set.", param="spending_controls")


def _find(books: Books, table: str, name: str) -> Thing:
    found = books.tables[table].get(name)
    if found is None and table == "issuing_cards":
        found = next((one for one in books.tables[table].values() if one["metadata"].get("reference") == name), None)
    if found is None:
        raise Refused(f"No such object: '{name}'", status=404)
    return found


def _draw(last4: str) -> str:
    """A number of the test BIN, which may have to end in four given digits."""
    while True:
        number = f"{_BIN}{secrets.randbelow(10**3):03d}{last4 or f'{secrets.randbelow(10**4):04d}'}"
        if _luhn(number):
            return number


def nonce(double: "Double", *, card: str) -> Any:
    """What Stripe's script makes in a browser."""
    made = f"ephkn_{secrets.token_urlsafe(16)}"
    double.books.nonces[made] = _find(double.books, "issuing_cards", card)["id"]
    return {"nonce": made}


def look(double: "Double", *, key: str, nonce: str) -> Any:
    """What Stripe's frames show, for a key and the nonce that it was made for."""
    card, its_nonce = double.books.looks.get(key, ("", ""))
    if not card or its_nonce != nonce:
        raise Refused("This key does not open this card.", status=401)
    its = double.books.tables["issuing_cards"][card]
    expiry = f"{its['exp_month']:02d} / {its['exp_year'] % 100:02d}"
    return {"number": its["_number"], "expiry": expiry, "cvc": its["_cvc"]}


def last4(double: "Double", *, digits: str) -> Any:
    double.books.next_last4 = digits
    return {}


def _luhn(digits: str) -> bool:
    total = sum(int(d) if i % 2 == 0 else sum(divmod(2 * int(d), 10)) for i, d in enumerate(reversed(digits)))
    return total % 10 == 0


COMMANDS: dict[str, Any] = {
    "issuing-ask": ask, "issuing-hear": hear, "issuing-buy": buy, "issuing-capture": capture, "issuing-reverse": reverse,
    "issuing-force": force, "issuing-refund": give_back, "issuing-dispute": dispute_purchase,
    "issuing-end-dispute": decide_dispute, "issuing-tokenize": tokenize, "issuing-end-token": end_token, "last4": last4,
    "nonce": nonce, "look": look,
}  # fmt: skip
