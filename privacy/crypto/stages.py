"""The stages of an index key's rotation: what writers write and readers look for in each of them.

A blind index has two columns. Processes learn of a new stage one after the other, so neighbouring stages must get on:
whatever one writes, the other finds, and the database refuses a duplicate between them. A reader looks for one digest
in both columns.

    stage    column 1  column 2  look for     what the rotation does before it goes on
    stable      v         -         v
    fill        v         w         v         every row gets its w in column 2
    turn        v         w         w
    swap        w         w         w         every row gets its w in column 1
    clear       w         -         w         column 2 is emptied, the root v is thrown away; then stable, with w
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID


class Stage(StrEnum):
    """Where an index rotation stands."""

    STABLE = "stable"
    FILL = "fill"
    TURN = "turn"
    SWAP = "swap"
    CLEAR = "clear"


FOLLOWING: Final = {
    Stage.STABLE: Stage.FILL,
    Stage.FILL: Stage.TURN,
    Stage.TURN: Stage.SWAP,
    Stage.SWAP: Stage.CLEAR,
    Stage.CLEAR: Stage.STABLE,
}


@dataclass(frozen=True, slots=True)
class IndexState:
    """Which versions of the index root are in use. `following` is None when no rotation is under way."""

    stage: Stage
    version: int
    following: int | None = None

    @property
    def _next(self) -> int:
        return self.version if self.following is None else self.following

    @property
    def first(self) -> int:
        """The version that column 1 is written with."""
        return self._next if self.stage in {Stage.SWAP, Stage.CLEAR} else self.version

    @property
    def second(self) -> int | None:
        """The version that column 2 is written with, or None: it stays empty."""
        return self._next if self.stage in {Stage.FILL, Stage.TURN, Stage.SWAP} else None

    @property
    def sought(self) -> int:
        """The version that readers look for, in either column."""
        return self.version if self.stage in {Stage.STABLE, Stage.FILL} else self._next

    @property
    def has_two_columns(self) -> bool:
        """Whether a digest may stand in the second column alone."""
        return self.stage is not Stage.STABLE


@dataclass(frozen=True, slots=True)
class KeyState:
    """What every process must know of a rotation; the epoch rises with each change."""

    epoch: int
    index: IndexState
    #: The branch that the older ones' data keys are being wrapped under.
    branch_target: UUID | None = None
    #: Data keys made before this moment are being replaced; of one holder, or ("") of all.
    data_since: datetime | None = None
    data_holder: str = ""
