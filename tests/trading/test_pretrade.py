"""What is wrong with a ticket, field by field."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest

from market.values import QuoteValue
from tests.trading.factories import NOON, facts
from trading.commissions import SCHEDULES, Schedule, commission_on, fill_commission, schedule_of
from trading.placing.sizing import plan, size_up
from trading.placing.tickets import Market, Means, OrderTicket, Resting, Rules, Terms
from trading.pretrade import find_problems
from trading.states import OrderType, Side, TimeInForce

TERMS = Terms(
    symbol="AAPL",
    currency="USD",
    tick_size=Decimal("0.01"),
    lot_size=Decimal(1),
    is_active=True,
    is_open=True,
)
MEANS = Means(
    may_trade=True,
    buying_power=Decimal(10_000),
    available_units=Decimal(50),
    open_orders=0,
    tier="standard",
)
RULES = Rules(
    quantity_maximum=1_000_000,
    price_maximum=100_000,
    collar_bps=500,
    price_band_factor=2,
    quote_fresh_seconds=15,
    client_order_id_characters=128,
    schedule=SCHEDULES["free"],
)
QUOTE = QuoteValue(
    instrument_id=1,
    symbol="AAPL",
    bid=Decimal("99.90"),
    bid_size=Decimal(100),
    ask=Decimal("100.00"),
    ask_size=Decimal(100),
    last=Decimal("99.95"),
    last_size=Decimal(1),
    previous_close=Decimal(95),
    occurred_at=NOON,
    source="simulated",
)


def ticket(**fields: Any) -> OrderTicket:
    basis: dict[str, Any] = {
        "instrument_id": 1,
        "side": Side.BUY,
        "type": OrderType.MARKET,
        "time_in_force": TimeInForce.DAY,
        "quantity": Decimal(10),
    }
    for name in ("quantity", "limit_price", "notional"):
        if isinstance(fields.get(name), str):
            fields[name] = Decimal(fields[name])
    if fields.get("limit_price") is not None and "type" not in fields:
        fields["type"] = OrderType.LIMIT
    return OrderTicket(**(basis | fields))


def problems_of(
    asked: OrderTicket,
    *,
    terms: Terms | None = TERMS,
    means: Means = MEANS,
    quote: QuoteValue | None = QUOTE,
    rules: Rules = RULES,
    seconds_later: int = 0,
) -> list[tuple[str, str]]:
    market = Market(quote=quote, now=NOON + timedelta(seconds=seconds_later))
    found = find_problems(asked, terms=terms, market=market, means=means, rules=rules)
    return [(problem.field, problem.code) for problem in found]


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(ticket(), id="market buy"),
        pytest.param(ticket(limit_price="100.00"), id="limit buy"),
        pytest.param(ticket(limit_price="0.01"), id="far below the market"),
        pytest.param(ticket(limit_price="200.00"), id="at the band"),
        pytest.param(ticket(side=Side.SELL, quantity="50"), id="all units"),
        pytest.param(ticket(side=Side.SELL, limit_price="90000"), id="far above the market"),
        pytest.param(ticket(quantity=None, notional="999.99"), id="by amount"),
        pytest.param(ticket(client_order_id="x" * 128), id="longest id"),
        pytest.param(ticket(quantity="95"), id="the last cash with the collar"),
        pytest.param(ticket(quantity="100", limit_price="100.00"), id="the last cash"),
    ],
)
def test_these_are_fine(asked: OrderTicket) -> None:
    assert problems_of(asked) == []


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (ticket(quantity="0"), [("quantity", "not_positive")]),
        (ticket(quantity="-5"), [("quantity", "not_positive")]),
        (ticket(quantity="NaN"), [("quantity", "not_positive")]),
        (ticket(quantity="Infinity"), [("quantity", "not_positive")]),
        (ticket(quantity="1e400"), [("quantity", "too_large")]),
        (ticket(quantity="1000000"), [("quantity", "insufficient_buying_power")]),
        (ticket(quantity="1000001"), [("quantity", "too_large")]),
        (ticket(quantity="1e-400"), [("quantity", "off_lot")]),
        (ticket(quantity="1.5"), [("quantity", "off_lot")]),
        (ticket(quantity="1." + "0" * 300 + "1"), [("quantity", "off_lot")]),
        (ticket(quantity=None), [("quantity", "missing")]),
        (ticket(notional="100"), [("notional", "superfluous")]),
        (ticket(quantity=None, notional="99"), [("notional", "too_small")]),
        (ticket(quantity=None, notional="-1"), [("notional", "not_positive")]),
        (ticket(type=OrderType.LIMIT), [("limit_price", "missing")]),
        (ticket(type=OrderType.MARKET, limit_price="100"), [("limit_price", "superfluous")]),
        (ticket(limit_price="100.001"), [("limit_price", "off_tick")]),
        (ticket(limit_price="0"), [("limit_price", "not_positive")]),
        (ticket(limit_price="100000.01"), [("limit_price", "too_large")]),
        (ticket(limit_price="1e30"), [("limit_price", "too_large")]),
        (ticket(limit_price="200.01"), [("limit_price", "out_of_band")]),
        (ticket(side=Side.SELL, limit_price="49.94"), [("limit_price", "out_of_band")]),
        (ticket(client_order_id=""), [("client_order_id", "bad_length")]),
        (ticket(client_order_id="x" * 129), [("client_order_id", "bad_length")]),
        (ticket(client_order_id="a\nb"), [("client_order_id", "unprintable")]),
        (ticket(quantity="96"), [("quantity", "insufficient_buying_power")]),
        (ticket(quantity="101", limit_price="100"), [("quantity", "insufficient_buying_power")]),
        (ticket(side=Side.SELL, quantity="51"), [("quantity", "insufficient_units")]),
    ],
    ids=str,
)
def test_each_reason_is_named_at_its_field(
    asked: OrderTicket, expected: list[tuple[str, str]]
) -> None:
    assert problems_of(asked) == expected


def test_everything_is_said_at_once() -> None:
    asked = ticket(quantity="1.5", limit_price="100.001", client_order_id="")
    terms = replace(TERMS, is_active=False)
    means = replace(MEANS, may_trade=False, open_orders=200)
    assert set(problems_of(asked, terms=terms, means=means)) == {
        ("portfolio_id", "not_tradable"),
        ("symbol", "inactive"),
        ("", "allowance_exceeded"),
        ("client_order_id", "bad_length"),
        ("quantity", "off_lot"),
        ("limit_price", "off_tick"),
    }


def test_an_unknown_instrument_is_said_with_the_rest() -> None:
    assert problems_of(ticket(quantity="0"), terms=None) == [
        ("symbol", "unknown_symbol"),
        ("quantity", "not_positive"),
    ]


def test_one_order_below_the_limit_of_the_tier_is_fine() -> None:
    assert problems_of(ticket(), means=replace(MEANS, open_orders=199)) == []


def test_a_market_order_needs_a_fresh_price() -> None:
    assert problems_of(ticket(), seconds_later=15) == []
    assert problems_of(ticket(), seconds_later=16) == [("symbol", "no_price")]
    assert problems_of(ticket(), quote=None) == [("symbol", "no_price")]
    assert problems_of(ticket(), quote=replace(QUOTE, ask=None)) == [("symbol", "no_price")]


def test_a_limit_order_needs_none() -> None:
    assert problems_of(ticket(limit_price="100"), quote=None) == []
    assert problems_of(ticket(limit_price="100"), seconds_later=3600) == []


def test_while_the_exchange_is_closed_only_orders_that_can_wait_are_taken() -> None:
    terms = replace(TERMS, is_open=False)
    assert problems_of(ticket(limit_price="100"), terms=terms) == []
    assert problems_of(ticket(), terms=terms) == [("time_in_force", "market_closed")]
    at_once = ticket(limit_price="100", time_in_force=TimeInForce.IOC)
    assert problems_of(at_once, terms=terms) == [("time_in_force", "market_closed")]


@pytest.mark.parametrize(
    ("asked", "quantity", "worst", "reserve"),
    [
        (ticket(), "10", "105.00", "1050"),
        (ticket(limit_price="98.50"), "10", "98.50", "985"),
        (ticket(side=Side.SELL), "10", "94.90", "10"),
        (ticket(quantity=None, notional="1000"), "10", "105.00", "1050"),
        (ticket(quantity=None, notional="1099.99"), "10", "105.00", "1050"),
        (ticket(quantity=None, notional="1000", limit_price="90"), "11", "90", "990"),
    ],
    ids=str,
)
def test_what_is_reserved(asked: OrderTicket, quantity: str, worst: str, reserve: str) -> None:
    settled = plan(asked, terms=TERMS, market=Market(quote=QUOTE, now=NOON), rules=RULES)
    assert facts(settled.quantity, settled.worst_price, settled.reserve) == (
        Decimal(quantity),
        Decimal(worst),
        Decimal(reserve),
    )


def test_charges_are_reserved_at_the_worst_price_and_estimated_at_the_expected() -> None:
    rules = replace(RULES, schedule=SCHEDULES["retail"])
    sizing = size_up(ticket(), terms=TERMS, market=Market(quote=QUOTE, now=NOON), rules=rules)
    assert facts(sizing.cost, sizing.fees, sizing.reserve) == (1000, 1, 1051)


@pytest.mark.parametrize(
    ("amount", "charge"),
    [("0", "0"), ("0.40", "0.40"), ("100", "1"), ("2000", "1.00"), ("2010", "1.01")],
)
def test_the_retail_schedule(amount: str, charge: str) -> None:
    assert commission_on(SCHEDULES["retail"], Decimal(amount), Decimal(1)) == Decimal(charge)


def test_partial_fills_cost_what_one_fill_costs() -> None:
    schedule = SCHEDULES["retail"]
    parts = [Decimal("333.33"), Decimal("0.01"), Decimal(4000), Decimal("12.34")]
    before, charged = Decimal(0), Decimal(0)
    for units, part in enumerate(parts):
        charged += fill_commission(
            schedule,
            amount_before=before,
            quantity_before=Decimal(units),
            amount=part,
            quantity=Decimal(1),
        )
        before += part
    assert charged == commission_on(schedule, before, Decimal(len(parts)))


EVERYTHING: Final = Schedule(
    per_share=Decimal("0.005"),
    per_order=Decimal(1),
    rate_bps=Decimal(2),
    minimum=Decimal(2),
    maximum=Decimal(9),
)


@pytest.mark.parametrize(
    ("amount", "quantity", "charge"),
    [
        pytest.param("1000", "10", "2", id="the minimum"),
        pytest.param("10000", "200", "4.00", id="the sum of its parts"),
        pytest.param("100000", "10000", "9", id="the maximum"),
        pytest.param("1.50", "10", "1.50", id="never more than the amount"),
    ],
)
def test_the_parts_of_a_schedule_add_up(amount: str, quantity: str, charge: str) -> None:
    assert commission_on(EVERYTHING, Decimal(amount), Decimal(quantity)) == Decimal(charge)


@pytest.mark.parametrize("schedule", [EVERYTHING, Schedule(), *SCHEDULES.values()])
def test_a_schedule_reads_back_what_it_says(schedule: Schedule) -> None:
    assert schedule_of(schedule.text) == schedule


@pytest.mark.parametrize(
    ("asked", "own", "field"),
    [
        pytest.param({"limit_price": "100"}, "100", "limit_price", id="at its limit and the ask"),
        pytest.param({"limit_price": "99.95"}, "99.95", "limit_price", id="inside the spread"),
        pytest.param({}, "99.98", "side", id="before the street"),
        pytest.param({}, "100.01", None, id="behind the street"),
        pytest.param({"limit_price": "101"}, "100.50", None, id="behind it, within its limit"),
        pytest.param({"limit_price": "99.90"}, "99.95", None, id="above its limit"),
    ],
)
def test_an_own_order_is_met_only_where_it_comes_next(
    asked: dict[str, Any], own: str, field: str | None
) -> None:
    other = Resting(Decimal(own), UUID(int=1))
    bought = problems_of(ticket(**asked), means=replace(MEANS, own_sale=other))
    assert bought == ([(field, "self_match")] if field else [])
    # The same from the other side of the market, 99.90 to 100.00.
    asked = {name: str(Decimal("199.90") - Decimal(limit)) for name, limit in asked.items()}
    other = Resting(Decimal("199.90") - Decimal(own), UUID(int=1))
    sold = problems_of(ticket(side=Side.SELL, **asked), means=replace(MEANS, own_buy=other))
    assert sold == bought


def test_a_closed_market_or_a_stop_meets_nobody_yet() -> None:
    means = replace(MEANS, own_sale=Resting(Decimal(99), UUID(int=1)))
    closed = replace(TERMS, is_open=False)
    assert problems_of(ticket(limit_price="100"), terms=closed, means=means) == []
    stop = ticket(type=OrderType.STOP, stop_price=Decimal(101))
    assert problems_of(stop, means=means) == []
    # Without a fresh price nobody but users can trade.
    asked = ticket(limit_price="100")
    assert problems_of(asked, means=means, seconds_later=60) == [("limit_price", "self_match")]
