"""Closed schemas: the ONE definition of each body that leaves. OpenAPI documents the same classes."""

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.fields import Field

from privacy.exposure.shapes import (
    BodyNotClosed,
    Branch,
    FieldUnbounded,
    Leaf,
    Member,
    Node,
    Row,
    leaf_check,
    subjects_of_rows,
)
from privacy.fields import FieldClass
from wallet.core.members import StrictCharField, StrictIntegerField

__all__ = [
    "BodyNotClosed", "ClosedSchema", "Member", "Problem", "SchemaIncomplete", "all_schemas", "classes_of", "faults",
    "get", "page_of", "shape", "subjects_of_rows",
]  # fmt: skip

#: Lists that platforms read are at most this long (settled.md 14).
PAGE = 25

_SCHEMAS: dict[str, "type[ClosedSchema]"] = {}


class SchemaIncomplete(Exception):
    """A schema has an unclassified or unbounded member: nothing leaves through it."""


class ClosedSchema(serializers.Serializer[Any]):
    """A body that leaves. `Meta.schema` names it, `Meta.members` classifies every declared field.

    A nested ClosedSchema is `Member(None)` in its parent and classifies its own members; a list of values is classified
    as one member. A class without `Meta.schema` of its own is a base or a part of another body.
    """

    #: The media type of the body.
    content_type: ClassVar[str] = "application/json"

    def __init_subclass__(cls, **options: Any) -> None:
        """Remember the schema by its name: stored answers name it."""
        super().__init_subclass__(**options)
        name = schema_name(cls)
        if name:
            known = _SCHEMAS.get(name)
            if known is not None and known.__qualname__ != cls.__qualname__:
                raise SchemaIncomplete(f"two schemas are named {name}")
            _SCHEMAS[name] = cls


def schema_name(schema: type[ClosedSchema]) -> str:
    """The public name of a schema, or "" for a part of another."""
    return str(getattr(schema.__dict__.get("Meta"), "schema", ""))


def all_schemas() -> list[type[ClosedSchema]]:
    """Every closed schema that was imported, parts included."""
    found: list[type[ClosedSchema]] = []
    waiting: list[type[ClosedSchema]] = [ClosedSchema]
    while waiting:
        for schema in waiting.pop().__subclasses__():
            found.append(schema)
            waiting.append(schema)
    return found


def get(name: str) -> type[ClosedSchema]:
    """The schema with this name (of a stored answer).

    Raises:
        KeyError: there is none any more.
    """
    return _SCHEMAS[name]


def _members(schema: type[ClosedSchema]) -> Mapping[str, Member]:
    members: Mapping[str, Member] = getattr(getattr(schema, "Meta", None), "members", {})
    return members


def faults(schema: type[ClosedSchema]) -> list[str]:
    """What keeps a schema from being closed; empty when nothing does."""
    found: list[str] = []
    declared = schema().fields
    members = _members(schema)
    found += [f"{name} is classified and not declared" for name in sorted(members.keys() - declared.keys())]
    for name, one in declared.items():
        if name not in members:
            found.append(f"{name} has no field class")
            continue
        try:
            _node(one, members[name])
        except (FieldUnbounded, SchemaIncomplete) as fault:
            found.append(f"{name}: {fault}")
    return found


def _node(declared: Field[Any, Any, Any, Any], member: Member) -> Node:
    is_nullable = bool(declared.allow_null)
    if isinstance(declared, serializers.ListSerializer | serializers.ListField):
        maximum: int | None = getattr(declared, "max_length", None)
        if maximum is None:
            raise FieldUnbounded("a list needs max_length")
        assert declared.child is not None  # for the type checker
        return Row(_node(declared.child, member), maximum, is_nullable)
    if isinstance(declared, ClosedSchema):
        if member != Member(None):
            raise SchemaIncomplete("a nested schema classifies its own members: Member(None)")
        inner = shape(type(declared))
        return Branch(inner.members, is_nullable)
    if isinstance(declared, serializers.BaseSerializer):
        raise FieldUnbounded("a nested body is a ClosedSchema")
    if member.field_class is None and member.about:
        raise SchemaIncomplete("structure is about nobody: give it a field class")
    return Leaf(leaf_check(declared), is_nullable, member)


@cache
def shape(schema: type[ClosedSchema]) -> Branch:
    """The schema compiled; made once.

    Raises:
        SchemaIncomplete: it has faults.
    """
    if wrong := faults(schema):
        raise SchemaIncomplete(f"{schema.__name__}: {'; '.join(wrong)}")
    members = _members(schema)
    nodes = tuple((name, _node(one, members[name])) for name, one in schema().fields.items())
    return Branch(nodes, is_nullable=False)


def classes_of(*schemas: type[ClosedSchema]) -> frozenset[FieldClass]:
    """All field classes that these bodies can carry: what a consent to them covers."""
    found: set[FieldClass] = set()
    waiting: list[Node] = [shape(schema) for schema in schemas]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Branch):
            waiting += [inner for _name, inner in node.members]
        elif isinstance(node, Row):
            waiting.append(node.item)
        elif node.member.field_class is not None:
            found.add(node.member.field_class)
    return frozenset(found)


def page_of(schema: type[ClosedSchema], name: str) -> type[ClosedSchema]:
    """The schema of a list of such bodies: `{"data": […], "next_cursor": …}`."""
    meta = type("Meta", (), {"schema": name, "members": {"data": Member(None), "next_cursor": Member(None)}})
    attributes = {
        "__module__": schema.__module__,
        "__qualname__": f"{schema.__qualname__}Page",
        "__doc__": f"A page of {schema.__name__}, newest first.",
        "data": serializers.ListSerializer(child=schema(), max_length=PAGE),
        "next_cursor": StrictCharField(max_length=400, allow_null=True),
        "Meta": meta,
    }
    return type(f"{schema.__name__}Page", (ClosedSchema,), attributes)


class Problem(ClosedSchema):
    """A decision that refuses money (402), returned and not raised: about one `person`."""

    content_type = "application/problem+json"

    type = serializers.RegexField(r"^/problems/[a-z0-9-]+\Z", max_length=300)
    title = StrictCharField(max_length=120)
    status = StrictIntegerField(min_value=400, max_value=599)
    detail = StrictCharField(max_length=300)
    instance = StrictCharField(max_length=60)

    class Meta:
        schema = "problem"
        members = {
            "type": Member(FieldClass.PAYMENT_STATUS, about=("person",)),
            "title": Member(FieldClass.PAYMENT_STATUS, about=("person",)),
            "status": Member(FieldClass.PAYMENT_STATUS, about=("person",)),
            "detail": Member(FieldClass.PAYMENT_STATUS, about=("person",)),
            "instance": Member(None),
        }
