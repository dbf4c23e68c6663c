"""What each instrument of a portfolio did, and that it adds up to the whole."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.utils import timezone

from market.models import Instrument
from portfolio.beginning_anew import begin_anew
from portfolio.models import Portfolio
from tests.api.books import Book, close_at, load_rates, near
from tests.api.clients import ApiClient, fields_in
from tests.factories import make_instrument
from tests.portfolio.factories import draft_trade, post


def returns(book: Book, **query: str) -> dict[str, dict[str, Any]]:
    found = book.read("performance/instruments", **query)
    for one in found["items"]:
        assert {name for name, value in one.items() if value is None} == set(one["reasons"]), one
    return {one["symbol"]: one for one in found["items"]}


def test_an_instrument_returns_what_its_price_and_income_did(
    api: ApiClient, apple: Instrument
) -> None:
    close_at(apple, 100, 100, 110, 121, 121, 121)
    book = Book(api)
    book("deposit", amount="10000", day=0)
    book("buy", 10, 100, day=1)
    book("buy", 10, 121, day=3)
    book("dividend", amount="24.2", symbol="AAPL", day=4)
    found = returns(book, end="2024-01-07")["AAPL"]
    assert (found["start_value"], found["end_value"]) == ("0", "2420")
    assert (found["inflow"], found["outflow"], found["income"]) == ("2210", "0", "24.2")
    assert Decimal(found["gain"]) == Decimal("234.2")
    # Units bought count from the start of their day, a dividend is taken out at its end.
    growth = Decimal("1.1") * (Decimal(2420) / 2310) * (Decimal("2444.2") / 2420) - 1
    assert near(Decimal(found["twr"]), f"{growth:.8f}")
    assert near(Decimal(found["simple_return"]), f"{Decimal('234.2') / 2210:.8f}")


def test_gross_returns_are_those_without_charges(api: ApiClient, apple: Instrument) -> None:
    close_at(apple, 100, 100, 110, 110, 121)
    book = Book(api)
    book("deposit", amount="10000", day=0)
    book("buy", 10, 100, fees="50", day=1)
    book("dividend", amount="20", taxes="5", symbol="AAPL", day=3)
    charged = returns(book, end="2024-01-06")["AAPL"]
    free = Book(api)
    free("deposit", amount="10000", day=0)
    free("buy", 10, 100, day=1)
    free("dividend", amount="20", symbol="AAPL", day=3)
    plain = returns(free, end="2024-01-06")["AAPL"]
    assert (charged["charges"], charged["trade_charges"]) == ("5", "50")
    assert charged["gross_gain"] == plain["gain"] == plain["gross_gain"] == "230"
    assert Decimal(charged["twr"]) < Decimal(charged["gross_twr"]) <= Decimal(plain["twr"])
    assert Decimal(charged["xirr"]) < Decimal(charged["gross_xirr"])
    for name in ("twr", "xirr", "simple_return"):
        assert plain[f"gross_{name}"] == plain[name]
    # 1050 paid in, of which 50 came back at the end of its day.
    growth = Decimal(1050) / 1050 * Decimal("1.1") * Decimal(1120) / 1100 * Decimal("1.1") - 1
    assert near(Decimal(charged["gross_twr"]), f"{growth:.8f}")


def test_instruments_and_cash_add_up_to_the_whole(api: ApiClient, apple: Instrument) -> None:
    pound = make_instrument("VOD")
    Instrument.objects.filter(id=pound.id).update(currency="GBP")
    close_at(apple, 100, 101, 102, 103, 104, 105, 106)
    close_at(pound, 10, 11, 12, 11, 10, 12, 13)
    load_rates(USD="1.1", GBP="0.88")
    book = Book(api, currency="EUR")
    book("deposit", amount="10000", day=0)
    book("buy", 10, 100, fees="5", exchange_rate="0.9", day=1)
    book("buy", 100, 11, symbol="VOD", exchange_rate="1.15", day=1)
    book("sell", 4, 103, fees="1", exchange_rate="0.92", day=3)
    book("dividend", amount="12", taxes="3", symbol="VOD", exchange_rate="1.1", day=4)
    book("fee", amount="7", day=4)
    book("interest", amount="3", day=5)
    whole = book.performance(end="2024-01-08")
    parts = returns(book, end="2024-01-08")
    assert set(parts) == {"AAPL", "VOD"}
    gains = sum((Decimal(one["gain"]) for one in parts.values()), Decimal(0))
    change = Decimal(whole["end_value"]) - 10000
    assert round(gains + 3 - 7 - change, 6) == 0
    realised = sum((Decimal(one["realised_gain"]) for one in parts.values()), Decimal(0))
    assert realised == Decimal(whole["realised_gain"])


def test_a_spin_off_leaves_one_and_enters_the_other(api: ApiClient, apple: Instrument) -> None:
    child = make_instrument("CHLD")
    close_at(apple, 100, 100, 100, 80, 80)
    close_at(child, 20, 20, 20, 20, 22)
    book = Book(api)
    book("deposit", amount="1000", day=0)
    book("buy", 10, 100, day=1)
    book("spin_off", 10, symbol="CHLD", from_symbol="AAPL", cost_share="0.2", day=3)
    found = returns(book, end="2024-01-06")
    assert (found["AAPL"]["outflow"], found["CHLD"]["inflow"]) == ("200", "200")
    assert (found["AAPL"]["gain"], found["CHLD"]["gain"]) == ("0", "20")
    assert (found["AAPL"]["twr"], found["CHLD"]["twr"]) == ("0", "0.1")


def test_what_was_sold_before_is_not_listed(api: ApiClient, apple: Instrument) -> None:
    close_at(apple, 100, 100, 100, 100, 100)
    book = Book(api)
    book("deposit", amount="1000", day=0)
    book("buy", 10, 100, day=1)
    book("sell", 10, 100, day=2)
    assert returns(book, start="2024-01-05", end="2024-01-06") == {}
    assert returns(book, end="2024-01-06")["AAPL"]["end_value"] == "0"


def test_an_instrument_without_a_price_has_reasons(api: ApiClient, apple: Instrument) -> None:
    book = Book(api)
    book("deposit", amount="1000", day=0)
    book("buy", 10, 100, day=1)
    found = returns(book, end="2024-01-06")["AAPL"]
    assert (found["end_value"], found["reasons"]["end_value"]) == (None, "no_price")
    assert found["reasons"]["twr"] == "no_price"


def test_a_period_without_sense_is_refused(api: ApiClient, apple: Instrument) -> None:
    book = Book(api)
    path = f"{book.path}/performance/instruments"
    refused = api.get(path, start="2024-02-01", end="2024-01-01")
    assert (refused.status_code, [*fields_in(refused)]) == (422, ["start"])


def test_a_stranger_finds_nothing(
    api: ApiClient, stranger_api: ApiClient, apple: Instrument
) -> None:
    book = Book(api)
    assert stranger_api.get(f"{book.path}/performance/instruments").status_code == 404


def test_what_was_before_a_reset_has_no_part(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    at = timezone.now() - timedelta(minutes=5)
    post(draft_trade(paper, apple, quantity="5", price="100", at=at, is_settled=True))
    begin_anew(paper, starting_cash=Decimal(10), reference=uuid4(), at=timezone.now())
    found = api.get(f"/portfolios/{paper.id}/performance/instruments").json()
    assert found["items"] == []
