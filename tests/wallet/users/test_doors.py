"""Doors: passwords, recovery codes, sessions (standard.md P08, P09, P11, P13; settled.md 4, 11, 35)."""

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.cache.backends.redis import RedisCache
from django.test import Client
from redis.exceptions import ConnectionError as RedisAway

from tests.support.authenticator import SoftPasskey
from tests.support.people import post_json, sign_up, sign_up_with_password
from wallet.core import clock
from wallet.users import acts, events, names, passwords, people
from wallet.users.models import Holder, RecoveryCode, Session

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


def _try(name: str, password: str, client: Client | None = None) -> Any:
    return (client or Client()).post("/sign-in/password", {"username": name, "password": password})


@pytest.fixture
def counters(settings: Any) -> Iterator[None]:
    """Rate limits as people meet them, counted from nothing."""
    settings.RATE_LIMITS = True
    cache.clear()
    yield
    cache.clear()


# --- Passwords ----------------------------------------------------------------------------------------


def test_a_sign_in_name_is_made_and_never_chosen():
    client = Client()
    offered = client.get("/sign-up/password").context["name"]
    client.post("/sign-up/password", {"username": "alice", "password": PASSWORD})
    assert Holder.objects.get(pk=client.session["_auth_user_id"]).username == offered
    assert not Holder.objects.filter(username="alice").exists()


def test_a_name_that_two_were_offered_goes_to_one():
    taken = people.create_holder(username=names.new_name(), now=clock.now())
    other = people.create_named_holder(wanted=str(taken.username), encoded_password="x", now=clock.now(), language="en")
    assert other.username != taken.username


def test_a_name_and_its_password_open_the_wallet_however_the_name_is_typed():
    bob = sign_up_with_password(PASSWORD)
    typed = str(bob.holder.username).upper().replace("-", " ")
    assert _try(f" {typed} ", PASSWORD).status_code == 302


@pytest.mark.parametrize("password", ["short", "password1234", "123456789012"])
def test_short_and_common_passwords_are_refused(password: str):
    client = Client()
    client.get("/sign-up/password")
    assert client.post("/sign-up/password", {"password": password}).status_code == 422
    assert "_auth_user_id" not in client.session


