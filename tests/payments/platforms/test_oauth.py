"""The authorization server: what works, and everything that must not (P01 to P04)."""

import base64
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.conf import settings
from django.http import HttpRequest
from django.test import Client
from oauth2_provider.models import AccessToken, RefreshToken
from pytest_django.fixtures import Settings

from payments.platforms import endpoints
from payments.platforms.models import AuthorizationCode, Link
from tests.payments import cast
from tests.payments.cast import REDIRECT, Client3
from tests.support.people import Person, sign_up
from wallet.core.throttling import Bucket

pytestmark = pytest.mark.django_db(transaction=True)
FORM = "application/x-www-form-urlencoded"


def ask(on: Client3, challenge: str, **changes: str | None) -> str:
    members: dict[str, str | None] = {
        "response_type": "code", "client_id": on.id, "redirect_uri": REDIRECT, "scope": "link payments:pay",
        "state": "s-1", "code_challenge": challenge, "code_challenge_method": "S256", **changes,
    }  # fmt: skip
    return "/oauth/authorize?" + urlencode({name: value for name, value in members.items() if value is not None})


AGREED = {
    "decision": "link", "card": "new", "currency": "EUR", "one_tap": "on", "per_payment": "30.00",
    "per_day": "100.00", "alias": "Quiet Otter",
}  # fmt: skip


def agree(person: Person, url: str, **changes: str) -> Any:
    person.step_up()
    return person.client.post(url, {**AGREED, **changes})


def query_of(response: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()}


def token(on: Client3 | None, members: dict[str, str], client: Client | None = None, **headers: str) -> Any:
    if on is not None:
        headers = {"authorization": on.basic(), **headers}
    return (client or Client()).post("/oauth/token", urlencode(members), content_type=FORM, headers=headers)


def redeem(on: Client3, code: str, verifier: str, **changes: str) -> Any:
    members = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": REDIRECT,
        **changes,
    }
    return token(on, members)


@pytest.fixture
def parlour() -> Client3:
    return cast.platform()


@pytest.fixture
def alice() -> Person:
    return sign_up()


def linked(parlour: Client3, alice: Person) -> tuple[dict[str, Any], str, str]:
    verifier, challenge = cast.pkce()
    code = query_of(agree(alice, ask(parlour, challenge)))["code"]
    answer = redeem(parlour, code, verifier)
    assert answer.status_code == 200, answer.content
    return answer.json(), code, verifier


def test_a_person_links_and_the_platform_gets_a_handle_and_nothing_else(parlour: Client3, alice: Person) -> None:
    body, _code, _verifier = linked(parlour, alice)
    link = Link.objects.get(holder_id=alice.holder.id)
    assert body == {
        "access_token": body["access_token"], "expires_in": 300, "token_type": "Bearer",
        "scope": "link payments:pay", "refresh_token": body["refresh_token"], "link": link.id,
    }  # fmt: skip
    assert link.status == "active"
    assert link.alias == "Quiet Otter"
    assert (link.mandate.per_payment_minor, link.mandate.per_day_minor) == (3000, 10000)
    assert cast.api(body["access_token"]).get("/v1/link").json() == {
        "id": link.id, "status": "active", "one_tap": True,
    }  # fmt: skip


def test_the_answer_comes_by_303_with_state_and_issuer(parlour: Client3, alice: Person) -> None:
    response = agree(alice, ask(parlour, cast.pkce()[1]))
    assert response.status_code == 303
    assert response["Location"].startswith(REDIRECT + "?")
    query = query_of(response)
    assert (query["state"], query["iss"]) == ("s-1", settings.PUBLIC_URL)


def test_the_consent_page_shows_the_very_handle_and_lets_the_redirect_through(parlour: Client3, alice: Person) -> None:
    page = alice.client.get(ask(parlour, cast.pkce()[1]))
    assert page.status_code == 200
    link = Link.objects.get(holder_id=alice.holder.id)
    assert link.status == "minted"
    assert page.content.decode().count(link.id) >= 3
    policy = page["Content-Security-Policy"]
    assert "form-action 'self' http://127.0.0.1:8001" in policy
    assert "unsafe" not in policy


def test_saying_no_makes_no_link(parlour: Client3, alice: Person) -> None:
    response = alice.client.post(ask(parlour, cast.pkce()[1]), {"decision": "no"})
    assert response.status_code == 303
    assert query_of(response) == {"error": "access_denied", "state": "s-1", "iss": settings.PUBLIC_URL}
    assert not Link.objects.filter(holder_id=alice.holder.id, status="active").exists()


