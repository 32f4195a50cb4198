"""Everything about one person in one signed file, and nothing about anybody else (standard.md V10, GDPR art. 15 and 20)."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.db import transaction
from django.test import Client
from jsonschema import Draft202012Validator

from privacy.crypto.keyring import keyring
from privacy.exposure import recipients
from privacy.exposure.log import list_exposures
from privacy.exposure.models import RecipientKind
from privacy.rights import exports, inventory, kinds
from privacy.rights.models import Export
from tests.payments import cast
from tests.privacy.consent.test_verify_document import verify
from tests.privacy.exposure.test_log import send
from tests.privacy.rights import lives
from tests.privacy.rights.lives import Life
from tests.support.people import Person, sign_up
from tests.support.sealing import seal_everything
from wallet.core import clock
from wallet.users.models import Ceremony

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> Person:
    return sign_up()


@pytest.fixture
def life(alice: Person) -> Life:
    return lives.live(alice.holder)


def ask(person: Person, **headers: str) -> Any:
    return person.client.post(
        "/v1/exports",
        content_type="application/json",
        headers={"idempotency-key": cast.secrets.token_hex(8), **headers},
    )


def fetched(person: Person) -> dict[str, Any]:
    person.step_up()
    asked = ask(person)
    assert asked.status_code == 202, asked.content
    export_id = asked.json()["id"]
    lives.work_on(export_id)
    answer = person.client.post(f"/privacy/export/{export_id}/download")
    assert answer.status_code == 200
    return {"id": export_id, "bytes": answer.content, **orjson.loads(answer.content)["export"]}


def test_it_holds_every_word_and_every_row_and_is_what_the_schema_says(
    alice: Person, life: Life, tmp_path: Path
) -> None:
    """Break: leave a kind out of `gather`, or a column out of a `columns.toml`."""
    got = fetched(alice)
    text = got["bytes"].decode()
    for word in life.words.values():
        assert word in text
    schema = json.loads(Client().get("/privacy/export-schema.json").content)
    Draft202012Validator.check_schema(schema)
    assert list(Draft202012Validator(schema).iter_errors(json.loads(text))) == []
    for kind in kinds.every():
        if type(kind).records is not kinds.Kind.records:
            continue
        for table in kind.tables():
            if kinds.exported(table) and table.person:
                written = [one for one in got["data"][kind.name] if one["table"] == table.name]
                assert len(written) == kinds.rows_of(table, alice.holder.id).count(), table.name
    code, said = verify(tmp_path, got["bytes"])
    assert (code, said.split()[0]) == (0, "valid:"), said
    assert got["holder"] == alice.holder.id


def test_its_exposures_are_the_log_with_the_bytes_and_the_recipients_by_name(alice: Person, life: Life) -> None:
    """Break: `_recipients` gives kinds of recipients only."""
    got = fetched(alice)
    log = {row.id: row for row in list_exposures(holder_id=alice.holder.id)}
    assert {one["id"] for one in got["data"]["exposures"]} == set(log)
    for one in got["data"]["exposures"]:
        if not one["withheld"]:
            assert exports.hashlib.sha256(one["body"].encode()).hexdigest() == one["digest"]
        assert orjson.loads(one["record"])["holder"] == alice.holder.id
    assert life.parlour.platform.name in {one["name"] for one in got["recipients"]}


def test_it_says_nothing_about_anybody_else(alice: Person, life: Life) -> None:
    """standard.md V16. Break: export columns of the class `technical.other`."""
    text = fetched(alice)["bytes"].decode()
    for theirs in (life.other.holder.id, life.other.link.id, "pan_index", "41111111"):
        assert theirs not in text
    assert alice.holder.password not in text


def test_it_is_fetched_by_its_holder_with_a_fresh_passkey_alone(alice: Person, life: Life) -> None:
    """Break: `download` without `stepup.require`, or `get_export` without the holder."""
    export_id = ask(alice).json()["id"]
    lives.work_on(export_id)
    path = f"/privacy/export/{export_id}/download"
    refused = alice.client.post(path)
    assert (refused.status_code, refused.headers["Location"].split("?")[0]) == (302, "/step-up")
    eve = sign_up()
    eve.step_up()
    assert eve.client.post(path).status_code == 404
    assert eve.client.get(f"/v1/exports/{export_id}").status_code == 404
    assert Client().post(path).status_code == 302
    assert alice.client.get(path).status_code == 405
    alice.step_up()
    Ceremony.objects.filter(holder=alice.holder).update(verified_at=clock.now() - timedelta(minutes=6))
    assert alice.client.post(path).status_code == 302
    assert "document" not in alice.client.get(f"/v1/exports/{export_id}").json()


def test_it_tells_how_far_it_is_and_is_one_at_a_time(alice: Person) -> None:
    """Break: make another while one is pending (the database refuses it)."""
    first, second = ask(alice).json(), ask(alice).json()
    assert first["id"] == second["id"]
    assert (first["status"], first["written"]) == ("pending", 0)
    page = alice.client.get("/privacy/export")
    assert page.headers["Refresh"] == "2"
    assert "<progress" in page.content.decode()
    done = lives.written(first["id"])
    assert (done.status, done.written) == ("ready", done.kinds)
    assert alice.client.get(f"/v1/exports/{done.id}").json()["records"] == done.records > 0
    assert "Refresh" not in alice.client.get("/privacy/export").headers
    assert ask(alice).json()["id"] != first["id"]


def test_it_is_sealed_where_it_lies_and_dies_with_the_key(alice: Person, life: Life) -> None:
    """Break: store the document unsealed."""
    export_id = ask(alice).json()["id"]
    row = lives.written(export_id)
    stored = bytes(row.document_sealed or b"")
    assert stored
    assert alice.holder.id.encode() not in stored
    assert not stored.startswith(b"\x1f\x8b")
    gone = lives.live()
    with transaction.atomic():
        late = exports.request_export(holder_id=gone.holder.id, now=clock.now())
    keyring.destroy(holder_id=gone.holder.id, keys="life")
    assert lives.written(late.id).status == "expired"


def test_after_a_week_it_is_thrown_away(alice: Person) -> None:
    """Break: `expire_exports` without `document_sealed=None` (the database refuses it)."""
    export_id = ask(alice).json()["id"]
    ready = lives.written(export_id)
    assert exports.expire_exports(now=clock.now()) >= 0
    assert Export.objects.get(pk=export_id).status == "ready"
    Export.objects.filter(pk=export_id).update(expires_at=clock.now() - timedelta(seconds=1))
    alice.step_up()
    assert alice.client.post(f"/privacy/export/{export_id}/download").status_code == 404
    exports.expire_exports(now=clock.now())
    thrown = Export.objects.get(pk=export_id)
    assert (thrown.status, thrown.document_sealed) == ("expired", None)
    assert ready.bytes > 0


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda facts: facts["data"]["cards"].pop(), "the signature is not the wallet's"),
        (lambda facts: facts["data"].pop("cards"), "the signature is not the wallet's"),
    ],
)
def test_a_file_that_lost_something_is_refused(
    alice: Person, life: Life, tmp_path: Path, change: Any, fault: str
) -> None:
    signed = orjson.loads(fetched(alice)["bytes"])
    change(signed["export"])
    code, said = verify(tmp_path, orjson.dumps(signed))
    assert code == 1
    assert fault in said


def test_every_kind_that_the_inventory_names_is_a_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break: take `@kinds.register` off one of them."""
    assert kinds.faults() == []
    monkeypatch.delitem(kinds._KINDS, "cards")
    assert any(
        "'cards', which nobody exports and erases" in one and "cards/issuing/rights.py" in one for one in kinds.faults()
    )
    assert {table.kind for table in inventory.tables() if table.kind} >= set(kinds._KINDS)


