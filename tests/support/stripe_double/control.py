"""`POST /_double/…`: the hand that moves the double. Each command is a function; the body is its arguments."""

from typing import TYPE_CHECKING, Any

from tests.support.stripe_double import issuing, money
from tests.support.stripe_double.books import Thing, _copy
from tests.support.stripe_double.params import Refused
from tests.support.stripe_double.webhooks import bytes_of, signed

if TYPE_CHECKING:
    from tests.support.stripe_double.server import Double


def command(double: "Double", path: str, body: dict[str, Any]) -> Any:
    """Do what the last part of the path says."""
    doing = COMMANDS.get(path.removeprefix("/_double/"))
    if doing is None:
        raise Refused(f"The double has no command {path}", status=404)
    return doing(double, **body)


def _thing(double: "Double", name: str) -> Thing:
    found = double.books.find(name)
    if found is None:
        raise Refused(f"No such object: '{name}'", status=404)
    return found


def session_of(double: "Double", reference: str) -> Thing:
    """By Stripe's id, or by ours."""
    for session in double.books.tables["sessions"].values():
        if reference in {session["id"], session["client_reference_id"]}:
            return session
    raise Refused(f"No such session: '{reference}'", status=404)


def _pay(double: "Double", *, session: str, method: str = "4242424242424242") -> Any:
    """Answer the hosted page with a test card or a test IBAN."""
    outcome = money.CARDS.get(method) or money.IBANS.get(method)
    if outcome is None:
        raise Refused("Not one of the documented test methods.")
    said = money.pay(double.books, session_of(double, session), outcome, name="Jane Doe", email="jane@example.org")
    return {"outcome": said}


def _confirm(double: "Double", *, session: str, is_confirmed: bool = True) -> Any:
    """Answer the bank's question."""
    outcome = "paid" if is_confirmed else "card_declined"
    said = money.pay(double.books, session_of(double, session), outcome, name="Jane Doe", email="jane@example.org")
    return {"outcome": said}


def _settle(double: "Double", *, session: str) -> Any:
    money.settle_debit(double.books, session_of(double, session))
    return {}


def _expire(double: "Double", *, session: str) -> Any:
    money.expire_session(double.books, session_of(double, session))
    return {}


def _charge(double: "Double", reference: str) -> Thing:
    found = _thing(double, reference) if not reference.startswith("top_") else session_of(double, reference)
    if found["object"] == "checkout.session":
        found = _thing(double, found["payment_intent"])
    return _thing(double, found["latest_charge"]) if found["object"] == "payment_intent" else found


def _dispute(double: "Double", *, payment: str, is_inquiry: bool = False, amount: int | None = None) -> Any:
    return _copy(money.open_dispute(double.books, _charge(double, payment), is_inquiry=is_inquiry, amount=amount))


def _end_dispute(double: "Double", *, dispute: str, status: str) -> Any:
    money.end_dispute(double.books, _thing(double, dispute), status)
    return _copy(_thing(double, dispute))


def _warn(double: "Double", *, payment: str) -> Any:
    return _copy(money.warn(double.books, _charge(double, payment)))


def _refund(double: "Double", *, payment: str, amount: int | None = None) -> Any:
    """Somebody refunds by hand on Stripe's dashboard."""
    wanted = {"charge": _charge(double, payment)["id"], **({} if amount is None else {"amount": amount})}
    return _copy(money.create_refund(double.books, wanted))


def _end_refund(double: "Double", *, refund: str, is_paid: bool) -> Any:
    money.end_refund(double.books, _thing(double, refund), is_paid=is_paid)
    return {}


def _pay_out(double: "Double", *, currency: str = "eur") -> Any:
    return _copy(money.pay_out(double.books, currency))


def _fault(double: "Double", *, where: str, kind: str, times: int = 1, seconds: float = 30.0) -> Any:
    from tests.support.stripe_double.server import Fault

    double.faults = [one for one in double.faults if one.times > 0]
    double.faults.append(Fault(where, kind, times, seconds))
    return {}


def _heal(double: "Double") -> Any:
    double.faults = []
    return {}


def _key(double: "Double", *, key: str) -> Any:
    """The account's key changes: the old one is revoked."""
    double.key = key
    return {}


def _forget_keys(double: "Double") -> Any:
    """A day later: idempotency keys are not known any more."""
    double.kept.clear()
    return {}


def _webhooks(double: "Double", **settings: Any) -> Any:
    """`mode`, `repeat`, `shuffle`, `delay`, `url`, `secret`."""
    for name, value in settings.items():
        setattr(double.endpoint, name, value)
    return {"waiting": len(double.endpoint.waiting)}


def _flush(double: "Double") -> Any:
    return {"statuses": double.endpoint.flush()}


def _deliveries(double: "Double", *, since: int = 0, secret: str = "", at: int | None = None) -> Any:
    """Every event from the `since`th on, as the bytes and the signature of a delivery."""
    found = []
    for event in list(double.books.tables["events"].values())[since:]:
        body = bytes_of(event)
        header = signed(body, secret or double.endpoint.secret, at=at)
        found.append({"id": event["id"], "type": event["type"], "body": body.decode(), "signature": header})
    return {"deliveries": found}


def _sign(double: "Double", *, body: str, secret: str = "", at: int | None = None, scheme: str = "v1") -> Any:
    return {"signature": signed(body.encode(), secret or double.endpoint.secret, at=at, scheme=scheme)}


def _find(double: "Double", *, name: str) -> Any:
    return _copy(session_of(double, name) if name.startswith("top_") else _thing(double, name))


def _change(double: "Double", *, name: str, values: dict[str, Any]) -> Any:
    """Plant a fault in an object."""
    _thing(double, name).update(values)
    return {}


def _plant(double: "Double", *, table: str, things: list[Thing]) -> Any:
    for thing in things:
        double.books.put(table, thing)
    return {}


def _forget(double: "Double", *, name: str) -> Any:
    """As if it had never been."""
    for rows in double.books.tables.values():
        rows.pop(name, None)
    return {}


def _all(double: "Double", *, table: str) -> Any:
    return {"data": [_copy(one) for one in double.books.tables[table].values()]}


def _count(double: "Double", *, table: str) -> Any:
    return {"count": len(double.books.tables[table])}


def _calls(double: "Double") -> Any:
    return {"calls": double.calls}


def _violations(double: "Double") -> Any:
    said, double.violations = double.violations, []
    return {"violations": said}


def _shift(double: "Double", *, seconds: int) -> Any:
    double.books.shift = seconds
    return {}


COMMANDS: dict[str, Any] = {
    "pay": _pay, "confirm": _confirm, "settle": _settle, "expire": _expire, "dispute": _dispute,
    "end-dispute": _end_dispute, "warn": _warn, "refund": _refund, "end-refund": _end_refund, "pay-out": _pay_out,
    "fault": _fault, "heal": _heal, "key": _key, "webhooks": _webhooks, "flush": _flush, "deliveries": _deliveries,
    "sign": _sign, "find": _find, "change": _change, "plant": _plant, "forget": _forget, "all": _all, "count": _count, "calls": _calls,
    "violations": _violations, "forget-keys": _forget_keys, "shift": _shift, **issuing.COMMANDS,
}  # fmt: skip
