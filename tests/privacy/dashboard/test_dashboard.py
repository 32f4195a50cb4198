"""A holder sees who knows what about them, down to the bytes, and nothing about anybody else."""

import hashlib
import json
from io import StringIO
from typing import Any

import orjson
import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils.translation import override

from privacy.consent import consents, receipts
from privacy.dashboard.comparison import compare
from privacy.dashboard.front import about
from privacy.dashboard.matrix import KIND_LABELS
from privacy.exposure import gate, log, recipients
from privacy.exposure.models import Recipient, RecipientKind
from privacy.fields import Basis, Channel, FieldClass, Purpose
from tests.privacy.exposure.bodies import AskBody, ask
from wallet.core import clock
from wallet.core.ids import new_id
from wallet.users.models import Holder

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> Holder:
    return Holder.objects.create()


@pytest.fixture
def bob() -> Holder:
    return Holder.objects.create()


@pytest.fixture
def platform() -> Recipient:
    return recipients.register(kind=RecipientKind.PLATFORM, ref=new_id("plat"), name="Chatter <b>")


def signed_in(holder: Holder) -> Client:
    client = Client()
    client.force_login(holder, backend="django.contrib.auth.backends.ModelBackend")
    return client


def send(platform: Recipient, payee: Holder, payer: Holder | None = None, **other: Any) -> dict[str, Any]:
    body = ask(**other) if payer else ask(payer=None, **other)
    with transaction.atomic():
        gate.disclose(
            recipient=platform, schema=AskBody, body=body,
            subjects={"payee": payee.pk, "payer": payer.pk if payer else None},
            purpose=Purpose.PAYMENT, basis=Basis.CONTRACT, channel=Channel.API,
        )  # fmt: skip
    return body


