"""A worker that does something about one request at the same moment as others: taps, approves, expires, redeems."""

import time
from typing import Any

from django.test import Client


def work(*, number: int, acts: list[dict[str, Any]], at: float) -> dict[str, Any]:
    act = acts[number % len(acts)]
    # Everything is loaded and connected before the moment comes, so that it is the same moment for all.
    Client(SERVER_NAME="localhost").get("/readyz")
    Client(SERVER_NAME="localhost").get("/v1/link", headers={"authorization": "Bearer nobody"})
    time.sleep(max(0.0, at - time.time()))
    if act["do"] == "expire":
        from payments.requests.outcomes import expire_requests, expire_splits

        return {"expired": expire_requests(limit=10_000) + expire_splits(limit=10_000)}
    if act["do"] == "decline":
        from payments.requests.moves import RequestNotOpen
        from payments.requests.paying import decline_request
        from wallet.core import clock

        try:
            decline_request(payer_id=act["holder"], request_id=act["request"], is_blocking=False, now=clock.now())
        except RequestNotOpen:
            return {"declined": False}
        return {"declined": True}
    if act["do"] == "end":
        from payments.platforms.links import end_link
        from wallet.core import clock
        from wallet.core.actors import Actor

        end_link(holder_id=act["holder"], link_id=act["link"], actor=Actor.holder(act["holder"]), now=clock.now())
        return {"ended": True}
    answer = Client(SERVER_NAME="localhost").post(
        act["path"], act.get("body", "{}"), content_type=act.get("media", "application/json"),
        headers={"authorization": act["authorization"], "idempotency-key": act.get("key") or f"k-{number}"},
    )  # fmt: skip
    return {"status": answer.status_code, "body": answer.json() if answer.content else None}
