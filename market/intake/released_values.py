"""What a quarantined row says, as typed or corrected by whoever releases it. Pure.

The rules are those of the door, save the two that a person may overrule: a spike, and a line that
another one contradicts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from accounts.errors import Problem
from market.values import Interval, time_from_wire

PRICES: Final = ("open", "high", "low", "close")
# What may be given for a bar and for a tick; everything else stays as the row has it.
BAR_FIELDS: Final = ("symbol", "date", *PRICES, "adjusted_close", "volume")
TICK_FIELDS: Final = ("price", "size")
MAXIMUM_DIGITS: Final = {"volume": (18, 10), "size": (18, 10)}
PRICE_DIGITS: Final = (12, 8)  # before and after the point


@dataclass(frozen=True, slots=True)
class ReleasedBar:
    """A bar with sound prices: of a local date, or from a moment on."""

    symbol: str
    interval: Interval
    begins: date | datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    adjusted_close: Decimal | None
    volume: Decimal


@dataclass(frozen=True, slots=True)
class ReleasedTick:
    instrument_id: int
    occurred_at: datetime
    provider_tick_id: str
    price: Decimal
    size: Decimal


class UnsoundValues(ValueError):
    """What was given is no bar or tick; ``problems`` names each."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(one.message for one in problems))
        self.problems = problems


class Reader:
    """Reads fields of a row, corrected first, and collects what is wrong."""

    def __init__(self, raw: Mapping[str, Any], corrections: Mapping[str, str]) -> None:
        self._given = {**raw, **corrections}
        self.problems: list[Problem] = []

    def text(self, name: str) -> str:
        found = self._given.get(name)
        return "" if found is None else str(found).strip()

    def required(self, name: str, read: Callable[[str], Any]) -> Any:
        text = self.text(name)
        if not text:
            self.add(name, "missing_value", f"{name} is missing.")
            return None
        try:
            return read(text)
        except (ValueError, InvalidOperation):
            self.add(name, "malformed", f"{name} was {text[:40]!r}, which cannot be read.")
            return None

    def number(self, name: str) -> Decimal:
        """A number that can be stored exactly; zero, with a problem, where there is none."""
        found: Decimal | None = self.required(name, Decimal)
        if found is None:
            return Decimal(0)
        whole, places = MAXIMUM_DIGITS.get(name, PRICE_DIGITS)
        exponent = found.as_tuple().exponent
        if not isinstance(exponent, int) or found.adjusted() >= whole or exponent < -places:
            digits = f"at most {whole} digits before the point and {places} after it"
            self.add(name, "number_out_of_range", f"{name} was {str(found)[:40]}, has {digits}.")
            return Decimal(0)
        return found

    def add(self, field: str, code: str, message: str) -> None:
        self.problems.append(Problem(field, code, message))

    def finish(self) -> None:
        if self.problems:
            raise UnsoundValues(self.problems)


def read_bar(raw: Mapping[str, Any], corrections: Mapping[str, str]) -> ReleasedBar:
    """Raises:
    UnsoundValues: a value is missing or cannot be true.
    """
    reader = Reader(raw, corrections)
    symbol = reader.required("symbol", str.upper) or ""
    interval = Interval(reader.text("interval") or Interval.DAY)
    if "opened_at" in raw:
        begins = reader.required("opened_at", time_from_wire)
    else:
        begins = reader.required("date", date.fromisoformat)
    opened, high, low, close = (reader.number(name) for name in PRICES)
    adjusted = reader.number("adjusted_close") if reader.text("adjusted_close") else None
    volume = reader.number("volume")
    if not reader.problems:
        check_prices(reader, opened, high, low, close, adjusted=adjusted, volume=volume)
    reader.finish()
    return ReleasedBar(symbol, interval, begins, opened, high, low, close, adjusted, volume)


def check_prices(
    reader: Reader,
    opened: Decimal,
    high: Decimal,
    low: Decimal,
    close: Decimal,
    *,
    adjusted: Decimal | None,
    volume: Decimal,
) -> None:
    named = dict(zip(PRICES, (opened, high, low, close), strict=True))
    if adjusted is not None:
        named["adjusted_close"] = adjusted
    for name, price in named.items():
        if price <= 0:
            reader.add(name, "price_not_positive", f"{name} was {price}, must be > 0.")
    if high < max(opened, close, low):
        reader.add("high", "high_too_low", f"high was {high}, below {max(opened, close, low)}.")
    if low > min(opened, close):
        reader.add("low", "low_too_high", f"low was {low}, above {min(opened, close)}.")
    if volume < 0:
        reader.add("volume", "volume_negative", f"volume was {volume}, must be >= 0.")


def read_tick(raw: Mapping[str, Any], corrections: Mapping[str, str]) -> ReleasedTick:
    """Raises:
    UnsoundValues: a value is missing or cannot be true.
    """
    reader = Reader(raw, corrections)
    price = reader.number("price")
    size = reader.number("size")
    if not reader.problems and price <= 0:
        reader.add("price", "price_not_positive", f"price was {price}, must be > 0.")
    if size < 0:
        reader.add("size", "size_negative", f"size was {size}, must be >= 0.")
    reader.finish()
    return ReleasedTick(
        instrument_id=int(raw["instrument_id"]),
        occurred_at=datetime.fromisoformat(raw["occurred_at"]).astimezone(UTC),
        provider_tick_id=str(raw["provider_tick_id"]),
        price=price,
        size=size,
    )
