"""The route manifest: whom every route answers and what its tokens need, read from the code itself."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from privacy.exposure.api import DisclosingView
from privacy.exposure.egress import audience_of
from privacy.exposure.schema import faults
from wallet.core.api import Audience


@dataclass(frozen=True, slots=True)
class Route:
    """One URL pattern and the view behind it."""

    path: str
    view: str
    audience: str
    methods: tuple[str, ...]
    scopes: dict[str, list[str]]
    answers: dict[str, dict[str, str | None]]

    def as_json(self) -> dict[str, Any]:
        """The line of the manifest."""
        return asdict(self)


def list_routes() -> list[Route]:
    """Every route of the service, by path."""
    found = [_route(path, callback) for path, callback in _callbacks(get_resolver().url_patterns, "/")]
    return sorted(found, key=lambda route: (route.path, route.view))


def route_faults() -> list[str]:
    """Routes that do not say whom they answer, or answer a platform without the gate; empty when there are none."""
    callbacks = _callbacks(get_resolver().url_patterns, "/")
    return [fault for path, callback in callbacks for fault in _faults(path, callback)]


def _callbacks(patterns: list[Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _callbacks(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield path, pattern.callback


def _shown(callback: Any) -> Any:
    return getattr(callback, "view_class", None) or getattr(callback, "cls", None) or callback


def _methods(shown: Any) -> tuple[str, ...]:
    names = getattr(shown, "http_method_names", None)
    if names is None:
        return ()
    return tuple(name.upper() for name in names if name != "options" and hasattr(shown, name))


def _route(path: str, callback: Any) -> Route:
    shown = _shown(callback)
    methods = _methods(shown)
    answers = getattr(shown, "answers", {}) if isinstance(shown, type) and issubclass(shown, DisclosingView) else {}
    return Route(
        path=path,
        view=f"{shown.__module__}.{shown.__qualname__}",
        audience=str(audience_of(callback) or ""),
        methods=methods,
        scopes={method: sorted(scopes) for method, scopes in getattr(shown, "scopes", {}).items() if method in methods},
        answers={
            method: {str(status): schema and schema.Meta.schema for status, schema in by_status.items()}
            for method, by_status in answers.items()
        },
    )


def _faults(path: str, callback: Any) -> Iterator[str]:
    shown = _shown(callback)
    audience = audience_of(callback)
    if audience is None:
        yield f"{path} does not say whom it answers"
    if isinstance(shown, type) and issubclass(shown, DisclosingView):
        for method in _methods(shown):
            if not shown.scopes.get(method):
                yield f"{path} {method} names no scope"
            if not shown.answers.get(method):
                yield f"{path} {method} declares no answers"
        for by_status in shown.answers.values():
            for schema in by_status.values():
                if schema is not None:
                    yield from (f"{path} {schema.__name__}: {fault}" for fault in faults(schema))
    elif audience is Audience.PLATFORM and not getattr(shown, "discloses", False):
        # A view of a library's (the token endpoint) says `discloses = True` and answers with `gate.respond`.
        yield f"{path} answers a platform and is no DisclosingView"
