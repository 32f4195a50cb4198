"""Every exposure gets its place in the log: chained for its holder, committed to, and never changed again."""

from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from privacy.crypto.keyring import keyring
from privacy.exposure import sealer, sealing, tree, verifying
from privacy.exposure.leaves import NO_LEAF
from privacy.exposure.models import Exposure, Recipient
from tests import environment
from tests.privacy.exposure.test_log import send
from tests.support.sealing import seal_everything, wait_for_others
from wallet.core.ids import new_id
from wallet.core.transactions import sqlstate

pytestmark = pytest.mark.django_db(transaction=True)


def as_owner(statement: str, *parameters: Any) -> None:
    with psycopg.connect(environment.URLS["owner"].replace("{db}", environment.DATABASE), autocommit=True) as owner:
        owner.execute(statement, parameters)


def mine(holder_id: str) -> list[Exposure]:
    return list(Exposure.objects.filter(holder_id=holder_id).order_by("seq"))


def test_a_holder_has_a_chain_without_a_gap(platform: Recipient, alice: str, bob: str) -> None:
    """V06, settled 6. Break: start each batch with an empty chain."""
    for _ in range(3):
        send(platform, {"payee": alice, "payer": bob})
    seal_everything()
    send(platform, {"payee": alice, "payer": None}, payer=None)
    assert seal_everything() >= 1
    rows = mine(alice)
    who = [{"exposure_id": row.id, "holder_id": alice} for row in rows]
    counters = [
        sealing.open_counter(**one, sealed=bytes(row.counter_sealed)) for one, row in zip(who, rows, strict=True)
    ]
    previous = [
        sealing.open_previous(**one, sealed=bytes(row.previous_sealed)) for one, row in zip(who, rows, strict=True)
    ]
    assert counters == [1, 2, 3, 4]
    assert previous == [NO_LEAF, *(bytes(row.leaf) for row in rows[:-1])]
    assert verifying.verify().faults == []


def test_small_batches_make_the_same_kind_of_log(platform: Recipient, alice: str, bob: str) -> None:
    """Break: take the frontier of the batch before."""
    seal_everything()
    before = tree.head().size
    for _ in range(4):
        send(platform, {"payee": alice, "payer": bob})
    wait_for_others()
    batches = sealing.Sealing(batch=3)
    assert [batches.seal_batch() for _ in range(4)] == [3, 3, 2, 0]
    head = tree.head()
    assert (head.size, bytes(head.root)) == (before + 8, tree.tree().root(before + 8))
    assert verifying.verify().faults == []


def test_who_has_left_stops_nobody(platform: Recipient, alice: str, bob: str) -> None:
    """Break: let KeyDestroyed out of `_take_exposures`."""
    send(platform, {"payee": alice, "payer": bob})
    assert not sealing.is_sealed(bob)
    keyring.destroy(holder_id=bob, keys="life")
    seal_everything()
    assert (mine(alice)[0].leaf_index is not None, mine(bob)[0].leaf_index) == (True, None)
    assert sealing.is_sealed(bob), "an erasure that waits for what cannot be sealed would wait for ever"
    assert seal_everything() == 0


def test_erasure_after_the_seal_leaves_the_tree_whole(platform: Recipient, alice: str) -> None:
    send(platform, {"payee": alice, "payer": None}, payer=None)
    assert not sealing.is_sealed(alice)
    seal_everything()
    assert sealing.is_sealed(alice)
    keyring.destroy(holder_id=alice, keys="life")
    assert verifying.verify().faults == []


def test_a_record_that_does_not_open_is_named_and_stops_nobody(platform: Recipient, alice: str, bob: str) -> None:
    """Break: try it for ever."""
    send(platform, {"payee": alice, "payer": None}, payer=None)
    send(platform, {"payee": bob, "payer": None}, payer=None)
    as_owner("UPDATE privacy_exposure SET record_sealed = body_sealed WHERE holder_id = %s", alice)
    wait_for_others()
    tries = sealing.Sealing()
    tries.seal_batch()
    assert mine(bob)[0].leaf_index is not None
    assert not sealing.is_sealed(alice)
    tries.seal_batch(), tries.seal_batch()
    assert sealing.is_sealed(alice)
    assert [one.get("fault") for one in verifying.verify().faults] == ["does not open"]
    keyring.destroy(holder_id=alice, keys="life")  # so that the next files find a log that holds


