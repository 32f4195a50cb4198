"""The hosted page of Checkout, as the double plays it: one types a test card, a name and an e-mail."""

import html
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from tests.support.stripe_double import issuing, money
from tests.support.stripe_double.params import Refused

if TYPE_CHECKING:
    from tests.support.stripe_double.server import Double

Page = tuple[int, dict[str, str], str]


def answer(double: "Double", method: str, path: str, body: str) -> Page:  # noqa: C901, PLR0911 - a page for each case
    """`/c/pay/{session}` and the bank's question below it; `/v3/`, the script of a number's page, and its frames."""
    _empty, *parts = path.split("/")
    if parts[0] == "v3":
        return _script(double) if len(parts) == 2 else _frame(double, parts)
    session = double.books.tables["sessions"].get(parts[2]) if len(parts) > 2 and parts[:2] == ["c", "pay"] else None
    if session is None:
        return 404, {}, _page("Something went wrong", "<p>The page you were looking for could not be found.</p>")
    if method == "GET":
        if session["status"] == "complete":
            return 303, {"Location": session["success_url"]}, ""
        if session["status"] == "expired":
            return 200, {}, _page("This page has expired", "")
        return 200, {}, _question(session) if parts[3:] == ["challenge"] else _form(session, "")
    typed = {name: values[0] for name, values in parse_qs(body).items()}
    if parts[3:] == ["challenge"]:
        outcome = "paid" if typed.get("answer") == "confirm" else "card_declined"
    else:
        number = "".join(typed.get("number", "").split())
        outcome = money.CARDS.get(number) or money.IBANS.get(number) or ""
    if not outcome:
        return 200, {}, _form(session, "Your card number is invalid.")
    try:
        said = money.pay(double.books, session, outcome, name=typed.get("name", ""), email=typed.get("email", ""))
    except Refused as refused:
        return 200, {}, _page(str(refused), "")
    if said == "challenge":
        return 303, {"Location": f"/c/pay/{session['id']}/challenge"}, ""
    if said == "declined":
        return 200, {}, _form(session, "Your card was declined.")
    return 303, {"Location": session["success_url"]}, ""


def _script(double: "Double") -> Page:
    """Of Stripe.js what shows a card's number: a nonce, and a frame for each part."""
    script = """
window.Stripe = () => ({
  createEphemeralKeyNonce: async ({ issuingCard }) =>
    (await fetch("BASE/_double/nonce", { method: "POST", body: JSON.stringify({ card: issuingCard }) })).json(),
  elements: () => ({
    create: (kind, { nonce, ephemeralKeySecret }) => ({
      mount: (place) => {
        const frame = document.createElement("iframe");
        frame.title = kind;
        frame.src = `BASE/v3/${kind}/${ephemeralKeySecret}/${nonce}`;
        document.querySelector(place).append(frame);
      },
    }),
  }),
});
"""
    return 200, {"Content-Type": "text/javascript"}, script.replace("BASE", double.books.base)


def _frame(double: "Double", parts: list[str]) -> Page:
    """One part of a number, in a frame that its page cannot read."""
    kinds = {"issuingCardNumberDisplay": "number", "issuingCardExpiryDisplay": "expiry", "issuingCardCvcDisplay": "cvc"}
    try:
        shown = issuing.look(double, key=parts[2], nonce=parts[3])
    except (Refused, IndexError):
        return 401, {}, _page("This key does not open this card.", "")
    head = '<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>card</title>'
    return 200, {}, f"{head}<body style='margin:0;font:16px monospace'>{shown[kinds[parts[1]]]}"


def _form(session: dict, problem: str) -> str:
    amount = f"{session['amount_total']} {session['currency'].upper()}"
    return _page(
        f"Pay {amount}",
        f"""<p role="alert">{html.escape(problem)}</p>
<form method="post" action="/c/pay/{session["id"]}">
<label>Email <input name="email" type="email" value="jane@example.org"></label>
<label>Card number <input name="number" inputmode="numeric" autocomplete="off"></label>
<label>Name on card <input name="name" value="Jane Doe"></label>
<button>Pay</button></form>
<a href="{html.escape(session["cancel_url"] or "#")}">Back</a>""",
    )


def _question(session: dict) -> str:
    return _page(
        "Your bank asks: was it you?",
        f"""<form method="post" action="/c/pay/{session["id"]}/challenge">
<button name="answer" value="confirm">Complete</button> <button name="answer" value="refuse">Fail</button></form>""",
    )


def _page(title: str, inner: str) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><h1>{html.escape(title)}</h1><p>Stripe's double. No money moves here.</p>{inner}"
    )
