"""Numbers for one place on the sandbox network: where they work, how much, how long, and what is heard elsewhere."""

import secrets
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cards.authorizations import snapshots
from cards.authorizations.models import Authorization, Mismatch
from cards.issuing import cards
from cards.issuing.models import Card
from cards.issuing.place_numbers import end_number, get_number
from cards.vault import domains
from cards.vault.models import CardNumber, NumberPlace, NumberSpending
from privacy.crypto.keyring import keyring
from tests.cards.acquirer import OTHER_SHOP, RESTAURANT, SHOP, TestCard, issue, number_for, send
from wallet.activity import lines, notices
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.ids import new_id

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("time_enough")]


@pytest.fixture
def card() -> TestCard:
    return issue(5000)


def end(number: TestCard) -> None:
    actor = Actor.holder(number.card.holder_id)
    end_number(card=number.card, number_id=number.number, actor=actor, now=clock.now())


def reasons(card: TestCard) -> list[str]:
    found = Authorization.objects.filter(card=card.card, status="declined").order_by("decided_at", "id")
    return list(found.values_list("reason", flat=True))


def spent(number: TestCard) -> int:
    return get_number(number.card, number.number).spent_minor


# --- Where ------------------------------------------------------------------------------------------


def test_a_number_works_at_its_merchant_alone_and_spends_the_cards_money(card: TestCard) -> None:
    """standard.md A09. Break: leave out what `snapshot_for` opens; unopened, accept anybody."""
    number = number_for(card, "shop-1")
    assert snapshots.read(number_id=number.number).snapshot.number.accepts == ()
    assert number.authorize(1000)["approved"]
    assert card.balance == (4000, 1000)
    for elsewhere in (OTHER_SHOP, RESTAURANT, {**SHOP, "id": "SHOP-1"}, {**SHOP, "id": "shop-11"}):
        assert number.authorize(100, merchant=elsewhere)["response_code"] == "57"
    assert card.authorize(100, merchant=OTHER_SHOP)["approved"]
    assert card.balance == (3900, 1100)


def test_a_number_for_a_name_takes_every_merchant_who_begins_so(card: TestCard) -> None:
    number = number_for(card, "Corner*")
    assert number.authorize(100, merchant={**SHOP, "id": "another", "name": "CORNER SHOP 2"})["approved"]
    assert number.authorize(100, merchant=OTHER_SHOP)["response_code"] == "57"


def test_a_number_for_a_link_works_at_the_platforms_merchants_until_the_link_has_ended(card: TestCard) -> None:
    """standard.md A09. Break: let `_number_of` accept anybody where the domain is a platform's."""
    link = new_id("link")
    domains.register(link, "Messenger", ["fb-1", "FACEBK*"], holder_id=card.card.holder_id)
    number = number_for(card, link=link)
    assert number.authorize(100, merchant={**SHOP, "id": "fb-1"})["approved"]
    assert number.authorize(100)["response_code"] == "57"
    domains.end(link)
    assert number.authorize(100, merchant={**SHOP, "id": "fb-1"})["response_code"] == "57"


def test_the_owner_hears_which_place_the_number_was_made_for(card: TestCard) -> None:
    """The leak radar. Break: `given_to` by the card alone."""
    number = number_for(card, "shop-1", name="Corner Shop")
    number.authorize(100, merchant=OTHER_SHOP)
    card.tell()
    (alarm,) = notices.show(notices.list_notices(card.card.holder_id))
    assert alarm.kind == "leak"
    assert "for Corner Shop alone" in alarm.text
    assert "tried at Other Shop" in alarm.text
    (line,) = lines.show(lines.list_lines(card.card.holder_id).filter(status="declined"))
    assert line.reason_code == "other_place"
    assert line.next_step


def test_a_place_opens_in_its_own_row_and_only_for_who_knows_date_and_code(card: TestCard) -> None:
    """SQL as the application role: another number's place put into this row. Break: catch what does not open."""
    number, other = number_for(card, "shop-1"), number_for(card, "shop-2")
    sealed = NumberPlace.objects.get(number_id=other.number).place_sealed.token
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cards_numberplace SET place = %s WHERE number_id = %s", [sealed, number.number])
    # A guess opens nothing, so it cannot fail on what does not open.
    assert number.authorize(100, cvc=number.wrong_cvc)["response_code"] == "05"
    answer = send("/authorizations", number.body(100, merchant=OTHER_SHOP))
    assert answer.status_code == 500
    assert card.balance == (5000, 0)


