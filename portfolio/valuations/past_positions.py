"""What a portfolio held at the end of a past day, at the prices and rates of that day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from accounts.errors import Problem
from accounts.utc_days import utc_midnight
from market import queries as market_queries
from market.models import Instrument
from portfolio.bookkeeping.amounts import EXACT, ZERO, percentage, ten_places
from portfolio.corporate_actions.unit_events import read_trades
from portfolio.errors import PortfolioRefused
from portfolio.lots import Method
from portfolio.models import DailyValuation, Portfolio, Position
from portfolio.positions import Holding, hold
from portfolio.queries import PositionRow, position_rows, realised_before_reset
from portfolio.valuation import freshen
from portfolio.valuations.reading import priced_instruments, rates_into
from portfolio.valuations.valuing import CARRY_DAYS, Market


def positions_on(portfolio: Portfolio, day: date, *, today: date) -> list[PositionRow]:
    """What was held when that day of UTC ended, by symbol; of today what is held now.

    Raises:
        PortfolioRefused: the day has not come yet.
    """
    if day > today:
        message = f"as_of was {day}, must not lie after today, {today}"
        raise PortfolioRefused([Problem("as_of", "in_the_future", message)])
    if day == today:
        return position_rows(portfolio)
    holdings = holdings_on(portfolio, day)
    if not holdings:
        return []
    market = market_on(portfolio, list(holdings), day)
    freshen(portfolio, through_date=day)
    valued = DailyValuation.objects.filter(portfolio=portfolio, date=day).first()
    total = None if valued is None else valued.total_value
    instruments = Instrument.objects.in_bulk(list(holdings))
    before = realised_before_reset(portfolio) if day >= portfolio.counts_from.date() else {}
    rows = [
        row_of(
            instruments[key],
            holding,
            market,
            total_value=total,
            realised_gain=holding.realised_gain - before.get(key, ZERO),
        )
        for key, holding in holdings.items()
    ]
    return sorted(rows, key=lambda row: (row.symbol, row.instrument_id))


def holdings_on(portfolio: Portfolio, day: date) -> Mapping[int, Holding]:
    ever = Position.objects.filter(portfolio=portfolio).values_list("instrument_id", flat=True)
    trades = read_trades([(portfolio.id, key) for key in ever], end=day)
    method = Method(portfolio.lot_method)
    held = {pair[1]: hold(history, method=method) for pair, history in trades.items()}
    return {key: holding for key, holding in held.items() if holding.quantity}


def market_on(portfolio: Portfolio, instrument_ids: list[int], day: date) -> Market:
    first = day - timedelta(days=CARRY_DAYS)
    priced = priced_instruments(instrument_ids)
    currencies = {one.currency for one in priced.values()}
    market = Market(
        market_queries.daily_closes(instrument_ids, start=first, end=day) if priced else {},
        priced,
        rates_into(portfolio.currency, currencies, start=day, through=day),
        portfolio.currency,
    )
    market.day = day
    return market


def row_of(
    instrument: Instrument,
    holding: Holding,
    market: Market,
    *,
    total_value: Decimal | None,
    realised_gain: Decimal,
) -> PositionRow:
    price = market.price_of(instrument.id)
    value = market.worth_of(instrument.id, holding.quantity)
    rate = None if price is None else market.rate_of(instrument.currency)
    gain = None if value is None else value - holding.cost
    local = ten_places(holding.local_cost)
    day_end = utc_midnight(market.day + timedelta(days=1))
    return PositionRow(
        instrument=instrument,
        quantity=holding.quantity,
        cost=holding.cost,
        average_cost=ten_places(EXACT.divide(holding.cost, holding.quantity)),
        realised_gain=realised_gain,
        price=None if price is None else ten_places(price),
        price_as_of=None if price is None else day_end,
        is_simulated=False,
        price_source=None,
        market_value=value,
        unrealised_gain=gain,
        unrealised_gain_pct=percentage(gain, holding.cost),
        day_change=None,
        day_change_pct=None,
        weight_pct=percentage(value, total_value),
        local_cost=local,
        local_value=None if price is None else ten_places(EXACT.multiply(holding.quantity, price)),
        exchange_rate=rate,
        currency_gain=None if rate is None else ten_places(local * rate) - holding.cost,
    )