def test_linking_needs_the_passkey(parlour: Client3, alice: Person) -> None:
    """Break: leave `stepup.require` out of `ConsentView._confirm`."""
    response = alice.client.post(ask(parlour, cast.pkce()[1]), AGREED)
    assert response.status_code == 302
    assert response["Location"].startswith("/step-up?")
    assert not Link.objects.filter(holder_id=alice.holder.id, status="active").exists()


def test_authorizing_again_gives_the_same_handle_and_unlinking_another(parlour: Client3, alice: Person) -> None:
    first, _code, _verifier = linked(parlour, alice)
    again, _code, _verifier = linked(parlour, alice)
    assert again["link"] == first["link"]
    assert alice.client.post(f"/links/{first['link']}/end").status_code == 302
    third, _code, _verifier = linked(parlour, alice)
    assert third["link"] != first["link"]


def test_two_platforms_get_two_handles(parlour: Client3, alice: Person) -> None:
    other = cast.platform("Salon")
    assert linked(parlour, alice)[0]["link"] != linked(other, alice)[0]["link"]


def test_sign_in_comes_first(parlour: Client3) -> None:
    response = Client().get(ask(parlour, cast.pkce()[1]))
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in?next=")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unauthorized_client"),
        ({"response_type": None}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "abc"}, "invalid_request"),
        ({"code_challenge": "=" * 43}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"scope": "wallet:read"}, "invalid_scope"),
        ({"scope": "link wallet:write"}, "invalid_scope"),
        ({"scope": "chat"}, "invalid_scope"),
        ({"scope": "payments:pay"}, "invalid_scope"),
        ({"scope": "link openid"}, "invalid_scope"),
    ],
)
def test_a_request_that_is_none_goes_back_with_an_error(
    parlour: Client3, alice: Person, changes: dict[str, str | None], error: str
) -> None:
    """Break: put `plain` back into `_CodeGrant._code_challenge_methods`."""
    response = alice.client.get(ask(parlour, cast.pkce()[1], **changes))
    assert response.status_code == 303, response.content
    query = query_of(response)
    assert query["error"] == error
    assert query["iss"] == settings.PUBLIC_URL
    assert "code" not in query


VARIANTS = [
    REDIRECT + "/", REDIRECT + "?", REDIRECT + "?a=1", REDIRECT + "#", REDIRECT + "#f", REDIRECT + ";x=1",
    REDIRECT + "/..", REDIRECT + "%2f", REDIRECT + "%00", REDIRECT + " ", " " + REDIRECT, REDIRECT.upper(),
    "http://127.0.0.1:8002/oauth/callback", "http://127.0.0.1/oauth/callback", "http://127.0.0.1:08001/oauth/callback",
    "https://127.0.0.1:8001/oauth/callback", "http://localhost:8001/oauth/callback", "http://[::1]:8001/oauth/callback",
    "http://127.0.0.2:8001/oauth/callback", "http://127.1:8001/oauth/callback", "http://2130706433:8001/oauth/callback",
    "http://127.0.0.1.:8001/oauth/callback", "http://127.0.0.1:8001//oauth/callback",
    "http://127.0.0.1:8001/oauth/./callback", "http://127.0.0.1:8001/x/../oauth/callback",
    "http://127.0.0.1:8001/oauth/callbacks", "http://127.0.0.1:8001/oauth/Callback", "http://127.0.0.1:8001/oauth",
    "http://eve@127.0.0.1:8001/oauth/callback", "http://127.0.0.1:8001@eve.example/oauth/callback",
    "http://127.0.0.1:8001.eve.example/oauth/callback", "http://eve.example/oauth/callback",
    "http://127.0.0.1:8001\\@eve.example/oauth/callback", "//127.0.0.1:8001/oauth/callback", "/oauth/callback",
    "javascript:alert(1)", "data:text/html,x", "http:127.0.0.1:8001/oauth/callback",
    "http://127。0。0。1:8001/oauth/callback", "urn:ietf:wg:oauth:2.0:oob", "http://*:8001/oauth/callback",
]  # fmt: skip