def test_known_and_unknown_names_get_the_same_page_after_the_same_work(monkeypatch: pytest.MonkeyPatch):
    """Break: return before hashing when there is no such holder."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    hashed: list[str] = []
    encode, verify = Argon2PasswordHasher.encode, Argon2PasswordHasher.verify
    monkeypatch.setattr(Argon2PasswordHasher, "encode", lambda *a: (hashed.append("1"), encode(*a))[1])
    monkeypatch.setattr(Argon2PasswordHasher, "verify", lambda *a: (hashed.append("1"), verify(*a))[1])
    bob = sign_up_with_password(PASSWORD)
    pages = []
    for name in (str(bob.holder.username), "no-such-0000"):
        hashed.clear()
        answer = _try(name, "a wrong password!")
        body = answer.content.decode().replace(name, "NAME")
        token = answer.context["csrf_token"]
        pages.append((answer.status_code, body.replace(str(token), ""), len(hashed)))
    assert pages[0] == pages[1]
    assert pages[0][2] == 1


@pytest.mark.usefixtures("counters")
def test_five_tries_a_minute_for_a_name_known_or_not():
    """Break: count by the holder that was found."""
    bob = sign_up_with_password(PASSWORD)
    for name in (str(bob.holder.username), "no-such-0000"):
        assert [_try(name, "a wrong password!").status_code for _ in range(6)] == [403] * 5 + [429]
    assert _try(str(bob.holder.username), PASSWORD).status_code == 429, "the right one waits too"


def test_without_redis_the_doors_stay_shut(settings: Any, monkeypatch: pytest.MonkeyPatch):
    """Break: `return` in `except RedisError`."""
    bob = sign_up_with_password(PASSWORD)
    settings.RATE_LIMITS = True

    def away(*_args: object, **_kwargs: object) -> None:
        raise RedisAway

    monkeypatch.setattr(RedisCache, "add", away)
    assert _try(str(bob.holder.username), PASSWORD).status_code == 503
    client = Client()
    options = post_json(client, "/sign-in/passkey/begin").json()["publicKey"]
    refused = post_json(client, "/sign-in/passkey/finish", {"credential": SoftPasskey(handle=b"x").get(options)})
    assert (refused.status_code, refused.json()["type"].split("/")[-1]) == (503, "sign-in-closed")
    assert bob.client.get("/settings").status_code == 200, "whoever is in stays in"


def test_hashing_takes_a_slot_that_the_whole_installation_shares(settings: Any):
    """Break: `yield` without asking for a lock."""
    settings.PASSWORD_SLOTS = 1
    bob = sign_up_with_password(PASSWORD)
    with psycopg.connect(_url(), autocommit=True) as elsewhere:
        elsewhere.execute("SELECT pg_advisory_lock(%s, 0)", [passwords._LOCKS])
        assert _try(str(bob.holder.username), PASSWORD).status_code == 429
        elsewhere.execute("SELECT pg_advisory_unlock(%s, 0)", [passwords._LOCKS])
    assert _try(str(bob.holder.username), PASSWORD).status_code == 302
    with psycopg.connect(_url(), autocommit=True) as elsewhere:
        free = elsewhere.execute("SELECT pg_try_advisory_lock(%s, 0)", [passwords._LOCKS]).fetchone()
    assert free == (True,), "the slot was given back"


def _url() -> str:
    return os.environ["DATABASE_URL"]


def test_a_new_password_ends_every_other_session():
    """Break: leave `keys_changed` out of `change_password`."""
    bob = sign_up_with_password(PASSWORD)
    elsewhere = Client()
    assert _try(str(bob.holder.username), PASSWORD, elsewhere).status_code == 302
    wrong = bob.client.post("/settings/password", {"old": "a wrong password!", "new": "another horse battery"})
    assert wrong.status_code == 403
    done = bob.client.post("/settings/password", {"old": PASSWORD, "new": "another horse battery"})
    assert done.status_code == 302
    assert Session.objects.filter(holder=bob.holder).count() == 1
    assert elsewhere.get("/settings").status_code == 302
    assert bob.client.get("/settings").status_code == 200
    assert _try(str(bob.holder.username), PASSWORD).status_code == 403


def test_the_first_passkey_of_a_password_account_asks_for_the_password():
    bob = sign_up_with_password(PASSWORD)
    assert post_json(bob.client, "/settings/passkeys/begin", {"password": "a wrong password!"}).status_code == 403
    options = post_json(bob.client, "/settings/passkeys/begin", {"password": PASSWORD}).json()["publicKey"]
    assert post_json(bob.client, "/settings/passkeys/finish", {"credential": bob.key.make(options)}).status_code == 200
    acts.may(bob.holder, "issue", clock.now())


# --- Recovery codes ------------------------------------------------------------------------------------


def test_ten_codes_are_shown_until_one_was_typed_back_and_stand_nowhere_in_clear():
    client = Client()
    options = post_json(client, "/sign-up/passkey/begin").json()["publicKey"]
    post_json(client, "/sign-up/passkey/finish", {"credential": SoftPasskey().make(options)})
    codes = client.get("/sign-up/codes").context["codes"]
    assert len(set(codes)) == 10
    stored = Session.objects.get(holder_id=client.session["_auth_user_id"])
    decoded = str(stored.get_decoded())
    assert not any(code in decoded or code in stored.session_data for code in codes)
    assert client.post("/sign-up/codes", {"code": "0000-0000-0000-0000-0000"}).status_code == 403
    assert client.post("/sign-up/codes", {"code": codes[3].lower().replace("-", " ")}).status_code == 302
    assert client.get("/sign-up/codes").status_code == 302, "shown no more"
    assert Holder.objects.get(pk=client.session["_auth_user_id"]).codes_kept_at is not None


def test_a_code_opens_the_wallet_once_and_ends_all_sessions():
    """Break: leave `used_at=None` out of `spend_code`."""
    alice = sign_up()
    client = Client()
    assert client.post("/recover", {"code": alice.codes[1]}).status_code == 302
    assert client.session["_auth_user_id"] == alice.holder.id
    assert alice.client.get("/settings").status_code == 302, "the others are out"
    assert Client().post("/recover", {"code": alice.codes[1]}).status_code == 403
    assert Client().post("/recover", {"code": "ABCD-EFGH-JKMN-PQRS-TVWX"}).status_code == 403


def test_after_a_recovery_a_passkey_is_added_and_reveal_waits_all_the_same():
    """Break: forget `recovered_at` when a passkey is added."""
    alice = sign_up()
    client = Client()
    client.post("/recover", {"code": alice.codes[1]})
    options = post_json(client, "/settings/passkeys/begin").json()["publicKey"]
    fresh = SoftPasskey()
    assert post_json(client, "/settings/passkeys/finish", {"credential": fresh.make(options)}).status_code == 200
    with pytest.raises(acts.RecoveryRecent):
        acts.may(Holder.objects.get(pk=alice.holder.pk), "reveal", clock.now())
    again = post_json(client, "/settings/passkeys/begin")
    assert again.status_code == 403, "the code let one passkey in, the next needs a passkey's yes"


def test_new_codes_replace_the_old_ones_after_a_yes():
    alice = sign_up()
    assert alice.client.post("/settings/codes", {"renew": "1"})["Location"].startswith("/step-up?next=")
    alice.step_up()
    alice.client.post("/settings/codes", {"renew": "1"})
    fresh = alice.client.get("/settings/codes").context["codes"]
    assert not set(fresh) & set(alice.codes)
    assert RecoveryCode.objects.filter(holder=alice.holder).count() == 10
    assert Client().post("/recover", {"code": alice.codes[2]}).status_code == 403
    assert Client().post("/recover", {"code": fresh[2]}).status_code == 302


# --- Sessions ------------------------------------------------------------------------------------------


def test_the_session_key_changes_at_sign_in_and_stands_hashed_in_the_table():
    """Break: `return session_key` in `_digest`."""
    bob = sign_up_with_password(PASSWORD)
    client = Client()
    client.get("/sign-up/password")
    before = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    _try(str(bob.holder.username), PASSWORD, client)
    after = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    assert before != after
    assert not Session.objects.filter(session_key__in=[before, after]).exists()
    assert client.get("/settings").status_code == 200


@pytest.mark.parametrize(
    "over",
    [{"expire_date": timedelta(seconds=-1)}, {"started_at": timedelta(hours=-12, seconds=-1)}],
    ids=["30 minutes idle", "12 hours in all"],
)
def test_a_session_ends(over: dict[str, timedelta]):
    """Break: leave either line out of the store's query."""
    alice = sign_up()
    now = clock.now()
    Session.objects.filter(holder=alice.holder).update(**{name: now + shift for name, shift in over.items()})
    assert alice.client.get("/settings").status_code == 302