@pytest.mark.django_db(transaction=True)
def test_a_file_that_leaves_an_exposure_out_is_refused_even_if_the_wallet_signed_it(
    alice: Person, tmp_path: Path
) -> None:
    """V10: what is taken out is checked against the log's chain, and consents against their receipts.

    Breaks: export no counter; check no leaf, or no bytes; leave `_check_consents` out, or the record's own words.
    """
    parlour = cast.platform()
    cast.link(alice.holder, parlour)
    told = recipients.register(kind=RecipientKind.PLATFORM, ref=parlour.platform.id, name=parlour.platform.name)
    for _ in range(3):
        send(told, {"payee": alice.holder.id, "payer": None}, payer=None)
    seal_everything()
    got = fetched(alice)
    code, said = verify(tmp_path, got["bytes"])
    assert (code, said.split()[0]) == (0, "valid:"), said
    sealed = [one for one in got["data"]["exposures"] if one["leaf"] is not None]
    assert sorted(one["counter"] for one in sealed) == list(range(1, len(sealed) + 1))
    second = sorted(sealed, key=lambda one: int(one["counter"]))[1]
    for change, fault in (
        (None, "your exposure number 2 is missing"),
        ({"body": second["body"] + " "}, "does not have the bytes"),
        ({"r": "00" * 32}, "is not what stands in the log"),
        ({"previous": "00" * 37}, "is not what stands in the log"),
        ({"record": second["record"].replace(second["id"], "xpo_another")}, "has the record of another exposure"),
        ({"fields": ["balance"]}, "is not what its record says"),
        ({"recipient": {**second["recipient"], "id": "rcp_another"}}, "is not what its record says"),
    ):
        facts = orjson.loads(got["bytes"])["export"]
        rows = [one for one in facts["data"]["exposures"] if one["id"] != second["id"]]
        facts["data"]["exposures"] = rows + ([{**second, **change}] if change else [])
        code, said = verify(tmp_path, signed_again(facts, "exposures"))
        assert (code, fault in said) == (1, True), (fault, said)
    for member, value, fault in (
        ("classes", ["balance"], "is not what its receipt says"),
        ("document", {}, "is not what its receipt says"),
        ("receipt", "{}", "has no receipt"),
    ):
        facts = orjson.loads(got["bytes"])["export"]
        facts["data"]["consents"][0][member] = value
        code, said = verify(tmp_path, signed_again(facts, "consents"))
        assert (code, fault in said) == (1, True), (fault, said)


def signed_again(facts: dict[str, Any], kind: str) -> bytes:
    """What a wallet that lies would hand out: its list of contents and its signature are right."""
    entry = next(one for one in facts["contents"] if one["kind"] == kind)
    entry["records"] = len(facts["data"][kind])
    entry["sha256"] = exports.hashlib.sha256(exports.canonical(facts["data"][kind])).hexdigest()
    return exports.SIGNER.sign(facts)
