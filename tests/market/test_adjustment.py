"""Factors that make prices comparable over splits and dividends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from market.corporate_actions.adjustment import (
    Adjustment,
    CashDividend,
    CloseBefore,
    PriceFactors,
    Split,
    price_factors,
)
from tests.market.factories import decimals

START = datetime(2026, 1, 5, 5, tzinfo=UTC)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def split(number: int, *, old: int = 1, new: int = 2, is_in_history: bool = False) -> Split:
    return Split(day(number), Decimal(old) / Decimal(new), is_in_history)


def factors(
    *splits: Split,
    dividends: tuple[CashDividend, ...] = (),
    closes: dict[datetime, CloseBefore] | None = None,
    horizon: datetime | None = None,
) -> PriceFactors:
    return price_factors(list(splits), dividends, closes=closes or {}, horizon=horizon)


def before(close: str, *, is_as_traded: bool = False) -> CloseBefore:
    return CloseBefore(Decimal(close), is_as_traded)


def test_nothing_changes_nothing() -> None:
    found = factors()
    assert found.ex_ats == ()
    assert found.splits == found.dividends == found.splits_of_ticks == decimals("1")


def test_splits_multiply_backwards() -> None:
    found = factors(split(20, new=4), split(10, new=2))
    assert found.ex_ats == (day(10), day(20))
    assert found.splits == decimals("0.125 0.25 1")


def test_a_reverse_split_raises_earlier_prices() -> None:
    assert factors(split(1, old=10, new=1)).splits == decimals("10 1")


def test_a_split_that_files_know_counts_for_ticks_alone() -> None:
    found = factors(split(10, is_in_history=True), split(20, new=4))
    assert found.splits == decimals("0.25 0.25 1")
    assert found.splits_of_ticks == decimals("0.125 0.25 1")


def test_a_dividend_takes_its_share_of_the_close_before_it() -> None:
    found = factors(dividends=(CashDividend(day(3), Decimal(2)),), closes={day(3): before("100")})
    assert found.dividends == decimals("0.98 1")


def test_a_dividend_that_makes_no_sense_changes_nothing() -> None:
    dividends = (CashDividend(day(3), Decimal(100)), CashDividend(day(4), Decimal(1)))
    assert factors(dividends=dividends, closes={day(3): before("100")}).dividends == decimals("1")


def test_what_a_source_adjusted_already_is_not_adjusted_again() -> None:
    dividends = (CashDividend(day(3), Decimal(2)), CashDividend(day(9), Decimal(1)))
    closes = {day(3): before("100"), day(9): before("100")}
    found = factors(dividends=dividends, closes=closes, horizon=day(5))
    assert found.late_dividends == decimals("0.99 0.99 1")
    assert found.dividends == decimals("0.9702 0.99 1")


def test_a_dividend_is_of_the_shares_of_its_day() -> None:
    """Two dollars of a share of 100, which is a share of 50 in files since the split."""
    dividend = CashDividend(day(3), Decimal(2))
    for later, close in (
        (split(9, is_in_history=True), before("50")),
        (split(9, is_in_history=True), before("100", is_as_traded=True)),
        (split(9), before("100")),
    ):
        found = factors(later, dividends=(dividend,), closes={day(3): close})
        assert found.dividends == decimals("0.98 1 1")


def test_a_dividend_on_the_day_of_a_split_is_of_the_new_shares() -> None:
    found = factors(
        split(3), dividends=(CashDividend(day(3), Decimal(1)),), closes={day(3): before("100")}
    )
    assert found.dividends == decimals("0.98 1")


ratios = st.tuples(st.integers(1, 20), st.integers(1, 20))


@given(st.lists(st.tuples(st.integers(0, 40), ratios, st.booleans()), max_size=8))
def test_each_span_has_the_product_of_what_lies_ahead(
    drawn: list[tuple[int, tuple[int, int], bool]],
) -> None:
    splits = [
        split(number, old=old, new=new, is_in_history=known) for number, (old, new), known in drawn
    ]
    found = factors(*splits)
    for index, factor in enumerate(found.splits_of_ticks):
        begins_at = found.ex_ats[index - 1] if index else START - timedelta(days=1)
        expected = Decimal(1)
        for one in splits:
            if one.ex_at > begins_at:
                expected *= one.factor
        assert abs(factor / expected - 1) < Decimal("1e-24")
    assert found.splits[-1] == 1


def test_true_means_everything_and_false_nothing() -> None:
    assert Adjustment.of(True) is Adjustment.ALL
    assert Adjustment.of(False) is Adjustment.RAW
    assert Adjustment.of(Adjustment.SPLITS) is Adjustment.SPLITS
