"""What each position was worth day by day, as programs read it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from market.models import Instrument
from tests.api.books import FIRST, Book, load_rates
from tests.api.clients import ApiClient, all_items
from tests.factories import make_daily_bars, make_instrument


@pytest.fixture
def book(api: ApiClient, apple: Instrument) -> Book:
    """Ten Apple bought in dollars by a portfolio in euros, and some Vodafone in pounds."""
    vodafone = make_instrument("VOD")
    Instrument.objects.filter(id=vodafone.id).update(currency="GBP")
    first = FIRST.replace(hour=5)
    make_daily_bars(apple, [100, 101, 102, 103, 104, 105, 106], first_at=first)
    make_daily_bars(vodafone, [10, 11, 12, 11, 10, 12, 13], first_at=first)
    load_rates(USD="1.25", GBP="0.8")
    made = Book(api, currency="EUR")
    made("deposit", amount="10000", day=0)
    made("buy", 10, 100, fees="5", exchange_rate="0.9", day=1)
    made("buy", 20, 11, symbol="VOD", exchange_rate="1.2", currency="GBP", day=2)
    made("sell", 4, 103, exchange_rate="0.85", day=3)
    return made


def test_rows_say_what_each_position_was(api: ApiClient, book: Book) -> None:
    rows = book.read("positions/valuations", symbol="AAPL", end="2024-01-06", limit="3")["items"]
    first, _, third = rows
    assert first["date"] == "2024-01-03"
    assert (first["quantity"], first["price"], first["rate"]) == ("10", "101", "0.8")
    assert (first["market_value"], first["cost"], first["inflow"]) == ("808", "904.5", "904.5")
    assert first["unrealised_gain"] == "-96.5"
    # Of 1005 dollars at 0.9 euros each, rates have taken a tenth of a euro each.
    assert (first["currency_effect"], first["trade_charges"]) == ("-100.5", "4.5")
    assert (third["date"], third["quantity"], third["outflow"]) == ("2024-01-05", "6", "350.2")


def test_days_of_the_portfolio_say_what_it_earned_and_what_rates_did(
    api: ApiClient, book: Book
) -> None:
    book("dividend", amount="50", symbol="AAPL", taxes="7.5", exchange_rate="0.9", day=3)
    book("fee", amount="3", day=3)
    book("deposit", amount="100", currency="USD", day=4)
    days = {one["date"]: one for one in all_items(api, f"{book.path}/valuations", limit=100)}
    bought, sold, after = (days[f"2024-01-0{day}"] for day in (3, 5, 6))
    assert (bought["income"], bought["trade_fees"], bought["fees"]) == ("0", "4.5", "0")
    assert (sold["income"], sold["taxes"], sold["fees"], sold["inflow"]) == ("45", "6.75", "3", "0")
    assert (bought["currency_effect"], bought["cash_effect"]) == ("-100.5", "0")
    # A hundred dollars that are worth what they were when they came.
    assert (after["cash_effect"], after["inflow"], after["trade_taxes"]) == ("0", "80", "0")
    pounds = [
        one["currency_effect"]
        for one in all_items(api, f"{book.path}/positions/valuations", limit=100)
        if one["date"] == "2024-01-05"
    ]
    assert sum(map(Decimal, pounds)) == Decimal(sold["currency_effect"])


def test_they_add_up_to_the_portfolio(api: ApiClient, book: Book) -> None:
    days = {one["date"]: one for one in all_items(api, f"{book.path}/valuations", limit=100)}
    totals = dict.fromkeys(days, Decimal(0))
    costs = dict.fromkeys(days, Decimal(0))
    known = dict.fromkeys(days, True)
    for one in all_items(api, f"{book.path}/positions/valuations", limit=100):
        costs[one["date"]] += Decimal(one["cost"])
        known[one["date"]] &= one["market_value"] is not None
        totals[one["date"]] += Decimal(one["market_value"] or 0)
    for day, one in days.items():
        assert Decimal(one["cost"]) == costs[day]
        assert (one["market_value"] is not None) == known[day]
        if known[day]:
            assert Decimal(one["market_value"]) == totals[day]


def test_they_come_by_symbol_day_and_page(api: ApiClient, book: Book) -> None:
    path = f"{book.path}/positions/valuations"
    span = {"start": "2024-01-03", "end": "2024-01-06"}
    listed = all_items(api, path, limit=2, **span)
    assert [(one["symbol"], one["date"][-2:]) for one in listed] == [
        *(("AAPL", day) for day in ("03", "04", "05", "06")),
        *(("VOD", day) for day in ("04", "05", "06")),
    ]
    only = all_items(api, path, symbol="VOD", limit=2, **span)
    assert [one["symbol"] for one in only] == ["VOD"] * 3
    cursor = api.get(path, limit=1).json()["next_cursor"]
    assert api.get(path, symbol="VOD", cursor=cursor).status_code == 400


def test_what_is_not_there_is_refused(api: ApiClient, stranger_api: ApiClient, book: Book) -> None:
    path = f"{book.path}/positions/valuations"
    assert api.get(path, symbol="NOPE").status_code == 404
    assert api.get(path, start="someday").status_code == 422
    assert stranger_api.get(path).status_code == 404
