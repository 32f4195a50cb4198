"""The chat's pages and endpoints."""

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from demo import words
from demo.bot import Cafe
from demo.config import config
from demo.group import GUEST, SHARE, Group
from demo.store import FRIEND, store
from demo.thread import Thread
from demo.wallet import Wallet, WalletRefused, cut_secrets

_HERE = Path(__file__).resolve().parent
_PAGES = Jinja2Templates(directory=_HERE / "templates")
_COOKIE = "parlour"
_LANGUAGE = "parlour_language"
_YEAR = 365 * 24 * 3600
_LONGEST = 500
ROOMS: dict[str, type[Thread]] = {kind.room: kind for kind in (Thread, Group, Cafe)}
_HOSTS = ["127.0.0.1", "localhost"]
#: What is said in the thread of an object when its webhook comes.
_THANKS = {"split.completed": ("split", "group_completed"), "checkout.paid": ("checkout", "cafe_thanks")}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)


def _language(request: Request) -> str:
    chosen = request.query_params.get("lang") or request.cookies.get(_LANGUAGE)
    if chosen in words.WORDS:
        return chosen
    return "fr" if request.headers.get("accept-language", "").lower().startswith("fr") else "en"


def _thread(request: Request, room: str = "") -> Thread | None:
    person = store().person(request.cookies.get(_COOKIE, ""))
    if person is None or person["id"] == FRIEND:
        return None
    return ROOMS.get(room, Thread)(request.app.state.wallet, person["id"], _language(request))


async def chat(request: Request) -> Response:
    """The page; whoever comes first time gets a cookie of the chat's own."""
    language = _language(request)
    thread = _thread(request)
    person_id = thread.person_id if thread else store().new_person(words.say("you", language))
    for kind in ROOMS.values():
        kind(request.app.state.wallet, person_id, language).greet()
    friend = store().person(FRIEND) or {}
    context = {"words": words.WORDS[language], "language": language, "friend": friend["name"],
               "words_json": json.dumps(words.WORDS[language], ensure_ascii=False),
               "room": request.query_params.get("room", ""),
               "link_failed": "link_failed" in request.query_params}  # fmt: skip
    store().keep(f"language {person_id}", language)
    response = _PAGES.TemplateResponse(request, "chat.html", context)
    response.set_cookie(_COOKIE, person_id, max_age=_YEAR, httponly=True, samesite="lax")
    response.set_cookie(_LANGUAGE, language, max_age=_YEAR, httponly=True, samesite="lax")
    return response


async def state(request: Request) -> Response:
    """What the page shows, asked for again and again."""
    thread = _thread(request, request.query_params.get("room", ""))
    if thread is None:
        return JSONResponse({"gone": True}, 401)
    person = store().person(thread.person_id) or {}
    shown = [
        {
            "id": m["id"], "mine": m["sender"] == thread.person_id, "is_share": m["sender"] == SHARE, "text": m["text"],
            "status": m["status"], "request": m["request"], "amount": json.loads(m["amount"]) if m["amount"] else None,
            "my_turn": m["payer"] == thread.person_id, "payer": m["payer"] if m["payer"] in {FRIEND, GUEST} else None,
            "pay_url": m["pay_url"], "approve_url": m["approve_url"],
        }
        for m in store().messages(thread.key)
    ]  # fmt: skip
    return JSONResponse({"messages": shown, "link": person.get("link"), "received": store().received()})


async def say(request: Request) -> Response:
    """A message of the person in this browser."""
    said = await request.json()
    thread, text = _thread(request, str(said.get("room", ""))), str(said.get("text", "")).strip()[:_LONGEST]
    if thread is None or not text:
        return JSONResponse({"error": "empty"}, 400)
    try:
        await thread.say(thread.person_id, text)
    except (WalletRefused, httpx.HTTPError):
        return JSONResponse({"error": "wallet"}, 502)
    return JSONResponse({"said": True})


