"""A holder reads their own exposures; the check of the whole log names what does not hold."""

import json
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import transaction

from privacy.crypto.keyring import keyring
from privacy.exposure import gate, log, recipients, verifying
from privacy.exposure.models import Exposure, Recipient, RecipientKind
from privacy.fields import Basis, Channel, FieldClass, Purpose
from tests import environment
from tests.privacy.exposure.bodies import AskBody, ask
from wallet.core.errors import NotFound

#: Put into everything private around a disclosure; must come out nowhere.
CANARY = "Zebulon-Quartz-FR7630006000011234567890189"


def send(platform: Recipient, subjects: dict[str, str | None], **other: Any) -> gate.Grant:
    with transaction.atomic():
        return gate.disclose(
            recipient=platform, schema=AskBody, body=ask(**other), subjects=subjects, purpose=Purpose.PAYMENT,
            basis=Basis.CONTRACT, channel=Channel.WEBHOOK,
        )  # fmt: skip


@pytest.mark.django_db
def test_a_holder_reads_the_exact_bytes(platform: Recipient, alice: str) -> None:
    grant = send(platform, {"payee": alice, "payer": None}, payer=None)
    opened = log.open_exposure(log.list_exposures(holder_id=alice).get())
    assert opened.body == grant.body
    assert opened.digest == grant.digest.hex()
    assert opened.withheld == ()


@pytest.mark.django_db
def test_nobody_opens_the_exposure_of_another(platform: Recipient, alice: str, bob: str) -> None:
    send(platform, {"payee": alice, "payer": None}, payer=None)
    mine = log.list_exposures(holder_id=alice).get()
    assert log.get_exposure(holder_id=alice, exposure_id=mine.id).id == mine.id
    for unknown in (mine.id, "xpo_1", "\0"):
        with pytest.raises(NotFound):
            log.get_exposure(holder_id=bob, exposure_id=unknown)


@pytest.mark.django_db
def test_the_tally_counts_classes_and_keeps_the_last_time(platform: Recipient, alice: str) -> None:
    send(platform, {"payee": alice, "payer": None}, payer=None)
    send(platform, {"payee": alice, "payer": None}, payer=None, note=None)
    tallies = log.tally(alice)
    counted = {one.field: one.count for one in tallies.by_class}
    assert counted[FieldClass.PAYMENT_AMOUNT] == 2
    assert counted[FieldClass.PAYMENT_NOTE] == 1
    assert tallies.times[platform.id][0] == 2


@pytest.mark.django_db
def test_the_same_recipient_is_registered_once_under_its_newest_name() -> None:
    first = recipients.register(kind=RecipientKind.NETWORK, ref="sandbox-test", name="Sandbox")
    second = recipients.register(kind=RecipientKind.NETWORK, ref="sandbox-test", name="Sandbox network")
    assert (first.id, second.name) == (second.id, "Sandbox network")
    with pytest.raises(recipients.RecipientUnknown):
        recipients.get(RecipientKind.MERCHANT, "sandbox-test")


@pytest.mark.django_db
def test_no_row_of_the_log_holds_a_value_in_clear(platform: Recipient, alice: str) -> None:
    """Break: store the body instead of the sealed body."""
    send(platform, {"payee": alice, "payer": None}, payer=None, note=CANARY)
    row = Exposure.objects.filter(holder_id=alice).values().get()
    assert CANARY not in repr({name: bytes(v) if isinstance(v, memoryview) else v for name, v in row.items()})


@pytest.mark.django_db
def test_a_refused_body_puts_no_value_into_the_error(platform: Recipient, alice: str) -> None:
    with pytest.raises(gate.BodyNotClosed) as refused:
        send(platform, {"payee": alice, "payer": None}, payer=None, note=CANARY * 9)
    assert CANARY not in str(refused.value)


@pytest.mark.django_db(transaction=True)
def test_the_check_passes_what_holds_and_names_what_was_changed(platform: Recipient, alice: str, bob: str) -> None:
    """Break: `_fault` compares nothing."""
    send(platform, {"payee": alice, "payer": bob})
    keyring.destroy(holder_id=bob, keys="life")
    out = StringIO()
    call_command("verify_exposures", "--json", stdout=out)
    verdict = json.loads(out.getvalue())
    assert (verdict["ok"], verdict["faults"]) == (True, [])
    assert verdict["erased"] >= 1
    with psycopg.connect(environment.URLS["owner"].replace("{db}", environment.DATABASE), autocommit=True) as owner:
        changes = {
            "UPDATE privacy_exposure SET fields = '{balance}' WHERE holder_id = %s": "fields",
            "UPDATE privacy_exposure SET body_sealed = record_sealed WHERE holder_id = %s": "open",
        }
        for change, word in changes.items():
            before = owner.execute(
                "SELECT fields, body_sealed FROM privacy_exposure WHERE holder_id = %s", [alice]
            ).fetchone()
            owner.execute(change, [alice])
            assert [word in one["fault"] for one in verifying.verify().faults] == [True]
            restore = "UPDATE privacy_exposure SET fields = %s, body_sealed = %s WHERE holder_id = %s"
            owner.execute(restore, [*(before or ()), alice])
    assert verifying.verify().faults == []