def test_use_keeps_a_session_and_twelve_hours_end_it_however_busy():
    alice = sign_up()
    Session.objects.filter(holder=alice.holder).update(expire_date=clock.now() + timedelta(minutes=1))
    alice.client.get("/settings")
    row = Session.objects.get(holder=alice.holder)
    assert row.expire_date > clock.now() + timedelta(minutes=29)
    assert row.started_at < clock.now()
    assert django_settings.SESSION_COOKIE_AGE == 1800
    assert django_settings.SESSION_ABSOLUTE_AGE == 43_200


def test_sessions_are_listed_and_ended_by_their_holder_only():
    """Break: end a session by its tag alone."""
    alice, eve = sign_up(), sign_up()
    elsewhere = alice.sign_in_elsewhere()
    listed = alice.client.get("/settings/sessions").context["sessions"]
    assert [line.is_current for line in listed].count(True) == 1
    other = next(line for line in listed if not line.is_current)
    eve.client.post("/settings/sessions/end", {"tag": other.tag})
    assert elsewhere.get("/settings").status_code == 200
    alice.client.post("/settings/sessions/end", {"tag": other.tag})
    assert elsewhere.get("/settings").status_code == 302
    assert alice.client.get("/settings").status_code == 200


def test_only_families_of_browser_and_system_are_kept():
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    alice = sign_up(Client(headers={"user-agent": agent}))
    row = Session.objects.get(holder=alice.holder)
    assert row.device == "Firefox, Linux"
    assert "Gecko" not in str(row.get_decoded())
    assert "127.0.0.1" not in str(row.get_decoded())


