"""What holdings gained on the day of their quotes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q, Sum

from market.calendar import local_date, local_midnight
from market.models import Instrument
from market.values import QuoteValue
from portfolio.bookkeeping.amounts import ZERO, product
from portfolio.models import Lot, Portfolio, Position
from portfolio.valuations.money_now import quote_in, rate_of, rates_today

Quotes = Mapping[int, QuoteValue]


@dataclass(frozen=True, slots=True)
class FreshUnits:
    """Units bought on the day of the quote, so that they have no change from the day before."""

    quantity: Decimal = ZERO
    cost: Decimal = ZERO


def day_change(quantity: Decimal, quote: QuoteValue | None, fresh: FreshUnits) -> Decimal | None:
    """What the units still held gained on the day of the quote.

    Units held since before that day changed from the previous close to the last price; units
    bought on it, from their cost. None without a quote, or without a previous close while
    there are units that need one.
    """
    if quote is None:
        return None
    older = quantity - fresh.quantity
    change = product(fresh.quantity, quote.last) - fresh.cost
    if not older:
        return change
    if quote.change is None:
        return None
    return change + product(older, quote.change)


def usable_quotes(
    positions: Iterable[Position], quotes: Quotes, currency: str
) -> dict[int, QuoteValue]:
    """Quotes in a currency, at today's rates: without a rate, a price is no price."""
    priced = [one for one in positions if one.instrument_id in quotes]
    rates = rates_today((one.instrument.currency, currency) for one in priced)
    return {
        one.instrument_id: quote_in(quotes[one.instrument_id], rate)
        for one in priced
        if (rate := rate_of(rates, one.instrument.currency, currency)) is not None
    }


def fresh_units(
    portfolio: Portfolio, positions: Iterable[Position], quotes: Quotes
) -> dict[int, FreshUnits]:
    """Per instrument the units of open lots bought on its quote's exchange-local day."""
    starting: dict[datetime, list[int]] = {}
    for position in positions:
        if quote := quotes.get(position.instrument_id):
            starts_at = start_of_day(position.instrument, quote)
            starting.setdefault(starts_at, []).append(position.instrument_id)
    if not starting:
        return {}
    opened_that_day = Q()
    for starts_at, instrument_ids in starting.items():
        opened_that_day |= Q(instrument__in=instrument_ids, opened_at__gte=starts_at)
    rows = (
        Lot.objects.filter(portfolio=portfolio, remaining_quantity__gt=0)
        .filter(opened_that_day)
        .values("instrument_id")
        .annotate(units=Sum("remaining_quantity"), paid=Sum("remaining_cost"))
    )
    return {row["instrument_id"]: FreshUnits(row["units"], row["paid"]) for row in rows}


def start_of_day(instrument: Instrument, quote: QuoteValue) -> datetime:
    timezone = instrument.exchange.timezone
    return local_midnight(local_date(quote.occurred_at, timezone), timezone)
