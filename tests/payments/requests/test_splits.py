"""Splits: shares that come to the total, all or nothing with held money, and one mechanism with single requests."""

from datetime import timedelta
from typing import Any

import pytest

from payments.platforms import links
from payments.platforms.models import Mandate
from payments.requests.models import PaymentRequest, Split
from payments.requests.outcomes import expire_splits
from privacy.rights import erasing
from privacy.rights.models import ErasureStatus
from tests.payments import cast
from tests.payments.cast import Linked
from tests.payments.requests.test_requests_api import Story, eur, events_of, same_refusals
from tests.support.people import Person, sign_up
from wallet.activity.models import Line, Notice
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.ids import new_id
from wallet.ledger import accounts, balances

pytestmark = pytest.mark.django_db(transaction=True)


class Table(Story):
    """bob has paid for alice, carol and himself."""

    def __init__(self) -> None:
        super().__init__()
        self.carol_card, self.carol = self.guest("Caro")

    def guest(self, alias: str = "", minor: int = 50_000) -> tuple[Any, Linked]:
        holder = cast.holder()
        card = cast.card(holder, minor)
        return card, cast.link(holder, self.parlour, card_id=card.id, alias=alias)

    def split(self, total: int = 3000, shares: Any = None, **changes: Any) -> Any:
        payers = [{"payer": one.link.id} for one in (self.alice, self.carol)]
        body = {
            "payee": self.bob.link.id,
            "total": eur(total),
            "shares": payers if shares is None else shares,
            **changes,
        }
        return self.chat.post("/v1/splits", {k: v for k, v in body.items() if v is not ...})

    def made(self, total: int = 3000, shares: Any = None, **changes: Any) -> dict[str, Any]:
        answer = self.split(total, shares, **changes)
        assert answer.status_code == 201, answer.content
        made: dict[str, Any] = answer.json()
        return made

    def read(self, made: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.chat.get(f"/v1/splits/{made['id']}").json()
        return found

    def card_of(self, who: Linked) -> balances.Balance:
        card = self.alice_card if who is self.alice else self.carol_card
        return balances.of_account(accounts.card(card.id, who.holder.id, "EUR"))  # type: ignore[attr-defined]

    def tap(self, made: dict[str, Any], number: int, who: Linked) -> Any:
        return self.pay(made["shares"][number]["payment_request"], who)


@pytest.fixture
def table() -> Table:
    return Table()


def amounts(made: dict[str, Any]) -> list[int]:
    return [share["amount"]["value"] for share in made["shares"]]


def states(made: dict[str, Any]) -> list[str]:
    return [made["status"], *(share["status"] for share in made["shares"])]


# --- Shares -----------------------------------------------------------------------------------------


def test_a_split_has_the_contracts_shape(table: Table) -> None:
    made = table.made(10_000, [{"payer": table.bob.link.id}, {"payer": table.alice.link.id}, {}], note="restaurant")
    assert table.read(made) == made
    own, alices, anybodys = made["shares"]
    assert own == {
        "payer": table.bob.link.id, "amount": eur(3334), "status": "paid", "payment_request": None, "pay_url": None,
    }  # fmt: skip
    assert (alices["payer"], alices["status"], alices["amount"]) == (table.alice.link.id, "open", eur(3333))
    assert anybodys["payer"] is None
    assert (made["status"], made["collected"], made["all_or_nothing"]) == ("open", eur(3334), False)
    asked = table.chat.get(f"/v1/payment-requests/{alices['payment_request']}").json()
    assert (asked["amount"], asked["note"], asked["pay_url"]) == (eur(3333), "restaurant", alices["pay_url"])


def test_remainders_go_by_largest_remainder(table: Table) -> None:
    """Break: round each share by itself in `divide`."""
    for total, shares, expected in (
        (1000, [{}, {}, {}], [334, 333, 333]),
        (1, [{}], [1]),
        (1000, [{"weight": 1}, {"weight": 2}, {"weight": 3}], [167, 333, 500]),
        (1000, [{"weight": 2}, {}], [667, 333]),
        (1000, [{"amount": eur(999)}, {"amount": eur(1)}], [999, 1]),
        (1000, [{"amount": eur(400)}, {}, {"weight": 2}], [400, 200, 400]),
        (100, [{"weight": 1}] * 7, [15, 15, 14, 14, 14, 14, 14]),
    ):
        assert amounts(table.made(total, shares)) == expected


def test_what_does_not_come_to_the_total_names_its_member(table: Table) -> None:
    for shares, pointer in (
        ([{"amount": eur(2999)}], "/shares"),
        ([{"amount": eur(3001)}], "/shares"),
        ([{"amount": eur(2000)}, {"amount": eur(2000)}, {}], "/shares"),
        ([{"amount": eur(3000)}, {}], "/total/value"),
        ([{"amount": eur(3000), "weight": 1}], "/shares/0/weight"),
        ([{"amount": {"value": 3000, "currency": "USD"}}], "/shares/0/amount/currency"),
        ([{"weight": 0}], "/shares/0/weight"),
        ([{"weight": 1.5}], "/shares/0/weight"),
        ([{"weight": True}], "/shares/0/weight"),
        ([], "/shares"),
        ([{}] * 51, "/shares"),
        ("x", "/shares"),
        ([{"payer": "link_x"}], "/shares/0/payer"),
    ):
        answer = table.split(3000, shares)
        assert answer.status_code == 422, answer.content
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer], shares


