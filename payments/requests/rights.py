"""What this room holds about a person: requests that they made or paid, as they themselves read them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from payments.requests import asking
from payments.requests.models import CheckoutItems, PaymentRequest, RequestSide
from privacy.rights import kinds, leaving
from privacy.rights.kinds import closed, plain


@kinds.register
class PaymentRequests(kinds.Kind):
    """A request is of two people: each gets their own side of it, and no handle of the other."""

    name = "payment_requests"
    label = _("requests for money, made or paid")

    def records(self, holder_id: str) -> Iterator[dict[str, Any]]:
        """One for each request that the person made, paid, or has looked at."""
        sides = {(one.request_id, one.role): one for one in RequestSide.objects.filter(holder_id=holder_id)}
        bought = {one.checkout_id: one.items for one in CheckoutItems.objects.filter(holder_id=holder_id)}
        seen = Q(pk__in={request_id for request_id, _role in sides})
        mine = PaymentRequest.objects.filter(Q(payee_id=holder_id) | Q(paid_by=holder_id) | seen)
        for row in mine.select_related("payee_link", "payer_link").order_by("pk").iterator(500):
            is_payee = row.payee_id == holder_id
            side = sides.get((row.id, "payee" if is_payee else "payer"))
            link = row.payee_link if is_payee else row.payer_link or row.tapped_link
            yield {
                "id": row.id,
                "role": "payee" if is_payee else "payer",
                "platform": row.platform_id,
                "link": link.id if link is not None and link.holder_id == holder_id else None,
                "status": row.status,
                "amount": row.amount_minor,
                "currency": row.currency,
                "refunded": row.refunded_minor,
                "reference": row.reference,
                "split": row.split_id,
                "checkout": row.checkout_id,
                "items": bought.get(row.checkout_id, []),
                "note": side.note if side else "",
                "other": side.other_alias if side else "",
                "created_at": plain(row.created_at),
                "expires_at": plain(row.expires_at),
                "paid_at": plain(row.paid_at),
            }

    def shape(self) -> dict[str, Any]:
        """Amounts in minor units."""
        item = closed(label={"type": "string"}, minor={"type": "integer"})
        text, maybe, count = {"type": "string"}, {"type": ["string", "null"]}, {"type": "integer"}
        return closed(
            id=text, role={"enum": ["payee", "payer"]}, platform=text, link=maybe, status=text, amount=count,
            currency=text, refunded=count, reference=maybe, split=maybe, checkout=maybe,
            items={"type": "array", "items": item}, note=text, other=text, created_at=text, expires_at=text,
            paid_at=maybe,
        )  # fmt: skip


@leaving.step(15, "shares")
def release_held(holder_id: str, now: datetime) -> None:
    """A share that waits for others does not keep anybody here for a week."""
    asking.release_held(holder_id=holder_id, now=now)
