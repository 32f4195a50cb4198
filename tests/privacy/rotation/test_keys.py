"""What wraps keys rotates: KEK, branch, further versions of roots, and who else knows of it."""

import json
import time
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.core.management import CommandError, call_command

from privacy.crypto.aead import Cell
from privacy.crypto.keyring import Keyring, KeyUnavailable
from privacy.crypto.providers import WrappedKey
from privacy.crypto.rotation.resealing import _make_versions, _new_version
from privacy.crypto.rotation.session import RotationIncomplete, RotationRunning, Session
from privacy.crypto.rotation.versions import add_version, rotate_root
from privacy.crypto.rotation.wrapping import rotate_branch, rotate_kek
from privacy.crypto.stages import IndexState, Stage
from tests.privacy.rotation.house import House

ALICE = Cell("t", "c", "1", "holder_alice")
#: Long enough for the half second in which a process looks at the key tables again.
A_LOOK = 0.6


@pytest.fixture
def ring(key_house: House) -> Iterator[Keyring]:
    """Another process's keys."""
    ring = Keyring(in_background=False)
    yield ring
    ring.stop()


@pytest.fixture
def opens(key_house: House) -> Callable[[bytes], bool]:
    """Whether a process that starts now opens what Alice's cell holds."""

    def opens(sealed: bytes) -> bool:
        fresh = Keyring(in_background=False)
        try:
            return fresh.open(sealed, cell=ALICE, keys="life") == b"lunch"
        finally:
            fresh.stop()

    return opens


def test_after_a_kek_rotation_the_old_line_can_be_deleted(
    key_house: House, ring: Keyring, session: Session, opens: Callable[[bytes], bool]
) -> None:
    """Break: skip the roots in `rotate_kek`."""
    sealed, index = ring.seal(b"lunch", cell=ALICE, keys="life"), ring.derive("index", "a").reveal()
    before = key_house.sql("SELECT holder_id, wrapped FROM privacy_datakey")
    key_house.add_kek()
    rotate_kek(session)
    key_house.delete_old_keks()
    assert opens(sealed)
    fresh = Keyring(in_background=False)
    assert fresh.derive("index", "a").reveal() == index
    fresh.stop()
    # The process that was there goes on: what the provider wraps was read again.
    ring.tend()
    assert ring.open(sealed, cell=ALICE, keys="life") == b"lunch"
    assert key_house.sql("SELECT holder_id, wrapped FROM privacy_datakey") == before


def test_a_kek_that_was_deleted_too_early_is_missed_and_nothing_changes(key_house: House, session: Session) -> None:
    """Break: let the provider wrap a new key where the old one does not unwrap."""
    rows = "SELECT id, kek, wrapped FROM privacy_branchkey UNION ALL SELECT id, kek, wrapped FROM privacy_rootkey ORDER BY 1"
    before = key_house.sql(rows)
    key_house.add_kek()
    key_house.delete_old_keks()
    with pytest.raises(KeyUnavailable):
        rotate_kek(session)
    assert key_house.sql(rows) == before


def test_after_a_branch_rotation_the_old_branch_is_gone_and_who_was_there_goes_on(
    key_house: House, ring: Keyring, session: Session, opens: Callable[[bytes], bool]
) -> None:
    """Break: leave the branch out of `DataKeys._is_stale`: the process that was there opens nothing more."""
    sealed = ring.seal(b"lunch", cell=ALICE, keys="life")
    ((old,),) = key_house.sql("SELECT branch_id FROM privacy_datakey WHERE holder_id = %s", ALICE.holder_id)
    rotate_branch(session)
    gone = key_house.sql("SELECT length(wrapped), retired_at IS NOT NULL FROM privacy_branchkey WHERE id = %s", old)
    assert gone == [(0, True)]
    assert opens(sealed)
    ring.tend()
    time.sleep(A_LOOK)
    assert ring.open(sealed, cell=ALICE, keys="life") == b"lunch"
    assert ring.seal(b"x", cell=ALICE, keys="life")[2:18] == sealed[2:18], "a branch rotation makes no data key"


