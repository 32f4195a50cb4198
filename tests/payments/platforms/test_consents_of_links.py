"""What was agreed to is what holds: each change is another consent, what was trimmed is refused, an end ends at once."""

import threading
import time

import httpx
import orjson
import pytest
from django.db import transaction
from django.test import Client

from payments.platforms import links
from payments.requests.models import PaymentRequest
from payments.requests.schemas import PaymentRequestBody, body_of, people_of
from privacy.consent import consents, receipts
from privacy.exposure import gate, recipients
from privacy.exposure.log import list_exposures
from privacy.exposure.recipients import RecipientKind
from privacy.fields import Basis, Channel, Purpose
from tests.payments import cast
from tests.support.people import sign_up
from tests.support.web import Web
from wallet.core import clock


def recipient_of(on: cast.Client3):
    return recipients.get(RecipientKind.PLATFORM, on.platform.id)


@pytest.mark.django_db
class TestHistory:
    def test_each_change_of_the_terms_is_another_receipt(self) -> None:
        """Break: `change_link` without `_agree`."""
        parlour = cast.platform()
        person = cast.holder()
        linked = cast.link(person, parlour)
        links.change_link(
            holder_id=person.id, link_id=linked.link.id, now=clock.now(),
            revise=lambda terms: type(terms)("EUR", 1_000, 2_000),
        )  # fmt: skip
        links.change_link(holder_id=person.id, link_id=linked.link.id, alias="Somebody", now=clock.now())
        second, first = links.list_consents(links.get_link(person.id, linked.link.id))
        assert (first.withdrawn_at is None, second.withdrawn_at is None) == (False, True)
        assert orjson.loads(second.document)["mandate"]["per_day"] == {"value": 2_000, "currency": "EUR"}
        assert receipts.verify(second.receipt)["consent_version"] == 2
        assert links.get_link(person.id, linked.link.id).consent_id == second.id

    def test_an_earlier_link_is_another_history(self) -> None:
        """Break: list what was ever given to the platform."""
        parlour, person = cast.platform(), cast.holder()
        first = cast.link(person, parlour)
        links.end_link(holder_id=person.id, link_id=first.link.id, actor=cast.Actor.holder(person.id), now=clock.now())
        second = cast.link(person, parlour)
        assert [one.id for one in links.list_consents(second.link)] == [second.link.consent_id]
        assert [one.id for one in links.list_consents(first.link)] == [first.link.consent_id]

    def test_the_page_shows_them_with_the_receipts_and_nobody_elses(self) -> None:
        parlour, person, other = cast.platform(), cast.holder(), cast.holder()
        linked = cast.link(person, parlour)
        client = Client()
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        page = client.get(f"/links/{linked.link.id}").content.decode()
        assert f"/privacy/consents/{linked.link.consent_id}/receipt" in page
        assert linked.link.id in page
        taken = client.get(f"/privacy/consents/{linked.link.consent_id}/receipt")
        assert receipts.verify(taken.content)["holder"] == person.id
        eve = Client()
        eve.force_login(other, backend="django.contrib.auth.backends.ModelBackend")
        assert eve.get(f"/links/{linked.link.id}").status_code == 404
        assert eve.get(f"/privacy/consents/{linked.link.consent_id}/receipt").status_code == 404

    def test_a_person_withdraws_on_the_page_and_stays(self) -> None:
        """No account ends with it, and no passkey is asked for. Break: `end_link` without `consents.withdraw`."""
        parlour, alice = cast.platform(), sign_up()
        linked = cast.link(alice.holder, parlour)
        page = f"/links/{linked.link.id}"
        assert "in force" in alice.client.get(page).content.decode()
        assert alice.client.post(f"{page}/end").status_code == 302
        assert cast.api(linked.token).get("/v1/link").status_code == 401
        after = alice.client.get(page).content.decode()
        assert (after.count("until "), "in force" in after) == (2, False), "the link and its consent"
        assert f"/privacy/consents/{linked.link.consent_id}/receipt" in after, "what was agreed to stays there to read"
        (one,) = links.list_consents(linked.link)
        assert one.withdrawn_at is not None

    def test_one_tap_is_taken_back_by_itself(self) -> None:
        """The mandate alone: the link and what the platform may know stay. Break: `change_link` without `mandates.set_terms`."""
        parlour, alice = cast.platform(), sign_up()
        linked = cast.link(alice.holder, parlour, card_id=cast.card(alice.holder, 5_000).id)
        bob, chat = cast.link(cast.holder(), parlour), cast.api(cast.chat_token(parlour))
        wish = {"payee": bob.link.id, "payer": linked.link.id, "amount": {"value": 500, "currency": "EUR"}}
        said = []
        for is_back in (False, True):
            if is_back:
                alice.step_up()
                form = {"per_payment": "30.00", "per_day": "100.00", "alias": "Quiet Otter"}
                assert alice.client.post(f"/links/{linked.link.id}", form).status_code == 302
            made = chat.post("/v1/payment-requests", wish).json()
            said.append(cast.api(linked.token).post(f"/v1/payment-requests/{made['id']}/pay").json()["status"])
        assert said == ["paid", "requires_approval"]
        assert cast.api(linked.token).get("/v1/link").json()["one_tap"] is False
        page = alice.client.get(f"/links/{linked.link.id}").content.decode()
        assert (page.count("in force"), page.count("until ")) == (1, 1)

    def test_a_note_that_was_trimmed_is_refused_by_the_gate_itself(self) -> None:
        """Break: consent to all of `agreement.CLASSES`, whatever was trimmed."""
        parlour, payee = cast.platform(), cast.holder()
        linked = cast.link(payee, parlour)
        made = cast.api(cast.chat_token(parlour)).post(
            "/v1/payment-requests",
            {"payee": linked.link.id, "payer": None, "amount": {"value": 500, "currency": "EUR"}, "note": "pizza"},
        )
        assert made.status_code == 201, made.content
        links.change_link(holder_id=payee.id, link_id=linked.link.id, hide_note=True, now=clock.now())
        request = PaymentRequest.objects.select_related("payee_link", "payer_link", "tapped_link").get(
            pk=made.json()["id"]
        )
        assert body_of(request)["note"] is None
        with pytest.raises(gate.ConsentMissing), transaction.atomic():
            gate.disclose(
                recipient=recipient_of(parlour), schema=PaymentRequestBody, body={**body_of(request), "note": "pizza"},
                subjects=people_of(request), purpose=Purpose.PAYMENT, basis=Basis.CONSENT, channel=Channel.API,
            )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_when_the_end_of_a_link_is_answered_the_platform_is_cut_off_in_every_process(webs: tuple[Web, Web]) -> None:
    """standard.md V14: within a second, tokens that a process has just used included. Break: end_link without end_tokens."""
    parlour, person = cast.platform(), cast.holder()
    linked = cast.link(person, parlour)
    bearer = {"authorization": f"Bearer {linked.token}"}
    seen: list[tuple[float, float, int]] = []
    stop = threading.Event()

    def ask(at: Web) -> None:
        with httpx.Client(base_url=at.url, headers=bearer, timeout=60) as platform:
            while not stop.is_set():
                begun = time.monotonic()
                seen.append((begun, time.monotonic(), platform.get("/v1/link").status_code))

    askers = [threading.Thread(target=ask, args=(one,)) for one in webs]
    for one in askers:
        one.start()
    try:
        end = time.monotonic() + 60
        while len(seen) < 6 and time.monotonic() < end:
            time.sleep(0.01)
        links.end_link(holder_id=person.id, link_id=linked.link.id, actor=cast.Actor.holder(person.id), now=clock.now())
        ended, count = time.monotonic(), len(seen)
        while len([one for one in seen if one[0] > ended]) < 6 and time.monotonic() < end:
            time.sleep(0.01)
    finally:
        stop.set()
        for one in askers:
            one.join(60)
    assert 200 in {code for _begun, _done, code in seen[:count]}
    after = {code for begun, _done, code in seen if begun > ended}
    assert after == {401}, "asked after the end had been answered"
    recipient = recipient_of(parlour)
    withdrawn = consents.history(holder_id=person.id, recipient_id=recipient.id)[0].withdrawn_at
    told = list_exposures(holder_id=person.id).filter(recipient_id=recipient.id).first()
    assert withdrawn is not None
    assert told is not None
    assert (told.at - withdrawn).total_seconds() < 1