def test_sign_out_ends_the_session_for_good():
    alice = sign_up()
    key = alice.client.cookies[django_settings.SESSION_COOKIE_NAME].value
    assert alice.client.get("/sign-out").status_code == 405
    alice.client.post("/sign-out")
    replay = Client()
    replay.cookies[django_settings.SESSION_COOKIE_NAME] = key
    assert replay.get("/settings").status_code == 302


def test_a_new_sign_in_is_told_to_whoever_registered():
    heard: list[str] = []

    def listen(*, holder_id: str, event: events.KeyEvent, device: str, now: Any) -> None:
        heard.append(holder_id)

    events.on_sign_in(listen)
    alice = sign_up()
    alice.sign_in_elsewhere()
    assert heard == [alice.holder.id], "signing up is no news to who does it"


# --- Pages ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "evil",
        "http:///evil.example",
    ],
)
def test_next_leads_to_a_page_of_this_wallet_only(target: str):
    """Break: redirect to `request.POST["next"]`."""
    bob = sign_up_with_password(PASSWORD)
    answer = Client().post("/sign-in/password", {"username": bob.holder.username, "password": PASSWORD, "next": target})
    assert answer["Location"] == "/"
    alice = sign_up()
    client = Client()
    options = post_json(client, "/sign-in/passkey/begin").json()["publicKey"]
    done = post_json(client, "/sign-in/passkey/finish", {"credential": alice.key.get(options), "next": target})
    assert done.json()["next"] == "/"


@pytest.mark.parametrize(
    "path", ["/sign-up", "/sign-in", "/sign-in/password", "/recover", "/sign-up/password", "/settings", "/problems/"]
)
def test_every_page_carries_the_headers_that_keep_it_private(path: str):
    """Break: take PrivatePagesMiddleware or a directive of the policy out of the settings."""
    answer = Client().get(path)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer["Cache-Control"] in {"no-store", "max-age=0, no-cache, no-store, must-revalidate, private"}
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    assert b"<style" not in answer.content
    assert b" style=" not in answer.content
    assert b"<script>" not in answer.content


def test_cookies_are_hidden_from_scripts_and_other_sites():
    bob = sign_up_with_password(PASSWORD)
    client = Client()
    _try(str(bob.holder.username), PASSWORD, client)
    for name in (django_settings.SESSION_COOKIE_NAME, django_settings.CSRF_COOKIE_NAME):
        cookie = client.cookies[name]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"


def test_forms_and_scripts_without_the_pages_token_are_refused():
    client = Client(enforce_csrf_checks=True)
    for path in (
        "/sign-in/password",
        "/recover",
        "/sign-out",
        "/sign-in/passkey/begin",
        "/step-up/begin",
        "/settings/passkeys/begin",
    ):
        assert client.post(path).status_code == 403, path


def test_a_page_that_needs_a_yes_leads_there_and_back():
    alice = sign_up()
    answer = alice.client.post(
        "/settings/codes", {"renew": "1"}, headers={"referer": "http://testserver/settings/codes?x=1"}
    )
    assert answer["Location"] == "/step-up?next=%2Fsettings%2Fcodes%3Fx%3D1"
    assert alice.client.get(answer["Location"]).context["next"] == "/settings/codes?x=1"


def test_create_holder_gives_the_same_person_for_the_same_name():
    now = clock.now()
    name = names.new_name()
    first = people.create_holder(username=name, now=now)
    assert people.create_holder(username=name.upper(), now=now).id == first.id
    assert people.create_holder(username=None, now=now).id != people.create_holder(username=None, now=now).id
