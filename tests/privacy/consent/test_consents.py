"""What was shown is kept literally, signed, and ends when the holder says so."""

import base64
import threading
import time
from datetime import timedelta
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection, transaction

from privacy.consent import consents, receipts
from privacy.consent.models import Consent as ConsentRow
from privacy.exposure import gate, recipients
from privacy.exposure.models import RecipientKind
from privacy.fields import Basis, Channel, FieldClass, Purpose
from tests.privacy.exposure.bodies import AskBody, ask
from wallet.core import clock
from wallet.core.errors import NotFound
from wallet.core.ids import new_id

CLASSES = {FieldClass.PAYMENT_AMOUNT, FieldClass.LINK_HANDLE}
SHOWN = {"id": "preq_…", "amount": {"value": 2000, "currency": "EUR"}, "note": None}


def give(holder_id: str, recipient_id: str, **other: Any) -> consents.Consent:
    with transaction.atomic():
        return consents.give(
            **{
                "holder_id": holder_id, "recipient_id": recipient_id, "document": SHOWN, "classes": CLASSES,
                "now": clock.now(), **other,
            }
        )  # fmt: skip


@pytest.fixture
def alice() -> str:
    return new_id("holder")


@pytest.fixture
def recipient_id() -> str:
    return new_id("rcp")


@pytest.mark.django_db
class TestConsent:
    def test_it_keeps_the_literal_document(self, alice: str, recipient_id: str) -> None:
        made = give(alice, recipient_id)
        assert orjson.loads(made.document) == SHOWN
        (kept,) = consents.history(holder_id=alice)
        assert (kept.document, kept.receipt, kept.classes) == (made.document, made.receipt, frozenset(CLASSES))
        row = ConsentRow.objects.get(pk=made.id)
        assert b"2000" not in bytes(row.document_sealed) + bytes(row.receipt_sealed)

    def test_it_is_live_until_it_is_withdrawn(self, alice: str, recipient_id: str) -> None:
        assert not consents.is_live(holder_id=alice, recipient_id=recipient_id)
        give(alice, recipient_id)
        assert consents.live_classes(holder_id=alice, recipient_id=recipient_id) == CLASSES
        with transaction.atomic():
            assert consents.withdraw(holder_id=alice, recipient_id=recipient_id)
            assert not consents.withdraw(holder_id=alice, recipient_id=recipient_id)
        assert not consents.is_live(holder_id=alice, recipient_id=recipient_id)
        assert consents.live_classes(holder_id=alice, recipient_id=recipient_id) == frozenset()
        assert consents.history(holder_id=alice)[0].withdrawn_at is not None

    def test_it_ends_by_itself_on_its_day(self, alice: str, recipient_id: str) -> None:
        give(alice, recipient_id, ends_at=clock.now() - timedelta(seconds=1))
        assert not consents.is_live(holder_id=alice, recipient_id=recipient_id)

    def test_giving_again_supersedes_and_counts_on(self, alice: str, recipient_id: str) -> None:
        """Break: consent_give without consent_withdraw (the partial unique index refuses it)."""
        give(alice, recipient_id)
        second = give(alice, recipient_id, classes={FieldClass.OBJECT_ID})
        assert second.version == 2
        assert [one.withdrawn_at is None for one in consents.history(holder_id=alice)] == [True, False]
        assert consents.live_classes(holder_id=alice, recipient_id=recipient_id) == {FieldClass.OBJECT_ID}

    def test_it_says_nothing_about_another_recipient(self, alice: str, recipient_id: str) -> None:
        give(alice, recipient_id)
        assert not consents.is_live(holder_id=alice, recipient_id=new_id("rcp"))
        assert not consents.is_live(holder_id=new_id("holder"), recipient_id=recipient_id)

    def test_another_holders_consent_is_nowhere(self, alice: str, recipient_id: str) -> None:
        made = give(alice, recipient_id)
        assert consents.get_consent(holder_id=alice, consent_id=made.id).id == made.id
        for asked in (made.id, "cns_1", "\0"):
            with pytest.raises(NotFound):
                consents.get_consent(holder_id=new_id("holder"), consent_id=asked)


@pytest.mark.django_db
class TestReceipt:
    def test_it_says_who_allowed_what_to_whom(self, alice: str, recipient_id: str) -> None:
        facts = receipts.verify(give(alice, recipient_id).receipt)
        assert (facts["holder"], facts["recipient"], facts["consent_version"]) == (alice, recipient_id, 1)
        assert facts["field_classes"] == sorted(CLASSES)
        assert facts["document"] == SHOWN

    def test_one_changed_word_breaks_it(self, alice: str, recipient_id: str) -> None:
        """Break: `verify` does not check the signature."""
        signed = orjson.loads(give(alice, recipient_id).receipt)
        signed["receipt"]["field_classes"].append("balance")
        with pytest.raises(receipts.ReceiptInvalid):
            receipts.verify(orjson.dumps(signed))

    def test_the_key_in_it_is_not_what_it_is_checked_against(self, alice: str, recipient_id: str) -> None:
        """Break: `verify` takes the public key from the receipt."""
        signed = orjson.loads(give(alice, recipient_id).receipt)
        forged = Ed25519PrivateKey.generate()
        canonical = orjson.dumps(signed["receipt"], option=orjson.OPT_SORT_KEYS)
        value = forged.sign(b"paravent/consent-receipt/v1\0" + canonical)
        signed["signature"]["value"] = base64.b64encode(value).decode()
        signed["signature"]["public_key"] = base64.b64encode(forged.public_key().public_bytes_raw()).decode()
        with pytest.raises(receipts.ReceiptInvalid):
            receipts.verify(orjson.dumps(signed))
        assert receipts.verify(orjson.dumps(signed), public_key=forged.public_key().public_bytes_raw())

    @pytest.mark.parametrize("junk", [b"", b"[]", b"{}", b'{"receipt": {}, "signature": {"value": "%"}}'])
    def test_junk_is_no_receipt(self, junk: bytes) -> None:
        with pytest.raises(receipts.ReceiptInvalid):
            receipts.verify(junk)


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_comes_wholly_before_or_wholly_after_a_disclosure(alice: str) -> None:
    """Break: consent_covers without FOR SHARE: the withdrawal returns while the body is still to be sent."""
    recipient = recipients.register(kind=RecipientKind.PLATFORM, ref=new_id("plat"), name="Chatter")
    give(alice, recipient.id, classes=set(FieldClass))
    waited: list[float] = []

    def withdraw() -> None:
        began = time.monotonic()
        try:
            with transaction.atomic():
                consents.withdraw(holder_id=alice, recipient_id=recipient.id)
            waited.append(time.monotonic() - began)
        finally:
            connection.close()

    def disclose() -> None:
        gate.disclose(
            recipient=recipient, schema=AskBody, body=ask(payer=None), subjects={"payee": alice, "payer": None},
            purpose=Purpose.PAYMENT, basis=Basis.CONSENT, channel=Channel.API,
        )  # fmt: skip

    thread = threading.Thread(target=withdraw)
    with transaction.atomic():
        disclose()
        thread.start()
        time.sleep(0.3)
        assert waited == []
    thread.join(5)
    assert waited[0] < 1
    with pytest.raises(gate.ConsentMissing), transaction.atomic():
        disclose()
