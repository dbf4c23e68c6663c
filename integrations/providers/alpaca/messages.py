"""Messages of Alpaca's market-data stream into our words. Pure.

A frame is an array of objects: control messages (``success``, ``error``, ``subscription``), trades
``{"T": "t", "S", "x", "i", "p", "s", "t", …}`` and quotes ``{"T": "q", "S", "bp", "bs", "ap",
"as", "t", …}``, prices in dollars, sizes as the exchanges say them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from integrations.providers.alpaca.parsing import read_number, read_time
from market.intake.bar_providers import BadAnswer

TRADE: Final = "t"
QUOTE: Final = "q"
ERROR: Final = "error"
SUCCESS: Final = "success"

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Trade:
    symbol: str
    trade_id: str  # unique per symbol and moment
    price: Decimal
    size: Decimal
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class TopOfBook:
    """The best bid and ask; ``None`` where nobody bids or offers."""

    symbol: str
    bid: Decimal | None
    bid_size: Decimal | None
    ask: Decimal | None
    ask_size: Decimal | None
    occurred_at: datetime


def read_frame(text: str | bytes) -> list[Message]:
    """Raises:
    BadAnswer: it is no array of objects.
    """
    try:
        found = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(f"alpaca: a message is not JSON: {error}.") from error
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise BadAnswer("alpaca: a message is no array of objects.")
    return found


def read_trade(message: Message, *, symbol: str | None = None) -> Trade:
    """A trade; ``symbol`` where the message names none.

    Raises:
        BadAnswer: it lacks something, or it cannot be read.
    """
    identifier = f"{message.get('x', '')}{message.get('i', '')}"
    if not identifier:
        raise BadAnswer("alpaca: a trade has no id.")
    return Trade(
        symbol=symbol or read_symbol(message),
        trade_id=identifier[:40],
        price=read_number(message, "p"),
        size=read_number(message, "s"),
        occurred_at=read_time(message, "t"),
    )


def read_quote(message: Message, *, symbol: str | None = None) -> TopOfBook:
    """A quote; ``symbol`` where the message names none.

    Raises:
        BadAnswer: it lacks something, or it cannot be read.
    """
    bid, ask = read_number(message, "bp"), read_number(message, "ap")
    return TopOfBook(
        symbol=symbol or read_symbol(message),
        # A side that is empty comes as zeros.
        bid=bid if bid > 0 else None,
        bid_size=read_number(message, "bs") if bid > 0 else None,
        ask=ask if ask > 0 else None,
        ask_size=read_number(message, "as") if ask > 0 else None,
        occurred_at=read_time(message, "t"),
    )


def read_symbol(message: Message) -> str:
    symbol = message.get("S")
    if not isinstance(symbol, str) or not symbol:
        raise BadAnswer("alpaca: a message names no symbol.")
    return symbol


def control_of(message: Message) -> tuple[str, str]:
    """What a control message is, and what it says: ``("success", "authenticated")``."""
    code, words = message.get("code"), str(message.get("msg", ""))
    return str(message.get("T", "")), f"{code} {words}" if code is not None else words