def test_a_second_sealer_changes_nothing(platform: Recipient, alice: str, bob: str) -> None:
    """Break: leave `AND size = p_size` out of exposure_seal."""
    first, second = sealing.Sealing(), sealing.Sealing()
    send(platform, {"payee": alice, "payer": bob})
    wait_for_others()
    assert first.seal_batch() >= 2
    send(platform, {"payee": alice, "payer": bob})
    wait_for_others()
    with pytest.raises(DatabaseError) as refused:
        second.seal_batch()
    assert sqlstate(refused.value) == "PV010"
    seal_everything()
    assert verifying.verify().faults == []


@pytest.mark.parametrize("column", ["leaf", "leaf_index"])
def test_nobody_changes_a_leaf_by_hand(platform: Recipient, alice: str, column: str) -> None:
    """The owner included. Break: drop the trigger."""
    send(platform, {"payee": alice, "payer": None}, payer=None)
    seal_everything()
    value = "NULL" if column == "leaf_index" else "decode(repeat('00', 37), 'hex')"
    with pytest.raises(psycopg.errors.RestrictViolation):
        as_owner(f"UPDATE privacy_exposure SET {column} = {value} WHERE holder_id = %s", alice)


def test_a_flipped_bit_in_a_leaf_is_named_by_its_place(platform: Recipient, alice: str, bob: str) -> None:
    """V06. Break: compare roots only."""
    for _ in range(2):
        send(platform, {"payee": alice, "payer": bob})
    seal_everything()
    row = mine(bob)[0]
    leaf = bytes(row.leaf)
    with _superuser() as root:
        root.execute("SET session_replication_role = replica")
        for changed in (bytes([leaf[0] ^ 1]) + leaf[1:], leaf[:-1] + bytes([leaf[-1] ^ 128])):
            root.execute("UPDATE privacy_exposure SET leaf = %s WHERE id = %s", [changed, row.id])
            faults = verifying.verify().faults
            assert {"leaf": row.leaf_index, "fault": "is not the leaf that the tree was made of"} in faults
        root.execute("UPDATE privacy_exposure SET leaf = %s WHERE id = %s", [leaf, row.id])
    assert verifying.verify().faults == []


def _superuser() -> psycopg.Connection[Any]:
    return psycopg.connect(environment.URLS["superuser"], dbname=environment.DATABASE, autocommit=True)


def test_the_application_reaches_the_log_by_its_functions_alone() -> None:
    """Break: leave protect_table out of the migration."""
    for statement in (
        "UPDATE privacy_loghead SET size = 0",
        "DELETE FROM privacy_logtile",
        "INSERT INTO privacy_logstatement (kind, text) VALUES ('x', 'x')",
        "UPDATE privacy_exposure SET leaf_index = 0",
    ):
        with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        assert sqlstate(refused.value) == "42501"


def test_an_exposure_wakes_a_sealer_that_sleeps_and_nobody_else(platform: Recipient, alice: str) -> None:
    """Break: never NOTIFY; or always."""
    with _superuser() as asleep:
        asleep.execute(f"LISTEN {sealer.CHANNEL}")
        send(platform, {"payee": alice, "payer": None}, payer=None)
        assert list(asleep.notifies(timeout=0.2)) == []
        asleep.execute("SELECT pg_advisory_lock(%s)", [sealer.ASLEEP])
        send(platform, {"payee": alice, "payer": None}, payer=None)
        assert len(list(asleep.notifies(timeout=20, stop_after=1))) == 1


def test_rows_of_another_cluster_are_not_left_for_years(platform: Recipient) -> None:
    """A dump read into a new cluster. Break: no exposure_renumber."""
    carol = new_id("holder")
    send(platform, {"payee": carol, "payer": None}, payer=None)
    as_owner("UPDATE privacy_exposure SET xid = '9000000000000' WHERE holder_id = %s", carol)
    seal_everything()
    assert not sealing.is_sealed(carol)
    with connection.cursor() as cursor:
        cursor.execute("SELECT exposure_renumber()")
        assert cursor.fetchone()[0] >= 1
    seal_everything()
    assert sealing.is_sealed(carol)
