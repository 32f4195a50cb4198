"""The API's routes: which parameters each takes (the SDK's types), and what it answers."""

import re
from collections.abc import Callable
from typing import Any

from stripe import params as types
from stripe.params import checkout, issuing, radar
from stripe.params.test_helpers import issuing as played

from tests.support.stripe_double import issuing as cards
from tests.support.stripe_double import money
from tests.support.stripe_double.books import Books, Thing
from tests.support.stripe_double.params import Refused

Answer = Callable[[Books, dict[str, Any], str], Thing]


def _get(table: str, word: str) -> Answer:
    def answer(books: Books, wanted: dict[str, Any], name: str) -> Thing:
        thing = books.tables[table].get(name)
        if thing is None:
            raise Refused(f"No such {word}: '{name}'", param="id", code="resource_missing", status=404)
        return thing

    return answer


def _list(table: str, url: str, *filters: str) -> Answer:
    def answer(books: Books, wanted: dict[str, Any], name: str) -> Thing:
        rows = [one for one in reversed(books.tables[table].values()) if _matches(one, wanted, filters)]
        rows.sort(key=lambda one: one["created"], reverse=True)
        if after := wanted.get("starting_after"):
            ids = [one["id"] for one in rows]
            if after not in ids:
                raise Refused(f"No such object: '{after}'", param="starting_after", code="resource_missing")
            rows = rows[ids.index(after) + 1 :]
        limit = wanted.get("limit", 10)
        if not 1 <= limit <= 100:
            raise Refused("Invalid integer: must be between 1 and 100", param="limit")
        return {"object": "list", "data": rows[:limit], "has_more": len(rows) > limit, "url": url}

    return answer


def _matches(one: Thing, wanted: dict[str, Any], filters: tuple[str, ...]) -> bool:
    created = wanted.get("created") or {}
    bounds = {"gt": created.get("gt", -1) < one["created"], "gte": created.get("gte", 0) <= one["created"],
              "lt": one["created"] < created.get("lt", 1 << 62), "lte": one["created"] <= created.get("lte", 1 << 62)}  # fmt: skip
    if not all(bounds.values()):
        return False
    if (kinds := wanted.get("types")) and one["type"] not in kinds:
        return False
    return all(wanted[field] == one.get(field) for field in filters if field in wanted)


def _create_session(books: Books, wanted: dict[str, Any], name: str) -> Thing:
    return money.create_session(books, wanted)


def _expire_session(books: Books, wanted: dict[str, Any], name: str) -> Thing:
    session = _get("sessions", "checkout.session")(books, wanted, name)
    if session["status"] != "open":
        raise Refused('Only Checkout Sessions with a status in ["open"] can be expired.')
    money.expire_session(books, session)
    return session


def _create_refund(books: Books, wanted: dict[str, Any], name: str) -> Thing:
    return money.create_refund(books, wanted)


def _balance(books: Books, wanted: dict[str, Any], name: str) -> Thing:
    sums: dict[str, int] = {}
    for one in books.tables["balance_transactions"].values():
        sums[one["currency"]] = sums.get(one["currency"], 0) + one["net"]
    amounts = [{"amount": amount, "currency": currency} for currency, amount in sorted(sums.items())]
    return {"object": "balance", "available": amounts, "pending": [], "livemode": False}


