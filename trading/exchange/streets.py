"""What a quote offers, in the whole steps of the books. Pure."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from market.values import Level, QuoteValue
from trading.order_book import Street
from trading.shards.batches import PRICE_STEPS, QUANTITY_STEPS


def street_of(quote: QuoteValue, *, tick_size: Decimal, lot_size: Decimal) -> Street:
    """A quote in whole steps: prices rounded against the order, sizes down to whole lots."""
    return Street(
        bids=[_steps(level, tick_size, lot_size, ROUND_FLOOR) for level in quote.offered_bids],
        asks=[_steps(level, tick_size, lot_size, ROUND_CEILING) for level in quote.offered_asks],
    )


def _steps(level: Level, tick_size: Decimal, lot_size: Decimal, rounding: str) -> tuple[int, int]:
    price, size = level
    ticks = (price / tick_size).to_integral_value(rounding)
    lots = (size / lot_size).to_integral_value(ROUND_FLOOR)
    return int(ticks * tick_size * PRICE_STEPS), int(lots * lot_size * QUANTITY_STEPS)