@pytest.mark.parametrize("uri", VARIANTS)
def test_no_other_redirect_uri_is_accepted(parlour: Client3, alice: Person, uri: str) -> None:
    """P04. Break: `redirect_uri_allowed` compares with `startswith`."""
    response = alice.client.get(ask(parlour, cast.pkce()[1], redirect_uri=uri))
    assert response.status_code == 400
    assert "Location" not in response


def test_an_unknown_client_is_not_redirected(parlour: Client3, alice: Person) -> None:
    response = alice.client.get(ask(parlour, cast.pkce()[1], client_id="nobody"))
    assert response.status_code == 400


def test_a_code_works_once_and_its_reuse_kills_what_it_gave(parlour: Client3, alice: Person) -> None:
    """P02. Break: leave `revoke_family` out of `Validator.validate_code`."""
    body, code, verifier = linked(parlour, alice)
    assert cast.api(body["access_token"]).get("/v1/link").status_code == 200
    again = redeem(parlour, code, verifier)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert cast.api(body["access_token"]).get("/v1/link").status_code == 401
    refresh = token(parlour, {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]})
    assert refresh.json()["error"] == "invalid_grant"


def test_a_code_is_of_its_client_redirect_and_verifier(parlour: Client3, alice: Person) -> None:
    verifier, challenge = cast.pkce()
    code = query_of(agree(alice, ask(parlour, challenge)))["code"]
    other = cast.platform("Salon")
    assert redeem(other, code, verifier).status_code == 400
    assert redeem(parlour, code, "x" * 64).json()["error"] == "invalid_grant"
    assert redeem(parlour, code, "").status_code == 400
    assert redeem(parlour, code, verifier, redirect_uri=REDIRECT + "/").status_code == 400
    assert redeem(parlour, code, verifier).status_code == 200


def test_a_code_lives_sixty_seconds(parlour: Client3, alice: Person) -> None:
    from datetime import timedelta

    verifier, challenge = cast.pkce()
    code = query_of(agree(alice, ask(parlour, challenge)))["code"]
    row = AuthorizationCode.objects.get(user=alice.holder)
    assert 55 < (row.expires - row.created).total_seconds() <= 60
    AuthorizationCode.objects.filter(pk=row.pk).update(expires=row.expires - timedelta(seconds=61))
    assert redeem(parlour, code, verifier).json()["error"] == "invalid_grant"


def test_codes_tokens_and_secrets_are_stored_hashed(parlour: Client3, alice: Person) -> None:
    """Break: `COMPLIANT_BCP_RFC9700_TOKEN_STORAGE` off."""
    body, code, _verifier = linked(parlour, alice)
    stored = " ".join(
        str(row)
        for model in (AccessToken, RefreshToken, AuthorizationCode, type(parlour.platform))
        for row in model.objects.values()
    )
    for secret in (body["access_token"], body["refresh_token"], code, parlour.secret):
        assert secret not in stored


def test_refresh_rotates_and_reuse_kills_the_family_but_not_the_link(parlour: Client3, alice: Person) -> None:
    """P03. Break: `REFRESH_TOKEN_REUSE_PROTECTION` off."""
    first, _code, _verifier = linked(parlour, alice)
    grant = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = token(parlour, grant).json()
    assert "link" not in second
    assert second["refresh_token"] != first["refresh_token"]
    assert cast.api(first["access_token"]).get("/v1/link").status_code == 401
    assert cast.api(second["access_token"]).get("/v1/link").status_code == 200
    assert token(parlour, grant).json()["error"] == "invalid_grant"
    assert cast.api(second["access_token"]).get("/v1/link").status_code == 401
    later = {"grant_type": "refresh_token", "refresh_token": second["refresh_token"]}
    assert token(parlour, later).json()["error"] == "invalid_grant"
    assert Link.objects.get(pk=first["link"]).status == "active"
    assert linked(parlour, alice)[0]["link"] == first["link"]


def test_a_refresh_token_is_of_its_client_and_gains_no_scope(parlour: Client3, alice: Person) -> None:
    body, _code, _verifier = linked(parlour, alice)
    grant = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    assert token(cast.platform("Salon"), grant).status_code == 400
    assert token(parlour, {**grant, "scope": "link chat"}).json()["error"] == "invalid_scope"


