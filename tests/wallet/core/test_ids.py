import pytest

from wallet.core.ids import PREFIXES, is_id, new_id


def test_ids_are_prefixed_random_and_long_enough() -> None:
    """settled.md 30: at least 128 bits, 22 or more characters after the prefix."""
    ids = {new_id("card") for _ in range(2000)}
    assert len(ids) == 2000
    assert all(is_id(one, "card") and len(one) == len("card_") + 22 for one in ids)
    firsts = {one[5] for one in ids}
    assert len(firsts) == 62, "no part of an id tells the time"


@pytest.mark.parametrize(
    "value", ["", "card_", "card_" + "a" * 21, "card_" + "a" * 23, "link_" + "a" * 22, "card_" + "é" * 22, None, 3]
)
def test_other_things_are_no_ids(value: object) -> None:
    assert not is_id(value, "card")


def test_an_unknown_prefix_is_a_defect() -> None:
    assert "card" in PREFIXES
    with pytest.raises(ValueError, match="prefix"):
        new_id("hold")
