"""A member without a field class, or without bounds, cannot leave: the build fails."""

from typing import Any

import pytest
from django.core.checks import Error
from rest_framework import serializers

from privacy.exposure import checks
from privacy.exposure import schema as schemas
from privacy.exposure.routes import list_routes, route_faults
from privacy.exposure.schema import ClosedSchema, Member, SchemaIncomplete, all_schemas, faults, shape
from privacy.fields import (
    BASIS_LABELS,
    CHANNEL_LABELS,
    CLASS_LABELS,
    CLASS_SENTENCES,
    PURPOSE_LABELS,
    Basis,
    Channel,
    FieldClass,
    Purpose,
)
from tests.privacy.exposure.bodies import AskBody, AskPage, SplitBody
from wallet.core.members import StrictCharField


def incomplete(**fields: Any) -> type[ClosedSchema]:
    """A schema with these declared fields and classes, unknown to the registry."""
    declared = {name: one for name, one in fields.items() if name != "members"}
    meta = type("Meta", (), {"members": fields.get("members", {})})
    return type("Incomplete", (ClosedSchema,), {"__module__": __name__, **declared, "Meta": meta})


CLASSIFIED = {"x": Member(FieldClass.OBJECT_ID, about=("payee",))}


@pytest.mark.parametrize(
    ("field", "members", "fault"),
    [
        (StrictCharField(max_length=5), {}, "no field class"),
        (StrictCharField(), CLASSIFIED, "max_length"),
        (serializers.IntegerField(), CLASSIFIED, "min_value"),
        (serializers.JSONField(), CLASSIFIED, "may not leave"),
        (serializers.DictField(), CLASSIFIED, "may not leave"),
        (serializers.SerializerMethodField(), CLASSIFIED, "may not leave"),
        (serializers.ListField(child=serializers.BooleanField()), CLASSIFIED, "max_length"),
        (serializers.ListField(max_length=3), CLASSIFIED, "may not leave"),
        (serializers.Serializer(), CLASSIFIED, "ClosedSchema"),
        (StrictCharField(max_length=5), {"x": Member(None, about=("payee",))}, "about nobody"),
        (StrictCharField(max_length=5), {**CLASSIFIED, "y": Member(None)}, "not declared"),
        (serializers.ChoiceField([1, 2]), CLASSIFIED, "words"),
    ],
)
def test_what_is_not_classified_or_bounded_is_a_fault(field: Any, members: dict[str, Member], fault: str) -> None:
    """Break: `faults` passes over a field that Meta.members does not name."""
    open_schema = incomplete(x=field, members=members)
    assert any(fault in found for found in faults(open_schema))
    with pytest.raises(SchemaIncomplete):
        shape(open_schema)


def test_the_system_check_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = incomplete(x=StrictCharField(max_length=5))
    monkeypatch.setattr(checks, "all_schemas", lambda: [found])
    assert [type(message) for message in checks.check_closed_schemas(None)] == [Error]


def test_two_schemas_cannot_share_a_name() -> None:
    with pytest.raises(SchemaIncomplete):
        type("Other", (ClosedSchema,), {"Meta": type("Meta", (), {"schema": "test_ask", "members": {}})})


def test_every_schema_of_the_house_is_closed() -> None:
    list_routes()  # brings the views, and with them their schemas
    ours = [one for one in all_schemas() if not one.__module__.startswith("tests.")]
    assert [f"{one.__name__}: {fault}" for one in ours for fault in faults(one)] == []


def test_every_route_says_whom_it_answers_and_no_platform_route_steps_around_the_gate() -> None:
    assert route_faults() == []


def test_the_classes_of_a_body_are_what_a_consent_to_it_covers() -> None:
    assert schemas.classes_of(AskBody) == schemas.classes_of(AskPage)
    assert FieldClass.PAYMENT_NOTE in schemas.classes_of(AskBody)
    assert schemas.classes_of(SplitBody) == {
        FieldClass.OBJECT_ID, FieldClass.LINK_HANDLE, FieldClass.PAYMENT_AMOUNT, FieldClass.PAYMENT_REFERENCE,
    }  # fmt: skip


def test_every_word_of_the_taxonomy_has_a_sentence_for_people() -> None:
    assert set(CLASS_LABELS) == set(CLASS_SENTENCES) == set(FieldClass)
    assert (set(PURPOSE_LABELS), set(BASIS_LABELS), set(CHANNEL_LABELS)) == (set(Purpose), set(Basis), set(Channel))


def test_the_openapi_document_shows_a_closed_schema_closed() -> None:
    from drf_spectacular.generators import SchemaGenerator

    from tests.privacy.exposure import urls

    document = SchemaGenerator(patterns=urls.urlpatterns).get_schema(request=None, public=True)
    answers = document["paths"]["/v1/asks"]["post"]["responses"]
    assert {"201", "402"} <= set(answers)
    assert "application/problem+json" in answers["402"]["content"]
    shown = document["components"]["schemas"]["AskBody"]
    assert shown["additionalProperties"] is False
    assert set(shown["required"]) == set(shown["properties"]) == set(AskBody().fields)
