"""Each figure with its formula and its inputs, from which it can be computed again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from math import prod
from typing import Any, Final

import pytest
from django.utils import timezone

from market.models import CorporateAction, Instrument
from portfolio.explaining.explain import FIGURES
from portfolio.explaining.of_holdings import SLICE_FIGURES
from portfolio.explaining.of_lots import LOT_FIGURES
from portfolio.explaining.of_position_days import POSITION_DAYS
from portfolio.explaining.of_positions import POSITION_FIGURES
from portfolio.explaining.of_unions import OF_NOW as UNION_OF_NOW
from portfolio.explaining.of_unions import TODAY_PCT, UNION_FIGURES
from portfolio.holdings.allocation import Dimension
from tests.api.books import FIRST, Book, load_rates
from tests.api.clients import ApiClient, fields_in
from tests.factories import make_daily_bars, make_instrument, make_quote

SPAN: Final[dict[str, str]] = {"start": "2024-01-04", "end": "2024-01-12"}
OF_NOW: Final = ("total_value", "day_change", "cash", "buying_power", "declared_income")
UNION_NOW: Final = (*UNION_OF_NOW, TODAY_PCT)


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


def insist_it_adds_up(found: dict[str, Any], expected: str | None) -> None:
    """The value is the one told elsewhere, and what the inputs give."""
    figure = found["figure"]
    assert found["formula"], figure
    assert found["label"], figure
    assert found["value"] is not None, figure
    assert expected is not None, figure
    assert agree(Decimal(found["value"]), Decimal(expected)), figure
    computed = COMPUTED[found["arithmetic"]](found["parts"])
    assert agree(computed, Decimal(found["value"])), figure


@pytest.fixture
def told(api: ApiClient, apple: Instrument) -> Book:
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


def test_every_figure_is_what_its_inputs_give(told: Book) -> None:
    performance = told.performance(**SPAN)
    performance["period_gain"] = told.read("realized", **SPAN)["period_gain"]
    income = told.read("income", **SPAN)
    performance |= {"gross_income": income["gross"], "net_income": income["net"]}
    for figure in FIGURES:
        query: dict[str, str] = {} if figure in OF_NOW else SPAN
        found = told.read(f"explanations/{figure}", **query)
        assert found["formula"], figure
        assert found["value"] is not None, figure
        if found["arithmetic"] == "balance":
            assert abs(total(found["parts"][0])) < Decimal("0.005")
        else:
            computed = COMPUTED[found["arithmetic"]](found["parts"])
            assert agree(computed, Decimal(found["value"])), figure
        if figure not in OF_NOW:
            sign = -1 if figure in ("fees", "taxes", "max_drawdown") else 1
            assert agree(Decimal(found["value"]), sign * Decimal(performance[figure])), figure


def test_what_is_declared_to_come_is_explained(told: Book, apple: Instrument) -> None:
    for days, each in ((5, "0.25"), (9, "0.3")):
        day = timezone.now().date() + timedelta(days=days)
        CorporateAction.objects.create(
            instrument=apple,
            kind="dividend",
            ex_date=day,
            pay_date=day,
            amount_per_share=Decimal(each),
            currency="USD",
            source="sample",
        )
    forecast = told.read("income")["forecast"]
    found = told.read("explanations/declared_income")
    insist_it_adds_up(found, str(sum(Decimal(one["value"]) for one in forecast)))
    assert found["parts"][0]["lines"][0]["note"].startswith("13 × 0.25 USD × 0.909")


def test_income_is_explained_by_payment(told: Book) -> None:
    (gross,) = told.read("explanations/gross_income", **SPAN)["parts"][0]["lines"]
    assert gross["label"] == "VOD dividend, 8 Jan 2024"
    assert "at the rate booked" in gross["note"]
    (net,) = told.read("explanations/net_income", **SPAN)["parts"][0]["lines"]
    assert "taxes" in net["note"]
    assert Decimal(gross["value"]) - Decimal(net["value"]) == round(
        Decimal("3.21") * Decimal("1.1"), 4
    )


def test_many_payments_are_told_by_day_and_add_up(api: ApiClient, apple: Instrument) -> None:
    book = Book(api)
    for number in range(62):
        book("interest", amount=f"1.{number:02}", day=number)
    book("interest", amount="5", day=1)
    found = book.read("explanations/gross_income")
    insist_it_adds_up(found, book.read("income")["gross"])
    assert [line["label"] for line in found["parts"][0]["lines"]][:2] == ["Jan 2024", "Feb 2024"]


def test_what_is_of_now_is_what_the_portfolio_tells(told: Book, api: ApiClient) -> None:
    portfolio = api.get(told.path).json()
    for figure in ("total_value", "cash", "buying_power"):
        insist_it_adds_up(told.read(f"explanations/{figure}"), portfolio[figure])
    names = [line["label"] for line in told.read("explanations/cash")["parts"][0]["lines"]]
    assert names == ["Cash in EUR", "Cash in GBP"]


def test_buying_power_is_less_what_orders_hold(api: ApiClient, apple: Instrument) -> None:
    book = Book(api, kind="paper", starting_cash="1000")
    make_quote(apple, last="100", previous_close="100")
    order = {
        "portfolio_id": book.id,
        "symbol": "AAPL",
        "side": "buy",
        "type": "limit",
        "time_in_force": "gtc",
        "quantity": "2",
        "limit_price": "95",
    }
    assert api.post("/orders", order, key="held").status_code == 201
    found = book.read("explanations/buying_power")
    insist_it_adds_up(found, api.get(book.path).json()["buying_power"])
    held = found["parts"][0]["lines"][-1]
    assert (held["label"], Decimal(held["value"]) <= -190) == ("Held by orders", True)


@pytest.mark.parametrize("by", list(Dimension))
def test_every_part_of_an_allocation_is_what_its_inputs_give(told: Book, by: str) -> None:
    items = told.read("allocation", by=by)["items"]
    assert len(items) > 1
    for item in items:
        for figure in SLICE_FIGURES:
            found = told.read(f"explanations/{figure}", by=by, key=item["key"])
            insist_it_adds_up(found, item[figure])


def test_a_part_of_an_allocation_is_named_by_both(told: Book, api: ApiClient) -> None:
    path = f"{told.path}/explanations/value"
    for query, field in (
        ({"by": "sector"}, "key"),
        ({"key": "cash"}, "by"),
        ({"by": "sector", "key": "cash", "symbol": "AAPL"}, "symbol"),
    ):
        answer = api.get(path, **query)
        assert (answer.status_code, [*fields_in(answer)]) == (422, [field])
    for query, code in (
        ({"by": "sector", "key": "Nonsense"}, "slice_not_found"),
        ({}, "unknown_figure"),
    ):
        answer = api.get(path, **query)
        assert (answer.status_code, answer.json()["code"]) == (404, code)


def test_the_parts_of_the_identity_are_explained_as_they_add_up(told: Book) -> None:
    names = ("start_value", "net_flows", "realised_gain", "unrealised_gain", "income")
    terms = [
        Decimal(told.read(f"explanations/{name}", **SPAN)["value"])
        for name in (*names, "fees", "taxes", "currency_effect")
    ]
    end = Decimal(told.read("explanations/end_value", **SPAN)["value"])
    assert round(sum(terms) - end, 6) == 0


def test_the_method_that_is_asked_for_is_explained(told: Book) -> None:
    gains = {
        method: told.read("explanations/realised_gain", **SPAN, method=method)["value"]
        for method in ("fifo", "lifo")
    }
    assert gains["fifo"] != gains["lifo"]


@pytest.mark.parametrize("symbol", ["AAPL", "VOD"])
def test_every_figure_of_a_position_is_what_its_inputs_give(told: Book, symbol: str) -> None:
    today = timezone.now().isoformat()
    told("buy", 3, "108.5", symbol=symbol, exchange_rate="0.9", fees="1", occurred_at=today)
    position = told.position(symbol)
    for figure in POSITION_FIGURES:
        found = told.read(f"explanations/{figure}", symbol=symbol)
        insist_it_adds_up(found, position[figure])


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
            insist_it_adds_up(found, each.get(figure, found["value"]))


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
        insist_it_adds_up(book.read(f"explanations/{figure}", symbol="AAPL"), position[figure])


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
                insist_it_adds_up(told_of_it, lot[figure])
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
    insist_it_adds_up(book.read("explanations/realised_gain", symbol="AAPL"), "60")
    gone = api.get(f"{book.path}/explanations/cost", symbol="AAPL")
    assert (gone.status_code, gone.json()["code"]) == (404, "position_not_found")
    make_instrument("MSFT")
    never = api.get(f"{book.path}/explanations/realised_gain", symbol="MSFT")
    assert (never.status_code, never.json()["code"]) == (404, "position_not_found")


@pytest.mark.parametrize("currency", ["USD", "EUR", "GBP"])
def test_every_figure_of_several_portfolios_is_what_its_inputs_give(
    told: Book, api: ApiClient, currency: str
) -> None:
    other = Book(api, name="Pension")
    other("deposit", amount="3000", day=0)
    other("buy", 5, 99, fees="2", day=1)
    other("sell", 2, 107, day=5)
    other("transfer_out", 1, counterpart=told.id, day=6)
    other("fee", amount="5", day=7)
    query: dict[str, Any] = {"portfolio_id": [told.id, other.id], "currency": currency}
    performance = api.get("/combined/performance", **query, **SPAN).json()
    holdings = api.get("/combined", **query).json()
    for figure in UNION_FIGURES:
        is_of_now = figure in UNION_NOW
        span = {} if is_of_now else SPAN
        found = api.get(f"/combined/explanations/{figure}", **query, **span).json()
        assert found["currency"] == currency
        if found["arithmetic"] == "balance":
            assert abs(total(found["parts"][0])) < Decimal("0.005")
            continue
        told_elsewhere = (holdings if is_of_now else performance)[figure]
        sign = -1 if figure in ("fees", "taxes", "max_drawdown") else 1
        insist_it_adds_up(found, str(sign * Decimal(told_elsewhere)))
    lines = api.get("/combined/explanations/total_value", **query).json()["parts"][0]["lines"]
    assert [line["label"] for line in lines] == ["Book", "Pension"]
    converted = [" × " in line["note"] for line in lines]
    assert converted == [currency != "EUR", currency != "USD"]


def test_worth_at_one_end_is_explained_where_the_other_is_not_known(
    api: ApiClient,
) -> None:
    make_instrument("MSFT")
    one, other = Book(api), Book(api)
    one("deposit", amount="1000", day=0)
    other("deposit", amount="500", day=0)
    other("buy", 1, 50, symbol="MSFT", day=3)
    ids = [one.id, other.id]
    span = {"start": "2024-01-04", "end": "2024-01-09", "portfolio_id": ids}
    start = api.get("/combined/explanations/start_value", **span).json()
    insist_it_adds_up(start, "1500")
    end = api.get("/combined/explanations/end_value", **span).json()
    assert (end["value"], end["reason"]) == (None, "no_price_at_end")
    worth = api.get("/combined/explanations/total_value", portfolio_id=ids).json()
    assert (worth["value"], worth["reason"]) == (None, "no_price")
    euros = api.get("/combined/explanations/cash", portfolio_id=ids, currency="EUR").json()
    assert (euros["value"], euros["reason"]) == (None, "no_rate")
    unknown = api.get("/combined/explanations/period_gain", portfolio_id=ids)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_figure")


def test_worth_is_units_times_price_times_rate(told: Book, api: ApiClient) -> None:
    found = told.read("explanations/total_value")
    assert Decimal(found["value"]) == Decimal(api.get(told.path).json()["total_value"])
    notes = {line["label"]: line["note"] for line in found["parts"][0]["lines"]}
    assert notes["AAPL"].startswith("13 × 110 USD × 0.9")


def test_what_is_missing_has_its_reason(api: ApiClient, apple: Instrument) -> None:
    book = Book(api)
    empty = book.read("explanations/xirr")
    assert (empty["value"], empty["reason"], empty["parts"][0]["lines"]) == (None, "no_flows", [])
    book("deposit", amount="100", day=0)
    book("buy", 1, 50, day=1)
    without = {name: book.read(f"explanations/{name}", end="2024-01-06") for name in FIGURES}
    for name in ("twr", "end_value", "unrealised_gain", "sharpe"):
        assert without[name]["value"] is None
        assert without[name]["reason"]


def test_refusals(api: ApiClient, stranger_api: ApiClient, apple: Instrument) -> None:
    book = Book(api)
    assert api.get(f"{book.path}/explanations/nonsense").status_code == 404
    assert stranger_api.get(f"{book.path}/explanations/twr").status_code == 404
    for figure, symbol, code in (
        ("twr", "AAPL", "unknown_figure"),
        ("cost", "NOPE", "unknown_symbol"),
    ):
        answer = api.get(f"{book.path}/explanations/{figure}", symbol=symbol)
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    wrong = api.get(f"{book.path}/explanations/twr", start="2024-02-02", end="2024-01-01")
    assert (wrong.status_code, [*fields_in(wrong)]) == (422, ["start"])