#: Method, path, the SDK's type of its parameters, what it does.
ROUTES: list[tuple[str, str, type, Answer]] = [
    ("POST", "/v1/checkout/sessions", checkout.SessionCreateParams, _create_session),
    ("GET", "/v1/checkout/sessions", checkout.SessionListParams, _list("sessions", "/v1/checkout/sessions", "payment_intent")),
    ("GET", "/v1/checkout/sessions/{id}", checkout.SessionRetrieveParams, _get("sessions", "checkout.session")),
    ("POST", "/v1/checkout/sessions/{id}/expire", checkout.SessionExpireParams, _expire_session),
    ("GET", "/v1/payment_intents/{id}", types.PaymentIntentRetrieveParams, _get("payment_intents", "payment_intent")),
    ("GET", "/v1/charges/{id}", types.ChargeRetrieveParams, _get("charges", "charge")),
    ("POST", "/v1/refunds", types.RefundCreateParams, _create_refund),
    ("GET", "/v1/refunds", types.RefundListParams, _list("refunds", "/v1/refunds", "charge", "payment_intent")),
    ("GET", "/v1/refunds/{id}", types.RefundRetrieveParams, _get("refunds", "refund")),
    ("GET", "/v1/disputes", types.DisputeListParams, _list("disputes", "/v1/disputes", "charge", "payment_intent")),
    ("GET", "/v1/disputes/{id}", types.DisputeRetrieveParams, _get("disputes", "dispute")),
    ("GET", "/v1/radar/early_fraud_warnings/{id}", radar.EarlyFraudWarningRetrieveParams,
     _get("early_fraud_warnings", "early fraud warning")),
    ("GET", "/v1/balance", types.BalanceRetrieveParams, _balance),
    ("GET", "/v1/balance_transactions", types.BalanceTransactionListParams,
     _list("balance_transactions", "/v1/balance_transactions", "payout", "type", "currency", "source")),
    ("GET", "/v1/balance_transactions/{id}", types.BalanceTransactionRetrieveParams,
     _get("balance_transactions", "balance transaction")),
    ("GET", "/v1/payouts", types.PayoutListParams, _list("payouts", "/v1/payouts", "status")),
    ("GET", "/v1/payouts/{id}", types.PayoutRetrieveParams, _get("payouts", "payout")),
    ("POST", "/v1/issuing/cardholders", issuing.CardholderCreateParams, cards.create_cardholder),
    ("GET", "/v1/issuing/cardholders/{id}", issuing.CardholderRetrieveParams, _get("cardholders", "issuing.cardholder")),
    ("POST", "/v1/issuing/cards", issuing.CardCreateParams, cards.create_card),
    ("GET", "/v1/issuing/cards/{id}", issuing.CardRetrieveParams, _get("issuing_cards", "issuing.card")),
    ("POST", "/v1/issuing/cards/{id}", issuing.CardUpdateParams, cards.update_card),
    ("GET", "/v1/issuing/authorizations/{id}", issuing.AuthorizationRetrieveParams,
     _get("authorizations", "issuing.authorization")),
    ("GET", "/v1/issuing/transactions/{id}", issuing.TransactionRetrieveParams,
     _get("issuing_transactions", "issuing.transaction")),
    ("GET", "/v1/issuing/disputes/{id}", issuing.DisputeRetrieveParams, _get("issuing_disputes", "issuing.dispute")),
    ("GET", "/v1/issuing/tokens/{id}", issuing.TokenRetrieveParams, _get("tokens", "issuing.token")),
    ("POST", "/v1/test_helpers/issuing/authorizations", played.AuthorizationCreateParams, cards.play_authorization),
    ("POST", "/v1/test_helpers/issuing/transactions/create_force_capture", played.TransactionCreateForceCaptureParams,
     cards.play_capture),
    ("POST", "/v1/test_helpers/issuing/transactions/{id}/refund", played.TransactionRefundParams, cards.play_refund),
    ("POST", "/v1/ephemeral_keys", types.EphemeralKeyCreateParams, cards.create_ephemeral_key),
    ("GET", "/v1/events", types.EventListParams, _list("events", "/v1/events", "type")),
    ("GET", "/v1/events/{id}", types.EventRetrieveParams, _get("events", "event")),
]  # fmt: skip


def route(method: str, path: str) -> tuple[type, Answer, str]:
    """Which route, and the id in its path.

    Raises:
        Refused: Stripe has no such address (or the double does not play it).
    """
    for its_method, pattern, shape, answer in ROUTES:
        found = re.fullmatch(pattern.replace("{id}", "([A-Za-z0-9_]+)"), path)
        if found and its_method == method:
            return shape, answer, found[1] if found.groups() else ""
    raise Refused(f"Unrecognized request URL ({method}: {path}).", status=404)
