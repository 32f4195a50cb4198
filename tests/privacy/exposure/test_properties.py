"""For any body and any people: what they may read together is the body, and nobody reads another's part."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.exposure.schema import ClosedSchema, shape, subjects_of_rows
from privacy.exposure.shapes import Branch, Node, Row, Sight, Subjects, conform, plain
from tests.privacy.exposure.bodies import AskPage, SplitBody, ask
from wallet.core.ids import new_id
from wallet.core.money import Money

PEOPLE = ["holder_a", "holder_b", "holder_c"]
person = st.sampled_from([*PEOPLE, None])


Drawn = tuple[type[ClosedSchema], dict[str, Any], dict[str, str | None]]


@st.composite
def split_with_people(draw: st.DrawFn) -> Drawn:
    payers = draw(st.lists(person, max_size=6))
    body = {
        "id": new_id("split"),
        "payee": new_id("link"),
        "shares": [
            {"amount": Money(draw(st.integers(1, 10_000)), "EUR"), "payer": new_id("link") if who else None}
            for who in payers
        ],
        "labels": draw(st.lists(st.sampled_from(["menu", "taxi", "wine"]), max_size=3)),
        "button": {"title": "Pay"},
    }
    subjects = {"payee": draw(st.sampled_from(PEOPLE)), "payer": draw(person)}
    return SplitBody, body, {**subjects, **{f"/shares/{index}#payer": who for index, who in enumerate(payers)}}


@st.composite
def page_with_people(draw: st.DrawFn) -> Drawn:
    rows = draw(st.lists(st.fixed_dictionaries({"payee": st.sampled_from(PEOPLE), "payer": person}), max_size=5))
    body = {"data": [ask() if row["payer"] else ask(payer=None) for row in rows], "next_cursor": None}
    return AskPage, body, subjects_of_rows("/data", rows)


drawn_bodies = st.one_of(split_with_people(), page_with_people())


def leaves(node: Node, value: Any, pointer: str = "") -> dict[str, tuple[Any, Any]]:
    """Every leaf with its member, by pointer; of a hidden element nothing."""
    if value is None:
        return {}
    if isinstance(node, Branch):
        found = {}
        for name, inner in node.members:
            found |= leaves(inner, value[name], f"{pointer}/{name}")
        return found
    if isinstance(node, Row):
        found = {}
        for index, inner in enumerate(value):
            found |= leaves(node.item, inner, f"{pointer}/{index}")
        return found
    return {pointer: (node.member, value)}


@given(drawn_bodies)
@settings(max_examples=300, deadline=None)
def test_the_exposures_together_are_the_body_and_none_shows_another_person(
    drawn: Drawn,
) -> None:
    """Break: an element that is partly mine is hidden as a whole; or Sight shows a member about somebody else."""
    schema, body, people = drawn
    closed = shape(schema)
    content = conform(closed, plain(body))
    subjects = Subjects(people)
    everything = leaves(closed, content)
    seen_by = {}
    for holder_id in subjects.distinct():
        sight = Sight(holder_id, subjects)
        seen_by[holder_id] = leaves(closed, sight.see(closed, content))
        for pointer in sight.withheld:
            hidden = [place for place in everything if place == pointer or place.startswith(f"{pointer}/")]
            assert hidden
            assert not set(hidden) & set(seen_by[holder_id])
    for pointer, (member, value) in everything.items():
        about = subjects.behind(member, pointer)
        for holder_id, seen in seen_by.items():
            if holder_id in about:
                assert seen[pointer] == (member, value)
            elif member.about:
                assert pointer not in seen
    together = {pointer for seen in seen_by.values() for pointer in seen}
    of_somebody = {p for p, (member, _value) in everything.items() if subjects.behind(member, p)}
    assert together >= of_somebody


@given(drawn_bodies)
@settings(max_examples=100, deadline=None)
def test_what_was_stored_and_read_again_leaves_as_the_same_bytes(
    drawn: Drawn,
) -> None:
    closed = shape(drawn[0])
    once = conform(closed, plain(drawn[1]))
    assert json.dumps(conform(closed, plain(json.loads(json.dumps(once))))) == json.dumps(once)
