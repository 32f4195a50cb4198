import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.core.bodies import BodyUnreadable, parse_json


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":2}', b'{"a":NaN}', b'{"a":Infinity}', b"{", b"\xff", b'{"a":' * 21 + b"1" + b"}" * 21,
        b"[" * 1000, b'"' + b"x" * 70_000 + b'"', b"{'a':1}", b'{"a":{"b":1,"b":1}}',
    ],
)  # fmt: skip
def test_what_is_not_strict_json_is_refused(raw: bytes) -> None:
    with pytest.raises(BodyUnreadable):
        parse_json(raw)


def test_brackets_inside_text_are_no_nesting() -> None:
    assert parse_json(b'{"note":"[[[[[[[[[[[[[[[[[[[[[[[[\\"{{{{{"}') == {"note": '[[[[[[[[[[[[[[[[[[[[[[[["{{{{{'}


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_nothing_else(raw: bytes) -> None:
    try:
        parse_json(raw)
    except BodyUnreadable:
        pass
