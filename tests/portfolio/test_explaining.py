"""What a drawer shows adds up to the cent, however its lines are rounded."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from hypothesis import given
from hypothesis import strategies as st

from portfolio.explaining.explanations import (
    LINES_MAXIMUM,
    ROUNDING,
    Arithmetic,
    Explanation,
    Line,
    Part,
    Unit,
    by_span,
    in_minor_units,
    largest_first,
    percentage,
)

CENT = Decimal("0.01")


def explanation(*amounts: Decimal) -> Explanation:
    return Explanation(
        figure="income",
        label="Income",
        value=sum(amounts, Decimal(0)),
        unit=Unit.MONEY,
        formula="All of it.",
        arithmetic=Arithmetic.SUM,
        parts=[Part("Lines", [Line(str(index), one) for index, one in enumerate(amounts)])],
    )


@given(st.lists(st.decimals(-10_000, 10_000, places=10), max_size=30))
def test_rounded_lines_give_the_rounded_sum(amounts: list[Decimal]) -> None:
    shown = in_minor_units(explanation(*amounts), 2)
    exact = sum(amounts, Decimal(0))
    assert shown.value == exact.quantize(CENT, rounding=ROUND_HALF_UP)
    assert shown.parts[0].total == shown.value
    assert all(line.value == line.value.quantize(CENT) for line in shown.parts[0].lines)


def test_what_rounding_leaves_is_a_line_of_its_own() -> None:
    third = Decimal("0.3333333333")
    shown = in_minor_units(explanation(third, third, third), 2)
    assert shown.parts[0].lines[-1] == Line(ROUNDING, Decimal("0.01"))
    whole = in_minor_units(explanation(Decimal(1), Decimal(2)), 2)
    assert [line.label for line in whole.parts[0].lines] == ["0", "1"]


@given(st.integers(0, 6000), st.integers(1, 40))
def test_many_days_become_months_or_years_of_the_same_sum(count: int, step: int) -> None:
    start = date(2010, 1, 1)
    amounts = [
        (start + timedelta(days=index % 3000 * step % 9000), Decimal(1)) for index in range(count)
    ]
    lines = by_span(amounts)
    assert len(lines) <= LINES_MAXIMUM
    assert sum(line.value for line in lines) == count


def test_the_smallest_lines_are_joined() -> None:
    lines = [Line(f"S{index}", Decimal(index)) for index in range(100)]
    shown = largest_first(lines, rest="smaller ones")
    assert len(shown) == LINES_MAXIMUM + 1
    assert shown[-1].label == "40 smaller ones"
    assert sum(line.value for line in shown) == sum(range(100))


def test_each_part_of_a_quotient_adds_up_as_it_is_shown() -> None:
    third = Decimal("0.3333333333")
    lines = [Line(name, third) for name in "abc"]
    found = percentage(
        "weight_pct",
        "Weight",
        "One ÷ all.",
        [Part("One", lines[:1]), Part("All", lines)],
        value=Decimal("33.33"),
        reason="",
    )
    one, every = in_minor_units(found, 2).parts
    assert (one.total, every.total) == (Decimal("0.33"), Decimal("1.00"))
    assert every.lines[-1] == Line(ROUNDING, Decimal("0.01"))


def test_units_and_prices_are_not_rounded_to_cents() -> None:
    lines = [Line("Units", Decimal("0.125"), Unit.UNITS), Line("Price", Decimal("1.005"))]
    found = replace(explanation(Decimal("0.125625")), parts=[Part("Multiplied", lines)])
    shown = in_minor_units(replace(found, arithmetic=Arithmetic.PRODUCT), 2)
    assert shown.value == Decimal("0.13")
    assert list(shown.parts[0].lines) == lines
