"""The decision as a table: it is pure, so every line is one snapshot and one question."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cards.authorizations.codes import APPROVED, RESPONSE_CODE, Reason
from cards.authorizations.decide import Approve, Ask, Decline, NumberTerms, Proof, Snapshot, Spent, decide
from cards.authorizations.merchants import Merchant, is_among
from cards.issuing.controls import Controls
from wallet.core.money import Money

SHOP = Merchant("shop-1", "FACEBK *ADS", "5999", "FR")
CARD = Snapshot(
    card_id="card_1", holder_id="holder_1", kind="standard", status="active", state_version=1, currency="EUR",
    controls=Controls(), last_day=date(2029, 5, 31), today=date(2027, 1, 1), available=1000,
)  # fmt: skip


def ask(
    minor: int = 100, *, cvc: bool | None = True, expiry: bool = True, entry: str = "ecommerce", **more: Any
) -> Ask:
    proof = Proof(expiry_matches=expiry, cvc_matches=cvc, is_remote=entry != "chip")
    return Ask(
        amount=more.pop("amount", Money(minor, "EUR")), merchant=more.pop("merchant", SHOP), merchant_mark=b"shop-1",
        proof=proof, **more,
    )  # fmt: skip


def with_rules(**rules: Any) -> Snapshot:
    return replace(CARD, controls=Controls(**rules))


def with_number(**terms: Any) -> Snapshot:
    return replace(CARD, number=NumberTerms(id="num_1", **terms))


NO = [
    ("a number that is nobody's", replace(CARD, is_known=False), ask(), Reason.NUMBER_UNKNOWN),
    ("a wrong date", CARD, ask(expiry=False), Reason.EXPIRY_MISMATCH),
    ("a wrong code", CARD, ask(cvc=False), Reason.CVC_MISMATCH),
    ("no code online", CARD, ask(cvc=None), Reason.CVC_MISMATCH),
    ("the right code after three wrong ones", replace(CARD, mismatches=3), ask(), Reason.CVC_LOCKED),
    ("a closed card", replace(CARD, status="closed"), ask(), Reason.CARD_CLOSED),
    ("a frozen card", replace(CARD, status="frozen"), ask(), Reason.CARD_FROZEN),
    ("a frozen holder's card", replace(CARD, status="holder_frozen"), ask(), Reason.WALLET_PAUSED),
    ("the day after the last", replace(CARD, today=date(2029, 6, 1)), ask(), Reason.CARD_EXPIRED),
    ("another currency", CARD, ask(amount=Money(100, "USD")), Reason.CURRENCY),
    ("a platform's card elsewhere", replace(CARD, kind="platform", domain=("m-1",)), ask(), Reason.OTHER_PLATFORM),
    ("a locked card elsewhere", replace(CARD, kind="merchant_locked", locked_to=b"x"), ask(), Reason.OTHER_MERCHANT),
    ("a used single-use card", replace(CARD, kind="single_use", is_used=True), ask(), Reason.ALREADY_USED),
    ("a number that was ended", with_number(is_shredded=True), ask(), Reason.NUMBER_ENDED),
    ("the same with a wrong code", with_number(is_shredded=True), ask(cvc=False), Reason.NUMBER_ENDED),
    ("the day after a number's last", with_number(ends_on=date(2026, 12, 31)), ask(), Reason.NUMBER_EXPIRED),
    ("a number elsewhere", with_number(accepts=("shop-2", "OTHER*")), ask(), Reason.OTHER_PLACE),
    ("a number whose place is nobody's any more", with_number(accepts=()), ask(), Reason.OTHER_PLACE),
    ("more than a number allows at once", with_number(per_payment=99), ask(), Reason.NUMBER_PER_PAYMENT),
    ("more than is left of a number", with_number(total=150, spent=51), ask(), Reason.NUMBER_TOTAL),
    ("a shop not on the list", with_rules(merchants=("shop-9",)), ask(), Reason.MERCHANT_NOT_ALLOWED),
    ("a category not allowed", with_rules(mcc_allow=("5812",)), ask(), Reason.CATEGORY_NOT_ALLOWED),
    ("a category blocked", with_rules(mcc_block=("5999",)), ask(), Reason.CATEGORY_NOT_ALLOWED),
    ("a country not allowed", with_rules(countries=("DE",)), ask(), Reason.COUNTRY_NOT_ALLOWED),
    ("too much at once", with_rules(per_transaction=99), ask(), Reason.PER_TRANSACTION),
    ("too much today", replace(with_rules(daily=150), spent=Spent(day=51)), ask(), Reason.DAILY),
    ("too much this month", replace(with_rules(monthly=150), spent=Spent(month=51)), ask(), Reason.MONTHLY),
    ("too much ever", replace(with_rules(lifetime=150), spent=Spent(lifetime=51)), ask(), Reason.LIFETIME),
    ("more than the tier allows", replace(CARD, tier_left=99), ask(), Reason.TIER),
    ("a tier that may not buy", replace(CARD, is_allowed=False), ask(), Reason.TIER),
    ("a country beyond the tier", replace(CARD, tier_countries=frozenset({"DE"})), ask(), Reason.TIER),
    ("more than is there", CARD, ask(1001), Reason.NOT_SUFFICIENT_FUNDS),
    ("part of nothing", replace(CARD, available=0), ask(is_partial=True), Reason.NOT_SUFFICIENT_FUNDS),
]
YES = [
    ("all that is there", CARD, ask(1000), 1000),
    ("a question about nothing", replace(CARD, available=0), ask(0), 0),
    ("part of what is asked", CARD, ask(1500, is_partial=True), 1000),
    ("part within the day", replace(with_rules(daily=150), spent=Spent(day=51)), ask(is_partial=True), 99),
    ("a chip without a code", CARD, ask(cvc=None, entry="chip"), 100),
    ("a chip after three wrong codes online", replace(CARD, mismatches=3), ask(cvc=None, entry="chip"), 100),
    ("the last day", replace(CARD, today=date(2029, 5, 31)), ask(), 100),
    ("a platform's own merchant id", replace(CARD, kind="platform", domain=("shop-1",)), ask(), 100),
    ("a platform's descriptor", replace(CARD, kind="platform", domain=("facebk*",)), ask(), 100),
    ("the link itself", replace(CARD, kind="platform", link="link_1"), ask(own_platform="link_1"), 100),
    ("the merchant it is locked to", replace(CARD, kind="merchant_locked", locked_to=b"shop-1"), ask(), 100),
    ("a number's last day", with_number(ends_on=date(2027, 1, 1)), ask(), 100),
    ("the merchant that a number is for", with_number(accepts=("shop-1",)), ask(), 100),
    ("the name that a number is for", with_number(accepts=("facebk*",)), ask(), 100),
    ("exactly what is left of a number", with_number(total=151, spent=51), ask(), 100),
    ("part within a number's rest", with_number(total=150, spent=51), ask(is_partial=True), 99),
    ("exactly the day's rest", replace(with_rules(daily=151), spent=Spent(day=51)), ask(), 100),
]


@pytest.mark.parametrize(("snapshot", "question", "reason"), [line[1:] for line in NO], ids=[line[0] for line in NO])
def test_the_answer_is_no(snapshot: Snapshot, question: Ask, reason: Reason) -> None:
    """Break: drop any one of the checks in `decide._CHECKS` or `_ceilings`."""
    assert decide(snapshot, question) == Decline(reason)


@pytest.mark.parametrize(("snapshot", "question", "minor"), [line[1:] for line in YES], ids=[line[0] for line in YES])
def test_the_answer_is_yes(snapshot: Snapshot, question: Ask, minor: int) -> None:
    """Break: `<` for `<=` in `decide`, or `>=` for `>` at a last day; no part; count a chip as a guess."""
    assert decide(snapshot, question) == Approve(Money(minor, "EUR"))


def test_every_reason_is_tried_and_has_a_code_that_is_not_approval() -> None:
    # Two are no decision of ours: the deadline, and what a network refuses before it asks.
    assert {line[3] for line in NO} == set(Reason) - {Reason.UNAVAILABLE, Reason.NETWORK_REFUSED}
    assert set(RESPONSE_CODE) == set(Reason)
    assert APPROVED not in RESPONSE_CODE.values()


def test_whoever_guesses_a_card_hears_one_code() -> None:
    """standard.md A06. Break: give CVC_LOCKED its own code."""
    guesses = (
        Reason.NUMBER_UNKNOWN,
        Reason.EXPIRY_MISMATCH,
        Reason.CVC_MISMATCH,
        Reason.CVC_LOCKED,
        Reason.CARD_CLOSED,
    )
    assert {RESPONSE_CODE[reason] for reason in guesses} == {"05"}


def test_a_short_prefix_matches_nobody() -> None:
    """Break: a `_SHORTEST_PREFIX` of nothing."""
    assert not is_among(SHOP, ("*", "fa*", "FB"))
    assert is_among(SHOP, ("fac*",))
