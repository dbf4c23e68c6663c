"""What others read of the market, in a fixed number of SQL queries each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from django.utils import timezone

from accounts.statement_flow import frequent_cursor
from market.corporate_actions.adjustment import Adjustment
from market.corporate_actions.factors import factors_of
from market.errors import AmbiguousSymbol, UnknownSymbol
from market.instruments import instrument_search
from market.models import Instrument
from market.series.bar_series import SeriesQuery, SeriesRange, series_query
from market.series.closes import closes_on, daily_closes
from market.series.price_statistics import PriceStatistics, statistics
from market.values import BarValue, Interval

VWAP: Final = "trim_scale(round(turnover / nullif(volume, 0), 8))"
# Built by concatenation, which takes a third of the time of json_build_object.
BAR_JSON: Final = (
    """'{"opened_at":"' || to_char(opened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
    + "".join(
        f""" || '","{name}":"' || trim_scale({name})"""
        for name in ("open", "high", "low", "close", "volume")
    )
    + """ || '","vwap":' || coalesce('"' || vwap || '"', 'null')"""
    """ || ',"count":' || coalesce("count"::text, 'null')"""
    """ || ',"source":' || to_json(source) || '}'"""
)

__all__ = [
    "Adjustment",
    "PriceStatistics",
    "bars",
    "bars_json",
    "closes_on",
    "daily_closes",
    "instrument_by_address",
    "instruments_by_addresses",
    "search_instruments",
    "statistics",
]


def instrument_by_address(address: str) -> Instrument:
    """The instrument that ``AAPL`` or ``XNAS:AAPL`` means, with its exchange.

    Raises:
        UnknownSymbol: none has that symbol.
        AmbiguousSymbol: several exchanges list it; the error names the full addresses.
    """
    return instruments_by_addresses([address])[address]


def instruments_by_addresses(addresses: Iterable[str]) -> dict[str, Instrument]:
    """Instruments by address as given, in its order, from one query.

    Raises:
        UnknownSymbol: none has one of the symbols.
        AmbiguousSymbol: several exchanges list one of them.
    """
    return {address: only_one(address, found) for address, found in matches_of(addresses).items()}


def matches_of(addresses: Iterable[str]) -> dict[str, list[Instrument]]:
    """Every instrument that each address may mean, in the order given, from one query.

    An active listing is preferred: inactive ones count only where there is no active one.
    """
    given = list(dict.fromkeys(addresses))
    parted = {address: address.strip().upper().rpartition(":") for address in given}
    # PostgreSQL takes no text with a NUL in it, not even to look for.
    symbols = {symbol for _, _, symbol in parted.values() if "\0" not in symbol}
    rows = (
        Instrument.objects.filter(symbol__in=symbols)
        .select_related("exchange")
        .order_by("exchange_id", "id")
    )
    by_symbol: dict[str, list[Instrument]] = {}
    for row in rows:
        by_symbol.setdefault(row.symbol, []).append(row)
    found: dict[str, list[Instrument]] = {}
    for address, (mic, colon, symbol) in parted.items():
        listed = [row for row in by_symbol.get(symbol, ()) if not colon or row.exchange_id == mic]
        found[address] = [row for row in listed if row.is_active] or listed
    return found


def only_one(address: str, found: Sequence[Instrument]) -> Instrument:
    """Raises:
    AmbiguousSymbol: several exchanges list it.
    UnknownSymbol: nothing was found.
    """
    if not found:
        raise UnknownSymbol(address)
    if len(found) > 1:
        choices = [f"{row.exchange_id}:{row.symbol}" for row in found]
        raise AmbiguousSymbol(address, choices=choices)
    return found[0]


def search_instruments(text: str, *, limit: int = 20) -> list[Instrument]:
    """Active instruments by symbol, name or ISIN, best match first; all of them for no text."""
    found = Instrument.objects.matching(search=text, exchange=None, is_active=True)
    return list(found.select_related("exchange").order_by(*instrument_search.ORDER)[:limit])


def bars(
    instrument: Instrument,
    *,
    interval: Interval,
    start: datetime | None = None,
    end: datetime | None = None,
    limit: int = 500,
    adjusted: bool | Adjustment = False,
    from_start: bool = False,
) -> list[BarValue]:
    """Bars that open from ``start`` on and before ``end``, ascending, the open one included.

    Where there are more than ``limit`` they are the newest, or with ``from_start`` the oldest.
    ``adjusted`` makes them comparable over splits and dividends, or over splits alone.
    """
    query = _series(
        instrument,
        interval,
        SeriesRange(start=start, end=end, limit=limit, from_start=from_start),
        adjusted,
    )
    with frequent_cursor() as cursor:
        cursor.execute(
            f"""
            SELECT opened_at, trim_scale(open), trim_scale(high), trim_scale(low),
                   trim_scale(close), trim_scale(volume), {VWAP}, "count", source
            FROM ({query.sql}) AS bar ORDER BY opened_at
            """,
            query.parameters,
        )
        return [BarValue(*row) for row in cursor.fetchall()]


def bars_json(
    instrument: Instrument,
    *,
    interval: Interval,
    start: datetime | None = None,
    end: datetime | None = None,
    limit: int = 500,
    adjusted: bool | Adjustment = False,
    from_start: bool = False,
) -> bytes:
    """The same bars as a JSON array in the form that programs rely on, made by the database."""
    query = _series(
        instrument,
        interval,
        SeriesRange(start=start, end=end, limit=limit, from_start=from_start),
        adjusted,
    )
    with frequent_cursor() as cursor:
        cursor.execute(
            f"SELECT coalesce('[' || string_agg({BAR_JSON}, ',' ORDER BY opened_at) || ']', '[]')"
            f" FROM (SELECT *, {VWAP} AS vwap FROM ({query.sql}) AS bar) AS bar",
            query.parameters,
        )
        ((array,),) = cursor.fetchall()
        return str(array).encode()


def _series(
    instrument: Instrument, interval: Interval, wanted: SeriesRange, adjusted: bool | Adjustment
) -> SeriesQuery:
    return series_query(
        instrument_id=instrument.id,
        timezone=instrument.exchange.timezone,
        interval=interval,
        wanted=wanted,
        factors=factors_of(instrument, Adjustment.of(adjusted), at=timezone.now()),
    )