def test_nobody_has_two_shares_and_somebody_is_asked(table: Table) -> None:
    alice, bob = table.alice.link.id, table.bob.link.id
    twice = table.split(3000, [{"payer": alice}, {}, {"payer": alice}])
    assert twice.json()["errors"][0]["pointer"] == "/shares/0/payer"
    assert table.split(3000, [{"payer": bob}]).json()["errors"][0]["pointer"] == "/shares"
    assert table.split(3000, [{"payer": bob}, {"payer": bob}, {}]).status_code == 422
    assert table.split(2, [{}, {}, {}]).json()["errors"][0]["pointer"] == "/total/value"


def test_members_of_a_split(table: Table) -> None:
    for changes, status in (
        ({"x": 1}, 400), ({"shares": [{"x": 1}]}, 400), ({"status": "completed"}, 400), ({"collected": eur(1)}, 400),
        ({"all_or_nothing": "yes"}, 422), ({"all_or_nothing": None}, 201), ({"expires_in": 604_801}, 201),
        ({"expires_in": 604_801, "all_or_nothing": True}, 422), ({"expires_in": 604_800, "all_or_nothing": True}, 201),
        ({"total": None}, 422), ({"payee": ...}, 422), ({"note": "x" * 141}, 422), ({"locale": "fr"}, 201),
    ):  # fmt: skip
        answer = table.split(**{"shares": [{}], **changes})
        assert answer.status_code == status, (changes, answer.content)


def test_links_that_a_platform_may_not_use_are_the_same_bytes(table: Table) -> None:
    """Break: look a share's link up by its id alone."""
    eve = cast.link(cast.holder(), cast.platform("Salon"))
    minted = links.begin_link(holder_id=cast.holder().id, platform=table.parlour.platform)
    answers = [table.split(3000, [{}, {"payer": one}]) for one in (new_id("link"), eve.link.id, minted.id)]
    assert len(same_refusals(answers)) == 1
    assert answers[0].json()["errors"][0]["pointer"] == "/shares/1/payer"


def test_another_platform_reaches_no_split(table: Table) -> None:
    """P10. Break: leave the platform out of `get_split`, or of `cancel_split`."""
    made = table.made()
    salon = cast.api(cast.chat_token(cast.platform("Salon")))
    for path in (made["id"], new_id("split")):
        assert salon.get(f"/v1/splits/{path}").status_code == 404
        assert salon.post(f"/v1/splits/{path}/cancel").status_code == 404
    assert table.read(made)["status"] == "open"


# --- Each for themselves ----------------------------------------------------------------------------


def test_a_split_is_completed_with_its_last_payment(table: Table) -> None:
    made = table.made()
    assert table.tap(made, 0, table.alice).json()["status"] == "paid"
    now = table.read(made)
    assert (states(now), now["collected"]) == (["open", "paid", "open"], eur(1500))
    assert table.main(table.bob) == 1500
    assert table.tap(made, 1, table.carol).json()["status"] == "paid"
    now = table.read(made)
    assert (states(now), now["collected"]) == (["completed", "paid", "paid"], eur(3000))
    assert table.main(table.bob) == 3000
    assert events_of(made["id"]) == ["split.completed"]


