"""A closed schema compiled once: what a body must look like, and what of it one person may see.

Strict on purpose and apart from DRF's validation of input, which forgives: every member present, none besides, exact
JSON types, bounds. Errors name a pointer, never a value.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from django.core.exceptions import ValidationError
from rest_framework import serializers
from rest_framework.fields import Field

from privacy.fields import FieldClass
from wallet.core.ids import is_id
from wallet.core.members import MoneyField, PublicIdField
from wallet.core.money import MAX_MINOR, Money

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


class BodyNotClosed(Exception):
    """A body does not fit its closed schema: a defect, never a refusal. Names a place, never a value."""


class FieldUnbounded(Exception):
    """A declared field has no type that a closed schema may hold."""


@dataclass(frozen=True, slots=True)
class Member:
    """What a member says, and about whom.

    Args:
        field_class: its class, or None for pure structure, which says nothing about anybody.
        about: the roles of the people whose data it is; empty where it is about nobody known.
    """

    field_class: FieldClass | None
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value."""

    fits: Callable[[Any], bool]
    is_nullable: bool
    member: Member


@dataclass(frozen=True, slots=True)
class Branch:
    """An object with exactly these members, in this order."""

    members: "tuple[tuple[str, Node], ...]"
    is_nullable: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A list of at most so many elements."""

    item: "Node"
    maximum: int
    is_nullable: bool


Node = Leaf | Branch | Row


# --- From DRF fields ------------------------------------------------------------------------------


def leaf_check(declared: Field[Any, Any, Any, Any]) -> Callable[[Any], bool]:
    """The strict test of one value.

    Raises:
        FieldUnbounded: the type is not one that may leave, or has no bounds.
    """
    for kind, check in _CHECKS:
        if isinstance(declared, kind):
            return check(declared)
    raise FieldUnbounded(f"{type(declared).__name__} may not leave")


def _passes(declared: Field[Any, Any, Any, Any], value: Any) -> bool:
    try:
        declared.run_validators(value)
    except (serializers.ValidationError, ValidationError):
        return False
    return True


def _choice(declared: Any) -> Callable[[Any], bool]:
    words = frozenset(declared.choices)
    if not words or not all(isinstance(word, str) for word in words):
        raise FieldUnbounded("an enumeration of words is expected")
    return lambda value: isinstance(value, str) and value in words


def _text(declared: Any) -> Callable[[Any], bool]:
    if declared.max_length is None:
        raise FieldUnbounded("a text needs max_length")
    return lambda value: isinstance(value, str) and len(value) <= declared.max_length and _passes(declared, value)


def _number(*types: type) -> Callable[[Any], Callable[[Any], bool]]:
    def check(declared: Any) -> Callable[[Any], bool]:
        low, high = declared.min_value, declared.max_value
        if low is None or high is None:
            raise FieldUnbounded("a number needs min_value and max_value")
        return lambda value: type(value) in types and low <= value <= high

    return check


def _public_id(declared: Any) -> Callable[[Any], bool]:
    return lambda value: is_id(value, declared.prefix)


def _money(declared: Any) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and list(value) == ["value", "currency"]
            and type(value["value"]) is int
            and declared.minimum <= value["value"] <= MAX_MINOR
            and isinstance(value["currency"], str)
            and _CURRENCY.fullmatch(value["currency"]) is not None
        )

    return fits


def _pattern(pattern: re.Pattern[str]) -> Callable[[Any], Callable[[Any], bool]]:
    return lambda _declared: lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


#: In this order: a subclass stands before its parent.
_CHECKS: Final[tuple[tuple[Any, Callable[[Any], Callable[[Any], bool]]], ...]] = (
    (MoneyField, _money),
    (PublicIdField, _public_id),
    (serializers.MultipleChoiceField, leaf_check),
    (serializers.ChoiceField, _choice),
    (serializers.BooleanField, lambda _declared: lambda value: isinstance(value, bool)),
    (serializers.IntegerField, _number(int)),
    (serializers.FloatField, _number(int, float)),
    (serializers.DateTimeField, _pattern(_TIME)),
    (serializers.DateField, _pattern(_DATE)),
    (serializers.CharField, _text),
)


# --- Conforming: the JSON that leaves ---------------------------------------------------------------


def plain(value: Any) -> Any:
    """JSON values for what the domain speaks: Money, times (to the second: finer ones would correlate), enums."""
    if isinstance(value, Money):
        return value.as_json()
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise BodyNotClosed("a time without a zone")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def conform(node: Node, value: Any, pointer: str = "") -> Any:
    """The value itself, its members in the schema's order.

    Raises:
        BodyNotClosed: a member is missing, one is too many, or a value does not fit.
    """
    if value is None:
        if node.is_nullable:
            return None
        raise BodyNotClosed(f"{pointer or '/'} is null")
    if isinstance(node, Branch):
        if not isinstance(value, dict):
            raise BodyNotClosed(f"{pointer or '/'} is no object")
        names = [name for name, _inner in node.members]
        if value.keys() != set(names):
            wrong = sorted(value.keys() ^ set(names))
            raise BodyNotClosed(f"{pointer or '/'} misses, or has besides: {', '.join(wrong)[:80]}")
        return {name: conform(inner, value[name], f"{pointer}/{name}") for name, inner in node.members}
    if isinstance(node, Row):
        if not isinstance(value, list) or len(value) > node.maximum:
            raise BodyNotClosed(f"{pointer} is no list of at most {node.maximum}")
        return [conform(node.item, inner, f"{pointer}/{index}") for index, inner in enumerate(value)]
    if not node.fits(value):
        raise BodyNotClosed(f"{pointer} does not fit")
    return value


# --- Seeing: what one person may read of it ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Subjects:
    """Who is behind a role: `payee`, or `/data/3#payee` for the element at that pointer."""

    people: Mapping[str, str | None]

    def distinct(self) -> list[str]:
        """Each person once, in a stable order."""
        return sorted({holder_id for holder_id in self.people.values() if holder_id})

    def behind(self, member: Member, pointer: str) -> set[str]:
        """The people whose data the member at this place is.

        Raises:
            BodyNotClosed: a role is not named in the subjects, not even with None.
        """
        return {holder_id for role in member.about if (holder_id := self._find(role, pointer))}

    def _find(self, role: str, pointer: str) -> str | None:
        scope = pointer
        while scope:
            if (key := f"{scope}#{role}") in self.people:
                return self.people[key]
            scope = scope.rpartition("/")[0]
        if role not in self.people:
            raise BodyNotClosed(f"{pointer} is about {role}, whom the subjects do not name")
        return self.people[role]


def subjects_of_rows(at: str, rows: Sequence[Mapping[str, str | None]]) -> dict[str, str | None]:
    """The subjects of a list: `rows[i]` names the roles of the element `at/i`."""
    return {f"{at}/{index}#{role}": person for index, row in enumerate(rows) for role, person in row.items()}


@dataclass(slots=True)
class Sight:
    """What one person may see of a body; about others: null, and named."""

    holder_id: str
    subjects: Subjects
    classes: set[FieldClass] = field(default_factory=set)
    withheld: list[str] = field(default_factory=list)

    def see(self, node: Node, value: Any, pointer: str = "") -> Any:
        """The body as this person's exposure keeps it."""
        seen, _is_mine, _is_hidden = self._see(node, value, pointer)
        return seen

    def _see(self, node: Node, value: Any, pointer: str) -> tuple[Any, bool, bool]:
        """The value, whether something in it is mine, whether something in it is hidden."""
        if value is None:
            return None, False, False
        if isinstance(node, Branch):
            return self._see_members(node, value, pointer)
        if isinstance(node, Row):
            return self._see_elements(node, value, pointer)
        if not node.member.about:
            return value, False, False
        if self.holder_id in self.subjects.behind(node.member, pointer):
            if node.member.field_class is not None:
                self.classes.add(node.member.field_class)
            return value, True, False
        self.withheld.append(pointer)
        return None, False, True

    def _see_members(self, node: Branch, value: dict[str, Any], pointer: str) -> tuple[Any, bool, bool]:
        is_mine = is_hidden = False
        seen = {}
        for name, inner in node.members:
            seen[name], mine, hidden = self._see(inner, value[name], f"{pointer}/{name}")
            is_mine, is_hidden = is_mine or mine, is_hidden or hidden
        return seen, is_mine, is_hidden

    def _see_elements(self, node: Row, value: list[Any], pointer: str) -> tuple[Any, bool, bool]:
        is_mine = is_hidden = False
        seen: list[Any] = []
        for index, inner in enumerate(value):
            place = f"{pointer}/{index}"
            before = len(self.withheld)
            element, mine, hidden = self._see(node.item, inner, place)
            if hidden and not mine:
                # Nothing in it is about this person: not even its shape is shown.
                self.withheld[before:] = [place]
                element = None
            seen.append(element)
            is_mine, is_hidden = is_mine or mine, is_hidden or hidden
        return seen, is_mine, is_hidden