class TestPages:
    def test_the_first_page_shows_recipients_and_classes_with_counts(self, platform: Recipient, alice: Holder) -> None:
        send(platform, alice)
        send(platform, alice, note=None)
        page = signed_in(alice).get("/privacy").content.decode()
        assert "Chatter &lt;b&gt;" in page
        assert "the amount that was asked for, paid or received" in page
        assert "Chatter &lt;b&gt;, amount: 2 times" in page
        assert "Chatter &lt;b&gt;, note: 1 time" in page

    def test_every_sort_of_recipient_has_a_row_and_a_word_in_both_languages(self, alice: Holder) -> None:
        """V15. Break: leave the staff out of `gather`."""
        parties = [recipients.register(kind=kind, ref=new_id("ref"), name=f"No {kind}") for kind in RecipientKind]
        for party in parties:
            send(party, alice)
        for language in ("en", "fr"):
            page = signed_in(alice).get("/privacy", headers={"accept-language": language}).content.decode()
            assert [one.kind for one in parties if f"/privacy/recipients/{one.id}" not in page] == []
            with override(language):
                assert [kind for kind in RecipientKind if str(KIND_LABELS[kind]) not in page] == []

    def test_a_wallet_that_told_nothing_says_so(self, alice: Holder) -> None:
        page = signed_in(alice).get("/privacy").content.decode()
        assert "Nobody has received anything about you." in page
        assert "your name" in page

    def test_messages_are_counted_and_not_kept(self, platform: Recipient, alice: Holder) -> None:
        send(platform, alice)
        with transaction.atomic():
            for _ in range(3):
                gate.count(recipient=platform, schema=log.SUGGESTION, channel=Channel.API)
        assert (
            "sent 3 messages for detection; they are not tied to anyone and were not kept"
            in signed_in(alice).get("/privacy").content.decode()
        )

    def test_a_cell_opens_into_the_list_and_the_list_into_the_bytes(self, platform: Recipient, alice: Holder) -> None:
        body = send(platform, alice)
        client = signed_in(alice)
        listed = client.get("/privacy/exposures", {"recipient": platform.id, "field": "payment.amount"})
        mine = log.list_exposures(holder_id=alice.pk).get()
        assert f"/privacy/exposures/{mine.id}" in listed.content.decode()
        assert mine.id not in client.get("/privacy/exposures", {"field": "balance"}).content.decode()
        page = client.get(f"/privacy/exposures/{mine.id}").content.decode()
        assert body["id"] in page
        raw = client.get(f"/privacy/exposures/{mine.id}/bytes")
        assert hashlib.sha256(raw.content).digest() == bytes(mine.disclosure.digest)
        assert raw.headers["Content-Disposition"].startswith("attachment")

    def test_nobody_sees_the_part_of_the_other(self, platform: Recipient, alice: Holder, bob: Holder) -> None:
        """Break: keep the whole body in each exposure."""
        body = send(platform, alice, bob)
        mine = log.list_exposures(holder_id=bob.pk).get()
        page = signed_in(bob).get(f"/privacy/exposures/{mine.id}").content.decode()
        assert body["payer"] in page
        assert body["payee"] not in page
        assert "/payee" in page

    def test_anothers_exposure_is_not_found(self, platform: Recipient, alice: Holder, bob: Holder) -> None:
        """Break: get_exposure does not filter by holder."""
        send(platform, alice)
        mine = log.list_exposures(holder_id=alice.pk).get()
        for path in (f"/privacy/exposures/{mine.id}", f"/privacy/exposures/{mine.id}/bytes", "/privacy/exposures/x"):
            assert signed_in(bob).get(path).status_code == 404
        foreign = signed_in(bob).get("/privacy/exposures", {"recipient": platform.id}).content.decode()
        assert "Chatter" not in foreign

    def test_a_receipt_can_be_taken_home(self, platform: Recipient, alice: Holder, bob: Holder) -> None:
        with transaction.atomic():
            given = consents.give(
                holder_id=alice.pk, recipient_id=platform.id, document={"shown": True},
                classes={FieldClass.LINK_HANDLE}, now=clock.now(),
            )  # fmt: skip
        path = f"/privacy/consents/{given.id}/receipt"
        assert receipts.verify(signed_in(alice).get(path).content)["document"] == {"shown": True}
        assert signed_in(bob).get(path).status_code == 404
        assert path in signed_in(alice).get("/privacy").content.decode()

    def test_a_recipient_has_a_page_of_its_own(self, platform: Recipient, alice: Holder, bob: Holder) -> None:
        """Break: look the recipient up by its id alone."""
        send(platform, alice)
        page = signed_in(alice).get(f"/privacy/recipients/{platform.id}").content.decode()
        assert "What Chatter &lt;b&gt; would have known with your bank card" in page
        assert "the amount that was asked for, paid or received" in page
        for path in (f"/privacy/recipients/{platform.id}", "/privacy/recipients/x"):
            assert signed_in(bob).get(path).status_code == 404

    def test_promised_is_held_against_sent(self, platform: Recipient, alice: Holder) -> None:
        """Break: take what was sent for what was allowed."""
        given = {FieldClass.LINK_HANDLE, FieldClass.PAYMENT_AMOUNT, FieldClass.ACCESS_TOKEN}
        with transaction.atomic():
            consents.give(
                holder_id=alice.pk, recipient_id=platform.id, document={}, classes=given, now=clock.now()
            )  # fmt: skip
        send(platform, alice)
        shown = about(alice.pk, platform.id, clock.now()).kept
        assert shown is not None
        assert (shown.allowed_and_sent, shown.allowed_never_sent) == (("amount", "link handle"), ("access token",))
        assert (shown.once_allowed, shown.beside[-1]) == ((), "note")
        with transaction.atomic():
            consents.withdraw(holder_id=alice.pk, recipient_id=platform.id)
        shown = about(alice.pk, platform.id, clock.now()).kept
        assert shown is not None
        assert (shown.allowed_and_sent, shown.once_allowed) == ((), ("amount", "link handle"))

    def test_the_comparison_is_read_off_the_log(self) -> None:
        """Break: print "no" for whatever a bank card would tell."""
        told = compare("Chatter", ["payment.amount", "link.handle"])
        assert (told.with_a_card, told.here) == (7, 2)
        assert compare("Chatter", ["identity.name", "card.number.bank"]).here == 5

    def test_strangers_are_sent_to_the_door(self) -> None:
        assert Client().get("/privacy").status_code == 302

    @pytest.mark.parametrize("query", [{"field": "x"}, {"recipient": "x"}, {"cursor": "x"}])
    def test_a_question_that_makes_no_sense_is_not_found(self, alice: Holder, query: dict[str, str]) -> None:
        assert signed_in(alice).get("/privacy/exposures", query).status_code == 404


