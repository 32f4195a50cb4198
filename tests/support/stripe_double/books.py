"""What the double remembers: objects in Stripe's shapes, and the events that tell of them."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import stripe

VERSION = stripe.api_version
Thing = dict[str, Any]
#: Fields that name another object and may be expanded: kind of object → field → table.
LINKS: dict[str, dict[str, str]] = {
    "checkout.session": {"payment_intent": "payment_intents"},
    "payment_intent": {"latest_charge": "charges"},
    "charge": {"balance_transaction": "balance_transactions", "payment_intent": "payment_intents"},
    "refund": {
        "charge": "charges", "payment_intent": "payment_intents", "balance_transaction": "balance_transactions",
        "failure_balance_transaction": "balance_transactions",
    },
    "dispute": {"charge": "charges", "payment_intent": "payment_intents"},
    "radar.early_fraud_warning": {"charge": "charges", "payment_intent": "payment_intents"},
    "balance_transaction": {"source": "*"},
    "payout": {"balance_transaction": "balance_transactions"},
    "issuing.card": {},
    "issuing.authorization": {"cardholder": "cardholders", "token": "tokens"},
    "issuing.transaction": {"authorization": "authorizations", "card": "issuing_cards"},
    "issuing.dispute": {"transaction": "issuing_transactions"},
    "issuing.token": {"card": "issuing_cards"},
    "event": {},
}  # fmt: skip


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_urlsafe(18).replace('-', '0').replace('_', '1')}"


@dataclass
class Books:
    """Tables by name, each a dict by id in the order of making."""

    base: str
    tables: dict[str, dict[str, Thing]] = field(
        default_factory=lambda: {
            name: {}
            for name in (
                "sessions", "payment_intents", "charges", "refunds", "disputes", "balance_transactions", "payouts",
                "events", "early_fraud_warnings", "cardholders", "issuing_cards", "authorizations",
                "issuing_transactions", "issuing_disputes", "tokens",
            )
        }
    )  # fmt: skip
    #: Moves Stripe's own clock, for expiry and for days of reconciliation.
    shift: int = 0
    #: What the next card ends in, if a test says so.
    next_last4: str = ""
    #: Nonces of browsers, each for a card; looks at a number: ephemeral key → card and nonce.
    nonces: dict[str, str] = field(default_factory=dict)
    looks: dict[str, tuple[str, str]] = field(default_factory=dict)

    def now(self) -> int:
        return int(time.time()) + self.shift

    def put(self, table: str, thing: Thing) -> Thing:
        self.tables[table][thing["id"]] = thing
        return thing

    def find(self, reference: str) -> Thing | None:
        """Any object by its id."""
        return next((rows[reference] for rows in self.tables.values() if reference in rows), None)

    def tell(self, kind: str, thing: Thing) -> Thing:
        """An event, with the object as it is now."""
        return self.put(
            "events",
            {
                "id": new_id("evt"), "object": "event", "api_version": VERSION, "created": self.now(),
                "data": {"object": _copy(thing)}, "livemode": False, "pending_webhooks": 1,
                "request": {"id": None, "idempotency_key": None}, "type": kind,
            },
        )  # fmt: skip

    def book(self, *, kind: str, amount: int, fee: int, currency: str, source: str, category: str) -> Thing:
        """A balance transaction."""
        return self.put(
            "balance_transactions",
            {
                "id": new_id("txn"), "object": "balance_transaction", "amount": amount, "available_on": self.now(),
                "created": self.now(), "currency": currency, "description": None, "exchange_rate": None, "fee": fee,
                "fee_details": [], "net": amount - fee, "reporting_category": category, "source": source,
                "status": "available", "type": kind, "balance_type": "payments", "payout": None,
            },
        )  # fmt: skip

    def expanded(self, thing: Thing, paths: list[str]) -> Thing:
        """The object with the named links opened.

        Raises:
            LookupError: a path that cannot be expanded.
        """
        shown = _copy(thing)
        for path in paths:
            self._expand(shown, path.split("."))
        return shown

    def _expand(self, shown: Thing, parts: list[str]) -> None:
        links = LINKS.get(shown["object"], {})
        if len(parts) > 4 or parts[0] not in links:
            raise LookupError(".".join(parts))
        value = shown.get(parts[0])
        if value is None:
            return
        if isinstance(value, str):
            found = self.find(value)
            shown[parts[0]] = value = _copy(found) if found else None
        if len(parts) > 1 and value is not None:
            self._expand(value, parts[1:])


def _copy(thing: Thing) -> Thing:
    """The object without what the double keeps for itself (`_…`)."""
    return {
        name: _copy(value) if isinstance(value, dict) else list(value) if isinstance(value, list) else value
        for name, value in thing.items()
        if not name.startswith("_")
    }
