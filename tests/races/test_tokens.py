"""Codes and refresh tokens, redeemed by several at the same moment (P02, P03)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from oauth2_provider.models import AccessToken, RefreshToken

from payments.platforms.models import Link
from tests.payments import cast
from tests.payments.platforms.test_oauth import agree, ask, linked, query_of, redeem, token
from tests.support.people import sign_up

pytestmark = pytest.mark.django_db(transaction=True)
_AT_ONCE = 4


def together(act: Callable[[], Any]) -> list[Any]:
    """The answers of several who begin at the same moment."""
    barrier = Barrier(_AT_ONCE)

    def one(_number: int) -> Any:
        try:
            barrier.wait(60)
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(one, range(_AT_ONCE)))


def test_a_code_redeemed_by_several_gives_one_answer_and_then_nothing() -> None:
    """P02. Break: leave `select_for_update` out of `Validator.validate_code`: two get tokens."""
    parlour, alice = cast.platform(), sign_up()
    verifier, challenge = cast.pkce()
    code = query_of(agree(alice, ask(parlour, challenge)))["code"]
    answers = together(lambda: redeem(parlour, code, verifier))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    # The others were reuse: what the first one got is dead.
    (given,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert cast.api(given["access_token"]).get("/v1/link").status_code == 401
    assert Link.objects.get(pk=given["link"]).status == "active"


def test_a_refresh_by_several_does_not_fork_the_family() -> None:
    """P03. Break: leave `select_for_update` out of `Validator.validate_refresh_token`."""
    parlour, alice = cast.platform(), sign_up()
    body, _code, _verifier = linked(parlour, alice)
    grant = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    answers = together(lambda: token(parlour, grant))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    (given,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert cast.api(given["access_token"]).get("/v1/link").status_code == 401, "reuse ends the family"
    assert not RefreshToken.objects.filter(user=alice.holder, revoked=None).exists()
    assert not AccessToken.objects.filter(user=alice.holder).exists()
    assert Link.objects.get(pk=body["link"]).status == "active"
