"""Keys rotate while people write, read, look up and pay, and the rotation is killed three times."""

from typing import Any

from tests.privacy.rotation.house import House

#: Where the rotation is killed: in the middle of resealing, of filling the second index and of swapping them.
KILLS = (("--data", "sealed again: "), ("--index", "index, fill: "), ("--index", "index, swap: "))


def test_everything_rotates_while_people_live_and_the_rotation_is_killed_three_times(house: House) -> None:
    """standard.md C07.

    Breaks: look for v until the stage `clear`, or in the first column alone; do not wait in `Session.settle`.
    """
    rotate_everything(house, cards=40, lines=2000)


def rotate_everything(
    house: House, *, cards: int, lines: int, kills: tuple[tuple[str, str], ...] = KILLS
) -> list[dict[str, Any]]:
    """Let two processes live and rotate under them; what the last run of the rotation did, step by step."""
    people = house.do("settle", cards=cards, lines=lines)
    lives = [house.start("live", house=people, number=number, of=2) for number in range(2)]
    for life in lives:
        life.wait_until_ready()
    # Keys at their limit of messages give way to new versions by themselves; the rotation replaces both.
    house.sql("UPDATE privacy_datakey SET messages = 2147483648 WHERE holder_id = %s", people["cards"][0]["holder"])
    for what, when in kills:
        house.rotate_and_kill(what, when=when)
    house.add_kek()
    result = house.rotate("--all")
    assert result["ok"]
    house.delete_old_keks()
    found = [life.end() for life in lives]
    assert [error for one in found for error in one["errors"]] == []
    assert min(one["turns"] for one in found) > 20

    # Everything that was replaced is gone for good, and processes that start now open everything.
    assert house.sql("SELECT DISTINCT kek FROM privacy_branchkey WHERE retired_at IS NULL") == [("2",)]
    assert house.sql("SELECT version, length(wrapped) FROM privacy_rootkey WHERE purpose = 'index' ORDER BY 1")[0] == (
        1,
        0,
    )
    old = "SELECT count(*) FROM privacy_datakey k WHERE wrapped IS NOT NULL AND EXISTS (SELECT FROM privacy_datakey n"
    newer = " WHERE n.holder_id = k.holder_id AND n.key_class = k.key_class AND n.version > k.version)"
    assert house.sql(old + newer) == [(0,)]
    assert house.sql("SELECT count(*) FROM cards_cardnumber WHERE pan_index_next IS NOT NULL") == [(0,)]
    under_way = "SELECT stage, index_next, branch_target, data_since FROM privacy_keyrotation"
    assert house.sql(under_way) == [("stable", None, None, None)]

    seen = house.do("look", house=people)
    assert seen["labels"] == {**found[0]["written"], **found[1]["written"]}
    assert seen["faults"] == 0
    assert seen["lines"] == lines
    assert (seen["paid"], seen["repeated"], seen["changed_repetition"]) == (True, True, 422)
    assert (seen["locked_here"], seen["locked_elsewhere"]) == (True, False)
    assert seen["guessed_right_too_late"] is False, "a rotation gave fresh tries"
    return list(result["steps"])
