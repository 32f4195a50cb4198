"""The documents about privacy name tests that exist."""

import re

import pytest

from tests.test_tidy import ROOT


@pytest.mark.parametrize("name", ["dpia.md", "threat-model.md"])
def test_each_proof_that_a_document_names_is_there(name: str) -> None:
    """Break: rename a test that stands behind a claim."""
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / name).read_text(encoding="utf-8"))
    assert named
    gone = [
        f"{file}::{test}" for file, test in named if f"def {test}(" not in (ROOT / file).read_text(encoding="utf-8")
    ]
    assert gone == []
