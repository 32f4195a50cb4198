"""What is due by the crypto-periods of standard.md: KEK one year, data key two years or 2^31 messages, index two."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from privacy.crypto.datakeys import MESSAGE_LIMIT
from privacy.crypto.rotation.store import RotationStore
from privacy.crypto.stages import KeyState, Stage

KEK_PERIOD: Final = timedelta(days=365)
DATA_PERIOD: Final = timedelta(days=730)
INDEX_PERIOD: Final = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class Due:
    """One kind of key: whether it is to be rotated now, whether a rotation was interrupted, and the ages and counts."""

    what: str
    is_due: bool
    is_under_way: bool
    facts: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The members."""
        return {"what": self.what, "due": self.is_due, "under_way": self.is_under_way, **self.facts}


def list_due(store: RotationStore) -> list[Due]:
    """KEK, branch, data keys and index root, in this order; nothing is changed, and no provider asked."""
    state, ages = store.state(), store.ages()
    return [_kek(ages), _branch(ages, state), _data(store, state), _index(ages, state)]


def _kek(ages: list[dict[str, Any]]) -> Due:
    since = {kek: min(row["wrapped_at"] for row in ages if row["kek"] == kek) for kek in {row["kek"] for row in ages}}
    oldest = max((row["now"] - since[row["kek"]] for row in ages), default=timedelta())
    # More than one: a new KEK was put in, and not everything is under it yet.
    is_under_way = len(since) > 1
    return Due("kek", is_under_way or oldest > KEK_PERIOD, is_under_way, {"keks": sorted(since), "days": oldest.days})


def _branch(ages: list[dict[str, Any]], state: KeyState) -> Due:
    rows = [row for row in ages if row["kind"] == "branch"]
    oldest = max((row["now"] - row["created_at"] for row in rows), default=timedelta())
    is_under_way = state.branch_target is not None
    facts = {"keys": len(rows), "days": oldest.days}
    return Due("branch", is_under_way or oldest > DATA_PERIOD, is_under_way, facts)


def _data(store: RotationStore, state: KeyState) -> Due:
    facts: dict[str, Any] = store.data_ages(store.now() - DATA_PERIOD, MESSAGE_LIMIT)
    is_under_way = state.data_since is not None
    is_due = is_under_way or bool(facts["too_old"] or facts["too_many_messages"])
    return Due("data", is_due, is_under_way, {**facts, "holder": state.data_holder} if is_under_way else facts)


def _index(ages: list[dict[str, Any]], state: KeyState) -> Due:
    oldest = next(
        (row["now"] - row["created_at"] for row in ages if row["name"] == f"index/{state.index.version}"), timedelta()
    )
    is_under_way = state.index.stage is not Stage.STABLE
    facts = {"version": state.index.version, "stage": str(state.index.stage), "days": oldest.days}
    return Due("index", is_under_way or oldest > INDEX_PERIOD, is_under_way, facts)
