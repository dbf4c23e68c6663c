"""What tests of the market begin with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, Final

from market.instruments.exchanges import KNOWN_EXCHANGES
from market.intake.bars import BarRow
from market.models import Exchange, IngestionRun, Instrument, QuarantinedRow
from market.values import QuoteValue, TickValue

NOON: Final = datetime(2026, 1, 5, 17, 0, tzinfo=UTC)  # a Monday, noon in New York
_numbers = count(1)


def decimals(text: str) -> tuple[Decimal, ...]:
    """Numbers parted by blanks."""
    return tuple(Decimal(word) for word in text.split())


def make_exchange(mic: str = "XNYS") -> Exchange:
    facts = KNOWN_EXCHANGES[mic]
    exchange, _ = Exchange.objects.get_or_create(
        mic=mic,
        defaults={
            "name": facts.name,
            "timezone": facts.timezone,
            "calendar": facts.calendar,
            "country": facts.country,
        },
    )
    return exchange


def make_instrument(symbol: str = "", *, mic: str = "XNYS", **facts: Any) -> Instrument:
    symbol = symbol or f"T{next(_numbers)}"
    defaults = {"name": f"{symbol} Inc.", "currency": "USD", "country": "US"}
    return Instrument.objects.create(
        symbol=symbol, exchange=make_exchange(mic), **(defaults | facts)
    )


def make_tick(
    instrument: Instrument,
    price: str = "10",
    *,
    size: str = "1",
    at: datetime = NOON,
    after_seconds: float = 0,
    tick_id: str = "",
    source: str = "simulated",
) -> TickValue:
    return TickValue(
        instrument_id=instrument.id,
        occurred_at=at + timedelta(seconds=after_seconds),
        provider_tick_id=tick_id or f"t{next(_numbers)}",
        price=Decimal(price),
        size=Decimal(size),
        source=source,
    )


def make_quote(instrument: Instrument, last: str = "10", *, at: datetime = NOON) -> QuoteValue:
    price = Decimal(last)
    return QuoteValue(
        instrument_id=instrument.id,
        symbol=instrument.symbol,
        bid=price - Decimal("0.01"),
        bid_size=Decimal(100),
        ask=price + Decimal("0.01"),
        ask_size=Decimal(200),
        last=price,
        last_size=Decimal(5),
        previous_close=Decimal(8),
        bid_levels=((price - Decimal("0.01"), Decimal(100)),),
        ask_levels=((price + Decimal("0.01"), Decimal(200)),),
        occurred_at=at,
        source="simulated",
    )


def make_bar(
    instrument: Instrument,
    ohlc: str = "10 12 9 11",
    *,
    interval: str = "1d",
    at: datetime = NOON,
    volume: str = "100",
    adjusted_close: str | None = None,
) -> BarRow:
    """``ohlc`` is open, high, low and close, parted by blanks."""
    opened, high, low, close = decimals(ohlc)
    return BarRow(
        instrument_id=instrument.id,
        interval=interval,
        opened_at=at,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=Decimal(volume),
        adjusted_close=None if adjusted_close is None else Decimal(adjusted_close),
    )


HIGH_TOO_LOW: Final = {
    "symbol": "AAPL",
    "date": "2020-01-02",
    "open": "10",
    "high": "5",
    "low": "9",
    "close": "11",
    "volume": "5",
}


def make_quarantined_row(
    *, line: int = 2, code: str = "high_too_low", **raw: str
) -> QuarantinedRow:
    run, _ = IngestionRun.objects.get_or_create(provider="file", source_name="p.csv")
    message = "high was 5, below 11."
    return QuarantinedRow.objects.create(
        run=run, line=line, code=code, message=message, raw=HIGH_TOO_LOW | raw
    )
