"""What explanations are of in tests, and how each is computed again from its inputs."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from math import prod
from typing import Any, Final

from market.models import Instrument
from tests.api.books import FIRST, Book, load_rates
from tests.api.clients import ApiClient
from tests.factories import make_daily_bars, make_instrument, make_quote

SPAN: Final[dict[str, str]] = {"start": "2024-01-04", "end": "2024-01-12"}


def numbers(part: dict[str, Any]) -> list[Decimal]:
    return [Decimal(line["value"]) for line in part["lines"]]


def total(part: dict[str, Any]) -> Decimal:
    return sum(numbers(part), Decimal(0))


def agree(one: Decimal, other: Decimal) -> bool:
    """In the ten places in which the inputs are told."""
    return abs(one - other) <= Decimal("1E-8") * max(abs(other), Decimal(1))


def linked(parts: list[dict[str, Any]]) -> Decimal:
    growth = Decimal(1)
    for value in numbers(parts[0]):
        growth *= 1 + value
    return growth - 1


def deviation(parts: list[dict[str, Any]]) -> Decimal:
    squares, days = numbers(parts[0])
    return (squares / days * 252).sqrt()


def of_a_year(parts: list[dict[str, Any]]) -> Decimal:
    (whole,), (days,) = map(numbers, parts)
    return (1 + whole) ** (365 / days) - 1


def in_percent(parts: list[dict[str, Any]]) -> Decimal:
    return round(100 * total(parts[0]) / total(parts[1]), 2)


COMPUTED: Final[dict[str, Callable[[list[dict[str, Any]]], Decimal]]] = {
    "sum": lambda parts: total(parts[0]),
    "product": lambda parts: prod(numbers(parts[0]), start=Decimal(1)),
    "percentage": in_percent,
    "quotient": lambda parts: total(parts[0]) / total(parts[1]),
    "link": linked,
    "deviation": deviation,
    "annual": of_a_year,
}


def assert_adds_up(found: dict[str, Any], expected: str | None) -> None:
    """The value is the one told elsewhere, and what the inputs give."""
    figure = found["figure"]
    assert found["formula"], figure
    assert found["label"], figure
    assert found["value"] is not None, figure
    assert expected is not None, figure
    assert agree(Decimal(found["value"]), Decimal(expected)), figure
    computed = COMPUTED[found["arithmetic"]](found["parts"])
    assert agree(computed, Decimal(found["value"])), figure


def tell_much(api: ApiClient, apple: Instrument) -> Book:
    """Euros, with dollars and pounds in it: trades, income, charges, a transfer, a split lot."""
    pound = make_instrument("VOD")
    Instrument.objects.filter(id=pound.id).update(currency="GBP")
    first_at = FIRST.replace(hour=5)
    make_daily_bars(apple, [100, 101, 104, 103, 99, 98, 103, 106, 104, 108, 109], first_at=first_at)
    make_daily_bars(pound, [10, 11, 12, 11, 10, 12, 13, 12, 13, 14, 13], first_at=first_at)
    make_quote(apple, last="110", previous_close="108")
    make_quote(pound, last="13.37", previous_close="13")
    load_rates(USD="1.1", GBP="0.88")
    book = Book(api, currency="EUR")
    book("deposit", amount="10000", day=0)
    book("buy", 10, "100.333", fees="5.01", exchange_rate="0.9", day=1)
    book("buy", 33, "11.111", symbol="VOD", exchange_rate="1.15", day=1)
    book("deposit", amount="1000.55", day=3)
    book("transfer_in", 7, "90", day=4)
    book("sell", 4, "103.77", fees="1.03", exchange_rate="0.92", day=5)
    book("dividend", amount="12.34", taxes="3.21", symbol="VOD", exchange_rate="1.1", day=6)
    book("fee", amount="7.77", day=7)
    book("deposit", amount="50", currency="GBP", day=7)
    book("withdrawal", amount="500", day=8)
    return book