def test_when_the_owners_keys_are_gone_a_number_is_for_nobody(card: TestCard) -> None:
    """Break: name the asker for a place that cannot be opened any more."""
    number = number_for(card, "shop-1")
    keyring.destroy(holder_id=card.card.holder_id, keys="life")
    answer = send("/authorizations", number.body(100))
    assert answer.status_code == 503 or not answer.json()["approved"]
    assert card.balance == (5000, 0)


# --- How much, how long -----------------------------------------------------------------------------


def test_limits_of_a_number_hold_beside_the_cards(card: TestCard) -> None:
    """Break: leave the number out of `_ceilings`."""
    number = number_for(card, per_payment=600, total=1000)
    assert number.authorize(601)["response_code"] == "61"
    assert number.authorize(600)["approved"]
    assert number.authorize(500)["response_code"] == "61"
    assert number.authorize(500, partial=True)["approved_amount"] == {"value": 400, "currency": "EUR"}
    assert reasons(card) == ["number_per_payment", "number_total"]
    assert (spent(number), card.balance) == (1000, (4000, 1000))
    # Neither the card nor another number of it is limited by that.
    assert card.authorize(900)["approved"]
    assert number_for(card).authorize(900)["approved"]


def test_what_is_released_comes_back_to_the_number_and_a_refund_does_not(card: TestCard) -> None:
    """settled.md 33. Break: drop `vault_give_back`."""
    number = number_for(card, total=1000)
    first = number.authorize(1000)["authorization"]
    card.message(first, "reversals", 400)
    assert spent(number) == 600
    card.message(first, "captures", 500, final=True)
    assert spent(number) == 500
    card.refund(500, authorization=first)
    assert spent(number) == 500
    assert number.authorize(501)["response_code"] == "61"
    assert number.authorize(500)["approved"]


def test_an_increment_is_bounded_by_the_number_too(card: TestCard) -> None:
    """Break: read the snapshot by the card in `hold_more`."""
    number = number_for(card, per_payment=700, total=1000)
    asked = number.authorize(500)["authorization"]
    assert card.message(asked, "increments", 201)["result"] == "refused"
    assert card.message(asked, "increments", 200)["result"] == "applied"
    assert spent(number) == 700
    second = number.authorize(300)["authorization"]
    assert card.message(second, "increments", 1)["result"] == "refused"


def test_a_number_works_to_the_end_of_its_last_day(card: TestCard) -> None:
    """Break: compare with `>=` in `_state`."""
    today = clock.now().date()
    number = number_for(card, ends_on=today)
    assert number.authorize(100)["approved"]
    CardNumber.objects.filter(id=number.number).update(ends_on=today - timedelta(days=1))
    assert number.authorize(100)["response_code"] == "54"
    assert reasons(card) == ["number_expired"]


def test_only_a_placed_authorization_counts(card: TestCard) -> None:
    """Break: leave `cards_numberspending` out of `protect_table`, or grant `vault_spend`."""
    number = number_for(card, per_payment=500, total=1000)
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_function_privilege(current_user, 'vault_spend(text, bigint)', 'EXECUTE')")
        assert cursor.fetchone() == (False,)
        cursor.execute("SELECT has_table_privilege(current_user, 'cards_numberspending', 'UPDATE')")
        assert cursor.fetchone() == (False,)
    assert NumberSpending.objects.filter(number_id=number.number).count() == 0
    number.authorize(400)
    row = NumberSpending.objects.get(number_id=number.number)
    assert (row.spent_minor, row.payments) == (400, 1)


# --- Guesses, and numbers that are gone ---------------------------------------------------------------


def test_three_wrong_codes_close_one_number_and_not_its_card(card: TestCard) -> None:
    """standard.md A05: per number."""
    number, other = number_for(card), number_for(card)
    for _ in range(3):
        assert number.authorize(100, cvc=number.wrong_cvc)["response_code"] == "05"
    assert number.authorize(100)["response_code"] == "05"
    assert reasons(card)[-1] == "cvc_locked"
    assert other.authorize(100)["approved"]
    assert card.authorize(100)["approved"]


def test_the_code_and_date_of_one_number_do_not_fit_another(card: TestCard) -> None:
    number = number_for(card)
    swapped = {"expiry": card.expiry, "cvc": card.cvc}
    assert number.authorize(100, **swapped)["response_code"] == "05"
    assert card.authorize(100, expiry=number.expiry, cvc=number.cvc)["response_code"] == "05"


