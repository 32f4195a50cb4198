"""The web process with nothing written down of what leaves: the other side of `platform_request`, and of nothing else."""

from collections.abc import Mapping
from typing import Any

import orjson

from wallet.embedded import web

_load = web.load


def _load_without_gate() -> Any:
    loaded = _load()
    from privacy.exposure import gate
    from privacy.exposure.grants import GATE, Grant, admit
    from privacy.exposure.schema import ClosedSchema, schema_name
    from privacy.exposure.shapes import plain

    def granted(*, schema: type[ClosedSchema], body: Mapping[str, Any], **_facts: Any) -> Grant:
        """The bytes as any API makes them."""
        grant = Grant(orjson.dumps(plain(body)), schema.content_type, schema_name(schema), GATE)
        admit(grant)
        return grant

    gate.disclose = granted  # type: ignore[assignment]  # the point of it
    return loaded


if __name__ == "__main__":
    web.load = _load_without_gate
    web.main()