def test_a_split_that_is_taken_back_keeps_what_was_paid(table: Table) -> None:
    made = table.made()
    table.tap(made, 0, table.alice)
    answer = table.chat.post(f"/v1/splits/{made['id']}/cancel")
    assert states(answer.json()) == ["canceled", "paid", "canceled"]
    assert table.main(table.bob) == 1500
    again = table.chat.post(f"/v1/splits/{made['id']}/cancel")
    assert (again.status_code, again.json()["type"].rpartition("/")[2]) == (409, "split-not-open")
    assert table.tap(made, 1, table.carol).status_code == 409
    assert events_of(made["id"]) == []


def test_a_split_is_over_when_none_of_its_shares_is_open(table: Table) -> None:
    made = table.made()
    table.tap(made, 0, table.alice)
    table.chat.post(f"/v1/payment-requests/{made['shares'][1]['payment_request']}/cancel")
    assert states(table.read(made)) == ["canceled", "paid", "canceled"]


def expire(made: dict[str, Any]) -> None:
    past = clock.now() - timedelta(seconds=1)
    Split.objects.filter(pk=made["id"]).update(expires_at=past)
    PaymentRequest.objects.filter(split_id=made["id"]).update(expires_at=past)


@pytest.mark.parametrize("by", ["reading the split", "reading a share", "sweeping"])
def test_a_split_past_its_time_expires(table: Table, by: str) -> None:
    """Break: leave `expire_split` out of `get_split`, or splits out of `outcomes.expire`."""
    made = table.made()
    table.tap(made, 0, table.alice)
    expire(made)
    assert table.tap(made, 1, table.carol).status_code == 409
    if by == "reading a share":
        assert (
            table.chat.get(f"/v1/payment-requests/{made['shares'][1]['payment_request']}").json()["status"] == "expired"
        )
    elif by == "sweeping":
        expire_splits(limit=10_000)
    assert states(table.read(made)) == ["expired", "paid", "expired"]
    assert events_of(made["id"]) == ["split.expired"]


# --- All or nothing ---------------------------------------------------------------------------------


def test_approved_shares_are_held_and_the_last_one_pays_them_all(table: Table) -> None:
    """settled.md 22. Break: settle each share when it is approved."""
    made = table.made(all_or_nothing=True)
    first = table.tap(made, 0, table.alice)
    assert first.json() == {"id": made["shares"][0]["payment_request"], "status": "held", "approve_url": None}
    assert table.tap(made, 0, table.alice).json()["status"] == "held", "a second tap is the same answer"
    held = table.card_of(table.alice)
    assert (held.available.minor, held.held.minor, table.main(table.bob)) == (48_500, 1500, 0)
    now = table.read(made)
    assert (states(now), now["collected"]) == (["open", "held", "open"], eur(0))
    assert events_of(made["shares"][0]["payment_request"]) == []
    assert table.tap(made, 1, table.carol).json()["status"] == "paid"
    now = table.read(made)
    assert (states(now), now["collected"]) == (["completed", "paid", "paid"], eur(3000))
    assert table.main(table.bob) == 3000
    assert (table.card_of(table.alice).held.minor, table.card_of(table.carol).available.minor) == (0, 48_500)
    assert events_of(made["id"]) == ["split.completed"]
    assert events_of(made["shares"][0]["payment_request"]) == ["payment_request.paid"]
    assert [line.status for line in Line.objects.filter(ref=made["shares"][0]["payment_request"])] == ["paid", "paid"]
    assert table.tap(made, 0, table.alice).json()["status"] == "paid"


def cancel(table: Table, made: dict[str, Any]) -> None:
    table.chat.post(f"/v1/splits/{made['id']}/cancel")


def cancel_one(table: Table, made: dict[str, Any]) -> None:
    table.chat.post(f"/v1/payment-requests/{made['shares'][1]['payment_request']}/cancel")


def cancel_held(table: Table, made: dict[str, Any]) -> None:
    table.chat.post(f"/v1/payment-requests/{made['shares'][0]['payment_request']}/cancel")


def unlink(name: str) -> Any:
    def end(table: Table, _made: dict[str, Any]) -> None:
        who: Linked = getattr(table, name)
        links.end_link(holder_id=who.holder.id, link_id=who.link.id, actor=Actor.holder(who.holder.id), now=clock.now())

    return end


def run_out(_table: Table, made: dict[str, Any]) -> None:
    expire(made)
    expire_splits(limit=10_000)


def say_no(table: Table, made: dict[str, Any]) -> None:
    from payments.requests.paying import decline_request

    decline_request(
        payer_id=table.carol.holder.id, request_id=made["shares"][1]["payment_request"], is_blocking=False,
        now=clock.now(),
    )  # fmt: skip