def test_a_family_ends_after_ninety_days(parlour: Client3, alice: Person) -> None:
    from datetime import timedelta

    from django.utils import timezone

    body, _code, _verifier = linked(parlour, alice)
    RefreshToken.objects.filter(user=alice.holder).update(created=timezone.now() - timedelta(days=90))
    grant = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    assert token(parlour, grant).json()["error"] == "invalid_grant"


def test_revocation_ends_tokens_only(parlour: Client3, alice: Person) -> None:
    body, _code, _verifier = linked(parlour, alice)
    response = Client().post(
        "/oauth/revoke", urlencode({"token": body["refresh_token"]}), content_type=FORM,
        headers={"authorization": parlour.basic()},
    )  # fmt: skip
    assert (response.status_code, response.content) == (200, b"")
    assert cast.api(body["access_token"]).get("/v1/link").status_code == 401
    assert Link.objects.get(pk=body["link"]).status == "active"


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"grant_type": "password", "username": "alice", "password": "x"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "x"}, "unsupported_grant_type"),
        ({}, "invalid_request"),
        ({"grant_type": "client_credentials", "scope": "wallet:read"}, "invalid_scope"),
        ({"grant_type": "client_credentials", "scope": "wallet:write"}, "invalid_scope"),
        ({"grant_type": "client_credentials", "scope": "link"}, "invalid_scope"),
        ({"grant_type": "client_credentials", "scope": "chat payments:pay"}, "invalid_scope"),
        ({"grant_type": "authorization_code", "code": "guess"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "guess"}, "invalid_grant"),
    ],
)
def test_the_token_endpoint_refuses(parlour: Client3, members: dict[str, str], error: str) -> None:
    answer = token(parlour, members)
    assert answer.status_code in {400, 401}
    assert answer.json()["error"] == error
    assert answer["Cache-Control"] == "no-store"


