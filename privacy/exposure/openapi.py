"""How the OpenAPI document shows closed schemas: the same classes that the gate checks, and no additional member."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension

from wallet.core.openapi import RouteSchema
from wallet.core.problems import CONTENT_TYPE


class ClosedAutoSchema(RouteSchema):
    """Reads what a `DisclosingView` declares: `request_serializer` and `answers`."""

    page_maximum = 25

    def get_request_serializer(self) -> Any:
        """The strict body that the view reads, if it reads one."""
        reads = getattr(self.view, "request_serializer", None)
        return reads if self.method in {"POST", "PUT", "PATCH"} else None

    def get_response_serializers(self) -> Any:
        """The closed schema of each status; a problem is described with the others."""
        return {
            status if schema is None else (status, schema.content_type): schema
            for status, schema in self._declared().items()
            if not _is_problem(schema)
        }

    def problem_statuses(self) -> set[int]:
        """With the decisions that refuse and are returned, not raised."""
        return super().problem_statuses() | {
            status for status, schema in self._declared().items() if _is_problem(schema)
        }

    def _declared(self) -> dict[int, Any]:
        return dict(getattr(self.view, "answers", {}).get(self.method, {}))


def _is_problem(schema: Any) -> bool:
    return getattr(schema, "content_type", None) == CONTENT_TYPE


class ClosedSchemaExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """`additionalProperties: false`, every member required."""

    target_class = "privacy.exposure.schema.ClosedSchema"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        """The generated schema, closed."""
        mapped = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # noqa: SLF001 - its documented use
        if mapped.get("type") == "object":
            mapped["required"] = sorted(mapped.get("properties", {}))
            mapped["additionalProperties"] = False
        return mapped
