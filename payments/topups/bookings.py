"""Our side of a reconciliation: what the ledger has booked about each payment, refund and dispute of a gateway."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from payments.topups.gateway import gateway
from payments.topups.models import TopUp, TopUpDispute, TopUpRefund
from payments.topups.reconcile import WITH_FEE, Entry, EntryKind
from wallet.core.money import Money
from wallet.ledger.accounts import PROGRAMME_KINDS
from wallet.ledger.models import Account, Transfer

#: The codes of our transfers with a gateway.
CODES = ("top_up", "top_up_fee", "withdrawal", "top_up_refund", "top_up_dispute", "top_up_dispute_fee")


@dataclass(slots=True)
class _Movement:
    """Transfers of one movement, summed: positive came from the gateway."""

    kind: EntryKind
    minor: int = 0
    currency: str = ""
    at: datetime | None = None
    is_ours: bool = True


def entries(name: str, *, since: datetime, until: datetime, objects: Collection[str]) -> list[Entry]:
    """What was booked in [since, until), and whatever was booked at any time about these objects."""
    top_ups = _top_ups(name, since=since, until=until, objects=objects)
    parts = {one.id: one for one in TopUpRefund.objects.filter(top_up__in=top_ups)}
    programme = dict(Account.objects.filter(kind__in=PROGRAMME_KINDS).values_list("id", "kind"))
    clearing = gateway(name).clearing_account
    found: dict[tuple[EntryKind, str, str], _Movement] = {}
    fees: defaultdict[str, int] = defaultdict(int)
    about = Transfer.objects.filter(op="post", code__in=CODES, ref__in=_refs(top_ups))
    for one in about.order_by("id"):
        source, target = programme.get(one.debit_account), programme.get(one.credit_account)
        top_up = top_ups[one.ref.partition(":")[0]]
        if one.code == "top_up_fee":
            fees[top_up.payment_ref] += one.amount
            continue
        if one.code == "top_up_dispute_fee":
            fees[one.key.split(":")[1]] += one.amount
            continue
        if one.key.endswith((":shortfall", ":parked", ":load")) or (source is None and target is None):
            continue
        kind, object_ref, number = _name(one, top_up, parts)
        if not object_ref:
            continue  # on its way: the gateway has not answered yet
        movement = found.setdefault((kind, object_ref, number), _Movement(kind))
        movement.minor += one.amount if target is None else -one.amount
        movement.currency, movement.at = one.currency, one.at
        movement.is_ours &= clearing in {source, target}
    return list(_entries(found, fees))


def _entries(found: dict[tuple[EntryKind, str, str], _Movement], fees: dict[str, int]) -> Iterator[Entry]:
    for (kind, object_ref, number), movement in found.items():
        assert movement.at is not None  # for the type checker
        fee = fees.get(object_ref, 0) if kind in WITH_FEE else None
        amount = Money(movement.minor, movement.currency)
        yield Entry(kind, object_ref, amount, fee, movement.at, number, movement.is_ours)


def _refs(top_ups: dict[str, TopUp]) -> list[str]:
    """Under which the ledger knows them: what is given back has its code behind the id."""
    return [f"{name}{more}" for name in top_ups for more in ("", ":top_up_refund", ":top_up_dispute")]


def _top_ups(name: str, *, since: datetime, until: datetime, objects: Collection[str]) -> dict[str, TopUp]:
    in_time = Transfer.objects.filter(op="post", code__in=CODES, at__gte=since, at__lt=until).values_list(
        "ref", flat=True
    )
    ids = {ref.partition(":")[0] for ref in in_time.distinct()}
    ids |= set(TopUpRefund.objects.filter(gateway_ref__in=objects).values_list("top_up_id", flat=True))
    ids |= set(TopUpDispute.objects.filter(gateway_ref__in=objects).values_list("top_up_id", flat=True))
    own = TopUp.objects.filter(Q(id__in=ids) | Q(payment_ref__in=objects), gateway=name)
    return {one.id: one for one in own}


def _name(one: Transfer, top_up: TopUp, parts: dict[str, TopUpRefund]) -> tuple[EntryKind, str, str]:
    """What a transfer is about: its kind, the gateway's name of the object, and which movement of it."""
    first, *rest = one.key.split(":")
    if first == "dispute":
        kind = EntryKind.DISPUTE_BACK if one.ref.endswith(":top_up_dispute") else EntryKind.DISPUTE
        return kind, rest[0], rest[1]
    if part := parts.get(first):
        is_back = rest[0] == "back"
        return (EntryKind.REFUND_FAILED if is_back else EntryKind.REFUND), part.gateway_ref, first
    return EntryKind.PAYMENT, top_up.payment_ref, first
