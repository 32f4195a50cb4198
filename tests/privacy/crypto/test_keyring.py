import itertools
import secrets
import threading
import time
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connection, transaction

from privacy.crypto.aead import Cell, DecryptionFailed
from privacy.crypto.datakeys import KEPT, DataKeys
from privacy.crypto.index import blind_index
from privacy.crypto.keyring import KeyDestroyed, Keyring, KeyUnavailable, keyring
from privacy.crypto.providers import WrappedKey
from privacy.crypto.store import KeyStore
from privacy.crypto.trunk import LIFETIME, REFRESH_AFTER, Trunk
from tests import environment
from tests.privacy.crypto.parts import Clock, InProcesses, NewHolder, SwitchedProvider
from tests.support.system import wait_for


def cell(holder_id: str, row_id: str = "1") -> Cell:
    return Cell("t", "c", row_id, holder_id)


def key_ids(*sealed: bytes) -> set[bytes]:
    return {one[2:18] for one in sealed}


# --- Whose key ------------------------------------------------------------------------------------


def test_what_was_sealed_opens_in_its_cell(holder: NewHolder):
    alice = cell(holder("alice"))
    sealed = keyring.seal(b"lunch", cell=alice, keys="life")
    assert b"lunch" not in sealed
    assert keyring.open(sealed, cell=alice, keys="life") == b"lunch"
    assert sealed != keyring.seal(b"lunch", cell=alice, keys="life")


def test_holders_classes_and_the_service_have_keys_of_their_own(holder: NewHolder):
    alice, bob, nobody = cell(holder("alice")), cell(holder("bob")), cell("")
    sealed = [
        keyring.seal(b"x", cell=alice, keys="life"), keyring.seal(b"x", cell=alice, keys="law"),
        keyring.seal(b"x", cell=bob, keys="life"), keyring.seal(b"x", cell=nobody, keys="service"),
    ]  # fmt: skip
    assert len(key_ids(*sealed)) == 4
    assert key_ids(keyring.seal(b"y", cell=alice, keys="life")) == key_ids(sealed[0])
    # Where there is no holder it is the service's key, whatever class the caller names.
    assert key_ids(keyring.seal(b"y", cell=nobody, keys="life")) == key_ids(sealed[3])


def test_a_value_under_another_holders_or_another_class_key_is_refused(holder: NewHolder):
    """Break: delete the comparison of holder and class in `DataKeys.open`, and both from `_context`."""
    alice, bob = cell(holder("alice")), cell(holder("bob"))
    sealed = keyring.seal(b"x", cell=alice, keys="life")
    for other, keys in ((bob, "life"), (alice, "law"), (cell(""), "life"), (alice, "service")):
        with pytest.raises(DecryptionFailed):
            keyring.open(sealed, cell=other, keys=keys)


def test_every_flipped_byte_is_refused_with_the_same_error(holder: NewHolder):
    alice = cell(holder("alice"))
    sealed = keyring.seal(b"lunch", cell=alice, keys="life")
    for position in range(len(sealed)):
        forged = bytearray(sealed)
        forged[position] ^= 0x40
        with pytest.raises(DecryptionFailed):
            keyring.open(bytes(forged), cell=alice, keys="life")
    for forged in (b"", b"x", b"\x01\x01", sealed[:45], b"lunch" * 20):
        with pytest.raises(DecryptionFailed):
            keyring.open(forged, cell=alice, keys="life")


# --- Making keys ----------------------------------------------------------------------------------


def test_two_processes_that_seal_first_make_one_key(holder: NewHolder, in_processes: InProcesses) -> None:
    """Break: in `DataKeys._make` return the row just made instead of reading it back."""
    cells = [cell(holder("alice")) for _ in range(40)]
    sealed = in_processes(8, lambda _: [keyring.seal(b"x", cell=one, keys="life") for one in cells])
    for place, values in zip(cells, zip(*sealed, strict=True), strict=True):
        assert len(key_ids(*values)) == 1
        assert {keyring.open(one, cell=place, keys="life") for one in values} == {b"x"}


