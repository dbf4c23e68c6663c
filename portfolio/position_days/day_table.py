"""What instruments and currencies were worth on each day of a span, as arrays. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from portfolio.position_days.exact_integers import Scaled
from portfolio.valuations.valuing import ONE_DAY, Market, Priced


@dataclass(frozen=True, slots=True)
class DayTable:
    """``prices`` by instrument, of units of each day; ``rates`` by currency, into ``currency``."""

    start: date
    end: date
    currency: str
    priced: Mapping[int, Priced]
    prices: Mapping[int, Scaled]
    rates: Mapping[str, Scaled]

    def __len__(self) -> int:
        return (self.end - self.start).days + 1

    @property
    def days(self) -> Iterator[date]:
        return (self.start + ONE_DAY * index for index in range(len(self)))

    def place(self, day: date) -> int:
        return (day - self.start).days

    def rate_of(self, currency: str) -> Scaled:
        return Scaled.ones(len(self)) if currency == self.currency else self.rates[currency]

    def market(self) -> Market:
        return TableMarket(self)

    def worth(self, instrument_id: int, quantity: Decimal, day: date) -> Decimal | None:
        """What units were worth on a day of the span; None without a price or a rate."""
        market = self.market()
        market.day = day
        return market.worth_of(instrument_id, quantity)


class TableMarket(Market):
    """A market that looks prices and rates up in a table."""

    def __init__(self, table: DayTable) -> None:
        super().__init__({}, table.priced, {}, table.currency)
        self._table = table

    def rate_of(self, currency: str) -> Decimal | None:
        return self._table.rate_of(currency).at(self._table.place(self.day))

    def price_of(self, instrument_id: int) -> Decimal | None:
        return self._table.prices[instrument_id].at(self._table.place(self.day))
