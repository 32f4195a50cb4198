"""What a platform, and what people, learn of each other around a payment: what the link alone says, and no more."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from payments.platforms import links
from payments.platforms.models import Mandate
from payments.requests.models import PaymentRequest
from payments.requests.outcomes import expire_requests
from privacy.exposure.models import Exposure
from tests.payments import cast
from tests.payments.cast import Linked
from tests.payments.requests.test_payer_page import pay
from tests.payments.requests.test_requests_api import Story
from tests.support.people import Person, sign_up
from wallet.activity.models import Notice
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.limits import tiers
from wallet.limits.regimes import Tier

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def carol() -> Person:
    return sign_up()


def end(linked: Linked) -> None:
    actor = Actor.holder(linked.holder.id)
    links.end_link(holder_id=linked.holder.id, link_id=linked.link.id, actor=actor, now=clock.now())


def told(answer: Any) -> tuple[int, str]:
    body = answer.json()
    return answer.status_code, body.get("status") if answer.status_code == 200 else body["type"].rpartition("/")[2]


def test_a_person_who_linked_anew_is_a_stranger_to_what_was_before(story: Story) -> None:
    """settled.md 12. Break: decide by the holder in `pay_by_tap`; or leave the link out of `Bearer.key_owner`."""
    paid, canceled, anybodys = story.asked(100), story.asked(200), story.asked(300, payer=None)
    assert told(story.pay(paid["id"], key="k-1")) == (200, "paid")
    assert told(story.pay(anybodys["id"], key="k-2")) == (200, "paid")
    end(story.alice)
    again = cast.link(story.alice.holder, story.parlour, card_id=story.alice_card.id)  # type: ignore[attr-defined]
    carol = cast.link(cast.holder(), story.parlour)
    for request, key in ((paid, ""), (paid, "k-1"), (canceled, ""), (anybodys, ""), (anybodys, "k-2")):
        answers = [story.pay(request["id"], who, key=key) for who in (again, carol)]
        assert told(answers[0]) == told(answers[1]), (request, key)
        assert told(answers[0]) in {(404, "not-found"), (409, "payment-request-not-open")}
        assert not answers[0].headers.get("Idempotent-Replayed")


def test_a_payee_who_linked_anew_is_a_stranger_too(story: Story) -> None:
    """Break: refuse the payee before looking whether the request is open."""
    anybodys = story.asked(300, payer=None)
    end(story.bob)
    again, carol = cast.link(story.bob.holder, story.parlour), cast.link(cast.holder(), story.parlour)
    assert told(story.pay(anybodys["id"], again)) == told(story.pay(anybodys["id"], carol))


def test_who_paid_on_the_page_is_not_found_out_by_tapping(story: Story, carol: Person) -> None:
    """settled.md 21. Break: answer `paid` to whoever is `paid_by`."""
    card, linked = cast.card(carol.holder, 5000), cast.link(carol.holder, story.parlour)
    made = story.asked(100, payer=None)
    assert pay(carol, made, card.id).status_code == 302
    answers = {told(story.pay(made["id"], who)) for who in (linked, story.alice)}
    assert answers == {(409, "payment-request-not-open")}


def test_who_tapped_gets_the_same_answer_again(story: Story) -> None:
    named, anybodys = story.asked(100), story.asked(100, payer=None)
    for made in (named, anybodys, named, anybodys):
        assert told(story.pay(made["id"])) == (200, "paid")
    assert story.main(story.bob) == 200


def test_a_tap_that_waits_over_midnight_draws_on_the_new_day(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """Break: take the time before the link's lock."""
    carol = cast.holder()
    linked = cast.link(carol, story.parlour, card_id=cast.card(carol, 5000).id, per_payment=1000, per_day=1000)
    made, day = story.asked(1000, payer=linked.link.id), timedelta(days=1)
    Mandate.objects.filter(link=linked.link).update(day_on=(clock.now() - day).date(), day_used_minor=1000)
    real_lock, real_now, before = links.lock_link, clock.now, [day]

    def wait(link_id: str) -> Any:
        locked = real_lock(link_id)
        before.clear()
        return locked

    monkeypatch.setattr(links, "lock_link", wait)
    monkeypatch.setattr(clock, "now", lambda: real_now() - sum(before, timedelta()))
    assert told(story.pay(made["id"], linked)) == (200, "paid")