def test_who_comes_second_with_a_key_changes_nothing(holder: NewHolder) -> None:
    """Break: DO UPDATE instead of DO NOTHING in `keys_add_root`, `keys_add_branch` or `keys_add_data`."""
    store = KeyStore()
    keyring.start()
    roots, branches = store.roots(), store.branches()
    late = WrappedKey("1", b"late")
    store.add_root(key_id=uuid4(), purpose="index", version=1, wrapped=late)
    store.add_branch(key_id=uuid4(), active_from=branches[0].active_from, wrapped=late)
    assert (store.roots(), store.branches()) == (roots, branches)
    alice = holder("alice")
    keyring.seal(b"x", cell=cell(alice), keys="life")
    first = store.find_newest_data_key(alice, "life")
    store.add_data_key(
        key_id=uuid4(), holder_id=alice, key_class="life", version=1, branch_id=branches[0].id, wrapped=late.blob
    )
    assert first is not None
    assert store.find_newest_data_key(alice, "life") == first == store.find_data_key(first.id)
    store.close()


def test_threads_that_seal_first_make_one_key(holder: NewHolder):
    alice = cell(holder("alice"))
    sealed: list[bytes] = []
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        sealed.extend(keyring.seal(b"x", cell=alice, keys="law") for _ in range(50))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sealed) == 400
    assert len(key_ids(*sealed)) == 1


def test_processes_that_start_first_on_an_empty_database_agree_on_every_root(
    holder: NewHolder, settings: Any, in_processes: InProcesses
):
    """Break: drop ON CONFLICT from `keys_add_root`."""
    name = f"test_keys_{secrets.token_hex(4)}"
    environment.make_database(name, template=environment.TEMPLATE)
    try:
        settings.KEYS_DATABASE_URL = environment.URLS["app"].replace("{db}", name)
        alice = cell(holder("alice"))

        def first(_number: int) -> tuple[bytes, bytes]:
            return keyring.derive("index", "a").reveal(), keyring.seal(b"x", cell=alice, keys="life")

        answers = in_processes(6, first)
        assert len({root for root, _ in answers}) == 1
        assert len(key_ids(*[sealed for _, sealed in answers])) == 1
        fresh = Keyring(in_background=False)
        assert {fresh.open(sealed, cell=alice, keys="life") for _, sealed in answers} == {b"x"}
        store = KeyStore()
        assert len(store.branches()) == 2
        assert len(store.roots()) == 5
        store.close()
        fresh.stop()
    finally:
        environment.drop_database(name)


@pytest.mark.django_db(transaction=True)
def test_a_key_outlives_the_transaction_that_first_needed_it(holder: NewHolder):
    """Break: let KeyStore write on Django's connection."""
    alice = cell(holder("alice"))
    with transaction.atomic():
        connection.cursor().execute("SELECT 1")
        kept = keyring.seal(b"x", cell=alice, keys="life")
        transaction.set_rollback(True)
    other = Keyring(in_background=False)
    assert other.open(kept, cell=alice, keys="life") == b"x"
    other.stop()


def test_a_forked_child_shares_no_connection(holder: NewHolder, in_processes: InProcesses):
    """Break: delete the `register_at_fork` line of keyring."""
    alice = cell(holder("alice"))
    keyring.seal(b"x", cell=alice, keys="life")
    sealed = in_processes(
        4, lambda n: [keyring.seal(b"x", cell=cell(f"{alice.holder_id}{n}"), keys="life") for _ in range(20)]
    )
    assert all(len(key_ids(*one)) == 1 for one in sealed)
    assert keyring.seal(b"x", cell=cell(holder("bob")), keys="life")


# --- Counting -------------------------------------------------------------------------------------


def test_a_key_at_its_limit_gives_way_to_a_new_version(holder: NewHolder, owner: psycopg.Connection):
    """Break: compare with `>` ten times the limit in `_count`."""
    alice = cell(holder("alice"))
    ring = Keyring(message_limit=10, message_block=5, in_background=False)
    sealed = [ring.seal(b"x", cell=alice, keys="life") for _ in range(25)]
    assert [len(list(run)) for _, run in itertools.groupby(sealed, key=lambda one: one[2:18])] == [10, 10, 5]
    assert {ring.open(one, cell=alice, keys="life") for one in sealed} == {b"x"}
    ring.stop()
    counts = owner.execute(
        "SELECT version, messages FROM privacy_datakey WHERE holder_id = %s ORDER BY version", [alice.holder_id]
    ).fetchall()
    assert counts == [(1, 10), (2, 10), (3, 5)]


def test_seals_that_fill_no_block_are_counted_when_the_key_leaves_memory(
    ring: Keyring, clock: Clock, holder: NewHolder, owner: psycopg.Connection
):
    alice = cell(holder("alice"))
    for _ in range(7):
        ring.seal(b"x", cell=alice, keys="life")
    clock.seconds += KEPT + 1
    ring.tend()
    assert owner.execute("SELECT messages FROM privacy_datakey WHERE holder_id = %s", [alice.holder_id]).fetchall() == [
        (7,)
    ]


