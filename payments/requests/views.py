"""What the two people read about a request: one shape for the API and the pages."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from payments.platforms.models import Block
from payments.requests.models import PaymentRequest, RequestSide, RequestStatus, Role
from privacy.crypto.keyring import KeyDestroyed
from wallet.core.money import Money


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """A request as one of the two sees it; `name` is the other's alias on that platform, never more."""

    id: str
    role: str
    status: str
    amount: Money
    name: str
    platform: str
    note: str
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    #: What came back of it.
    refunded: Money | None = None
    #: A share of a split in which all pay or nobody.
    is_held_first: bool = False

    @property
    def is_open(self) -> bool:
        """Whether something can still be done about it."""
        return self.status == RequestStatus.OPEN


def list_sides(holder_id: str, role: Role) -> QuerySet[RequestSide]:
    """What this person asked for, or was asked, newest first."""
    rows = RequestSide.objects.select_related("request__platform", "request__split").filter(
        holder_id=holder_id, role=role
    )
    if role is Role.PAYER:
        # Whom this person has blocked asks into the void.
        blocked = Block.objects.filter(holder_id=holder_id).values("blocked_id")
        rows = rows.exclude(request__status=RequestStatus.OPEN, request__payee_id__in=blocked)
    return rows.order_by("-created_at", "-pk")


def show_side(side: RequestSide, *, now: datetime) -> ShownRequest:
    """The side opened; past its time it is expired even if nobody has swept it yet."""
    request: PaymentRequest = side.request
    try:
        note, name = side.note, side.other_alias
    except KeyDestroyed:
        note = name = ""
    is_over = request.status in {RequestStatus.OPEN, RequestStatus.HELD} and request.expires_at <= now
    return ShownRequest(
        id=request.id,
        role=side.role,
        status=RequestStatus.EXPIRED if is_over else request.status,
        amount=request.amount,
        name=name,
        platform=request.platform.name,
        note=note,
        created_at=request.created_at,
        expires_at=request.expires_at,
        paid_at=request.paid_at,
        refunded=Money(request.refunded_minor, request.currency) if request.refunded_minor else None,
        is_held_first=request.is_held_first,
    )


def show_sides(sides: Iterable[RequestSide], *, now: datetime) -> list[ShownRequest]:
    """Many of them."""
    return [show_side(side, now=now) for side in sides]