@pytest.mark.parametrize("verified", ["", "payer", "payee"])
def test_who_may_not_pay_people_pays_and_gets_nothing(
    story: Story, carol: Person, settings: Settings, verified: str
) -> None:
    """AMLD5 art. 12(1)(c), settled.md 9. Break: leave `people_reason` out of `_transfer`."""
    linked = cast.link(carol.holder, story.parlour, card_id=cast.card(carol.holder, 5000).id)
    made, other = story.asked(100, payer=linked.link.id), story.asked(100_001)
    settings.REGIME = "eu-amld5"
    if verified:
        holder = carol.holder if verified == "payer" else story.bob.holder
        tiers.set_tier(holder_id=holder.id, tier=Tier.VERIFIED, now=clock.now())
    answer, usual = story.pay(made["id"], linked), story.pay(other["id"])
    assert answer.content.replace(made["id"].encode(), b"") == usual.content.replace(other["id"].encode(), b"")
    page = carol.client.get(f"/p/{made['id']}").content.decode()
    assert ("check of your identity" in page) == (verified != "payer")
    refused = pay(carol, made, linked.link.card_id or "")
    assert refused.status_code == 402
    assert ("not possible at the moment" in refused.content.decode()) == (verified == "payer")
    assert story.main(story.bob) == 0
    for person in (carol.holder, story.bob.holder):
        tiers.set_tier(holder_id=person.id, tier=Tier.VERIFIED, now=clock.now())
    assert told(story.pay(made["id"], linked)) == (200, "paid")


def seen(person: Any) -> list[tuple[str, str]]:
    """Which bodies with the alias of this person went to people, and to whom."""
    rows = Exposure.objects.filter(holder_id=person.id, fields__contains=["contact.alias"], recipient__kind="holder")
    return sorted(rows.values_list("disclosure__schema", "recipient__ref"))


def test_both_aliases_are_on_record_where_the_other_one_reads_them(story: Story) -> None:
    """Break: leave `sightings` out of `create_request`."""
    story.asked(100)
    assert seen(story.bob.holder) == [("payer_page", "payer")]
    assert seen(story.alice.holder) == [("payee_reads", "payee")]


def test_an_alias_that_payment_shows_is_on_record(story: Story) -> None:
    """Break: leave `sightings` out of `_finish`, or out of `_keep_payer_side`."""
    assert told(story.pay(story.asked(100, payer=None)["id"])) == (200, "paid")
    assert seen(story.bob.holder) == [("payer_page", "payer")]
    assert seen(story.alice.holder) == [("payee_reads", "payee")]


def test_an_alias_that_a_no_shows_is_on_record(story: Story, carol: Person) -> None:
    """Break: leave `sightings` out of `decline_request`."""
    linked = cast.link(carol.holder, story.parlour, alias="Caro")
    made = story.asked(100, payer=linked.link.id)
    carol.client.post(f"/p/{made['id']}/decline", {"decision": "decline"})
    assert seen(carol.holder) == [("payee_reads", "payee")] * 2


@pytest.mark.parametrize("state", ["paid", "canceled"])
def test_what_was_asked_of_anybody_and_is_over_is_not_there_for_a_stranger(
    story: Story, carol: Person, state: str
) -> None:
    """Break: leave `is_offered` out of `_found`."""
    dora = sign_up()
    card, made = cast.card(dora.holder, 5000), story.asked(100, payer=None)
    assert carol.client.get(f"/p/{made['id']}").status_code == 200
    if state == "paid":
        assert pay(dora, made, card.id).status_code == 302
    else:
        story.chat.post(f"/v1/payment-requests/{made['id']}/cancel")
    assert carol.client.get(f"/p/{made['id']}").status_code == 404
    assert carol.client.post(f"/p/{made['id']}", {"source": "main"}).status_code == 404
    assert carol.client.post(f"/p/{made['id']}/decline").status_code == 404
    assert dora.client.get(f"/p/{made['id']}").status_code == (200 if state == "paid" else 404)


@pytest.mark.parametrize("act", ["pay", "cancel", "decline", "block", "expire"])
def test_what_waited_for_the_payer_waits_no_longer(story: Story, carol: Person, act: str) -> None:
    """Break: leave `lay_notices_aside` out of `move`, or out of `decline_request`."""
    linked = cast.link(carol.holder, story.parlour, card_id=cast.card(carol.holder, 5000).id, per_payment=50)
    made = story.asked(100, payer=linked.link.id)
    other = story.asked(100, payer=linked.link.id)
    for one in (made, other):
        assert told(story.pay(one["id"], linked)) == (200, "requires_approval")
    if act == "pay":
        assert pay(carol, made, linked.link.card_id or "").status_code == 302
    elif act == "cancel":
        story.chat.post(f"/v1/payment-requests/{made['id']}/cancel")
    elif act == "expire":
        PaymentRequest.objects.filter(pk=made["id"]).update(expires_at=clock.now())
        assert expire_requests() >= 1
    else:
        carol.client.post(f"/p/{made['id']}/decline", {"decision": act})
    mine = Notice.objects.filter(holder_id=carol.holder.id, kind__startswith="payment_")
    assert {notice.ref for notice in mine.filter(read_at=None)} == {other["id"]}
    assert mine.filter(read_at=None).count() == 2
    assert not Notice.objects.filter(holder_id=story.bob.holder.id).exclude(read_at=None).exists()
