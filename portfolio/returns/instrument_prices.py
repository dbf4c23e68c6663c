"""What single instruments of a portfolio were worth, by day."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from market import queries as market_queries
from portfolio.bookkeeping.amounts import ZERO
from portfolio.models import Portfolio
from portfolio.queries import position_rows
from portfolio.returns.periods import ONE_DAY
from portfolio.valuations.reading import priced_instruments, rates_into
from portfolio.valuations.valuing import CARRY_DAYS, NO_PRICE, NO_RATE, Market


class InstrumentPrices:
    """What units were worth at the ends of days, and are worth now. Five queries."""

    def __init__(
        self, portfolio: Portfolio, ids: list[int], *, start: date, end: date, at: datetime
    ) -> None:
        priced = priced_instruments(ids)
        self._priced, self._today = priced, at.date()
        first = start - ONE_DAY * (CARRY_DAYS + 1)
        self._closes = market_queries.daily_closes(ids, start=first, end=end) if ids else {}
        currencies = {one.currency for one in priced.values()}
        self._rates = rates_into(portfolio.currency, currencies, start=start - ONE_DAY, through=end)
        self._currency = portfolio.currency
        rows = position_rows(portfolio) if end >= self._today else []
        self._now = {row.instrument_id: row.market_value for row in rows}

    def of(self, instrument_id: int) -> Market:
        """Prices of one instrument, to be asked for one ascending day after another."""
        closes = {instrument_id: self._closes.get(instrument_id, ())}
        return Market(closes, self._priced, self._rates, self._currency)

    def worth(self, instrument_id: int, quantity: Decimal, day: date) -> Decimal | None:
        market = self.of(instrument_id)
        market.day = day
        return market.worth_of(instrument_id, quantity)

    def value(
        self, market: Market, instrument_id: int, quantity: Decimal, day: date
    ) -> Decimal | None:
        """What is held at the end of a day, today at the newest quote."""
        if not quantity:
            return ZERO
        if day >= self._today:
            return self._now.get(instrument_id)
        market.day = day
        return market.worth_of(instrument_id, quantity)

    def gap(self, instrument_id: int, day: date) -> str:
        market = self.of(instrument_id)
        market.day = day
        return NO_PRICE if market.price_of(instrument_id) is None else NO_RATE