def test_memory_holds_a_bounded_number_of_keys_for_minutes(clock: Clock, provider: SwitchedProvider, holder: NewHolder):
    """Break: drop the `while` in `_admit`."""
    store = KeyStore()
    trunk = Trunk(store=store, provider=provider, monotonic=clock)
    trunk.refresh()
    keys = DataKeys(store=store, trunk=trunk, monotonic=clock, entries=10)
    cells = [cell(holder("alice")) for _ in range(30)]
    sealed = [keys.seal(b"x", cell=one, keys="life") for one in cells]
    assert len(keys._by_id) == len(keys._current) == 10
    assert [keys.open(value, cell=one, keys="life") for value, one in zip(sealed, cells, strict=True)] == [b"x"] * 30
    clock.seconds += KEPT + 1
    keys.sweep()
    assert not keys._by_id
    assert not keys._current
    store.close()


# --- The provider is away -------------------------------------------------------------------------


def test_no_request_asks_the_provider_once_the_keyring_has_started(
    ring: Keyring, provider: SwitchedProvider, holder: NewHolder
):
    """Break: call `provider.health()` in `_started`."""
    ring.start()
    asked = provider.calls
    for _ in range(20):
        alice = cell(holder("alice"))
        assert ring.open(ring.seal(b"x", cell=alice, keys="life"), cell=alice, keys="life") == b"x"
        ring.derive("webhook", alice.holder_id)
    assert provider.calls == asked


def test_tomorrows_branch_is_there_today(ring: Keyring, owner: psycopg.Connection):
    ring.start()
    days = owner.execute(
        "SELECT active_from - date_trunc('day', clock_timestamp() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' > interval '0'"
        " FROM privacy_branchkey ORDER BY active_from"
    ).fetchall()
    assert (False,) in days
    assert days[-1] == (True,)


def test_an_outage_is_bridged_for_an_hour_and_then_nothing_opens(
    ring: Keyring, clock: Clock, provider: SwitchedProvider, holder: NewHolder
):
    """Break: let `_fresh` return what is held without looking at its age."""
    alice = cell(holder("alice"))
    sealed = ring.seal(b"x", cell=alice, keys="life")
    provider.is_down = True
    clock.seconds += REFRESH_AFTER + 1
    with pytest.raises(KeyUnavailable):
        ring.tend()
    clock.seconds += LIFETIME - REFRESH_AFTER - 2
    assert ring.open(sealed, cell=alice, keys="life") == b"x"
    assert ring.seal(b"x", cell=cell(holder("bob")), keys="life")
    asked = provider.calls
    clock.seconds += 2
    for call in (
        lambda: ring.open(sealed, cell=alice, keys="life"),
        lambda: ring.seal(b"x", cell=alice, keys="life"),
        lambda: ring.seal(b"x", cell=cell(holder("bob")), keys="law"),
        lambda: ring.derive("index", "a"),
    ):
        with pytest.raises(KeyUnavailable):
            call()
    assert provider.calls == asked
    provider.is_down = False
    ring.tend()
    assert ring.open(sealed, cell=alice, keys="life") == b"x"


def test_a_key_in_memory_is_renewed_before_its_hour_is_over(
    ring: Keyring, clock: Clock, provider: SwitchedProvider, holder: NewHolder
):
    alice = cell(holder("alice"))
    sealed = ring.seal(b"x", cell=alice, keys="life")
    for _ in range(10):
        clock.seconds += REFRESH_AFTER + 1
        ring.tend()
        assert ring.open(sealed, cell=alice, keys="life") == b"x"


def test_a_process_that_starts_in_an_outage_recovers_and_asks_once_a_second_at_most(
    clock: Clock, provider: SwitchedProvider, holder: NewHolder
):
    ring = Keyring(provider=lambda: provider, monotonic=clock, in_background=False)
    provider.is_down = True
    alice = cell(holder("alice"))
    for _ in range(10):
        with pytest.raises(KeyUnavailable):
            ring.seal(b"x", cell=alice, keys="life")
    assert provider.calls == 1
    provider.is_down = False
    clock.seconds += 2
    assert ring.seal(b"x", cell=alice, keys="life")
    ring.health()
    ring.stop()


