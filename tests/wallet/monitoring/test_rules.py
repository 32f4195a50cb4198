"""The rules: what each finds, and what comes close and is not found. Pure: a history in, findings out."""

from datetime import UTC, datetime, timedelta

import pytest

from wallet.core.money import Money
from wallet.monitoring.history import History, Moment
from wallet.monitoring.rules import RULES, apply

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def moment(kind: str, minor: int, after: timedelta = timedelta(0), **more: str) -> Moment:
    direction = "in" if kind in {"top_up", "payment_received"} else "out"
    currency = more.pop("currency", "EUR")
    return Moment(
        NOON + after, kind, direction, Money(minor, currency), more.pop("status", "done"),
        more.pop("ref", f"{kind}-{after}"), more.pop("payer", ""),
    )  # fmt: skip


def found(*moments: Moment, previous_at: datetime | None = None, ceiling: int | None = None) -> list[str]:
    ceilings = {"EUR": ceiling, "JPY": ceiling}
    history = History("holder_x", tuple(moments), previous_at=previous_at, ceilings=ceilings)
    return [finding.rule for finding in apply(history)]


IN = moment("top_up", 10_000)
TOP_UPS = [moment("top_up", 4_600, n * DAY, ref=f"top-{n}") for n in range(3)]
DECLINED = [moment("card_payment", 100, n * HOUR, status="declined", ref=f"auth-{n}") for n in range(10)]
PAYERS = [moment("payment_received", 100, n * HOUR, payer=f"holder_{n}", ref=f"preq-{n}") for n in range(10)]
LONG_AGO = NOON - timedelta(days=180)


@pytest.mark.parametrize(
    ("rule", "moments", "more"),
    [
        ("in_and_out", [IN, moment("payment_sent", 8_000, HOUR)], {}),
        ("in_and_out", [IN, moment("card_payment", 5_000, HOUR, status="held"), moment("withdrawal", 3_000, DAY)], {}),
        ("in_and_out", [moment("top_up", 100, currency="JPY"), moment("payment_sent", 80, HOUR, currency="JPY")], {}),
        ("many_declines", DECLINED, {}),
        ("below_limit", TOP_UPS, {"ceiling": 5_000}),
        ("many_payers", PAYERS, {}),
        ("wakes_up", [moment("top_up", 12_000), moment("payment_sent", 8_000, HOUR)], {"previous_at": LONG_AGO}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_rule_finds_what_it_is_for(rule: str, moments: list[Moment], more: dict[str, object]) -> None:
    """Break: take the rule out of `RULES`."""
    assert rule in found(*moments, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "moments", "more"),
    [
        ("in_and_out", [moment("top_up", 9_999), moment("payment_sent", 9_999, HOUR)], {}),
        ("in_and_out", [IN, moment("payment_sent", 7_999, HOUR)], {}),
        ("in_and_out", [IN, moment("payment_sent", 8_000, DAY + HOUR)], {}),
        ("in_and_out", [IN, moment("card_payment", 9_000, HOUR, status="declined")], {}),
        ("in_and_out", [moment("top_up", 10_000, status="failed"), moment("payment_sent", 9_000, HOUR)], {}),
        ("in_and_out", [IN, moment("payment_sent", 9_000, HOUR, currency="USD")], {}),
        ("many_declines", DECLINED[:9], {}),
        ("many_declines", [*DECLINED[:9], moment("card_payment", 100, 2 * DAY, status="declined")], {}),
        ("below_limit", TOP_UPS[:2], {"ceiling": 5_000}),
        ("below_limit", TOP_UPS, {"ceiling": 4_500}),
        ("below_limit", TOP_UPS, {"ceiling": 5_200}),
        ("below_limit", TOP_UPS, {}),
        ("many_payers", PAYERS[:9], {}),
        ("many_payers", [*PAYERS[:9], moment("payment_received", 100, 9 * HOUR, payer="holder_0", ref="again")], {}),
        ("wakes_up", [moment("top_up", 20_000)], {"previous_at": LONG_AGO + DAY}),
        ("wakes_up", [moment("top_up", 19_999)], {"previous_at": LONG_AGO}),
        ("wakes_up", [moment("top_up", 20_000)], {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_rule_leaves_alone_what_only_comes_close(rule: str, moments: list[Moment], more: dict[str, object]) -> None:
    """Break: move a figure of a rule by one, or its span by a day."""
    assert rule not in found(*moments, **more)  # type: ignore[arg-type]


def test_one_rule_and_window_is_one_finding() -> None:
    """Break: keep every finding in `apply`."""
    assert found(*DECLINED, *[moment("card_payment", 1, n * HOUR, status="declined") for n in range(10)]) == [
        "many_declines"
    ]


def test_every_rule_has_a_code_and_a_version_of_its_own() -> None:
    """Break: one rule twice, or one less."""
    assert len({rule.code for rule in RULES}) == len(RULES) == 5
    assert all(rule.version >= 1 and str(rule.title) for rule in RULES)
