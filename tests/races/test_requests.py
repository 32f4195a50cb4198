"""Two people, one request, a double tap, an expiry or an unlinking racing a payment: one effect (chat.md)."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from oauth2_provider.models import AccessToken, RefreshToken

from payments.platforms.models import AuthorizationCode
from payments.requests.models import PaymentRequest
from tests.payments import cast
from tests.payments.requests.test_requests_api import Story
from tests.races.processes import WARM_UP_SECONDS, soon, together
from wallet.activity.models import Line
from wallet.core import clock
from wallet.core.models import OutboxEntry, StateChange

pytestmark = pytest.mark.django_db(transaction=True)

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def story() -> Story:
    return Story()


def tap(story: Story, made: dict[str, Any], who: cast.Linked | None = None, key: str = "") -> dict[str, Any]:
    token = (who or story.alice).token
    path = f"/v1/payment-requests/{made['id']}/pay"
    return {"do": "post", "path": path, "authorization": f"Bearer {token}", "key": key}


def race(count: int, *, acts: list[dict[str, Any]]) -> list[dict[str, Any] | None]:
    """All at the same moment, as soon as they are connected."""
    return together("tapper", count, acts=acts, at=soon())


def moves(made: dict[str, Any]) -> list[str]:
    return list(StateChange.objects.filter(subject=made["id"]).values_list("event", flat=True))


def test_two_simultaneous_taps_are_one_payment(story: Story) -> None:
    """Break: read link and request without `select_for_update`; either lock alone still holds."""
    for _round in range(2):
        before, made = story.on_card(), story.asked()
        answers = race(4, acts=[tap(story, made)])
        assert [answer and (answer["status"], answer["body"]["status"]) for answer in answers] == [(200, "paid")] * 4
        assert story.on_card() == before - 2000
        assert moves(made) == ["pay"]
        assert Line.objects.filter(ref=made["id"]).count() == 2
        assert OutboxEntry.objects.filter(topic="platform.event", ref=made["id"]).count() == 1


def test_one_key_at_the_same_moment_has_one_effect(story: Story) -> None:
    made = story.asked()
    answers = race(4, acts=[tap(story, made, key="same")])
    statuses = sorted(answer["status"] for answer in answers if answer)
    assert set(statuses) <= {200, 409}
    assert 200 in statuses
    assert moves(made) == ["pay"]


def test_two_people_tap_a_request_for_anybody_and_one_of_them_pays(story: Story) -> None:
    """Break: read the request without `select_for_update` in `lock_request`."""
    carol_holder = cast.holder()
    carol = cast.link(carol_holder, story.parlour, card_id=cast.card(carol_holder, 50_000).id)
    for _round in range(2):
        before, made = story.main(story.bob), story.asked(payer=None)
        answers = race(4, acts=[tap(story, made), tap(story, made, carol)])
        paid = [answer for answer in answers if answer and answer["status"] == 200]
        late = [answer for answer in answers if answer and answer["status"] == 409]
        assert len(paid) + len(late) == 4
        assert {answer["body"]["type"].rpartition("/")[2] for answer in late} <= {"payment-request-not-open"}
        assert paid
        assert story.main(story.bob) == before + 2000
        assert moves(made) == ["pay"]


def test_an_expiry_races_a_payment(story: Story) -> None:
    for _round in range(2):
        before, made = story.on_card(), story.asked()
        ends_at = clock.now() + timedelta(seconds=WARM_UP_SECONDS)
        PaymentRequest.objects.filter(pk=made["id"]).update(expires_at=ends_at)
        race(4, acts=[tap(story, made), {"do": "expire"}])
        PaymentRequest.objects.filter(pk=made["id"], status="open").update(expires_at=before and ends_at)
        request = PaymentRequest.objects.get(pk=made["id"])
        moved = before - story.on_card()
        assert (request.status, moved) in {("paid", 2000), ("expired", 0), ("open", 0)}
        assert len(moves(made)) <= 1


def test_unlinking_races_a_payment(story: Story) -> None:
    """Break: pay without `links.lock_link`."""
    for _round in range(2):
        holder = cast.holder()
        carol = cast.link(holder, story.parlour, card_id=cast.card(holder, 5000).id)
        before, made = story.main(story.bob), story.asked(payer=carol.link.id)
        end = {"do": "end", "holder": holder.id, "link": carol.link.id}
        answers = race(2, acts=[tap(story, made, carol), end])
        status = PaymentRequest.objects.get(pk=made["id"]).status
        moved = story.main(story.bob) - before
        assert (status, moved) in {("paid", 2000), ("canceled", 0)}
        assert all(answer is not None for answer in answers)
        assert not AccessToken.objects.filter(user=holder).exists()


def test_two_redemptions_of_a_code_have_one_success(story: Story) -> None:
    """P02. Break: read the code without `select_for_update`."""
    from django.utils import timezone

    from payments.platforms.validator import digest

    verifier, challenge = cast.pkce()
    code, link = "c" * 30, story.alice.link
    AuthorizationCode.objects.create(
        code=digest(code), user=story.alice.holder, application=story.parlour.platform, link=link,
        expires=timezone.now() + timedelta(seconds=60), redirect_uri=cast.REDIRECT, scope="link payments:pay",
        code_challenge=challenge, code_challenge_method="S256", claims="{}",
    )  # fmt: skip
    members = {
        "grant_type": "authorization_code", "code": code, "code_verifier": verifier, "redirect_uri": cast.REDIRECT,
    }  # fmt: skip
    act = {
        "do": "post", "path": "/oauth/token", "media": FORM, "body": urlencode(members),
        "authorization": story.parlour.basic(),
    }  # fmt: skip
    answers = race(4, acts=[act])
    assert sorted(answer["status"] for answer in answers if answer) == [200, 400, 400, 400]


def test_two_refreshes_do_not_fork_the_family(story: Story) -> None:
    """P03. Break: leave the lock out of `validate_refresh_token`."""
    members = {"grant_type": "refresh_token", "refresh_token": story.alice.refresh}
    act = {
        "do": "post", "path": "/oauth/token", "media": FORM, "body": urlencode(members),
        "authorization": story.parlour.basic(),
    }  # fmt: skip
    answers = race(4, acts=[act])
    assert sorted(answer["status"] for answer in answers if answer) == [200, 400, 400, 400]
    assert RefreshToken.objects.filter(user=story.alice.holder, revoked=None).count() == 0, "reuse ends the family"
