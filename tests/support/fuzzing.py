"""Requests made from the OpenAPI document by schemathesis, sent over HTTP, and every answer held against it (P17)."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


def fuzz(url: str, token: str | None, *, examples: int) -> int:
    """Send so many requests to each operation with this token; how many operations there were.

    Raises:
        schemathesis.errors: an answer that the document does not know, with the request as a curl command.
    """
    document = schemathesis.openapi.from_url(f"{url}/v1/openapi.json")
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    done = 0
    for found in document.get_all_operations():
        _operation(found.ok(), url, headers, examples)
        done += 1
    return done


def _operation(operation: Any, url: str, headers: dict[str, str], examples: int) -> None:
    @settings(
        max_examples=examples, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def send(case: Any) -> None:
        case.call_and_validate(base_url=url, headers=headers, checks=CHECKS)

    send()
