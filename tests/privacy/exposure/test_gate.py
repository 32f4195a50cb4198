"""What leaves is written down for each person it is about, and nobody reads another's part."""

import hashlib
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import connection, transaction

from privacy.consent import consents
from privacy.crypto.keyring import keyring
from privacy.exposure import gate, log, records
from privacy.exposure.grants import Grant, GrantForged
from privacy.exposure.models import Count, Disclosure, Exposure, Recipient
from privacy.exposure.schema import ClosedSchema, classes_of
from privacy.fields import Basis, Channel, FieldClass, Purpose
from tests.privacy.exposure.bodies import AskBody, AskPage, FindingBody, SplitBody, ask
from tests.support.clockwork import clock_moved
from wallet.core import clock
from wallet.core.errors import Kind
from wallet.core.ids import new_id
from wallet.core.money import Money
from wallet.core.transactions import TransactionMissing


def disclose(
    recipient: Recipient, body: dict[str, Any], subjects: dict[str, str | None], *,
    schema: type[ClosedSchema] = AskBody, basis: Basis = Basis.CONTRACT,
) -> gate.Grant:  # fmt: skip
    with transaction.atomic():
        return gate.disclose(
            recipient=recipient, schema=schema, body=body, subjects=subjects, purpose=Purpose.PAYMENT, basis=basis,
            channel=Channel.API, request_id="req_test",
        )  # fmt: skip


def kept(exposure: Exposure) -> Any:
    sealed = bytes(exposure.body_sealed)
    return orjson.loads(records.open_body(exposure_id=exposure.id, holder_id=exposure.holder_id, sealed=sealed))


def record(exposure: Exposure) -> dict[str, Any]:
    sealed = bytes(exposure.record_sealed)
    return records.open_record(exposure_id=exposure.id, holder_id=exposure.holder_id, sealed=sealed).facts


