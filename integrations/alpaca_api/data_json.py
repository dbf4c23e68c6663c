"""Bars, quotes and trades as Alpaca's client reads them: numbers as JSON floats, short names."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, Final

from market.models import Tick
from market.values import BarValue, QuoteValue, quote_from_wire, time_from_wire, wire_time

EXCHANGE: Final = "V"  # IEX; there is one market here, and its client wants a letter
TAPE: Final = "C"
CONDITIONS: Final = ["@"]
QUOTE_CONDITIONS: Final = ["R"]


def bar_json(bar: BarValue) -> dict[str, Any]:
    """``n`` and ``vw`` are there even where the source says neither."""
    return {
        "t": wire_time(bar.opened_at),
        "o": float(bar.open),
        "h": float(bar.high),
        "l": float(bar.low),
        "c": float(bar.close),
        "v": float(bar.volume),
        "n": bar.count,
        "vw": None if bar.vwap is None else float(bar.vwap),
    }


def quote_json(quote: QuoteValue) -> dict[str, Any]:
    """A side without an offer is a price and size of 0, as Alpaca says it."""
    return {
        "t": wire_time(quote.occurred_at),
        "ax": EXCHANGE,
        "ap": float(quote.ask or 0),
        "as": float(quote.ask_size or 0),
        "bx": EXCHANGE,
        "bp": float(quote.bid or 0),
        "bs": float(quote.bid_size or 0),
        "c": QUOTE_CONDITIONS,
        "z": TAPE,
    }


def last_trade_json(quote: QuoteValue) -> dict[str, Any]:
    """The newest trade, as the newest quote tells of it."""
    return {
        "t": wire_time(quote.occurred_at),
        "x": EXCHANGE,
        "p": float(quote.last),
        "s": float(quote.last_size or 0),
        "c": CONDITIONS,
        "i": trade_number(f"{quote.instrument_id}-{quote.occurred_at.timestamp()}"),
        "z": TAPE,
    }


def trade_json(tick: Tick) -> dict[str, Any]:
    return {
        "t": wire_time(tick.occurred_at),
        "x": EXCHANGE,
        "p": float(tick.price),
        "s": float(tick.size),
        "c": CONDITIONS,
        "i": trade_number(tick.provider_tick_id),
        "z": TAPE,
    }


def trade_number(provider_tick_id: str) -> int:
    """Its client wants a number: the provider's own where it is one, else one of its text."""
    if provider_tick_id.isdecimal() and len(provider_tick_id) <= 15:
        return int(provider_tick_id)
    return zlib.crc32(provider_tick_id.encode())


def quote_message(wire: Mapping[str, Any]) -> dict[str, Any]:
    """A quote as feeds publish it, for a data socket: as ``quote_json``, its time a datetime."""
    quote = quote_from_wire(wire)
    return {"T": "q"} | quote_json(quote) | {"t": quote.occurred_at}


def trade_message(wire: Mapping[str, Any]) -> dict[str, Any]:
    """A tick as feeds publish it, for a data socket: as ``trade_json``, its time a datetime."""
    return {
        "T": "t",
        "t": time_from_wire(wire["occurred_at"]),
        "x": EXCHANGE,
        "p": float(wire["price"]),
        "s": float(wire["size"]),
        "c": CONDITIONS,
        "i": trade_number(wire["id"]),
        "z": TAPE,
    }
