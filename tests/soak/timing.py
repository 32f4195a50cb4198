"""Whether a comparison of secrets tells how much of a guess was right (standard.md C17).

    .venv/bin/python -m tests.soak.timing             # 100,000 samples of each class, exit code 1 when |t| >= 4.5
    SAMPLES=20000 .venv/bin/python -m tests.soak.timing signature code      # those whose names hold a word

In the manner of dudect (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant time?", 2017): two classes of input,
interleaved at random, measured on their own; Welch's t over all measurements and over those below several percentiles,
because the long tail is the machine's and hides what is small; the largest |t| counts. Needs a quiet machine, which CI is
not: there the structural rule of tests/privacy/crypto/test_inventory.py holds. The first line of each run is a comparison
that is *not* constant in time: a run that does not catch it says nothing.
"""

import gc
import hashlib
import json
import math
import os
import random
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import django
from django.test.utils import setup_test_environment

import tests.environment

#: Above this the two classes differ (dudect's threshold for "probably leaking").
LIMIT = 4.5
SAMPLES = int(os.environ.get("SAMPLES", "100000"))
WARM_UP = 500
BATCH = 500
#: Measurements above these parts of all are cropped, each in turn.
CROPS = (1.0, 0.99, 0.95, 0.9, 0.75, 0.5)


@dataclass(frozen=True)
class Case:
    """One check, and two classes of what it is given: nothing right, and nearly everything right.

    `make` gives inputs of a class (0 or 1) that the check refuses in both.
    """

    name: str
    check: Callable[[Any], object]
    make: Callable[[int], Any]


def welch(left: Sequence[int], right: Sequence[int]) -> float:
    """Welch's t: difference of the means over its standard error."""
    means, errors = [], []
    for values in (left, right):
        mean = math.fsum(values) / len(values)
        means.append(mean)
        errors.append(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values))
    return (means[0] - means[1]) / math.sqrt(sum(errors)) if sum(errors) else 0.0


def cropped(classes: tuple[list[int], list[int]]) -> dict[float, float]:
    """T below each percentile of both classes together."""
    ordered = sorted(classes[0] + classes[1])
    found = {}
    for part in CROPS:
        limit = ordered[min(int(len(ordered) * part), len(ordered) - 1)]
        kept = [[value for value in one if value <= limit] for one in classes]
        found[part] = welch(kept[0], kept[1])
    return found


def measure(case: Case, samples: int) -> tuple[list[int], list[int]]:
    """Nanoseconds of so many checks of each class, in random order."""
    classes: tuple[list[int], list[int]] = ([], [])
    for number in range(WARM_UP):
        case.check(case.make(number % 2))
    gc.disable()
    while len(classes[0]) < samples:
        # Made beforehand in random order and used once: neither class is warmer, or lies elsewhere in memory.
        order = [0, 1] * BATCH
        random.shuffle(order)
        for one, given in [(one, case.make(one)) for one in order]:
            began = time.perf_counter_ns()
            case.check(given)
            classes[one].append(time.perf_counter_ns() - began)
        gc.collect()
    gc.enable()
    return classes


def _changed(text: str, at: int) -> str:
    """The text with another character of the same kind there, made by the same steps wherever that is."""
    characters = list(text)
    characters[at] = next(one for one in "a1Z0" if one != text[at])
    return "".join(characters)


def _nearly(text: str) -> Callable[[int], str]:
    """Class 0 is wrong from the first character on, class 1 at the last alone; both are fresh strings."""

    def make(one: int) -> str:
        return _changed(text, len(text) - 1) if one else _changed(text, 0)

    return make


