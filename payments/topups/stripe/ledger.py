"""Stripe's own books: its balance transactions, as entries to compare with ours."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from payments.topups.reconcile import Entry, EntryKind
from wallet.core.money import Money
from wallet.stripe.client import call

_PAGE = 100
#: Stripe's reporting categories.
_KINDS: Final = {
    "charge": EntryKind.PAYMENT,
    "refund": EntryKind.REFUND,
    "refund_failure": EntryKind.REFUND_FAILED,
    "partial_capture_reversal": EntryKind.REFUND,
    "dispute": EntryKind.DISPUTE,
    "dispute_reversal": EntryKind.DISPUTE_BACK,
    "payout": EntryKind.PAYOUT,
    "payout_reversal": EntryKind.PAYOUT,
}


class StripeBooks:
    """Implements `GatewayBooks`."""

    def entries(
        self, *, since: datetime | None = None, until: datetime | None = None, payout_ref: str = ""
    ) -> Iterator[Entry]:
        """Page by page to the end; of a charge its payment is asked for along."""
        asked: dict[str, Any] = {"limit": _PAGE, "expand": ["data.source"]}
        if payout_ref:
            asked["payout"] = payout_ref
        if since is not None and until is not None:
            asked["created"] = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
        for one in _pages("balance_transactions", asked):
            yield _entry(one)

    def held(self) -> dict[str, int]:
        """Available and pending."""
        with call("balance") as stripe:
            balance = stripe.v1.balance.retrieve()
        found: dict[str, int] = {}
        parts: list[Any] = [*balance.available, *balance.pending]
        for part in parts:
            currency = part.currency.upper()
            found[currency] = found.get(currency, 0) + part.amount
        return found

    def paid_out(self) -> dict[str, int]:
        """Every payout that has arrived or is on its way."""
        found: dict[str, int] = {}
        for one in _pages("payouts", {"limit": _PAGE}):
            if one.status not in {"failed", "canceled"}:
                currency = one.currency.upper()
                found[currency] = found.get(currency, 0) + one.amount
        return found


def _pages(what: str, asked: dict[str, Any]) -> Iterator[Any]:
    after: dict[str, str] = {}
    while True:
        with call(what) as stripe:
            service: Any = getattr(stripe.v1, what)
            page = service.list(params={**asked, **after})
        yield from page.data
        if not page.has_more or not page.data:
            return
        after = {"starting_after": page.data[-1].id}


def _entry(one: Any) -> Entry:
    kind = _KINDS.get(one.reporting_category, EntryKind.OTHER)
    source: Any = one.source
    name = getattr(source, "id", "") or str(source or one.id)
    if kind is EntryKind.PAYMENT:
        # Ours is known by its payment: a charge is one attempt at it.
        name = str(getattr(source, "payment_intent", None) or name)
    amount = Money(one.amount, one.currency.upper())
    return Entry(kind, name, amount, one.fee, datetime.fromtimestamp(one.created, UTC), one.id)