ENDS = {
    "the split is canceled": (cancel, ["canceled", "canceled", "canceled"]),
    "one share is canceled": (cancel_one, ["canceled", "canceled", "canceled"]),
    "a held share is canceled": (cancel_held, ["canceled", "canceled", "canceled"]),
    "one declines": (say_no, ["canceled", "canceled", "declined"]),
    "one who has not approved unlinks": (unlink("carol"), ["canceled", "canceled", "canceled"]),
    "one who has approved unlinks": (unlink("alice"), ["canceled", "canceled", "canceled"]),
    "the payee unlinks": (unlink("bob"), ["canceled", "canceled", "canceled"]),
    "the time is over": (run_out, ["expired", "expired", "expired"]),
}


@pytest.mark.parametrize("why", sorted(ENDS))
def test_one_no_releases_all_with_every_limit_that_was_used(table: Table, why: str) -> None:
    """settled.md 22 and 33. Break: leave `holding.release`, or one of the three that it gives back, out."""
    end, expected = ENDS[why]
    made = table.made(all_or_nothing=True)
    assert table.tap(made, 0, table.alice).json()["status"] == "held"
    mandate = Mandate.objects.get(link=table.alice.link)
    assert (mandate.day_used_minor, mandate.week_used_minor) == (1500, 1500)
    used = (used_today(table.alice), spent_on(table.alice_card))
    end(table, made)
    assert states(table.read(made)) == expected
    after = table.card_of(table.alice)
    assert (after.available.minor, after.held.minor) == (50_000, 0)
    assert table.main(table.bob) == 0
    mandate.refresh_from_db()
    assert (mandate.day_used_minor, mandate.week_used_minor) == (0, 0)
    assert (used_today(table.alice), spent_on(table.alice_card)) == (used[0] - 1500, used[1] - 1500)
    mine = Line.objects.get(holder_id=table.alice.holder.id, ref=made["shares"][0]["payment_request"])
    assert mine.status == "released"
    told = Notice.objects.get(holder_id=table.alice.holder.id, kind="payment_released")
    assert told.ref == made["shares"][0]["payment_request"]
    assert events_of(made["id"]) == (["split.expired"] if expected[0] == "expired" else [])


def used_today(who: Linked) -> int:
    from wallet.limits.windows import usage

    return next(one.used.minor for one in usage(who.holder.id) if (one.name, one.period) == ("spending", "day"))


def spent_on(card: Any) -> int:
    from cards.authorizations.models import Spending

    return int(Spending.objects.get(card_id=card.id).lifetime_minor)


def test_an_ended_link_names_what_was_canceled_with_it(table: Table) -> None:
    """settled.md 12: of a split that is broken off, the payee's event names every share."""
    from wallet.core.models import OutboxEntry

    made = table.made(all_or_nothing=True)
    table.tap(made, 0, table.alice)
    unlink("bob")(table, made)
    entry = OutboxEntry.objects.get(topic="platform.event", ref=table.bob.link.id)
    assert set(entry.payload["canceled"].split()) == {share["payment_request"] for share in made["shares"]}


def test_a_closed_card_sends_what_was_held_home(table: Table) -> None:
    from cards.issuing.cards import close_card

    made = table.made(all_or_nothing=True)
    table.tap(made, 0, table.alice)
    close_card(card=table.alice_card, actor=Actor.holder(table.alice.holder.id), now=clock.now())  # type: ignore[arg-type]
    assert table.main(table.alice) == 48_500
    cancel(table, made)
    assert table.main(table.alice) == 50_000


def test_money_on_hold_is_not_there_twice(table: Table) -> None:
    """Break: leave the ledger's hold out of `hold_card`."""
    shares = [{"payer": table.alice.link.id}, {}]
    first, second = (table.made(80_000, shares, all_or_nothing=True) for _ in range(2))
    assert table.tap(first, 0, table.alice).json()["status"] == "held"
    assert table.tap(second, 0, table.alice).json()["status"] == "requires_approval"


# --- On the payer's page ----------------------------------------------------------------------------


@pytest.fixture
def dora() -> Person:
    return sign_up()


