"""Who acts: passed into every service, written into every audit row."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class ActorKind(StrEnum):
    """The kinds of those who act."""

    HOLDER = "holder"
    PLATFORM = "platform"
    STAFF = "staff"
    NETWORK = "network"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """One who acts: a kind and an opaque id."""

    kind: ActorKind
    id: str

    @classmethod
    def holder(cls, holder_id: str) -> Self:
        """A person, about their own things."""
        return cls(ActorKind.HOLDER, holder_id)

    @classmethod
    def platform(cls, platform_id: str) -> Self:
        """A chat platform, inside what it was allowed."""
        return cls(ActorKind.PLATFORM, platform_id)

    @classmethod
    def staff(cls, holder_id: str) -> Self:
        """An operator; needs a reason where personal data is concerned."""
        return cls(ActorKind.STAFF, holder_id)

    @classmethod
    def network(cls, name: str) -> Self:
        """A card network."""
        return cls(ActorKind.NETWORK, name)

    @classmethod
    def system(cls, job: str) -> Self:
        """A job of our own."""
        return cls(ActorKind.SYSTEM, job)