async def pay(request: Request) -> Response:
    """The tap."""
    thread = _thread(request)
    message = store().row("SELECT * FROM message WHERE request = ?", request.path_params["request_id"])
    if thread is None or message is None or message["payer"] != thread.person_id:
        return JSONResponse({"error": "not yours"}, 404)
    try:
        return JSONResponse({"status": await thread.pay(message)})
    except (WalletRefused, httpx.HTTPError):
        return JSONResponse({"error": "wallet"}, 502)


async def link(request: Request) -> Response:
    """Off to the wallet."""
    thread = _thread(request)
    if thread is None:
        return RedirectResponse("/", 303)
    wallet: Wallet = request.app.state.wallet
    return RedirectResponse(wallet.linking_url(thread.person_id, thread.language), 303)


async def linked(request: Request) -> Response:
    """Back from the wallet, with a code or without."""
    thread = _thread(request)
    person = store().person(thread.person_id) if thread else None
    given = request.query_params
    is_ours = person is not None and person["state"] and secrets.compare_digest(person["state"], given.get("state", ""))
    if not is_ours or given.get("iss") not in {None, config().wallet_url} or "code" not in given:
        return RedirectResponse("/?link_failed=1", 303)
    try:
        await request.app.state.wallet.finish_linking(person, given["code"])
    except (WalletRefused, httpx.HTTPError):
        return RedirectResponse("/?link_failed=1", 303)
    return RedirectResponse("/", 303)


async def webhook(request: Request) -> Response:
    """The wallet tells that something happened; what happened is then read over the API."""
    raw = await request.body()
    try:
        content: dict[str, Any] = Webhook(await request.app.state.wallet.ensure_webhook()).verify(
            raw, dict(request.headers)
        )
    except (WebhookVerificationError, WalletRefused, KeyError, ValueError):
        return PlainTextResponse("no", 400)
    event_id = request.headers["webhook-id"]
    store().receive(f"webhook {content['type']}", 200, cut_secrets(raw.decode()))
    if store().is_new_event(event_id):
        await _follow(request.app.state.wallet, content)
    return PlainTextResponse("ok")


async def _follow(wallet: Wallet, content: dict[str, Any]) -> None:
    if content["type"].startswith("payment_request."):
        request = await wallet.read_request(content["data"]["id"])
        store().settle(request["id"], request["status"])
    elif content["type"] in _THANKS:
        what, phrase = _THANKS[content["type"]]
        key = store().setting(f"{what} {content['data']['id']}")
        if key is not None:
            store().say(key, FRIEND, words.say(phrase, store().setting(f"language {key.partition('/')[0]}") or "en"))
    elif content["type"] == "link.revoked":
        ended = store().row("SELECT id FROM person WHERE link = ?", content["data"]["id"])
        if ended is not None:
            store().unlink(ended["id"])


async def ready(_request: Request) -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


class Headers(BaseHTTPMiddleware):
    """Nothing from another origin, nothing framed; and only our own pages may post here."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Refuse a foreign origin, then answer with the headers."""
        origin = request.headers.get("origin")
        if request.method == "POST" and request.url.path != "/webhooks" and origin not in {None, config().demo_url}:
            return PlainTextResponse("no", 403)
        response = await call_next(request)
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers.setdefault("Cache-Control", "no-store")
        return response


@asynccontextmanager
async def _life(application: Starlette) -> AsyncIterator[None]:
    application.state.wallet = Wallet()
    try:
        await application.state.wallet.ensure_webhook()
    except (WalletRefused, httpx.HTTPError):
        # The wallet is still starting; the first message tries again.
        store().receive("webhook endpoint", 0, "not registered yet")
    yield


app = Starlette(
    routes=[
        Route("/", chat),
        Route("/state", state),
        Route("/say", say, methods=["POST"]),
        Route("/pay/{request_id}", pay, methods=["POST"]),
        Route("/link", link),
        Route("/oauth/callback", linked),
        Route("/webhooks", webhook, methods=["POST"]),
        Route("/healthz", ready),
        Mount("/static", StaticFiles(directory=_HERE / "static")),
    ],
    # Another name for this machine is another site in disguise (DNS rebinding).
    middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=_HOSTS), Middleware(Headers)],
    lifespan=_life,
)
