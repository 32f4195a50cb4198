"""People for the tests, through the same doors as everybody: a client that is signed in by a passkey in software.

alice = sign_up()                       # alice.holder, alice.client, alice.key, alice.codes
alice.step_up()                         # fresh for five minutes
alice.step_up({"amount": 1250, "currency": "EUR", "payee": "link_…"})
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.test import Client

from tests.support.authenticator import SoftPasskey
from wallet.users.models import Holder


def post_json(client: Client, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """What a script of our pages sends."""
    return client.post(path, json.dumps(body or {}), content_type="application/json")


@dataclass
class Person:
    holder: Holder
    client: Client
    key: SoftPasskey
    codes: list[str]

    def step_up(self, binding: Mapping[str, Any] | None = None) -> Any:
        """Say yes with the passkey, unless it has just done so and there is nothing to bind it to."""
        asked = post_json(self.client, "/step-up/begin", {"binding": dict(binding)} if binding else {})
        assert asked.status_code == 200, asked.content
        if asked.json().get("fresh"):
            return asked
        answer = post_json(self.client, "/step-up/finish", {"credential": self.key.get(asked.json()["publicKey"])})
        assert answer.status_code == 200, answer.content
        return answer

    def sign_in_elsewhere(self) -> Client:
        """Another browser with the same passkey."""
        return sign_in(self.key)


def sign_up(client: Client | None = None) -> Person:
    """A new person with a passkey, whose recovery codes are confirmed."""
    client = client or Client()
    key = SoftPasskey()
    options = post_json(client, "/sign-up/passkey/begin").json()["publicKey"]
    made = post_json(client, "/sign-up/passkey/finish", {"credential": key.make(options)})
    assert made.status_code == 200, made.content
    codes = list(client.get("/sign-up/codes").context["codes"])
    assert client.post("/sign-up/codes", {"code": codes[0]}).status_code == 302
    holder = Holder.objects.get(pk=client.session["_auth_user_id"])
    return Person(holder=holder, client=client, key=key, codes=codes)


PASSWORD = "correct horse battery"


def sign_up_with_password(password: str = PASSWORD) -> Person:
    """A new person with a generated name and a password, and no passkey."""
    client = Client()
    assert client.get("/sign-up/password").status_code == 200
    assert client.post("/sign-up/password", {"password": password}).status_code == 302
    codes = list(client.get("/sign-up/codes").context["codes"])
    assert client.post("/sign-up/codes", {"code": codes[0]}).status_code == 302
    holder = Holder.objects.get(pk=client.session["_auth_user_id"])
    return Person(holder=holder, client=client, key=SoftPasskey(), codes=codes)


def sign_in(key: SoftPasskey) -> Client:
    """A browser that signs in with the passkey."""
    client = Client()
    options = post_json(client, "/sign-in/passkey/begin").json()["publicKey"]
    answer = post_json(client, "/sign-in/passkey/finish", {"credential": key.get(options)})
    assert answer.status_code == 200, answer.content
    return client
