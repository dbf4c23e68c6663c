"""Each figure with its formula and its inputs, from which it can be computed again."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from django.utils import timezone

from market.models import CorporateAction, Instrument
from portfolio.explaining.explain import FIGURES
from portfolio.explaining.of_holdings import SLICE_FIGURES
from portfolio.explaining.of_unions import OF_NOW as UNION_OF_NOW
from portfolio.explaining.of_unions import TODAY_PCT, UNION_FIGURES
from portfolio.holdings.allocation import Dimension
from tests.api.books import Book
from tests.api.clients import ApiClient, fields_in
from tests.api.explanations import (
    COMPUTED,
    SPAN,
    agree,
    assert_adds_up,
    tell_much,
    total,
)
from tests.factories import make_instrument, make_quote

OF_NOW: Final = (
    *("total_value", "day_change", "cash", "buying_power", "declared_income", "accrued_income"),
)
UNION_NOW: Final = (*UNION_OF_NOW, TODAY_PCT)


@pytest.fixture
def told(api: ApiClient, apple: Instrument) -> Book:
    return tell_much(api, apple)


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
    assert_adds_up(found, str(sum(Decimal(one["value"]) for one in forecast)))
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
    assert_adds_up(found, book.read("income")["gross"])
    assert [line["label"] for line in found["parts"][0]["lines"]][:2] == ["Jan 2024", "Feb 2024"]


def test_what_is_of_now_is_what_the_portfolio_tells(told: Book, api: ApiClient) -> None:
    portfolio = api.get(told.path).json()
    for figure in ("total_value", "cash", "buying_power"):
        assert_adds_up(told.read(f"explanations/{figure}"), portfolio[figure])
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
    assert_adds_up(found, api.get(book.path).json()["buying_power"])
    held = found["parts"][0]["lines"][-1]
    assert (held["label"], Decimal(held["value"]) <= -190) == ("Held by orders", True)


@pytest.mark.parametrize("by", list(Dimension))
def test_every_part_of_an_allocation_is_what_its_inputs_give(told: Book, by: str) -> None:
    items = told.read("allocation", by=by)["items"]
    assert len(items) > 1
    for item in items:
        for figure in SLICE_FIGURES:
            found = told.read(f"explanations/{figure}", by=by, key=item["key"])
            assert_adds_up(found, item[figure])


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
        assert_adds_up(found, str(sign * Decimal(told_elsewhere)))
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
    assert_adds_up(start, "1500")
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