def test_a_wrong_secret_is_401_and_a_right_one_gets_chat(parlour: Client3) -> None:
    wrong = Client3(parlour.platform, "wrong")
    answer = token(wrong, {"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    right = token(parlour, {"grant_type": "client_credentials"}).json()
    assert right["scope"] == "chat"
    assert "refresh_token" not in right
    assert "link" not in right


@pytest.mark.parametrize(
    ("query", "media", "body"),
    [
        ("?grant_type=client_credentials", FORM, "grant_type=client_credentials"),
        ("", "application/json", '{"grant_type": "client_credentials"}'),
        ("", FORM, "grant_type=client_credentials&grant_type=client_credentials"),
    ],
)
def test_the_token_endpoint_reads_one_plain_form(parlour: Client3, query: str, media: str, body: str) -> None:
    answer = Client().post("/oauth/token" + query, body, content_type=media, headers={"authorization": parlour.basic()})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_token_counts_in_the_header_only(parlour: Client3, alice: Person) -> None:
    """P01. Break: use the toolkit's own `OAuth2Authentication`."""
    body, _code, _verifier = linked(parlour, alice)
    assert Client().get("/v1/link", {"access_token": body["access_token"]}).status_code == 401
    assert Client().get("/v1/link", headers={"authorization": "Bearer nonsense"}).status_code == 401
    beside = alice.client.get("/v1/links", headers={"authorization": "Bearer nonsense"})
    assert beside.status_code == 401, "a session does not help a dead token"


def test_platform_tokens_reach_only_their_scopes(parlour: Client3, alice: Person) -> None:
    body, _code, _verifier = linked(parlour, alice)
    chat = cast.chat_token(parlour)
    assert cast.api(body["access_token"]).get("/v1/payment-requests").status_code == 403
    assert cast.api(body["access_token"]).get("/v1/links").status_code == 403
    assert cast.api(chat).get("/v1/link").status_code == 403
    assert cast.api(chat).get("/v1/links").status_code == 403
    assert cast.api(chat).get("/v1/payment-requests").status_code == 200


def test_the_metadata_names_what_works_and_nothing_else() -> None:
    found = Client().get("/.well-known/oauth-authorization-server").json()
    assert found["issuer"] == settings.PUBLIC_URL
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["response_types_supported"] == ["code"]
    assert found["grant_types_supported"] == ["authorization_code", "client_credentials", "refresh_token"]
    assert found["authorization_response_iss_parameter_supported"] is True
    assert found["scopes_supported"] == ["chat", "link", "payments:pay"]
    assert "introspection_endpoint" not in found
    for path in ("/oauth/introspect", "/oauth/userinfo", "/oauth/device-authorization", "/oauth/register"):
        assert Client().post(path).status_code == 404


def test_the_deploy_checks_of_the_toolkit_are_silent_in_production() -> None:
    """O01: every RFC 9700 gate is on; the scheme gate is off in the sandbox alone."""
    off = {name for name, value in settings.OAUTH2_PROVIDER.items() if name.startswith("COMPLIANT") and not value}
    assert off == {"COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME"}
    assert settings.SANDBOX


def test_a_link_without_payments_does_not_learn_to_pay_by_asking_again(parlour: Client3, alice: Person) -> None:
    """Break: leave `_as_agreed` out of `ConsentView.post`."""
    for scope in ("link", "link payments:pay"):
        verifier, challenge = cast.pkce()
        answer = redeem(parlour, query_of(agree(alice, ask(parlour, challenge, scope=scope)))["code"], verifier)
        assert answer.json()["scope"] == "link"
    tokens = token(parlour, {"grant_type": "refresh_token", "refresh_token": answer.json()["refresh_token"]})
    assert tokens.json()["scope"] == "link"
    assert "one tap" not in alice.client.get(ask(parlour, cast.pkce()[1])).content.decode()
    assert alice.client.post(f"/links/{answer.json()['link']}/end").status_code == 302
    assert linked(parlour, alice)[0]["scope"] == "link payments:pay"


def test_whom_the_law_lets_pay_nobody_is_told_so_before_they_link(
    parlour: Client3, alice: Person, settings: Settings
) -> None:
    """settled.md 9. Break: leave the tier out of `ConsentView._refusal`."""
    settings.REGIME = "eu-amld5"
    for answer in (alice.client.get(ask(parlour, cast.pkce()[1])), agree(alice, ask(parlour, cast.pkce()[1]))):
        assert answer.status_code == 403
        assert "check of your identity" in answer.content.decode()
    assert query_of(agree(alice, ask(parlour, cast.pkce()[1], scope="link")))["code"]


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
@pytest.mark.parametrize("counted", ["address", "client by header", "client by form"])
def test_tokens_are_limited_for_each_address_and_each_client(
    parlour: Client3, settings: Settings, monkeypatch: pytest.MonkeyPatch, path: str, counted: str
) -> None:
    """P13, settled.md 35. Break: leave `seconds_to_wait` out of `dispatch`; or one of the two buckets out."""
    settings.RATE_LIMITS = True
    mark, real = secrets.token_hex(8), endpoints._buckets
    wanted = {"address": "address:", "client by header": "token:", "client by form": "token:"}[counted]

    def slow(request: HttpRequest) -> list[Bucket]:
        """The same ones, but the wanted one lets two through and then one in ten minutes."""
        return [Bucket(mark + one.name, 1 / 600, 2) for one in real(request) if one.name.startswith(wanted)]

    monkeypatch.setattr(endpoints, "_buckets", slow)

    def send(on: Client3) -> Any:
        form, headers = {"grant_type": "client_credentials", "scope": "chat", "token": "x"}, {}
        if counted == "client by form":
            form |= {"client_id": on.id, "client_secret": on.secret}
        else:
            headers["authorization"] = on.basic()
        return Client().post(path, urlencode(form), content_type=FORM, headers=headers)

    answers = [send(parlour) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 500 < int(answers[2]["Retry-After"]) <= 600
    assert answers[2]["Content-Type"] == "application/problem+json"
    assert send(cast.platform("Salon")).status_code == (429 if counted == "address" else 200)


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
def test_a_nul_is_no_client(parlour: Client3, alice: Person, path: str) -> None:
    """Break: leave the NUL of a header to the database, which refuses it."""
    client = Client(raise_request_exception=False)
    form = {"grant_type": "client_credentials", "scope": "chat", "token": "x"}
    assert client.post(path, urlencode({**form, "client_id": "\0"}), content_type=FORM).status_code == 400
    assert client.post(path, urlencode({**form, "token": "\0", "x\0": ""}), content_type=FORM).status_code == 400
    for name in (b"\0", b"%00"):
        basic = "Basic " + base64.b64encode(name + b":s").decode()
        answer = client.post(path, urlencode(form), content_type=FORM, headers={"authorization": basic})
        assert answer.status_code in {400, 401}
    alice.client.raise_request_exception = False
    assert alice.client.get(ask(parlour, cast.pkce()[1], client_id="\0")).status_code == 400
