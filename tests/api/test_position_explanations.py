"""Each figure of a position and of a lot with its formula and its inputs."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from market.models import Instrument
from portfolio.explaining.of_lots import LOT_FIGURES
from portfolio.explaining.of_position_days import POSITION_DAYS
from portfolio.explaining.of_positions import POSITION_FIGURES
from tests.api.books import Book
from tests.api.clients import ApiClient, fields_in
from tests.api.explanations import SPAN, assert_adds_up, tell_much
from tests.factories import make_instrument, make_quote


@pytest.fixture
def told(api: ApiClient, apple: Instrument) -> Book:
    return tell_much(api, apple)


@pytest.mark.parametrize("symbol", ["AAPL", "VOD"])
def test_every_figure_of_a_position_is_what_its_inputs_give(told: Book, symbol: str) -> None:
    today = timezone.now().isoformat()
    told("buy", 3, "108.5", symbol=symbol, exchange_rate="0.9", fees="1", occurred_at=today)
    position = told.position(symbol)
    for figure in POSITION_FIGURES:
        found = told.read(f"explanations/{figure}", symbol=symbol)
        assert_adds_up(found, position[figure])


@pytest.mark.parametrize("symbol", ["AAPL", "VOD"])
@pytest.mark.parametrize("days", [SPAN, {"end": "2024-01-12"}, {"start": "2024-01-11"}])
def test_what_a_position_did_is_what_its_days_give(
    told: Book, symbol: str, days: dict[str, str]
) -> None:
    yesterday = str(timezone.now().date() - timedelta(days=1))
    span = {"end": yesterday} | days
    (each,) = (
        one
        for one in told.read("performance/instruments", **span)["items"]
        if one["symbol"] == symbol
    )
    for figure in POSITION_DAYS:
        found = told.read(f"explanations/{figure}", symbol=symbol, **days)
        if each.get(figure, "") is None:
            assert (found["value"], found["reason"]) == (None, "no_price"), figure
        else:
            assert_adds_up(found, each.get(figure, found["value"]))


def test_what_rates_did_to_a_position_is_its_days_difference(told: Book) -> None:
    rows = told.read("positions/valuations", symbol="VOD", start="2024-01-03", end="2024-01-12")
    effects = [Decimal(one["currency_effect"]) for one in rows["items"]]
    found = told.read("explanations/gain_by_rates", symbol="VOD", **SPAN)
    assert Decimal(found["value"]) == effects[-1] - effects[0]


def test_of_a_position_that_was_never_held_nothing_is_explained(told: Book) -> None:
    make_instrument("KO")
    answer = told.api.get(f"{told.path}/explanations/gain", symbol="KO")
    assert (answer.status_code, answer.json()["code"]) == (404, "position_not_found")


@pytest.mark.parametrize("method", ["lifo", "hifo", "average"])
def test_a_position_is_explained_however_lots_are_chosen(
    api: ApiClient, apple: Instrument, method: str
) -> None:
    make_quote(apple, last="110", previous_close="108")
    book = Book(api, lot_method=method)
    for price in (100, 130, 90):
        book("buy", 10, price, fees="3")
    book("sell", 12, 120, taxes="2")
    book("split", ratio_from="1", ratio_to="3", symbol="AAPL")
    book("sell", 5, 41)
    position = book.position()
    for figure in POSITION_FIGURES:
        assert_adds_up(book.read(f"explanations/{figure}", symbol="AAPL"), position[figure])


@pytest.mark.parametrize("method", ["fifo", "average"])
def test_every_figure_of_a_lot_is_what_its_inputs_give(
    told: Book, api: ApiClient, method: str
) -> None:
    """Lots that were bought, split, sold in part and in whole, sent away and brought in."""
    other = Book(api, lot_method=method)
    make_quote(Instrument.objects.get(symbol="AAPL"), last="36", previous_close="35")
    for price in (100, 130, 90):
        other("buy", 10, price, fees="3", taxes="1")
    other("sell", 12, 120, taxes="2")
    other("split", ratio_from="1", ratio_to="3", symbol="AAPL")
    other("sell", 5, 41)
    other("transfer_out", 4, day=9)
    other("buy", 2, "30.5", day=10)
    found = 0
    for book in (told, other):
        for lot in book.read("lots")["items"]:
            for figure in LOT_FIGURES:
                told_of_it = book.read(f"explanations/{figure}", lot_id=lot["lot_id"])
                assert_adds_up(told_of_it, lot[figure])
                found += 1
    assert found > 30


def test_the_cost_of_a_lot_tells_its_charges(told: Book) -> None:
    lot = told.read("lots", symbol="AAPL")["items"][0]
    price, charges = told.read("explanations/cost", lot_id=lot["lot_id"])["parts"][0]["lines"]
    assert price["note"] == "10 × 100.333 USD at the rate booked"
    assert (charges["label"], charges["value"]) == ("Fees and taxes", lot["charges"])


def test_a_lot_of_another_portfolio_is_not_found(told: Book, api: ApiClient) -> None:
    other = Book(api)
    lot = told.read("lots")["items"][0]["lot_id"]
    answer = api.get(f"{other.path}/explanations/cost", lot_id=lot)
    assert (answer.status_code, answer.json()["code"]) == (404, "lot_not_found")
    both = api.get(f"{told.path}/explanations/cost", lot_id=lot, symbol="AAPL")
    assert (both.status_code, [*fields_in(both)]) == (422, ["symbol"])
    wrong = api.get(f"{told.path}/explanations/cost", lot_id="first")
    assert (wrong.status_code, [*fields_in(wrong)]) == (422, ["lot_id"])


def test_the_price_of_a_position_tells_its_time_and_its_currency(told: Book) -> None:
    (part,) = told.read("explanations/market_value", symbol="AAPL")["parts"]
    held, price, rate = part["lines"]
    assert (held["value"], held["unit"], part["total"]) == ("13", "units", None)
    assert (price["value"], price["unit"], price["currency"]) == ("110", "price", "USD")
    assert "UTC" in price["note"]
    assert rate["unit"] == "rate"
    assert Decimal(rate["value"]) == round(1 / Decimal("1.1"), 12)


def test_a_position_without_a_price_has_a_reason(api: ApiClient) -> None:
    make_instrument("MSFT")
    book = Book(api)
    book("buy", 1, 50, symbol="MSFT")
    found = {one: book.read(f"explanations/{one}", symbol="MSFT") for one in POSITION_FIGURES}
    for figure in ("market_value", "unrealised_gain", "day_change", "weight_pct"):
        assert (found[figure]["value"], found[figure]["reason"]) == (None, "no_price")
    assert found["cost"]["value"] == "50"
    (lot,) = book.read("lots")["items"]
    worth = book.read("explanations/market_value", lot_id=lot["lot_id"])
    assert (worth["value"], worth["reason"]) == (None, "no_price")


def test_of_what_was_sold_the_gain_is_explained(api: ApiClient, apple: Instrument) -> None:
    book = Book(api)
    book("buy", 2, 50)
    book("sell", 2, 80)
    assert_adds_up(book.read("explanations/realised_gain", symbol="AAPL"), "60")
    gone = api.get(f"{book.path}/explanations/cost", symbol="AAPL")
    assert (gone.status_code, gone.json()["code"]) == (404, "position_not_found")
    make_instrument("MSFT")
    never = api.get(f"{book.path}/explanations/realised_gain", symbol="MSFT")
    assert (never.status_code, never.json()["code"]) == (404, "position_not_found")