def cases() -> list[Case]:
    """What is checked on its way in: a token, a client secret, keys, a webhook's and a gateway's signature, a code."""
    from django.conf import settings
    from django.test import RequestFactory
    from standardwebhooks.webhooks import Webhook, WebhookVerificationError

    from cards.issuing.numbers import Pan, Presented
    from cards.network.sandbox.views import is_network
    from cards.vault import cvc
    from payments.platforms.validator import Validator, digest, load_access_token
    from payments.topups.gateway import SignatureInvalid
    from payments.topups.sandbox.adapter import adapter
    from payments.webhooks.signing import new_secret
    from privacy.crypto.secret import Secret

    token, client_secret = _issued_token(), secrets.token_urlsafe(48)
    stored = digest(client_secret)
    factory = RequestFactory()
    pan, expiry = Pan("9999000000000000"), "2030-01"
    right = cvc.derive(pan, expiry=expiry, version=cvc.current_version()).reveal()
    hook, at = Webhook(new_secret()), str(int(time.time()))
    body = json.dumps({"type": "x", "data": {"id": "y"}})

    def signed(wrong: str) -> dict[str, str]:
        return {"webhook-id": "evt_x", "webhook-timestamp": at, "webhook-signature": f"v1,{wrong}"}

    def verify(headers: dict[str, str]) -> None:
        try:
            hook.verify(body, headers)
        except WebhookVerificationError:
            return
        raise AssertionError("a wrong signature passed")

    def read_event(headers: dict[str, str]) -> None:
        try:
            adapter().read_event(body=body.encode(), headers=headers)
        except SignatureInvalid:
            return
        raise AssertionError("a wrong signature passed")

    def network_request(key: str) -> Any:
        return factory.post("/", headers={"Authorization": f"Bearer {key}"})

    def seal(one: Webhook) -> Callable[[int], dict[str, str]]:
        from datetime import UTC, datetime

        right_signature = one.sign("evt_x", datetime.fromtimestamp(int(at), tz=UTC), body).removeprefix("v1,")
        # The last character of padded base64 holds no bits of its own: the one before it is changed.
        return lambda kind: signed(
            _changed(right_signature, len(right_signature) - 3) if kind else _changed(right_signature, 0)
        )

    from payments.topups.sandbox.adapter import _signer

    network_key = _nearly(settings.SANDBOX_NETWORK_KEY)
    token_like, secret_like = _nearly(token), _nearly(client_secret)

    def codes(one: int) -> Presented:
        wrong = _changed(right, 2) if one else _changed(right, 0)
        return Presented(pan, expiry, Secret(wrong))

    return [
        Case("client secret", lambda given: Validator()._check_secret(given, stored), secret_like),
        Case("network key", is_network, lambda one: network_request(network_key(one))),
        Case("webhook signature", verify, seal(hook)),
        Case("gateway signature", read_event, seal(_signer())),
        Case("card code", lambda given: given.cvc_matches(version=1), codes),
        # Last: it asks the database each time.
        Case("token look-up", load_access_token, token_like),
    ]


def _issued_token() -> str:
    from django.db import transaction

    from payments.platforms.clients import create_platform
    from payments.platforms.tokens import issue_tokens
    from tests.support.people import sign_up

    platform = create_platform(name=f"T{secrets.token_hex(4)}", redirect_uris=["https://x.example/cb"], merchants=[])
    with transaction.atomic():
        tokens = issue_tokens(holder_id=sign_up().holder.id, platform=platform.platform, scopes=("link",))
    return tokens.access_token


def leaky() -> Case:
    """What is to be caught: a comparison, byte by byte, of a digest."""
    right = hashlib.sha256(b"x").hexdigest()

    def compare(given: str) -> bool:
        for one, other in zip(given, right, strict=True):  # noqa: SIM110 - as one would write it
            if one != other:
                return False
        return True

    return Case("(leaky on purpose)", compare, _nearly(right))


def alike(case: Case) -> Case:
    """What is to be passed: the same check with one class twice. Where this is above the limit, the machine is."""
    return Case(f"(alike) {case.name}", case.check, lambda _one: case.make(0))


def judge(case: Case, samples: int) -> float:
    """Measure one case, write its line, and give its largest |t|."""
    classes = measure(case, samples)
    figures = cropped(classes)
    worst = max(map(abs, figures.values()))
    middle = sorted(classes[0])[len(classes[0]) // 2]
    said = " ".join(f"{part:.0%}:{t:+.2f}" for part, t in figures.items())
    sys.stdout.write(f"{case.name:26} median {middle / 1000:8.1f} µs  |t| {worst:7.2f}   {said}\n")
    sys.stdout.flush()
    return worst


def main(chosen: list[str]) -> int:
    """Measure the cases whose names hold one of these words, or all; 1 when one leaks, or the leaky one is not caught."""
    django.setup()
    setup_test_environment()
    is_caught = judge(leaky(), SAMPLES) >= LIMIT
    every = [case for case in cases() if not chosen or any(word in case.name for word in chosen)]
    above = [case.name for case in every if judge(case, SAMPLES) >= LIMIT]
    for case in every:
        if case.name in above and judge(alike(case), SAMPLES) >= LIMIT:
            sys.stdout.write(f"{case.name}: this machine is too loud to say.\n")
    if not is_caught:
        sys.stdout.write("The leaky comparison was not caught: this run says nothing.\n")
    return 1 if above or not is_caught else 0


if __name__ == "__main__":
    # The tests' own throw-away database; it goes with this process.
    assert tests.environment.DATABASE
    sys.exit(main(sys.argv[1:]))
