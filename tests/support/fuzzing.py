"""Requests made from the OpenAPI document by schemathesis, sent over HTTP, and every answer held against it (P17)."""

from collections.abc import Mapping
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


def fuzz(url: str, token: str | None, *, examples: int, ids: Mapping[str, str]) -> tuple[int, list[str]]:
    """Send so many requests to each operation with this token; how many operations there were, and what failed.

    Args:
        url: where the API answers.
        token: whose requests they are, or None for nobody's.
        examples: requests for each operation.
        ids: of objects that are there, by the name of a path's parameter or a body's member; every second request
            takes them, because no made-up id is ever somebody's.
    """
    document = schemathesis.openapi.from_url(f"{url}/v1/openapi.json")
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    done = 0
    failures: list[str] = []
    for found in document.get_all_operations():
        operation = found.ok()
        try:
            _operation(operation, url, headers, examples, ids)
        except Exception as failure:  # noqa: BLE001 - all of them are told together
            parts = getattr(failure, "exceptions", [failure])
            failures += [f"{operation.label}: {part}" for part in parts]
        done += 1
    return done, failures


def _operation(operation: Any, url: str, headers: dict[str, str], examples: int, ids: Mapping[str, str]) -> None:
    @settings(
        max_examples=examples, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(), is_real=st.booleans())
    def send(*, case: Any, is_real: bool) -> None:
        if is_real:
            for place in (case.path_parameters, case.body):
                if isinstance(place, dict):
                    place.update({name: ids[name] for name in place.keys() & ids.keys()})
        case.call_and_validate(base_url=url, headers=headers, checks=CHECKS)

    send()