@pytest.mark.parametrize("source", ["card", "main"])
def test_a_share_for_anybody_is_held_from_the_page(table: Table, dora: Person, source: str) -> None:
    from tests.payments.requests.test_payer_page import pay

    card = cast.card(dora.holder, 5000)
    cast.fund(dora.holder, 5000)
    made = table.made(3000, [{"payer": table.alice.link.id}, {}], all_or_nothing=True)
    share = {"id": made["shares"][1]["payment_request"]}
    shown = dora.client.get(f"/p/{share['id']}").content.decode()
    assert "only if everybody agrees" in shown
    assert "€30.00" not in shown, "the others' part is not theirs to see"
    assert pay(dora, share, card.id if source == "card" else "main").status_code == 302
    page = dora.client.get(f"/p/{share['id']}").content.decode()
    assert "Held" in page
    assert "data-stepup-binding" not in page
    wallet = balances.of_account(
        accounts.card(card.id, dora.holder.id, "EUR") if source == "card" else accounts.main(dora.holder.id, "EUR")
    )
    assert (wallet.available.minor, wallet.held.minor) == (3500, 1500)
    if source == "card":
        cancel(table, made)
        assert "free again" in dora.client.get("/inbox").content.decode()
        assert dora.client.get(f"/p/{share['id']}").status_code == 200, "they had a part in it"
    else:
        assert table.tap(made, 0, table.alice).json()["status"] == "paid"
        assert table.main(table.bob) == 3000


def test_whoever_leaves_takes_their_held_share_along(table: Table, dora: Person) -> None:
    """Approved on the page, so no link that ends brings it back. Break: leave the step `shares` out of leaving."""
    from tests.payments.requests.test_payer_page import pay

    cast.fund(dora.holder, 5000)
    made = table.made(3000, [{"payer": table.alice.link.id}, {}], all_or_nothing=True)
    single = table.made(3000, [{"payer": table.alice.link.id}, {}])
    assert table.tap(made, 0, table.alice).json()["status"] == "held"
    assert pay(dora, {"id": made["shares"][1]["payment_request"]}, "main").status_code == 302
    assert table.read(made)["status"] == "completed"
    other = table.made(3000, [{"payer": table.alice.link.id}, {}], all_or_nothing=True)
    assert pay(dora, {"id": other["shares"][1]["payment_request"]}, "main").status_code == 302
    wallet = accounts.main(dora.holder.id, "EUR")
    assert balances.of_account(wallet).held.minor == 1500
    erasing.request_erasure(holder_id=dora.holder.id, actor=Actor.holder(dora.holder.id), now=clock.now())
    assert erasing.carry_on(holder_id=dora.holder.id, now=clock.now()) is ErasureStatus.NEEDS_DESTINATION
    after = balances.of_account(wallet)
    assert (after.available.minor, after.held.minor) == (3500, 0)
    assert states(table.read(other)) == ["canceled", "canceled", "canceled"]
    assert states(table.read(made)) == ["completed", "paid", "paid"], "what was paid stays paid"
    assert states(table.read(single)) == ["open", "open", "open"]
    told = [event for share in other["shares"] for event in events_of(share["payment_request"])]
    assert told == ["payment_request.canceled"] * 2


def test_members_read_their_own_share_only(table: Table) -> None:
    made = table.made(note="restaurant")
    from payments.requests.models import Role
    from payments.requests.views import list_sides, show_sides

    mine = show_sides(list_sides(table.alice.holder.id, Role.PAYER), now=clock.now())
    assert [(one.id, one.amount.minor, one.name) for one in mine] == [
        (made["shares"][0]["payment_request"], 1500, "Benno")
    ]


# --- What leaves ------------------------------------------------------------------------------------


def test_each_persons_exposure_holds_their_part_and_names_what_is_withheld(table: Table) -> None:
    """settled.md 14. Break: make the total about the payers."""
    from privacy.exposure import records
    from privacy.exposure.models import Exposure

    made = table.made(note="restaurant")
    rows = {row.holder_id: row for row in Exposure.objects.filter(disclosure__schema="split")}
    assert {table.alice.holder.id, table.bob.holder.id, table.carol.holder.id} <= set(rows)

    def opened(who: Linked) -> bytes:
        row = rows[who.holder.id]
        return records.open_body(exposure_id=row.id, holder_id=row.holder_id, sealed=bytes(row.body_sealed))

    alices, bobs = opened(table.alice), opened(table.bob)
    assert made["shares"][0]["payment_request"].encode() in alices
    assert b"restaurant" in bobs
    for secret in (table.bob.link.id, table.carol.link.id, made["shares"][1]["payment_request"], "restaurant", "3000"):
        assert secret.encode() not in alices
    for handle in (table.alice.link.id, table.carol.link.id):
        assert handle.encode() not in bobs
