"""`make demo`: the whole story as a stranger's script against a running system, told by what each party saw.

It uses HTTP and the contract's commands, nothing else, and exits with 0 only if every step held. `--json` prints one
document at the end.
"""

import argparse
import json
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from standardwebhooks.webhooks import Webhook

_PATIENCE_SECONDS = 30
_TOP_UP = 5000
_ON_CARD = 4000
_OWED = 2000
_COFFEE = 450
_DINNER = 3001
_BOAT = 1200
_ORDER = (("Espresso", 250), ("Croissant", 200))


class StepFailed(Exception):
    """A step of the story did not hold."""


def command(*words: str) -> dict[str, Any]:
    """One of the contract's commands."""
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "manage.py", *words, "--json"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StepFailed(f"manage.py {words[0]}: exit code {done.returncode}: {done.stderr.strip()[-300:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def wait_for(what: str, look: Callable[[], Any]) -> Any:
    """Look until there is something to see."""
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        if found := look():
            return found
        time.sleep(0.2)
    raise StepFailed(f"{what}: nothing after {_PATIENCE_SECONDS} s")


def _euros(money: dict[str, Any]) -> str:
    """An amount for the reader."""
    return f"{money['value'] // 100}.{money['value'] % 100:02} €"


class Caller:
    """One party's HTTP client; keeps all that it received."""

    def __init__(self, url: str, token: str) -> None:
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=20, trust_env=False
        )
        self.received: list[dict[str, Any]] = []

    def close(self) -> None:
        """No more calls."""
        self._http.close()

    def call(self, method: str, path: str, body: Any = None, *, expect: int = 200) -> Any:
        """One call, which must answer with the expected status."""
        headers = {"Idempotency-Key": secrets.token_urlsafe(16)} if method == "POST" else {}
        answer = self._http.request(method, path, json=body, headers=headers)
        content = answer.json() if answer.content else None
        self.received.append({"call": f"{method} {path}", "status": answer.status_code, "body": content})
        if answer.status_code != expect:
            raise StepFailed(f"{method} {path}: {answer.status_code} instead of {expect}: {answer.text[:300]}")
        return content