def test_only_the_background_goes_on_asking_after_a_start_that_failed(
    clock: Clock, provider: SwitchedProvider, holder: NewHolder
):
    """Break: drop the look at `parts.thread` in `_start`."""
    provider.is_down = True
    ring = Keyring(provider=lambda: provider, monotonic=clock)
    alice = cell(holder("alice"))
    try:
        with pytest.raises(KeyUnavailable):
            ring.start()
        for _ in range(20):
            clock.seconds += 2
            with pytest.raises(KeyUnavailable):
                ring.seal(b"x", cell=alice, keys="life")
        assert provider.calls < 10
        provider.is_down = False
        wait_for(lambda: ring.seconds_left() > 0)
        wait_for(lambda: _seals(ring, alice))
    finally:
        ring.stop()


def _seals(ring: Keyring, place: Cell) -> bool:
    try:
        return bool(ring.seal(b"x", cell=place, keys="life"))
    except KeyUnavailable:
        return False


def test_a_key_that_nobody_knows_here_is_looked_for_in_the_background(
    clock: Clock, provider: SwitchedProvider, holder: NewHolder, owner: psycopg.Connection
):
    """Break: let `_catch_up` refresh although there is a background."""
    alice = cell(holder("alice"))
    ring = Keyring(provider=lambda: provider, monotonic=clock)
    try:
        sealed = ring.seal(b"x", cell=alice, keys="life")
        trunk = ring._parts.trunk  # type: ignore[union-attr]
        trunk._branches = {}
        provider.is_down = True
        asked = provider.calls
        for _ in range(20):
            clock.seconds += 2
            with pytest.raises(KeyUnavailable):
                ring.open(sealed, cell=alice, keys="life")
        assert provider.calls - asked < 10
        provider.is_down = False
        wait_for(lambda: _seals(ring, alice))
        assert ring.open(sealed, cell=alice, keys="life") == b"x"
    finally:
        ring.stop()


def test_a_defect_does_not_end_the_background(clock: Clock, provider: SwitchedProvider, holder: NewHolder):
    """Break: catch KeyUnavailable alone in `_round`."""
    ring = Keyring(provider=lambda: provider, monotonic=clock)
    alice = cell(holder("alice"))
    try:
        ring.start()
        inner, provider.inner = provider.inner, None  # type: ignore[assignment]
        clock.seconds += LIFETIME + 1
        asked = provider.calls
        assert not _seals(ring, alice)
        wait_for(lambda: provider.calls > asked)
        provider.inner = inner
        wait_for(lambda: _seals(ring, alice))
    finally:
        ring.stop()


def test_data_keys_leave_memory_on_time_in_an_outage_too(
    ring: Keyring, clock: Clock, provider: SwitchedProvider, holder: NewHolder
):
    """Break: sweep only after a refresh that went well."""
    ring.seal(b"x", cell=cell(holder("alice")), keys="life")
    provider.is_down = True
    clock.seconds += max(KEPT, REFRESH_AFTER) + 1
    with pytest.raises(KeyUnavailable):
        ring.tend()
    assert not ring._parts.data_keys._by_id  # type: ignore[union-attr]


def test_health_asks_nobody(ring: Keyring, clock: Clock, provider: SwitchedProvider):
    """A bridged outage must not take every instance out of service. Break: ask the provider in `Keyring.health`."""
    ring.start()
    assert ring.seconds_left() == LIFETIME
    provider.is_down = True
    asked = provider.calls
    clock.seconds += LIFETIME - 1
    ring.health()
    assert ring.seconds_left() == 1
    clock.seconds += 2
    with pytest.raises(KeyUnavailable):
        ring.health()
    assert ring.seconds_left() == 0
    assert provider.calls == asked


def test_a_key_table_that_is_away_is_an_outage_too(settings: Any, clock: Clock, provider: SwitchedProvider):
    settings.KEYS_DATABASE_URL = "postgresql://nobody@127.0.0.1:1/none"
    ring = Keyring(provider=lambda: provider, monotonic=clock, in_background=False)
    with pytest.raises(KeyUnavailable):
        ring.start()


def test_a_server_that_was_restarted_is_reached_again(ring: Keyring, holder: NewHolder):
    """Break: return from `_with_connection` at the first OperationalError."""
    alice = cell(holder("alice"))
    ring.seal(b"x", cell=alice, keys="life")
    ours = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s AND datname = %s"
    with psycopg.connect(environment.URLS["superuser"], autocommit=True) as superuser:
        assert superuser.execute(ours, ["paravent-keys", environment.DATABASE]).fetchall()
    assert ring.seal(b"x", cell=cell(holder("bob")), keys="life")


# --- Destruction ----------------------------------------------------------------------------------


