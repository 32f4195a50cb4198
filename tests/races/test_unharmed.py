"""Slow work beside the payments: whoever floods the sign-in, cards are answered (settled.md 4)."""

import http.client
import json
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.conf import settings

from tests.cards.acquirer import PATH, issue
from tests.support.web import Web, serve

pytestmark = pytest.mark.django_db(transaction=True)

FLOODERS, PAYMENTS = 8, 20
#: What the network waits for is 2 s; a busy machine is given more.
PATIENCE_SECONDS = 20.0


def _try_passwords(web: Web, over: threading.Event, answers: Counter[int]) -> None:
    token = "a" * 32
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"{settings.CSRF_COOKIE_NAME}={token}"}
    while not over.is_set():
        connection = http.client.HTTPConnection("localhost", web.port, timeout=60)
        form = {"username": "nobody-at-all", "password": "a wrong password!", "csrfmiddlewaretoken": token}
        connection.request("POST", "/sign-in/password", urlencode(form), headers)
        answers[connection.getresponse().status] += 1
        connection.close()


def test_cards_are_answered_while_sign_ins_flood(tmp_path: Path) -> None:
    """Passwords take one slot of two workers' threads, the rest are turned away at once.

    Break: as many slots as workers have threads (`passwords.slot` without its lock): no 429 any more.
    """
    cards, over, answers = [issue(1_000) for _ in range(PAYMENTS)], threading.Event(), Counter[int]()
    given = {"WEB_WORKERS": "2", "RATE_LIMITS": "off", "SANDBOX_NETWORK_KEY": "unharmed", "LOG_LEVEL": "ERROR"}
    with serve(tmp_path, given) as web:
        flood = [threading.Thread(target=_try_passwords, args=(web, over, answers)) for _ in range(FLOODERS)]
        for one in flood:
            one.start()
        try:
            while sum(answers.values()) < FLOODERS:
                time.sleep(0.01)
            took, codes = [], []
            for card in cards:
                connection = http.client.HTTPConnection("localhost", web.port, timeout=60)
                began = time.monotonic()
                connection.request(
                    "POST", f"{PATH}/authorizations", json.dumps(card.body(100)),
                    {"Content-Type": "application/json", "Authorization": "Bearer unharmed"},
                )  # fmt: skip
                answer = connection.getresponse()
                took.append(time.monotonic() - began)
                assert answer.status == 200, answer.read()
                codes.append(json.loads(answer.read())["response_code"])
                connection.close()
        finally:
            over.set()
            for one in flood:
                one.join(60)
    assert max(took) < PATIENCE_SECONDS, took
    # 91: a machine that is busier than that declines in time, which is right.
    assert set(codes) <= {"00", "91"}
    assert codes.count("00") > PAYMENTS / 2, codes
    assert answers[429] > 0, answers
    assert {card.balance for card in cards} <= {(900, 100), (1_000, 0)}
