"""`/v1/links` and the pages of links: one's own, and nobody else's."""

import json
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from payments.platforms import links
from payments.platforms.clients import first_party_client
from payments.platforms.models import Link, Mandate
from payments.platforms.tokens import issue_tokens
from tests.payments import cast
from tests.support.people import Person, sign_up
from wallet.core import clock
from wallet.limits import tiers
from wallet.limits.regimes import Tier

pytestmark = pytest.mark.django_db(transaction=True)


def wallet_of(linked: cast.Linked) -> cast.Api:
    from django.db import transaction

    with transaction.atomic():
        scopes = ("wallet:read", "wallet:write")
        tokens = issue_tokens(holder_id=linked.holder.id, platform=first_party_client(), scopes=scopes)
    return cast.api(tokens.access_token)


@pytest.fixture
def alice() -> cast.Linked:
    return cast.link(cast.holder(), cast.platform(), alias="Alma")


def test_a_link_shows_its_mandate_and_changes(alice: cast.Linked) -> None:
    wallet, path = wallet_of(alice), f"/v1/links/{alice.link.id}"
    shown = wallet.get(path).json()
    assert (shown["alias"], shown["status"], shown["platform"]) == ("Alma", "active", {"name": "Parlour"})
    assert wallet.get("/v1/links").json()["data"] == [shown]
    changed = wallet.patch(path, {"alias": "Ada", "mandate": {"per_payment": {"value": 500, "currency": "EUR"}}}).json()
    mandate = {**shown["mandate"], "per_payment": {"value": 500, "currency": "EUR"}}
    assert changed == {**shown, "alias": "Ada", "mandate": mandate}
    assert wallet.patch(path, {"mandate": {"per_payment": {"value": 500, "currency": "USD"}}}).status_code == 422
    assert wallet.patch(path, {"mandate": {"per_day": {"value": 1, "currency": "EUR"}}}).status_code == 422
    assert wallet.patch(path, {"mandate": {"limit": 1}}).status_code == 400
    assert wallet.patch(path, {"alias": "x" * 61}).status_code == 422
    assert wallet.patch(path, {"alias": "a\u202eb"}).status_code == 422


def test_deleting_a_link_ends_it(alice: cast.Linked) -> None:
    wallet, path = wallet_of(alice), f"/v1/links/{alice.link.id}"
    assert wallet.delete(path).status_code == 204
    assert wallet.delete(path).status_code == 204
    assert wallet.get(path).json()["status"] == "ended"
    assert wallet.patch(path, {"alias": "Ada"}).status_code == 409
    assert cast.api(alice.token).get("/v1/link").status_code == 401


def test_anothers_link_is_not_there(alice: cast.Linked) -> None:
    """P10. Break: leave the holder out of `list_links`."""
    eve = cast.link(cast.holder(), cast.platform("Salon"))
    wallet, path = wallet_of(eve), f"/v1/links/{alice.link.id}"
    assert wallet.get(path).status_code == 404
    assert wallet.patch(path, {"alias": "Eve"}).status_code == 404
    assert wallet.delete(path).status_code == 404
    assert alice.link.id not in wallet.get("/v1/links").content.decode()
    person = sign_up()
    assert person.client.get(f"/links/{alice.link.id}").status_code == 404
    assert person.client.post(f"/links/{alice.link.id}/end").status_code == 404
    assert Link.objects.get(pk=alice.link.id).status == "active"


def test_the_page_changes_a_mandate_with_the_passkey_alone() -> None:
    """Break: leave `stepup.require` out of `LinkPage.post`."""
    person = sign_up()
    linked = cast.link(person.holder, cast.platform(), alias="Alma")
    form = {"one_tap": "on", "per_payment": "5", "per_day": "12.50", "alias": ""}
    assert person.client.get(f"/links/{linked.link.id}").status_code == 200
    assert person.client.post(f"/links/{linked.link.id}", form)["Location"].startswith("/step-up")
    person.step_up()
    assert person.client.post(f"/links/{linked.link.id}", form).status_code == 302
    link = Link.objects.get(pk=linked.link.id)
    assert (link.mandate.per_payment_minor, link.mandate.per_day_minor, link.alias) == (500, 1250, "Alma")
    assert person.client.post(f"/links/{linked.link.id}", {**form, "per_day": "1"}).status_code == 422
    assert linked.link.id in person.client.get("/links").content.decode()


def send(person: Person, linked: cast.Linked, body: dict[str, Any]) -> int:
    path = f"/v1/links/{linked.link.id}"
    status: int = person.client.patch(path, json.dumps(body), content_type="application/json").status_code
    return status


def test_a_browser_signed_in_changes_a_mandate_with_the_passkey_alone() -> None:
    """P16. Break: leave `stepup.require` out of `LinkView.patch`."""
    person = sign_up()
    linked = cast.link(person.holder, cast.platform(), per_payment=100, per_day=100)
    more = {"mandate": {"per_day": {"value": 99_999, "currency": "EUR"}}}
    assert send(person, linked, more) == 403
    assert Mandate.objects.get(link=linked.link).per_day_minor == 100
    assert send(person, linked, {"alias": "Ada"}) == 200
    person.step_up()
    assert send(person, linked, more) == 200
    assert Mandate.objects.get(link=linked.link).per_day_minor == 99_999


def test_after_a_recovery_no_mandate_grows() -> None:
    """P15. Break: leave `acts.may` out of `LinkView.patch`."""
    person = sign_up()
    linked = cast.link(person.holder, cast.platform(), per_payment=100, per_day=100)
    person.step_up()
    person.holder.recovered_at = clock.now()
    person.holder.save()
    assert send(person, linked, {"mandate": {"per_day": {"value": 99_999, "currency": "EUR"}}}) == 403


def test_of_two_changes_at_once_neither_undoes_the_other(alice: cast.Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    """settled.md 16. Break: read the mandate in `patch`, before the link's lock."""
    real = links.lock_link

    def switched_off_meanwhile(link_id: str) -> Link | None:
        locked = real(link_id)
        Mandate.objects.filter(link_id=link_id).update(one_tap=False)
        return locked

    monkeypatch.setattr(links, "lock_link", switched_off_meanwhile)
    changed = {"mandate": {"per_payment": {"value": 500, "currency": "EUR"}}}
    assert wallet_of(alice).patch(f"/v1/links/{alice.link.id}", changed).status_code == 200
    mandate = Mandate.objects.get(link=alice.link)
    assert (mandate.one_tap, mandate.per_payment_minor) == (False, 500)


def test_limits_in_another_currency_than_the_card_link_nothing() -> None:
    """Break: put the proposal, one tap and all, in the place of terms that nobody has seen."""
    person = cast.holder()
    card = cast.card(person, 500, "USD")
    with pytest.raises(links.CardUnusable):
        cast.link(person, cast.platform(), card_id=card.id, one_tap=False)
    assert not Link.objects.filter(holder_id=person.id, status="active").exists()


def test_whom_the_law_lets_pay_nobody_links_without_payments(settings: Settings) -> None:
    """settled.md 9. Break: leave `tiers.require` out of `confirm_link`."""
    settings.REGIME = "eu-amld5"
    person = cast.holder()
    with pytest.raises(tiers.TierInsufficient):
        cast.link(person, cast.platform())
    tiers.set_tier(holder_id=person.id, tier=Tier.VERIFIED, now=clock.now())
    assert cast.link(person, cast.platform()).link.can_pay
