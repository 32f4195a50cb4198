"""L12: a machine whose clock is an hour off gives and takes tokens, windows and holds like the others."""

import time
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from oauth2_provider.models import AccessToken

from payments.platforms.models import AuthorizationCode
from payments.platforms.tokens import issue_tokens
from payments.platforms.validator import digest, load_access_token
from tests.payments import cast
from tests.wallet.ledger.moving import fresh_main, move
from wallet.core import clock
from wallet.core.money import Money
from wallet.ledger.refusals import HoldClosed
from wallet.ledger.transfers import Op
from wallet.limits import windows
from wallet.limits.windows import Limit

pytestmark = pytest.mark.django_db

NEAR = timedelta(seconds=5)


@pytest.fixture(autouse=True, params=[-3600, 3600], ids=["an hour behind", "an hour ahead"])
def _off(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process, with a clock that is off, as NTP may leave it after a step."""
    shift = timedelta(seconds=request.param)
    real_now, real_time = timezone.now, time.time
    monkeypatch.setattr(timezone, "now", lambda: real_now() + shift)
    monkeypatch.setattr(time, "time", lambda: real_time() + shift.total_seconds())


def left(expires: datetime) -> timedelta:
    """How long something lives yet, for the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s - clock_timestamp()", [expires])
        return cursor.fetchone()[0]


def test_a_token_lives_five_minutes_wherever_it_was_made_and_is_shown():
    """Break: `timezone.now()` in issue_tokens."""
    holder, parlour = cast.holder(), cast.platform()
    with transaction.atomic():
        made = issue_tokens(holder_id=holder.id, platform=parlour.platform, scopes=("link",))
    row = AccessToken.objects.get(token_checksum=digest(made.access_token))
    assert abs(left(row.expires) - timedelta(minutes=5)) < NEAR
    assert load_access_token(made.access_token) is not None
    AccessToken.objects.filter(pk=row.pk).update(expires=clock.real())
    assert load_access_token(made.access_token) is None


def test_the_token_endpoint_reckons_the_same():
    """Break: without `_create_access_token` of our own."""
    parlour = cast.platform()
    token = cast.chat_token(parlour)
    row = AccessToken.objects.get(token_checksum=digest(token))
    assert abs(left(row.expires) - timedelta(minutes=5)) < NEAR
    assert cast.api(token).get("/v1/payment-requests").status_code == 200


def test_a_code_lives_a_minute():
    """Break: without `is_expired` of our own."""
    assert not AuthorizationCode(expires=clock.real() + timedelta(seconds=5)).is_expired()
    assert AuthorizationCode(expires=clock.real()).is_expired()


def test_holds_and_windows_do_not_notice():
    alice, bob, now = fresh_main(1000), fresh_main(), clock.now()
    lives = move(alice, bob, 10, op=Op.HOLD, expires_at=now + timedelta(minutes=1)).id
    over = move(alice, bob, 10, op=Op.HOLD, expires_at=now).id
    move(alice, bob, 10, op=Op.SETTLE, hold=lives)
    with pytest.raises(HoldClosed):
        move(alice, bob, 10, op=Op.SETTLE, hold=over)
    windows.consume(holder_id=alice.holder, limit=Limit.SPENDING, amount=Money(7, "EUR"), now=clock.now())
    (day,) = [one for one in windows.usage(alice.holder) if one.period == "day"]
    assert (day.used.minor, left(day.resets_at) > timedelta(0), left(day.resets_at) <= timedelta(days=1)) == (
        7,
        True,
        True,
    )