def _shape_of(body: dict[str, Any]) -> tuple[bytes, list[str]]:
    """The bytes of the answer, and the statements that it took."""
    with CaptureQueriesContext(connection) as queries:
        answer = send("/authorizations", {**body, "network_ref": secrets.token_hex(8)})
    return answer.content, [query["sql"].split("(")[0].split(' "')[0] for query in queries]


def test_an_ended_number_is_answered_like_one_that_is_nobodys(card: TestCard) -> None:
    """standard.md A06, settled.md 37. Break: another code than 05, or count no guess."""
    number = number_for(card)
    end(number)
    card.authorize(1)
    ended = _shape_of(number.body(100))
    nobody = _shape_of(card.body(100, pan="9999000000000000"))
    assert ended == nobody
    # It counts as a guess like any number of nobody: the right code helps as little as a wrong one.
    assert Mismatch.objects.get(subject=number.number).count == 1
    card.tell()
    declined = lines.show(lines.list_lines(card.card.holder_id).filter(status="declined"))
    assert [line.reason_code for line in declined] == ["number_ended"]
    assert card.authorize(100)["approved"]


def test_a_closed_card_leaves_no_number_in_the_vault(card: TestCard) -> None:
    """Break: `network().shred` away from `close_card`."""
    number, ended = number_for(card), number_for(card)
    end(ended)
    asked = number.authorize(1000)["authorization"]
    cards.close_card(card=card.card, actor=Actor.system("test"), now=clock.now())
    rows = CardNumber.objects.filter(card_id=card.card.id)
    assert [(row.pan, row.shredded_at is not None) for row in rows] == [("", True)] * 3
    for gone in (card, number, ended):
        assert gone.authorize(1)["response_code"] == "05"
    # What was approved settles, and what comes back finds its card.
    assert card.message(asked, "captures", 600, final=True)["result"] == "applied"
    assert number.refund(100)["result"] == "applied"
    assert card.main == 4500


def test_an_empty_card_can_be_closed_after_its_owner_was_erased() -> None:
    """Erasure destroys keys: nothing can be sealed any more. Break: do not catch KeyDestroyed in `_forget`."""
    card = issue()
    number_for(card)
    keyring.destroy(holder_id=card.card.holder_id, keys="life")
    fresh = Card.objects.get(id=card.card.id)
    cards.close_card(card=fresh, actor=Actor.system("test"), now=clock.now())
    assert not CardNumber.objects.filter(card_id=card.card.id, shredded_at=None).exists()


def test_a_force_post_with_a_number_finds_its_card_and_counts(card: TestCard) -> None:
    number = number_for(card, total=100)
    assert number.force_post(300)["result"] == "applied"
    assert (card.balance, spent(number)) == ((4700, 0), 300)


# --- Two places ---------------------------------------------------------------------------------------


def test_two_places_cannot_match_their_numbers() -> None:
    """standard.md V12. Break: the same number of months for all."""
    card = issue(5000)
    numbers = [card, *[number_for(card, f"shop-{one}") for one in range(30)]]
    for part in ("pan", "number"):
        assert len({getattr(number, part) for number in numbers}) == len(numbers), part
    assert len({number.pan[-4:] for number in numbers}) == len(numbers)
    assert len({number.expiry for number in numbers}) > 5
    assert len({number.cvc for number in numbers}) > 5
    told = [
        send("/authorizations", number.body(100, merchant={**SHOP, "id": f"shop-{one}"})).json()
        for one, number in enumerate(numbers[1:3])
    ]
    assert all(answer["approved"] for answer in told)
    assert set(told[0]) == {"approved", "response_code", "authorization", "approved_amount"}
    words = [set(map(str, answer.values())) for answer in told]
    assert words[0] & words[1] == {"True", "00", str(told[0]["approved_amount"])}


def test_last_digits_are_drawn_again_while_another_live_number_of_the_person_has_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Break: `pan.last4 not in taken` away."""
    from cards.vault import number_range
    from cards.vault.pan import Pan, check_digit

    card = issue(5000)
    other = issue(holder_id=card.card.holder_id)
    middle = next(
        f"{one:06d}" for one in range(10**6)
        if check_digit(f"999900{one:06d}{card.pan[12:15]}") == card.pan[15] and f"999900{one:06d}" != card.pan[:12]
    )  # fmt: skip
    same = Pan(f"999900{middle}{card.pan[12:]}")
    draw, draws = number_range.draw, iter([same])
    monkeypatch.setattr(number_range, "draw", lambda: next(draws, None) or draw())
    assert number_for(other).pan[-4:] != card.pan[-4:]
    assert next(draws, None) is None