@pytest.mark.django_db
class TestTheLog:
    def test_a_body_about_two_people_is_one_disclosure_and_an_exposure_for_each(
        self, platform: Recipient, alice: str, bob: str
    ) -> None:
        body = ask()
        grant = disclose(platform, body, {"payee": alice, "payer": bob})
        disclosed = Disclosure.objects.get(digest=grant.digest)
        assert {one.holder_id for one in disclosed.exposures.all()} == {alice, bob}
        assert grant.digest == hashlib.sha256(grant.body).digest()
        assert orjson.loads(grant.body) == {
            **body, "amount": {"value": 2000, "currency": "EUR"}, "created_at": "2026-11-23T12:00:00Z",
        }  # fmt: skip

    def test_nobody_reads_the_handle_of_the_other(self, platform: Recipient, alice: str, bob: str) -> None:
        """Break: Sight returns the value of a member about somebody else."""
        body = ask()
        disclose(platform, body, {"payee": alice, "payer": bob})
        for mine, other, holder_id in (("payee", "payer", alice), ("payer", "payee", bob)):
            exposure = Exposure.objects.get(holder_id=holder_id)
            seen = kept(exposure)
            assert seen[mine] == body[mine]
            assert seen[other] is None
            assert record(exposure)["withheld"] == [f"/{other}"]
            opened = records.open_record(
                exposure_id=exposure.id, holder_id=holder_id, sealed=bytes(exposure.record_sealed)
            )
            assert body[other].encode() not in opened.canonical + orjson.dumps(seen)

    def test_who_pays_themselves_has_one_exposure_with_everything(self, platform: Recipient, alice: str) -> None:
        grant = disclose(platform, ask(), {"payee": alice, "payer": alice})
        exposure = Exposure.objects.get(holder_id=alice)
        assert record(exposure)["withheld"] == []
        assert record(exposure)["kept"] == grant.digest.hex()

    def test_the_record_says_who_got_which_classes_why_and_when(self, platform: Recipient, alice: str) -> None:
        grant = disclose(platform, ask(payer=None, note=None), {"payee": alice, "payer": None})
        exposure = Exposure.objects.get(holder_id=alice)
        facts = record(exposure)
        assert facts["recipient"] == {"id": platform.id, "kind": "platform", "name": "Chatter"}
        assert (
            facts["fields"]
            == exposure.fields
            == sorted(["object.id", "payment.amount", "link.handle", "payment.status", "object.time"])
        )
        assert (facts["purpose"], facts["basis"], facts["channel"]) == ("payment", "contract", "api")
        assert (facts["digest"], facts["request"], facts["holder"]) == (grant.digest.hex(), "req_test", alice)
        assert facts["at"] == records.time_text(exposure.at)

    def test_an_element_about_another_person_is_null_as_a_whole(
        self, platform: Recipient, alice: str, bob: str
    ) -> None:
        body = {
            "id": new_id("split"), "payee": new_id("link"), "labels": ["menu"], "button": {"title": "Pay"},
            "shares": [{"amount": Money(n, "EUR"), "payer": new_id("link")} for n in (700, 800)],
        }  # fmt: skip
        subjects = {"payee": alice, "payer": None, "/shares/0#payer": alice, "/shares/1#payer": bob}
        disclose(platform, body, subjects, schema=SplitBody)
        for_alice, for_bob = (Exposure.objects.get(holder_id=one) for one in (alice, bob))
        assert record(for_alice)["withheld"] == ["/shares/1"]
        assert kept(for_alice)["shares"][1] is None
        assert sorted(record(for_bob)["withheld"]) == ["/id", "/labels/0", "/payee", "/shares/0"]
        assert kept(for_bob)["button"] == {"title": "Pay"}
        assert for_bob.fields == ["link.handle", "payment.amount"]

    def test_a_list_shows_each_person_their_own_rows(self, platform: Recipient, alice: str, bob: str) -> None:
        rows = [ask(payer=None), ask(payer=None), ask()]
        subjects = {
            "/data/0#payee": alice, "/data/0#payer": None, "/data/1#payee": bob, "/data/1#payer": None,
            "/data/2#payee": alice, "/data/2#payer": bob,
        }  # fmt: skip
        disclose(platform, {"data": rows, "next_cursor": None}, subjects, schema=AskPage)
        exposure = Exposure.objects.get(holder_id=alice)
        assert record(exposure)["withheld"] == ["/data/1", "/data/2/payer"]

    def test_what_is_about_nobody_is_counted_and_not_logged(self, platform: Recipient) -> None:
        disclose(platform, {"found": True}, {}, schema=FindingBody)
        disclose(platform, {"data": [], "next_cursor": None}, {}, schema=AskPage)
        counted = {row.schema: row.count for row in Count.objects.filter(recipient=platform)}
        assert counted == {"test_finding": 1, "test_ask_page": 1}
        assert not Disclosure.objects.filter(recipient=platform).exists()

    def test_counts_of_days_that_are_over_become_one_row_a_month(self, platform: Recipient) -> None:
        """Breaks: fold the present day; put the sum in the place of the one that is there."""

        def counted() -> list[tuple[int, int]]:
            rows = Count.objects.filter(recipient_id=platform.id, schema="test_folded")
            return [(row.shard, row.count) for row in rows.order_by("day", "shard")]

        def count(times: int) -> None:
            for _ in range(times):
                gate.count(recipient=platform, schema="test_folded", channel=Channel.API)

        count(30)
        log.fold_counts()
        assert sum(one for _shard, one in counted()) == 30
        assert len(counted()) > 1
        with clock_moved(timedelta(days=45)):
            log.fold_counts()
            assert counted() == [(-1, 30)]
        for more in (3, 2):
            with clock_moved(timedelta(days=45)):
                count(more)
            with clock_moved(timedelta(days=46)):
                log.fold_counts()
            assert sum(one for shard, one in counted() if shard >= 0) == more, "yesterday's stay a day"
            with clock_moved(timedelta(days=48)):
                log.fold_counts()
        assert counted() == [(-1, 30), (-1, 5)]

    @pytest.mark.django_db(transaction=True)
    def test_who_has_left_gets_no_exposure(self, platform: Recipient, alice: str, bob: str) -> None:
        keyring.destroy(holder_id=bob, keys="life")
        disclose(platform, ask(), {"payee": alice, "payer": bob})
        assert Exposure.objects.filter(holder_id=alice).count() == 1
        assert not Exposure.objects.filter(holder_id=bob).exists()

    def test_an_unsequenced_row_waits_for_the_sealer(self, platform: Recipient, alice: str) -> None:
        disclose(platform, ask(payer=None), {"payee": alice, "payer": None})
        exposure = Exposure.objects.get(holder_id=alice)
        assert exposure.leaf_index is exposure.leaf is exposure.counter_sealed is exposure.previous_sealed is None
        with connection.cursor() as cursor:
            cursor.execute("SELECT xid = pg_current_xact_id() FROM privacy_exposure WHERE id = %s", [exposure.id])
            assert cursor.fetchone() == (True,)


@pytest.mark.django_db
class TestTheBody:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"extra": 1}, {"note": "x" * 141}, {"note": 5}, {"status": "closed"}, {"id": "preq_1"}, {"id": None},
            {"amount": {"value": 1.0, "currency": "EUR"}}, {"amount": {"value": 1, "currency": "EUR", "more": 1}},
            {"amount": {"value": True, "currency": "EUR"}}, {"created_at": "yesterday"}, {"payee": "holder_" + "a" * 22},
        ],
        ids=str,
    )  # fmt: skip
    def test_a_body_that_does_not_fit_never_leaves(
        self, platform: Recipient, alice: str, wrong: dict[str, Any]
    ) -> None:
        with pytest.raises(gate.BodyNotClosed):
            disclose(platform, ask(**wrong), {"payee": alice, "payer": None})
        assert not Exposure.objects.filter(holder_id=alice).exists()

    def test_a_missing_member_is_refused(self, platform: Recipient, alice: str) -> None:
        body = ask()
        del body["note"]
        with pytest.raises(gate.BodyNotClosed):
            disclose(platform, body, {"payee": alice, "payer": None})

    def test_a_role_that_nobody_names_is_refused(self, platform: Recipient, alice: str) -> None:
        """Break: a role that is not named counts as nobody."""
        with pytest.raises(gate.BodyNotClosed, match="payer"):
            disclose(platform, ask(), {"payee": alice})

    def test_the_refusal_names_a_place_and_never_a_value(self, platform: Recipient, alice: str) -> None:
        with pytest.raises(gate.BodyNotClosed) as refused:
            disclose(platform, ask(note="DE89370400440532013000" * 9), {"payee": alice, "payer": None})
        assert "DE89" not in str(refused.value)

    def test_more_than_25_rows_do_not_leave(self, platform: Recipient, alice: str) -> None:
        rows = [ask(payer=None) for _ in range(26)]
        with pytest.raises(gate.BodyNotClosed):
            disclose(platform, {"data": rows, "next_cursor": None}, {"payee": alice, "payer": None}, schema=AskPage)


