"""Each clock of the inventory strikes by a task of beat (standard.md V11); the database's time, moved by backdating rows."""

from datetime import timedelta

import pytest
from django.conf import settings
from oauth2_provider.models import AccessToken, RefreshToken

from payments.platforms.models import AuthorizationCode
from payments.platforms.tokens import FAMILY_LIVES, clear_over
from payments.webhooks.models import Event
from payments.webhooks.tasks import forget
from tests.payments import cast
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


def test_beat_runs_each_clock() -> None:
    """Break: take one out of the schedule."""
    run = {one["task"] for one in settings.CELERY_BEAT_SCHEDULE.values()}
    assert run >= {
        "wallet.core.outbox.purge", "wallet.core.idempotency.purge", "wallet.users.clear_sessions", "payments.webhooks.forget",
        "payments.platforms.clear_tokens", "privacy.rights.expire", "privacy.rights.carry_on", "privacy.rights.end_law",
    }  # fmt: skip