class TestApi:
    def test_the_list_has_the_shape_of_the_contract(self, platform: Recipient, alice: Holder, bob: Holder) -> None:
        send(platform, alice, bob)
        body = signed_in(alice).get("/v1/exposures").json()
        assert set(body) == {"data", "next_cursor"}
        (one,) = body["data"]
        assert set(one) == {
            "id", "at", "recipient", "fields", "purpose", "basis", "channel", "digest", "withheld", "sealed",
            "leaf_index",
        }  # fmt: skip
        assert one["recipient"] == {"kind": "platform", "id": platform.id, "name": "Chatter <b>"}
        assert (one["withheld"], one["sealed"], one["leaf_index"]) == (["/payer"], False, None)

    def test_it_is_newest_first_in_pages(self, platform: Recipient, alice: Holder) -> None:
        for _ in range(3):
            send(platform, alice)
        client = signed_in(alice)
        first = client.get("/v1/exposures", {"limit": "2"}).json()
        second = client.get("/v1/exposures", {"limit": "2", "cursor": first["next_cursor"]}).json()
        times = [one["at"] for one in first["data"] + second["data"]]
        assert len(times) == 3
        assert times == sorted(times, reverse=True)

    def test_one_has_the_exact_text_that_left(self, platform: Recipient, alice: Holder) -> None:
        body = send(platform, alice)
        client = signed_in(alice)
        (listed,) = client.get("/v1/exposures").json()["data"]
        one = client.get(f"/v1/exposures/{listed['id']}").json()
        assert {name: one[name] for name in listed} == listed
        assert hashlib.sha256(one["body"].encode()).hexdigest() == one["digest"]
        assert orjson.loads(one["body"])["id"] == body["id"]

    @pytest.mark.django_db(transaction=True)
    def test_a_proof_waits_for_the_seal(self, platform: Recipient, alice: Holder) -> None:
        send(platform, alice)
        mine = log.list_exposures(holder_id=alice.pk).get()
        response = signed_in(alice).get(f"/v1/exposures/{mine.id}/proof")
        assert (response.status_code, response.headers["Retry-After"]) == (409, "1")
        assert response.json()["type"].endswith("/problems/not-sealed-yet")

    @pytest.mark.django_db(transaction=True)
    def test_anothers_is_a_404(self, platform: Recipient, alice: Holder, bob: Holder) -> None:
        send(platform, alice)
        mine = log.list_exposures(holder_id=alice.pk).get()
        for path in (f"/v1/exposures/{mine.id}", f"/v1/exposures/{mine.id}/proof", "/v1/exposures/xpo_1"):
            assert signed_in(bob).get(path).status_code == 404
        assert signed_in(bob).get("/v1/exposures").json()["data"] == []


def test_the_route_manifest_is_one_json_document() -> None:
    out = StringIO()
    call_command("routes", "--json", stdout=out)
    routes = {route["path"]: route for route in json.loads(out.getvalue())}
    assert routes["/v1/exposures"]["audience"] == "holder"
    assert routes["/v1/exposures"]["scopes"]["GET"] == ["wallet:read"]
    assert routes["/privacy"]["view"] == "privacy.dashboard.pages.dashboard"