def test_destroyed_keys_open_nothing_and_seal_nothing(holder: NewHolder):
    alice = cell(holder("alice"))
    life, law = keyring.seal(b"x", cell=alice, keys="life"), keyring.seal(b"y", cell=alice, keys="law")
    assert keyring.destroy(holder_id=alice.holder_id, keys="life") is True
    assert keyring.destroy(holder_id=alice.holder_id, keys="life") is False
    other = Keyring(in_background=False)
    for ring in (keyring, other):
        with pytest.raises(KeyDestroyed):
            ring.open(life, cell=alice, keys="life")
        with pytest.raises(KeyDestroyed):
            ring.seal(b"x", cell=alice, keys="life")
        assert ring.open(law, cell=alice, keys="law") == b"y"
    other.stop()


def test_a_holder_without_a_key_gets_none_after_destruction(holder: NewHolder):
    """Break: drop the INSERT of a tombstone from `keys_destroy`."""
    alice = cell(holder("alice"))
    keyring.destroy(holder_id=alice.holder_id, keys="law")
    with pytest.raises(KeyDestroyed):
        keyring.seal(b"x", cell=alice, keys="law")


def test_another_process_sees_a_destruction_within_a_second(holder: NewHolder):
    """Break: return from `_see_erasures` at once."""
    other = Keyring(in_background=False)
    alice, bob = cell(holder("alice")), cell(holder("bob"))
    sealed = other.seal(b"x", cell=alice, keys="life")
    kept = other.seal(b"x", cell=bob, keys="life")
    keyring.destroy(holder_id=alice.holder_id, keys="life")
    time.sleep(0.6)
    with pytest.raises(KeyDestroyed):
        other.open(sealed, cell=alice, keys="life")
    assert other.open(kept, cell=bob, keys="life") == b"x"
    other.stop()


def test_a_destruction_races_with_first_seals_and_wins(holder: NewHolder, in_processes: InProcesses):
    """Break: take no lock in `keys_add_data`."""
    other = Keyring(in_background=False)
    for _ in range(5):
        alice = cell(holder("alice"))

        def work(number: int, alice: Cell = alice) -> object:
            if number == 0:
                return keyring.destroy(holder_id=alice.holder_id, keys="life")
            try:
                return keyring.seal(b"x", cell=alice, keys="life")
            except KeyDestroyed:
                return None

        for sealed in in_processes(4, work)[1:]:
            if sealed is not None:
                with pytest.raises(KeyDestroyed):
                    other.open(sealed, cell=alice, keys="life")
    other.stop()


def test_the_service_key_cannot_be_destroyed():
    for holder_id, keys in (("", "life"), ("holder_alice", "service")):
        with pytest.raises(ValueError, match="only the keys of a holder"):
            keyring.destroy(holder_id=holder_id, keys=keys)


# --- Derived keys ---------------------------------------------------------------------------------


def test_derived_keys_differ_by_purpose_and_by_how_labels_are_cut():
    """Break: join the labels without `framed`."""
    derived = [
        keyring.derive("index", "ab", "c"), keyring.derive("index", "a", "bc"), keyring.derive("index", "abc"),
        keyring.derive("index", "abc", ""), keyring.derive("index"), keyring.derive("cvc", "ab", "c"),
        keyring.derive("webhook", "ab", "c"), keyring.derive("log", "ab", "c"), keyring.derive("pairwise", "ab", "c"),
    ]  # fmt: skip
    assert len({one.reveal() for one in derived}) == len(derived)
    assert {len(one.reveal()) for one in derived} == {32}
    assert keyring.derive("index", "ab", "c", version=keyring.current_version("index")) == derived[0]


def test_derived_keys_are_the_same_in_every_process(in_processes: InProcesses):
    here = keyring.derive("webhook", "endpoint").reveal()
    assert set(in_processes(3, lambda _: keyring.derive("webhook", "endpoint").reveal())) == {here}


def test_an_unknown_purpose_or_version_gives_nothing():
    with pytest.raises(ValueError, match="no such purpose"):
        keyring.derive("everything", "a")  # type: ignore[arg-type]
    with pytest.raises(KeyUnavailable):
        keyring.derive("index", "a", version=99)


def test_a_blind_index_is_full_length_and_its_key_belongs_to_one_column():
    digests = {
        blind_index(*where, b"4000000000000002")
        for where in (("a", "b", "c"), ("a", "b", "d"), ("a", "c", "c"), ("b", "b", "c"), ("ab", "", "c"))
    }
    assert len(digests) == 5
    assert {len(digest) for digest in digests} == {32}
    assert blind_index("a", "b", "c", b"x") == blind_index("a", "b", "c", b"x")
    assert blind_index("a", "b", "c", b"x") != blind_index("a", "b", "c", b"y")