@pytest.mark.django_db
class TestConsent:
    def give(self, holder_id: str, platform: Recipient, classes: set[FieldClass]) -> None:
        with transaction.atomic():
            consents.give(
                holder_id=holder_id, recipient_id=platform.id, document={"a": 1}, classes=classes, now=clock.now()
            )

    def test_without_a_consent_nothing_leaves_on_consent(self, platform: Recipient, alice: str) -> None:
        with pytest.raises(gate.ConsentMissing):
            disclose(platform, ask(payer=None), {"payee": alice, "payer": None}, basis=Basis.CONSENT)
        assert not Exposure.objects.filter(holder_id=alice).exists()

    def test_with_one_it_does(self, platform: Recipient, alice: str) -> None:
        self.give(alice, platform, set(classes_of(AskBody)))
        disclose(platform, ask(payer=None), {"payee": alice, "payer": None}, basis=Basis.CONSENT)
        assert Exposure.objects.get(holder_id=alice).disclosure.basis == "consent"

    def test_a_withdrawn_one_does_not_count(self, platform: Recipient, alice: str) -> None:
        """Break: consent_covers without `withdrawn_at IS NULL`."""
        self.give(alice, platform, set(classes_of(AskBody)))
        with transaction.atomic():
            assert consents.withdraw(holder_id=alice, recipient_id=platform.id)
        with pytest.raises(gate.ConsentMissing):
            disclose(platform, ask(payer=None), {"payee": alice, "payer": None}, basis=Basis.CONSENT)

    def test_a_narrower_one_does_not_cover(self, platform: Recipient, alice: str) -> None:
        self.give(alice, platform, set(classes_of(AskBody)) - {FieldClass.PAYMENT_NOTE})
        people = {"payee": alice, "payer": None}
        with pytest.raises(gate.ConsentMissing):
            disclose(platform, ask(payer=None), people, basis=Basis.CONSENT)
        disclose(platform, ask(payer=None, note=None), people, basis=Basis.CONSENT)

    def test_everybody_in_the_body_must_have_consented(self, platform: Recipient, alice: str, bob: str) -> None:
        self.give(alice, platform, set(classes_of(AskBody)))
        with pytest.raises(gate.ConsentMissing):
            disclose(platform, ask(), {"payee": alice, "payer": bob}, basis=Basis.CONSENT)


class TestGrants:
    def test_only_the_gate_makes_one(self) -> None:
        with pytest.raises(GrantForged):
            Grant(b"{}", "application/json", "test_ask", object())

    def test_a_grant_does_not_print_its_bytes(self) -> None:
        from privacy.exposure.grants import GATE

        assert "pizza" not in repr(Grant(b"pizza", "application/json", "test_ask", GATE))

    @pytest.mark.django_db(transaction=True)
    def test_the_gate_works_in_a_transaction_only(self, platform: Recipient, alice: str) -> None:
        with pytest.raises(TransactionMissing):
            gate.disclose(
                recipient=platform, schema=AskBody, body=ask(payer=None), subjects={"payee": alice, "payer": None},
                purpose=Purpose.PAYMENT, basis=Basis.CONTRACT, channel=Channel.API,
            )  # fmt: skip

    @pytest.mark.django_db
    def test_a_prepared_grant_is_written_by_the_callers_own_sql(self, platform: Recipient, alice: str) -> None:
        prepared = gate.prepare(
            recipient=platform, schema=AskBody, body=ask(payer=None), subjects={"payee": alice, "payer": None},
            purpose=Purpose.PAYMENT, basis=Basis.CONTRACT, channel=Channel.NETWORK, now=clock.now(),
        )  # fmt: skip
        assert not Exposure.objects.filter(holder_id=alice).exists()
        with connection.cursor() as cursor:
            cursor.execute("SELECT exposure_disclose(%s)", [prepared.parameters])
        assert bytes(Exposure.objects.get(holder_id=alice).disclosure.digest) == prepared.grant.digest

    def test_a_refusal_is_a_503(self) -> None:
        assert gate.DisclosureRefused.kind is Kind.UNAVAILABLE
