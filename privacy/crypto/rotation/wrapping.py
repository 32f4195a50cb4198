"""KEK and branch: the same keys, wrapped anew. No value is touched."""

from datetime import timedelta
from typing import Final

from privacy.crypto.datakeys import unwrap_data_key, wrap_data_key
from privacy.crypto.rotation.session import RotationIncomplete, Session
from privacy.crypto.store import BranchRow, RootRow
from privacy.crypto.trunk import context_of

_KEYS: Final = 1000


def rotate_kek(session: Session) -> None:
    """Put every branch and root key under the provider's current KEK; then the older ones can be deleted there.

    Raises:
        KeyUnavailable: the provider cannot be reached, or no longer has the KEK that wraps one of them.
        RotationIncomplete: a key is still wrapped by an older one.
    """
    current = session.current_kek()
    for kind, rows in (("branch", session.store.branches()), ("root", session.store.roots())):
        old: list[BranchRow | RootRow] = [row for row in rows if row.wrapped.kek != current]
        for row in old:
            _rewrap(session, kind, row)
        session.progress.step("kek", keys=kind, wrapped_again=len(old), kek=current)
    session.announce()
    rows_now: list[BranchRow | RootRow] = [*session.store.branches(), *session.store.roots()]
    if left := sum(row.wrapped.kek != current for row in rows_now):
        raise RotationIncomplete(f"{left} keys are still wrapped by an older key-encryption key: run it again")
    session.settle()


def _rewrap(session: Session, kind: str, row: BranchRow | RootRow) -> None:
    context = context_of(row)
    key = session.keys.unwrap(row.wrapped, context=context)
    session.store.rewrap(kind, row.id, old=row.wrapped.blob, wrapped=session.keys.wrap(key, context=context))


def rotate_branch(session: Session) -> None:
    """Make a new branch, put all data keys under it, throw away the older ones; goes on with an interrupted one.

    Raises:
        RotationIncomplete: a data key is still wrapped by an older branch, which stays.
    """
    if session.state.branch_target is None:
        # Active a little later: by then every process has unwrapped it.
        active_from = session.store.now() + timedelta(seconds=session.margin)
        branch_id = session.trunk.make_branch(active_from)
        session.announce(branch_target=branch_id)
        session.progress.step("branch", new=1)
    session.settle()
    _wrap_data_keys(session)
    session.settle()
    target = session.state.branch_target
    if target is not None:
        retired = session.store.retire_branches(target)
        session.progress.step("branch", thrown_away=retired)
        if left := session.store.count_branches_before(target):
            raise RotationIncomplete(f"{left} older branch keys still wrap data keys and stay: run it again")
    session.announce(branch_target=None)


def _wrap_data_keys(session: Session) -> None:
    target = session.state.branch_target
    if target is None:
        return
    session.trunk.refresh()
    bar = session.progress.over("branch: data keys", session.store.count_data_keys_under_others(target))
    done = 0
    while rows := session.store.data_keys_under_others(target, limit=_KEYS):
        wrapped = [
            wrap_data_key(
                session.trunk.branch(target),
                secret=unwrap_data_key(session.trunk.branch(row.branch_id), row),  # type: ignore[arg-type] # a live key has one
                key_id=row.id, holder_id=row.holder_id, key_class=row.key_class, version=row.version, branch_id=target,
            )
            for row in rows
        ]  # fmt: skip
        count = session.store.rewrap_data(rows, branch_id=target, wrapped=wrapped)
        if not count:
            raise RotationIncomplete("the data keys changed meanwhile: run it again")
        done += count
        bar.advance(count)
    session.progress.step("branch", data_keys_wrapped_again=done)
