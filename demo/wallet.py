"""The platform's client of the wallet's public API: OAuth, detection, requests, payment, webhooks.

Every answer and every webhook is kept as it came, because the chat shows all of it; only tokens and secrets are cut, so
that a screenshot gives nothing away.
"""

import asyncio
import json
import re
import secrets
import time
from typing import Any
from urllib.parse import urlencode

import httpx
from oauthlib.oauth2 import WebApplicationClient

from demo.config import config
from demo.store import store

_SECRETS = re.compile(r'("(?:access_token|refresh_token|secret)":\s*")([^"]{0,6})[^"]*"')


class WalletRefused(Exception):
    """The wallet answered with a problem."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("title", "refused"))
        self.problem = problem


class Wallet:
    """One client for the life of the process."""

    def __init__(self) -> None:
        self._http = httpx.AsyncClient(base_url=config().wallet_url, timeout=20, trust_env=False)
        self._token: tuple[str, float] | None = None
        self._refreshing = asyncio.Lock()

    async def suggest(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """What the wallet reads in a message; None where it finds nothing."""
        answer = await self._call("POST", "/v1/suggestions", body=message)
        found: dict[str, Any] | None = answer["suggestion"]
        return found

    async def request(self, body: dict[str, Any]) -> dict[str, Any]:
        """Ask for a payment."""
        return await self._call("POST", "/v1/payment-requests", body=body)

    async def split(self, body: dict[str, Any]) -> dict[str, Any]:
        """Ask several people for their parts."""
        return await self._call("POST", "/v1/splits", body=body)

    async def sell(self, body: dict[str, Any]) -> dict[str, Any]:
        """Offer something for sale."""
        return await self._call("POST", "/v1/checkouts", body=body)

    async def refund(self, request_id: str, person_id: str) -> dict[str, Any]:
        """Give all of a payment back, with the payee's own token."""
        return await self._call("POST", "/v1/refunds", body={"payment_request": request_id}, person_id=person_id)

    async def read_request(self, request_id: str) -> dict[str, Any]:
        """Where a request stands."""
        return await self._call("GET", f"/v1/payment-requests/{request_id}")

    async def read_event(self, event_id: str) -> dict[str, Any]:
        """What a webhook named."""
        return await self._call("GET", f"/v1/events/{event_id}")

    async def pay(self, request_id: str, person_id: str) -> dict[str, Any]:
        """One tap, with the payer's own token."""
        return await self._call("POST", f"/v1/payment-requests/{request_id}/pay", body={}, person_id=person_id)

    async def ensure_webhook(self) -> str:
        """The secret of our endpoint; made once."""
        if (secret := store().setting("webhook_secret")) is not None:
            return secret
        types = ["payment_request.paid", "payment_request.declined", "payment_request.canceled",
                 "payment_request.expired", "split.completed", "checkout.paid", "link.revoked"]  # fmt: skip
        made = await self._call(
            "POST", "/v1/webhook-endpoints", body={"url": f"{config().demo_url}/webhooks", "events": types}
        )
        store().keep("webhook_secret", made["secret"])
        return str(made["secret"])

    # --- OAuth ------------------------------------------------------------------------------------

    def linking_url(self, person_id: str, locale: str) -> str:
        """Where somebody goes to link their wallet: authorization code with PKCE."""
        client = WebApplicationClient(config().client_id)
        verifier = client.create_code_verifier(64)
        state = secrets.token_urlsafe(24)
        store().run("UPDATE person SET verifier = ?, state = ? WHERE id = ?", verifier, state, person_id)
        query = {
            "response_type": "code",
            "client_id": config().client_id,
            "redirect_uri": config().redirect_uri,
            "scope": "link payments:pay",
            "state": state,
            "code_challenge": client.create_code_challenge(verifier, "S256"),
            "code_challenge_method": "S256",
            "ui_locales": locale,
        }
        return f"{config().wallet_url}/oauth/authorize?{urlencode(query)}"

    async def finish_linking(self, person: dict[str, Any], code: str) -> None:
        """Exchange the code for the handle and its tokens."""
        tokens = await self._exchange(
            grant_type="authorization_code",
            code=code,
            redirect_uri=config().redirect_uri,
            code_verifier=person["verifier"],
        )
        store().keep_tokens(person["id"], tokens)

    async def _exchange(self, **form: str) -> dict[str, Any]:
        answer = await self._http.post("/oauth/token", data=form, auth=(config().client_id, config().client_secret))
        self._keep(f"POST /oauth/token ({form['grant_type']})", answer)
        if answer.status_code != httpx.codes.OK:
            raise WalletRefused({"title": "no token", "status": answer.status_code})
        tokens: dict[str, Any] = answer.json()
        return tokens

    async def _platform_token(self) -> str:
        if self._token is None or self._token[1] < time.monotonic():
            tokens = await self._exchange(grant_type="client_credentials", scope="chat")
            self._token = (tokens["access_token"], time.monotonic() + tokens["expires_in"] - 30)
        return self._token[0]

    async def _person_token(self, person_id: str, *, stale: str | None = None) -> str:
        async with self._refreshing:
            person = store().person(person_id) or {}
            if stale is not None and secrets.compare_digest(person["access_token"] or "", stale):
                tokens = await self._exchange(grant_type="refresh_token", refresh_token=person["refresh_token"])
                store().keep_tokens(person_id, tokens)
                return str(tokens["access_token"])
            return str(person["access_token"])

    # --- calls ------------------------------------------------------------------------------------

    async def _call(
        self, method: str, path: str, *, body: dict[str, Any] | None = None, person_id: str | None = None
    ) -> dict[str, Any]:
        key = secrets.token_urlsafe(18)
        token = await (self._person_token(person_id) if person_id else self._platform_token())
        answer = await self._send(method, path, body, token, key)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._token = None
            fresh = self._person_token(person_id, stale=token) if person_id else self._platform_token()
            answer = await self._send(method, path, body, await fresh, key)
        if answer.is_error:
            raise WalletRefused(answer.json())
        content: dict[str, Any] = answer.json()
        return content

    async def _send(self, method: str, path: str, body: dict[str, Any] | None, token: str, key: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        if method == "POST":
            headers["Idempotency-Key"] = key
        answer = await self._http.request(method, path, json=body, headers=headers)
        self._keep(f"{method} {path}", answer)
        return answer

    def _keep(self, what: str, answer: httpx.Response) -> None:
        store().receive(what, answer.status_code, cut_secrets(answer.text))


def cut_secrets(text: str) -> str:
    """The text with all but the first characters of tokens replaced."""
    try:
        text = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text[:2000]
    return _SECRETS.sub(r'\1\2…"', text)
