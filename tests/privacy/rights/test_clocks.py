"""Each clock of the inventory strikes by a task of beat (standard.md V11); rows are backdated, or the clock is moved."""

from datetime import timedelta

import pytest
from celery import current_app
from django.conf import settings
from oauth2_provider.models import AccessToken, RefreshToken

from payments.platforms.models import AuthorizationCode, Link
from payments.platforms.tokens import FAMILY_LIVES, clear_over
from payments.webhooks.models import Event
from payments.webhooks.tasks import forget
from privacy.rights import inventory
from tests.payments import cast
from tests.privacy.rights import lives
from tests.support.clockwork import clock_moved
from tests.support.people import sign_up
from wallet.core import clock, outbox
from wallet.core.ids import new_id
from wallet.core.models import OutboxEntry

pytestmark = pytest.mark.django_db


def test_done_work_goes_after_thirty_days_and_what_was_laid_aside_stays() -> None:
    """Break: compare with `created_at`, or delete dead rows too."""
    now = clock.now()
    old, fresh, dead = (OutboxEntry.objects.create(topic="t", ref="r") for _ in range(3))
    OutboxEntry.objects.filter(pk=old.pk).update(done_at=now - timedelta(days=31))
    OutboxEntry.objects.filter(pk=fresh.pk).update(
        done_at=now - timedelta(days=29), created_at=now - timedelta(days=99)
    )
    OutboxEntry.objects.filter(pk=dead.pk).update(dead_at=now - timedelta(days=99), created_at=now - timedelta(days=99))
    outbox.purge()
    left = set(OutboxEntry.objects.filter(pk__in=[old.pk, fresh.pk, dead.pk]).values_list("pk", flat=True))
    assert left == {fresh.pk, dead.pk}


def test_events_go_after_ninety_days() -> None:
    """Break: 9 days."""
    parlour, now = cast.platform(), clock.now()
    kept, gone = (
        Event.objects.create(
            entry_id=-int.from_bytes(cast.secrets.token_bytes(6), "big"), platform=parlour.platform, type="link.revoked",
            object_id=new_id("link"), at=now - timedelta(days=days),
        )
        for days in (89, 91)
    )  # fmt: skip
    forget()
    assert [one.pk for one in Event.objects.filter(pk__in=[kept.pk, gone.pk])] == [kept.pk]


def test_tokens_that_are_over_go_and_those_that_detect_reuse_stay() -> None:
    """Break: delete every code that has expired, or every revoked refresh token."""
    linked, now = cast.link(cast.holder(), cast.platform()), clock.real()
    mine = {"user_id": linked.holder.id}
    rotated = RefreshToken.objects.get(**mine)
    RefreshToken.objects.filter(pk=rotated.pk).update(revoked=now - FAMILY_LIVES + timedelta(days=1), access_token=None)
    AccessToken.objects.filter(**mine).update(expires=now - timedelta(days=2))
    code = AuthorizationCode.objects.create(
        user_id=linked.holder.id, code=cast.secrets.token_hex(8), application=linked.link.platform, redirect_uri=cast.REDIRECT,
        expires=now - timedelta(hours=23), scope="link", redeemed_at=now,
    )  # fmt: skip
    clear_over()
    assert not AccessToken.objects.filter(**mine).exists()
    assert RefreshToken.objects.filter(pk=rotated.pk).exists()
    assert AuthorizationCode.objects.filter(pk=code.pk).exists()
    RefreshToken.objects.filter(pk=rotated.pk).update(revoked=now - FAMILY_LIVES - timedelta(days=1))
    AuthorizationCode.objects.filter(pk=code.pk).update(expires=now - timedelta(hours=25))
    clear_over()
    assert not RefreshToken.objects.filter(pk=rotated.pk).exists()
    assert not AuthorizationCode.objects.filter(pk=code.pk).exists()


#: What beat runs so that the clocks strike; tokens live by the real time, see above.
STRIKES = (
    "wallet.core.outbox.purge", "wallet.core.idempotency.purge", "wallet.users.clear_sessions", "payments.webhooks.forget",
    "payments.platforms.clear_tokens", "privacy.rights.expire", "privacy.rights.end_law",
)  # fmt: skip
#: Clocks that end by themselves, whoever stays.
BY_THEMSELVES = {"session", "day", "month", "quarter"}


def test_beat_runs_each_clock() -> None:
    """Break: take one out of the schedule."""
    run = {one["task"] for one in settings.CELERY_BEAT_SCHEDULE.values()}
    assert run >= {*STRIKES, "privacy.rights.carry_on"}


def test_seven_years_later_only_what_has_no_end_is_there() -> None:
    """Every table whose clock ends by itself, found in the inventory. Break: leave ceremonies out of `clear_sessions`."""
    alice = sign_up()
    alice.step_up()
    life = lives.live(alice.holder)
    assert alice.client.post("/settings/codes", {"renew": "yes"}).status_code == 302
    hook = {"url": "http://127.0.0.1:9/hooks"}
    assert cast.api(cast.chat_token(life.parlour)).post("/v1/webhook-endpoints", hook).status_code == 201
    lives.work_on(life.request_id)
    tables = [one for one in inventory.tables() if one.clock in BY_THEMSELVES]
    assert {one.name for one in tables if not one.model.objects.exists()} == set(), "there is something to delete"
    current_app.loader.import_default_modules()
    with clock_moved(timedelta(days=7 * 366)):
        for name in STRIKES:
            current_app.tasks[name]()
        assert Link.objects.get(pk=life.linked.link.id).status == "active"
    left = {
        one.name: found for one in tables
        if (found := one.model.objects.exclude(**({"done_at": None} if one.model is OutboxEntry else {"pk": 0})).count())
    }  # fmt: skip
    assert left == {}
    assert life.card.label == life.words["label"], "who stays keeps what is theirs"
