"""Tiki's candles into our words. Pure.

A page is a JSON list, ascending, of objects with ``time`` (seconds since 1970, or a local
time of Ho Chi Minh City), ``open``, ``high``, ``low``, ``close`` and ``volume``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

from market.intake.bar_providers import BadAnswer, ProvidedBar

ZONE: Final = ZoneInfo("Asia/Ho_Chi_Minh")
LOCAL: Final = "%Y-%m-%d %H:%M:%S"
NUMBERS: Final = ("open", "high", "low", "close", "volume")


def local_time(at: datetime) -> str:
    return at.astimezone(ZONE).strftime(LOCAL)


def read_page(body: bytes) -> list[ProvidedBar]:
    """Raises:
    BadAnswer: it is no such page.
    """
    try:
        page = json.loads(body, parse_float=Decimal, parse_int=Decimal)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(f"tiki: the answer is not JSON: {error}.") from error
    if not isinstance(page, list):
        raise BadAnswer(f"tiki: the answer is a {type(page).__name__}, must be a list of candles.")
    return [read_candle(candle) for candle in page]


def read_candle(candle: Any) -> ProvidedBar:
    if not isinstance(candle, Mapping):
        raise BadAnswer("tiki: a candle is not an object.")
    try:
        opened, high, low, close, volume = (Decimal(candle[name]) for name in NUMBERS)
        return ProvidedBar(read_time(candle["time"]), opened, high, low, close, volume)
    except KeyError as error:
        raise BadAnswer(f"tiki: a candle has no field {error}.") from error
    except (TypeError, ValueError, OverflowError, InvalidOperation, OSError) as error:
        raise BadAnswer(f"tiki: a candle cannot be read: {error}.") from error


def read_time(value: Any) -> datetime:
    if isinstance(value, Decimal):
        return datetime.fromtimestamp(int(value), tz=UTC)
    return datetime.strptime(value, LOCAL).replace(tzinfo=ZONE).astimezone(UTC)