class Webhooks:
    """The platform's endpoint: verifies each delivery with the reference library and keeps it."""

    def __init__(self) -> None:
        self.secret = ""
        self.received: list[dict[str, Any]] = []
        outer = self

        class Endpoint(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.received.append(
                    Webhook(outer.secret).verify(body, {k.lower(): v for k, v in self.headers.items()})
                )
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_words: Any) -> None:
                """Nothing on the screen."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


class Story:
    """The steps, in order; `seen` collects what each party saw."""

    def __init__(self, url: str, say: Callable[[str], None]) -> None:
        self.url = url
        self.say = say
        self.names = {who: f"{who}-{secrets.token_hex(4)}" for who in ("alice", "bob")}
        self.hooks = Webhooks()
        self.seen: dict[str, Any] = {}
        self._callers: list[Caller] = []

    def caller(self, token: str) -> Caller:
        """A party's client."""
        self._callers.append(Caller(self.url, token))
        return self._callers[-1]

    def close(self) -> None:
        """The story is over."""
        self.hooks.close()
        for caller in self._callers:
            caller.close()

    def run(self) -> dict[str, Any]:
        """Tell it."""
        self.people()
        self.top_up()
        self.card()
        self.link()
        self.ask_and_pay()
        self.split()
        self.sell_and_refund()
        self.swipe()
        self.privacy()
        command("verify_ledger")
        self.say("The ledger is in balance.")
        return self.seen

    def people(self) -> None:
        """Two people and a platform, through the commands."""
        self.holders = {who: command("create_holder", "--username", name) for who, name in self.names.items()}
        self.alice = self.caller(self.holders["alice"]["access_token"])
        self.bob = self.caller(self.holders["bob"]["access_token"])
        self.client = command(
            "create_platform", "--name", "Corner chat", "--redirect-uri", "http://127.0.0.1:9/callback"
        )
        self.say("Alice and Bob have a wallet; a chat platform has an OAuth client.")

    def top_up(self) -> None:
        """On the web, outside the chat."""
        amount = {"value": _TOP_UP, "currency": "EUR"}
        top_up = self.alice.call("POST", "/v1/top-ups", {"amount": amount}, expect=201)
        paid = httpx.post(
            f"{self.url}/sandbox/checkout/{top_up['id']}", json={"card": "4242424242424242"}, trust_env=False
        )
        if paid.status_code != httpx.codes.ACCEPTED:
            raise StepFailed(f"sandbox checkout: {paid.status_code}")
        wait_for(
            "top-up",
            lambda: self.alice.call("GET", f"/v1/top-ups/{top_up['id']}")["status"] == "succeeded",
        )
        self.say("Alice tops up 50.00 € on the gateway's page. No platform is involved.")

    def card(self) -> None:
        """A card that holds its own money."""
        self.alice_card = self.alice.call("POST", "/v1/cards", {"currency": "EUR", "kind": "standard"}, expect=201)
        load = {"amount": {"value": _ON_CARD, "currency": "EUR"}}
        self.alice.call("POST", f"/v1/cards/{self.alice_card['id']}/load", load)
        self.alice.call("POST", f"/v1/cards/{self.alice_card['id']}/reveal", {}, expect=403)
        self.say("She loads 40.00 € on a card. A token cannot reveal its number: 403, a passkey is needed.")

    def link(self) -> None:
        """Both link their wallets; the platform gets one opaque handle for each."""
        self.links = {
            who: command("link_holder", "--username", name, "--client-id", self.client["client_id"], *more)
            for (who, name), more in zip(self.names.items(), ([], ["--refunds"]), strict=True)
        }
        token = httpx.post(
            f"{self.url}/oauth/token", data={"grant_type": "client_credentials", "scope": "chat"},
            auth=(self.client["client_id"], self.client["client_secret"]), trust_env=False,
        ).json()["access_token"]  # fmt: skip
        self.platform = self.caller(token)
        self.payer = self.caller(self.links["alice"]["access_token"])
        events = ["payment_request.paid", "checkout.paid"]
        endpoint = self.platform.call(
            "POST", "/v1/webhook-endpoints", {"url": self.hooks.url, "events": events}, expect=201
        )
        self.hooks.secret = endpoint["secret"]
        self.say(f"The platform knows Alice as {self.links['alice']['link']}.")
        self.say(f"It knows Bob as {self.links['bob']['link']}.")

    def ask_and_pay(self) -> None:
        """Bob speaks, the platform asks, Alice taps."""
        text = "Alice, you owe me 20 € for the restaurant"
        found = self.platform.call(
            "POST",
            "/v1/suggestions",
            {"text": text, "sender": "Bob", "participants": ["Alice", "Bob"], "locale": "en-IE"},
        )["suggestion"]
        if found is None or found["amount"] != {"value": _OWED, "currency": "EUR"}:
            raise StepFailed("the detector did not find 20 €")
        links = {role: self.links[who]["link"] for role, who in (("payee", "bob"), ("payer", "alice"))}
        wish = {**links, "amount": found["amount"], "note": "restaurant"}
        request = self.platform.call("POST", "/v1/payment-requests", wish, expect=201)
        paid = self.payer.call("POST", f"/v1/payment-requests/{request['id']}/pay", {})
        again = self.payer.call("POST", f"/v1/payment-requests/{request['id']}/pay", {})
        if (paid["status"], again["status"]) != ("paid", "paid"):
            raise StepFailed(f"pay: {paid['status']}, again: {again['status']}")
        hook = wait_for("webhook", lambda: self.hooks.received)[0]
        if hook["data"]["id"] != request["id"]:
            raise StepFailed("the webhook names another object")
        balance = self.bob.call("GET", "/v1/wallet")["balances"][0]["available"]
        if balance["value"] != _OWED:
            raise StepFailed(f"Bob has {balance['value']} and not {_OWED}")
        self.say(
            "Bob writes it in chat, a button grows, Alice taps once: Bob has 20.00 €, and a signed webhook says so."
        )

    def split(self) -> None:
        """Three at the table; then something that all must agree to, and one does not."""
        shares = [{"payer": self.links["bob"]["link"]}, {"payer": self.links["alice"]["link"]}, {"payer": None}]
        wish = {"payee": self.links["bob"]["link"], "total": {"value": _DINNER, "currency": "EUR"}, "shares": shares}
        dinner = self.platform.call("POST", "/v1/splits", wish, expect=201)
        if sum(share["amount"]["value"] for share in dinner["shares"]) != _DINNER:
            raise StepFailed("the shares do not come to the total")
        self._tap(dinner["shares"][1]["payment_request"], "paid")
        dinner = self.platform.call("GET", f"/v1/splits/{dinner['id']}")
        self.say(f"Dinner for three: own part counted, Alice's paid, {_euros(dinner['collected'])} of 30.01 €.")
        boat = {**wish, "shares": shares[1:], "all_or_nothing": True, "total": {"value": _BOAT, "currency": "EUR"}}
        together = self.platform.call("POST", "/v1/splits", boat, expect=201)
        self._tap(together["shares"][0]["payment_request"], "held")
        ended = self.platform.call("POST", f"/v1/splits/{together['id']}/cancel", {})
        if [share["status"] for share in ended["shares"]] != ["canceled", "canceled"]:
            raise StepFailed("a split that was taken back holds something")
        self.say("A boat, all or nothing: Alice's 6.00 € is held while others decide, and free again when it is off.")

    def sell_and_refund(self) -> None:
        """A bot sells two things, is paid with one tap, and gives the money back."""
        items = [{"label": label, "amount": {"value": value, "currency": "EUR"}} for label, value in _ORDER]
        links = {"payee": self.links["bob"]["link"], "payer": self.links["alice"]["link"]}
        checkout = self.platform.call("POST", "/v1/checkouts", {**links, "items": items}, expect=201)
        self._tap(checkout["payment_request"], "paid")
        wait_for("webhook of the checkout", lambda: self._told("checkout.paid", checkout["id"]))
        seller = self.caller(self.links["bob"]["access_token"])
        refund = seller.call("POST", "/v1/refunds", {"payment_request": checkout["payment_request"]}, expect=201)
        if refund["status"] != "succeeded":
            raise StepFailed(f"refund: {refund['status']}")
        after = self.platform.call("GET", f"/v1/payment-requests/{checkout['payment_request']}")
        self.say(f"A bot sells coffee for {_euros(checkout['total'])}, and gives {_euros(after['refunded'])} back.")

    def _tap(self, request_id: str, expected: str) -> None:
        answer = self.payer.call("POST", f"/v1/payment-requests/{request_id}/pay", {})
        if answer["status"] != expected:
            raise StepFailed(f"pay: {answer['status']} and not {expected}")

    def _told(self, event: str, object_id: str) -> bool:
        return any(hook["type"] == event and hook["data"]["id"] == object_id for hook in self.hooks.received)

    def swipe(self) -> None:
        """The card works at a merchant, up to what is on it."""
        card = self.alice_card["id"]
        coffee = command("swipe", "--card", card, "--amount", str(_COFFEE), "--currency", "EUR", "--capture")
        too_much = command("swipe", "--card", card, "--amount", str(_TOP_UP), "--currency", "EUR")
        if not coffee["approved"] or too_much["approved"]:
            raise StepFailed("the card network decided otherwise")
        self.seen["network"] = [coffee, too_much]
        self.say(f"A coffee for 4.50 € is approved; 50.00 € is declined with code {too_much['response_code']}.")

    def privacy(self) -> None:
        """Alice reads who has seen what."""
        exposures = self.alice.call("GET", "/v1/exposures?limit=100")["data"]
        recipients: dict[str, set[str]] = {}
        for one in exposures:
            recipients.setdefault(f"{one['recipient']['kind']} {one['recipient']['name']}", set()).update(one["fields"])
        for who, fields in sorted(recipients.items()):
            self.say(f"  {who}: {', '.join(sorted(fields))}")
        opened = self.alice.call("GET", f"/v1/exposures/{exposures[0]['id']}")
        if not opened["body"]:
            raise StepFailed("an exposure opens into nothing")
        self.seen["alice"] = {who: sorted(fields) for who, fields in recipients.items()}
        self.seen["platform"] = [*self.platform.received, *self.payer.received, *self.hooks.received]
        told = json.dumps(self.seen["platform"])
        for secret in (*self.names.values(), self.holders["alice"]["holder"], self.alice_card["id"], "4242"):
            if secret in told:
                raise StepFailed("the platform received something that it must not have")
        self.say("That is all anybody has ever received about Alice.")


def main() -> int:
    """Run the story; 0 if it held."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--url", default="http://localhost:8000", help="the running wallet")
    parser.add_argument("--json", action="store_true", help="print what each party saw as one document")
    options = parser.parse_args()
    out = sys.stderr if options.json else sys.stdout
    try:
        seen = Story(options.url, lambda line: print(line, file=out, flush=True)).run()
    except (StepFailed, httpx.HTTPError) as failure:
        print(f"The story stops here: {failure}", file=sys.stderr)  # noqa: T201 - a command speaks
        return 1
    if options.json:
        print(json.dumps(seen, indent=2, ensure_ascii=False))  # noqa: T201 - a command speaks
    return 0


if __name__ == "__main__":
    sys.exit(main())
