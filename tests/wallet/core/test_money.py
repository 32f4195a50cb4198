import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.core.money import MAX_MINOR, AmountUnreadable, Money, format_money, parse_money


@given(st.integers(0, MAX_MINOR), st.lists(st.integers(0, 1000), min_size=1, max_size=50).filter(any))
def test_shares_always_meet_the_total(minor: int, weights: list[int]) -> None:
    shares = Money(minor, "EUR").allocate(weights)
    assert sum(share.minor for share in shares) == minor
    total = sum(weights)
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share.minor * total - minor * weight) < total


def test_remainders_go_to_the_largest_fraction_and_the_first_on_a_tie() -> None:
    assert [m.minor for m in Money(100, "EUR").allocate([1, 1, 1])] == [34, 33, 33]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_shares_without_sense_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Money(100, "EUR").allocate(weights)


@pytest.mark.parametrize(
    ("text", "currency", "language", "minor"),
    [
        ("12.50", "EUR", "en", 1250), ("12,50", "EUR", "fr", 1250), ("12,50", "EUR", "en", 1250), ("12.5", "EUR", "fr", 1250),
        ("1 234,50", "EUR", "fr", 123450), ("1,234.50", "EUR", "en", 123450), ("1200", "JPY", "en", 1200), ("2.750", "KWD", "en", 2750),
        (".50", "EUR", "en", 50), ("20", "EUR", "fr", 2000),
    ],
)  # fmt: skip
def test_an_amount_is_read_as_people_write_it(text: str, currency: str, language: str, minor: int) -> None:
    assert parse_money(text, currency, language) == Money(minor, currency)


@pytest.mark.parametrize("text", ["", "abc", "0", "-5", "1.005", "NaN", "Infinity", "1e3", "9" * 20, "1.2.3"])
def test_what_is_no_amount_is_refused_by_name(text: str) -> None:
    with pytest.raises(AmountUnreadable):
        parse_money(text, "EUR", "en")


@given(st.integers(1, MAX_MINOR), st.sampled_from(["EUR", "JPY", "KWD", "CHF"]), st.sampled_from(["en", "fr"]))
def test_money_never_mixes_currencies(minor: int, currency: str, language: str) -> None:
    with pytest.raises(ValueError, match="currencies"):
        Money(minor, currency) + Money(1, "USD")
    assert format_money(Money(minor, currency), language)


def test_a_float_is_no_money() -> None:
    with pytest.raises(TypeError):
        Money(12.5, "EUR")  # type: ignore[arg-type]
