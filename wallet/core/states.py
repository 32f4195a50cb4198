"""States of a thing: a StrEnum, one table of named events, and an audit row for every move.

The CHECK constraint beside the column (`state_check`) says the same in the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Generic, TypeVar

from django.db import models

from wallet.core.actors import Actor
from wallet.core.errors import Kind, WalletError
from wallet.core.models import StateChange
from wallet.core.transactions import needs_transaction

S = TypeVar("S", bound=StrEnum)


class WrongState(WalletError):
    """The thing is not in a state in which this can happen."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug = "wrong-state"
    title = "This is not possible in its present state"


@dataclass(frozen=True)  # slots break `StateMachine[Status](…)` on Python 3.11
class StateMachine(Generic[S]):
    """`edges[event]` maps each state in which the event may happen to the state that follows."""

    name: str
    edges: Mapping[str, Mapping[S, S]]

    def after(self, state: S, event: str) -> S:
        """The state that follows.

        Raises:
            WrongState: the event cannot happen in this state.
        """
        following = self.edges[event].get(state)
        if following is None:
            raise WrongState(state=str(state), event=event)
        return following

    @needs_transaction
    def record(self, *, subject: str, event: str, before: S, after: S, actor: Actor) -> None:
        """Write the audit row of a move that the caller has made under a row lock."""
        StateChange.objects.create(
            machine=self.name, subject=subject, event=event, before=before, after=after,
            actor_kind=actor.kind, actor_id=actor.id,
        )  # fmt: skip


def state_check(states: type[StrEnum], *, field: str = "status", name: str) -> models.CheckConstraint:
    """The constraint that keeps a column to the states of the enum."""
    return models.CheckConstraint(condition=models.Q(**{f"{field}__in": [str(state) for state in states]}), name=name)
