"""Colleagues for the tests, through the same doors as everybody: invited by the command, let in by a passkey.

olga = join("operator")                 # olga.holder, olga.client, olga.key
olga.step_up({...})
"""

import io
import json

from django.core.management import call_command
from django.test import Client

from tests.support.authenticator import SoftPasskey
from tests.support.people import Person, post_json
from wallet.users.models import Holder


def invite(*roles: str, **options: str) -> dict[str, str]:
    """What the command prints."""
    out = io.StringIO()
    call_command("create_staff", role=list(roles), json=True, stdout=out, **options)
    invitation: dict[str, str] = json.loads(out.getvalue())
    return invitation


def join(*roles: str) -> Person:
    """A new colleague with a passkey, signed in."""
    invitation, client, key = invite(*roles), Client(), SoftPasskey()
    assert client.post("/recover", {"code": invitation["code"]}).status_code == 302
    options = post_json(client, "/settings/passkeys/begin").json()["publicKey"]
    made = post_json(client, "/settings/passkeys/finish", {"credential": key.make(options)})
    assert made.status_code == 200, made.content
    return Person(holder=Holder.objects.get(pk=invitation["staff"]), client=client, key=key, codes=[])
