"""Passkeys: who gets in with one, and with what not (standard.md P11, P15)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from tests.support.authenticator import SoftPasskey
from tests.support.people import post_json, sign_in, sign_up
from wallet.core import clock
from wallet.users import events, passkeys
from wallet.users.models import Ceremony, Holder, Passkey

pytestmark = pytest.mark.django_db


def _options(client: Client) -> dict[str, Any]:
    return dict(post_json(client, "/sign-in/passkey/begin").json()["publicKey"])


def _answer(client: Client, credential: dict[str, Any]) -> Any:
    return post_json(client, "/sign-in/passkey/finish", {"credential": credential})


def test_sign_up_asks_for_no_name_and_no_e_mail_and_makes_a_discoverable_passkey():
    client = Client()
    options = post_json(client, "/sign-up/passkey/begin").json()["publicKey"]
    assert options["authenticatorSelection"] == {
        "residentKey": "required", "requireResidentKey": True, "userVerification": "required",
    }  # fmt: skip
    assert options["rp"]["id"] == "localhost"
    assert options["timeout"] == 300_000

    alice = sign_up()

    assert alice.holder.username is None
    assert not alice.holder.has_usable_password()
    assert not hasattr(alice.holder, "email")


def test_a_passkey_says_nothing_about_the_holder_id():
    alice = sign_up()
    assert alice.key.handle is not None
    assert alice.holder.id.encode() not in alice.key.handle


def test_a_passkey_signs_in_without_a_name():
    alice = sign_up()
    elsewhere = sign_in(alice.key)
    assert elsewhere.session["_auth_user_id"] == alice.holder.id


def test_the_question_is_the_same_for_everybody():
    """Break: put the credentials of a guessed account into the options."""
    first, second = _options(Client()), _options(Client())
    assert {**first, "challenge": ""} == {**second, "challenge": ""}
    assert first["challenge"] != second["challenge"]
    assert not first.get("allowCredentials")


def test_a_challenge_is_answered_once():
    alice = sign_up()
    client = Client()
    options = _options(client)
    asked = client.session["passkey_asked"]
    assert _answer(client, alice.key.get(options)).status_code == 200
    session = client.session
    session["passkey_asked"] = asked
    session.save()

    again = _answer(client, alice.key.get(options))

    assert again.status_code == 403
    assert again.json()["type"].endswith("/problems/passkey-refused")


def test_a_refused_answer_spends_its_challenge_too():
    """Break: leave `answered_at=None` out of the row that `_take` updates."""
    alice = sign_up()
    client = Client()
    options = _options(client)
    asked = client.session["passkey_asked"]
    wrong = SoftPasskey(handle=alice.key.handle, credential_id=alice.key.credential_id)
    assert _answer(client, wrong.get(options)).status_code == 403
    session = client.session
    session["passkey_asked"] = asked
    session.save()
    assert _answer(client, alice.key.get(options)).status_code == 403


def test_a_challenge_waits_five_minutes_at_most():
    """Break: LIFETIME = 6 minutes."""
    alice = sign_up()
    client = Client()
    options = _options(client)
    Ceremony.objects.filter(pk=client.session["passkey_asked"]).update(asked_at=clock.now() - timedelta(seconds=301))
    assert _answer(client, alice.key.get(options)).status_code == 403


def test_a_question_for_one_purpose_is_not_answered_for_another():
    alice = sign_up()
    client = Client()
    options = post_json(client, "/sign-up/passkey/begin").json()["publicKey"]
    assert _answer(client, alice.key.get(options)).status_code == 403


@pytest.mark.parametrize(
    "fault",
    [
        {"origin": "http://localhost.evil.example"},
        {"origin": "https://localhost"},
        {"origin": "http://127.0.0.1:8000"},
        {"origin": "http://localhost:8000/"},
        {"rp_id": "evil.example"},
        {"user_verified": False},
        {"handle": b"x" * 32},
        {"handle": None},
    ],
    ids=lambda fault: next(iter(fault.items())),
)
def test_a_wrong_origin_relying_party_or_handle_or_no_verification_is_refused(fault: dict[str, Any]):
    """Break: `verify_origin=lambda origin: True`; user verification PREFERRED; the comparison of handles left out."""
    alice = sign_up()
    client = Client()
    options = _options(client)
    for name, value in fault.items():
        setattr(alice.key, name, value)
    assert _answer(client, alice.key.get(options)).status_code == 403
    assert "_auth_user_id" not in client.session


def test_an_unknown_passkey_and_a_wrong_signature_get_the_same_answer():
    alice = sign_up()
    stranger = SoftPasskey(handle=b"x" * 32)
    forged = SoftPasskey(handle=alice.key.handle, credential_id=alice.key.credential_id)
    answers = []
    for key in (stranger, forged):
        client = Client()
        answer = _answer(client, key.get(_options(client)))
        answers.append((answer.status_code, {**answer.json(), "instance": ""}))
    assert answers[0] == answers[1]
    assert answers[0][0] == 403


def test_a_counter_that_goes_back_blocks_the_passkey_and_tells_its_holder():
    """Break: `sign_count__lte` in `_count`."""
    heard: list[str] = []

    def listen(*, holder_id: str, event: events.KeyEvent, device: str, now: Any) -> None:
        heard.append(holder_id)

    events.on(events.KeyEvent.PASSKEY_SUSPECTED)(listen)
    alice = sign_up()
    sign_in(alice.key)
    alice.key.counter -= 1
    client = Client()

    assert _answer(client, alice.key.get(_options(client))).status_code == 403

    assert Passkey.objects.get(holder=alice.holder).suspected_at is not None
    assert heard == [alice.holder.id]
    alice.key.counter += 100
    assert _answer(client, alice.key.get(_options(client))).status_code == 403, "a blocked passkey opens nothing"


def test_a_passkey_that_counts_nothing_works_again_and_again():
    alice = sign_up()
    alice.key.step, alice.key.counter = 0, 0
    sign_in(alice.key)
    sign_in(alice.key)


def test_nobody_registers_a_passkey_that_another_wallet_has():
    alice = sign_up()
    client = Client()
    options = post_json(client, "/sign-up/passkey/begin").json()["publicKey"]
    copied = SoftPasskey(credential_id=alice.key.credential_id)
    assert post_json(client, "/sign-up/passkey/finish", {"credential": copied.make(options)}).status_code == 403


@pytest.mark.parametrize(
    "body", [{}, {"credential": 1}, {"credential": {}}, {"credential": {"id": "x", "response": 3}}]
)
def test_nonsense_is_refused_without_a_fault_of_ours(body: dict[str, Any]):
    client = Client()
    _options(client)
    assert post_json(client, "/sign-in/passkey/finish", body).status_code in {400, 403}


def test_another_passkey_is_added_after_the_first_said_yes_and_ends_other_sessions():
    """Break: leave `confirm_key_change` out of `begin_adding`; leave `keys_changed` out of `finish_adding`."""
    alice = sign_up()
    elsewhere = alice.sign_in_elsewhere()
    refused = post_json(alice.client, "/settings/passkeys/begin")
    assert refused.status_code == 403
    assert refused.json()["type"].endswith("/problems/step-up-required")

    alice.step_up()
    options = post_json(alice.client, "/settings/passkeys/begin").json()["publicKey"]
    assert len(options["excludeCredentials"]) == 1
    second = SoftPasskey()
    added = post_json(alice.client, "/settings/passkeys/finish", {"credential": second.make(options)})

    assert added.status_code == 200
    assert len(passkeys.list_passkeys(holder_id=alice.holder.id)) == 2
    assert elsewhere.get("/settings").status_code == 302, "the other session is over"
    assert alice.client.get("/settings").status_code == 200, "this one is not"
    assert sign_in(second).session["_auth_user_id"] == alice.holder.id


def test_the_last_passkey_stays():
    alice = sign_up()
    number = passkeys.list_passkeys(holder_id=alice.holder.id)[0].number
    alice.step_up()
    alice.client.post(f"/settings/passkeys/{number}/remove")
    assert Passkey.objects.filter(holder=alice.holder).count() == 1


def test_a_passkey_is_renamed_and_its_name_is_sealed_in_the_table():
    from django.db import connection

    alice = sign_up()
    number = passkeys.list_passkeys(holder_id=alice.holder.id)[0].number
    alice.client.post(f"/settings/passkeys/{number}/name", {"name": "Blue phone"})
    assert passkeys.list_passkeys(holder_id=alice.holder.id)[0].name == "Blue phone"
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM wallet_passkey WHERE id = %s", [number])
        assert b"Blue phone" not in bytes(cursor.fetchone()[0])


def test_eve_cannot_touch_a_passkey_of_alice():
    """Break: look the passkey up by its number alone."""
    alice, eve = sign_up(), sign_up()
    number = passkeys.list_passkeys(holder_id=alice.holder.id)[0].number
    eve.step_up()
    assert eve.client.post(f"/settings/passkeys/{number}/remove").status_code == 404
    assert eve.client.post(f"/settings/passkeys/{number}/name", {"name": "mine"}).status_code == 404
    assert passkeys.list_passkeys(holder_id=alice.holder.id)[0].name != "mine"


def test_no_twenty_first_passkey_is_kept():
    alice = sign_up()
    with transaction.atomic():
        for _ in range(passkeys.MOST - 1):
            key = SoftPasskey()
            Passkey.objects.create(holder=alice.holder, credential_id=key.credential_id, credential=b"x", name="more")
    alice.step_up()
    options = post_json(alice.client, "/settings/passkeys/begin").json()["publicKey"]
    refused = post_json(alice.client, "/settings/passkeys/finish", {"credential": SoftPasskey().make(options)})
    assert refused.status_code == 409


def test_somebody_who_was_shut_out_does_not_get_in():
    alice = sign_up()
    Holder.objects.filter(pk=alice.holder.pk).update(is_active=False)
    client = Client()
    assert _answer(client, alice.key.get(_options(client))).status_code == 403
    assert alice.client.get("/settings").status_code == 302
