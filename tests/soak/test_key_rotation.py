"""Two hundred thousand rows rotate while people live, and the rotation is killed three times."""

import pytest

from tests.privacy.rotation.conftest import house
from tests.privacy.rotation.house import House
from tests.privacy.rotation.test_under_way import KILLS, rotate_everything

__all__ = ["house"]

#: Some tens of thousands of them are under new keys then, the others not.
IN_THE_LINES = ("--data", "sealed again: wallet_line: ")


@pytest.mark.timeout(0)
def test_two_hundred_thousand_rows_rotate_while_people_live(house: House) -> None:
    steps = rotate_everything(house, cards=200, lines=200_000, kills=(IN_THE_LINES, *KILLS[1:]))
    print(*steps, sep="\n")