def test_an_interrupted_branch_rotation_goes_on_with_the_same_branch(
    key_house: House, ring: Keyring, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Break: make a branch in every run."""
    ring.seal(b"lunch", cell=ALICE, keys="life")

    def dies(*_: Any, **__: Any) -> int:
        raise KeyUnavailable("the machine stops here")

    with monkeypatch.context() as patch:
        patch.setattr(session.store, "rewrap_data", dies)
        with pytest.raises(KeyUnavailable):
            rotate_branch(session)
    count = key_house.sql("SELECT count(*) FROM privacy_branchkey")
    rotate_branch(session)
    assert key_house.sql("SELECT count(*) FROM privacy_branchkey") == count
    assert session.state.branch_target is None


def test_no_data_key_comes_under_a_branch_that_was_thrown_away(
    key_house: House, ring: Keyring, session: Session
) -> None:
    """Break: drop `keys_hold_branch` from `keys_add_data`."""
    ring.seal(b"x", cell=ALICE, keys="life")
    ((old,),) = key_house.sql("SELECT branch_id FROM privacy_datakey WHERE holder_id = %s", ALICE.holder_id)
    rotate_branch(session)
    session.store.add_data_key(
        key_id=uuid4(), holder_id="holder_bob", key_class="life", version=1, branch_id=old, wrapped=b"late"
    )
    assert session.store.find_newest_data_key("holder_bob", "life") is None


def test_a_branch_that_still_wraps_a_key_stays(key_house: House, ring: Keyring, session: Session) -> None:
    """Break: drop NOT EXISTS from `keys_retire_branches`."""
    ring.seal(b"x", cell=ALICE, keys="life")
    branch_id = session.trunk.make_branch(session.store.now())
    session.announce(branch_target=branch_id)
    assert session.store.retire_branches(branch_id) == 0
    assert session.store.count_branches_before(branch_id) == 1


def test_a_new_version_of_a_data_key_is_used_by_others_within_a_second(ring: Keyring, session: Session) -> None:
    """Break: leave `_current` as it is in `_see_state`."""
    sealed = ring.seal(b"lunch", cell=ALICE, keys="life")
    session.announce(data_since=session.store.now())
    assert _make_versions(session) == 1
    session.announce()
    time.sleep(A_LOOK)
    again = ring.seal(b"lunch", cell=ALICE, keys="life")
    assert again[2:18] != sealed[2:18]
    assert {ring.open(one, cell=ALICE, keys="life") for one in (sealed, again)} == {b"lunch"}


def test_a_further_version_of_the_cvc_root_is_for_new_cards_and_the_old_one_stays(
    ring: Keyring, session: Session
) -> None:
    """standard.md C11. Break: retire the older version."""
    old, version = ring.derive("cvc", "card").reveal(), ring.current_version("cvc")
    rotate_root(session, "cvc")
    time.sleep(A_LOOK)
    ring.tend()
    assert ring.current_version("cvc") == version + 1
    assert ring.derive("cvc", "card").reveal() != old
    assert ring.derive("cvc", "card", version=version).reveal() == old


# --- The lock, the state and what is due ------------------------------------------------------------


def test_one_rotation_at_a_time(session: Session) -> None:
    """Break: take no lock."""
    with pytest.raises(RotationRunning), Session(session.progress, margin=0.05):
        pass
    with pytest.raises(SystemExit) as left:
        call_command("rotate_keys", "--kek", stderr=StringIO())
    assert left.value.code == 2


def test_who_lost_the_lock_changes_nothing(session: Session) -> None:
    """Break: drop the epoch from the WHERE of `keys_announce`."""
    other = session.store
    assert other.announce(session.state) is not None
    with pytest.raises(RotationIncomplete):
        session.announce(data_holder="holder_alice")
    with pytest.raises(RotationIncomplete):
        session.turn(Stage.FILL, version=2)


def test_a_broken_connection_ends_the_rotation(key_house: House, session: Session) -> None:
    """It held the lock. Break: let RotationStore connect again."""
    with psycopg.connect(key_house.environment["DATABASE_URL"], autocommit=True) as app:
        app.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7053414")
    for _ in range(2):
        with pytest.raises(KeyUnavailable):
            session.announce()


@pytest.mark.django_db
def test_the_status_says_what_is_due_and_changes_nothing(key_house: House, ring: Keyring) -> None:
    """Break: compare with ten times a period in `due`."""
    ring.seal(b"x", cell=ALICE, keys="life")
    ring.seal(b"x", cell=Cell("t", "c", "1", "holder_bob"), keys="life")

    def due() -> dict[str, Any]:
        said = StringIO()
        call_command("rotate_keys", "--status", "--json", stdout=said)
        return {one["what"]: one for one in json.loads(said.getvalue())["due"]}

    assert not any(one["due"] or one["under_way"] for one in due().values())
    key_house.sql("UPDATE privacy_rootkey SET wrapped_at = now() - interval '366 days'")
    assert [what for what, one in due().items() if one["due"]] == ["kek"]
    key_house.sql("UPDATE privacy_rootkey SET created_at = now() - interval '731 days' WHERE purpose = 'index'")
    key_house.sql("UPDATE privacy_datakey SET messages = 2147483648 WHERE holder_id = 'holder_alice'")
    key_house.sql("UPDATE privacy_datakey SET created_at = now() - interval '731 days' WHERE holder_id = 'holder_bob'")
    found = due()
    assert [what for what, one in found.items() if one["due"]] == ["kek", "data", "index"]
    assert (found["data"]["too_many_messages"], found["data"]["too_old"]) == (1, 1)
    with pytest.raises(CommandError):
        call_command("rotate_keys", "--kek", "--holder", "holder_alice")


# --- The key tables by SQL ---------------------------------------------------------------------------


def test_the_stages_follow_each_other_and_none_is_left_out(key_house: House, session: Session) -> None:
    """Break: drop the list of pairs from `keys_turn_index`."""
    with pytest.raises(KeyUnavailable):
        # There is no such root.
        session.turn(Stage.FILL, version=2)
    version = add_version(session, "index")
    for stage in (Stage.FILL, Stage.TURN, Stage.SWAP, Stage.CLEAR, Stage.STABLE):
        for other in set(Stage) - {stage}:
            with pytest.raises(KeyUnavailable):
                session.turn(other, version=version)
        session.turn(stage, version=version)
    assert session.state.index == IndexState(Stage.STABLE, version)
    assert key_house.sql("SELECT length(wrapped) FROM privacy_rootkey WHERE purpose = 'index' ORDER BY version")[0] == (
        0,
    )


def test_a_data_key_is_thrown_away_only_by_the_rotation_that_replaces_it(ring: Keyring, session: Session) -> None:
    """Breaks: drop `created_at < data_since`, or EXISTS, from `keys_retire_data`."""
    sealed = ring.seal(b"x", cell=ALICE, keys="life")
    (key_id,) = session.store.old_data_keys(session.store.now(), "")
    assert session.store.retire_data([key_id]) == 0
    session.announce(data_since=session.store.now())
    assert session.store.retire_data([key_id]) == 0
    _make_versions(session)
    (newer,) = [row.id for row in [session.store.find_newest_data_key("holder_alice", "life")] if row]
    assert session.store.retire_data([newer]) == 0
    branch_id, branch = session.active_branch()
    session.store.add_versions(
        [_new_version("holder_alice", "life", 2, branch_id=branch_id, branch=branch)], branch_id=branch_id
    )
    assert session.store.retire_data([newer]) == 0, "it was made after the rotation began"
    assert session.store.retire_data([key_id]) == 1
    assert sealed[2:18] == key_id.bytes


def test_what_was_thrown_away_never_comes_back_whoever_writes(
    key_house: House, ring: Keyring, session: Session
) -> None:
    """Break: drop a trigger keys_retired_guard."""
    ring.seal(b"x", cell=ALICE, keys="life")
    rotate_branch(session)
    session.announce(data_since=session.store.now())
    _make_versions(session)
    assert session.store.retire_data(list(session.store.old_data_keys(session.state.data_since, ""))) == 1  # type: ignore[arg-type]
    for statement in (
        "UPDATE privacy_datakey SET retired_at = NULL, wrapped = 'x' WHERE retired_at IS NOT NULL",
        "UPDATE privacy_branchkey SET retired_at = NULL WHERE retired_at IS NOT NULL",
        "UPDATE privacy_branchkey SET wrapped = 'x' WHERE retired_at IS NOT NULL",
        "DELETE FROM privacy_branchkey",
        "DELETE FROM privacy_rootkey",
    ):
        with pytest.raises(psycopg.errors.RestrictViolation):
            key_house.sql(statement)


def test_a_wrapped_key_is_replaced_only_where_it_is_the_one_that_was_read(session: Session) -> None:
    """Break: drop `wrapped = p_old` from `keys_rewrap_branch` or `keys_rewrap_root`."""
    for kind, row in (("branch", session.store.branches()[0]), ("root", session.store.roots()[0])):
        assert not session.store.rewrap(kind, row.id, old=b"another", wrapped=WrappedKey("2", b"x"))
    session.store.add_version(
        key_id=uuid4(), purpose="cvc", version=7, active_from=session.store.now(), wrapped=WrappedKey("1", b"x")
    )
    assert max(row.version for row in session.store.roots()) == 1
