"""Quotes, bars, ticks and figures about them."""

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field

from accounts import exact_json
from accounts.auth import KeyAuth
from accounts.cursors import BadCursor, Listing
from accounts.errors import Problem, ProblemsError
from accounts.exact_json import MomentIn, read_moment
from accounts.http import ApiRequest
from accounts.schemas import FormatIn, PageIn
from accounts.table_answers import FILES_IN_OPENAPI, Format, table_response, wanted_format
from market import queries
from market.corporate_actions.adjustment import WORDS, Adjustment
from market.errors import NeverPriced
from market.instruments.short_addresses import address_as_found, addresses_of_ids
from market.live import quoted_addresses
from market.live.live_quotes import latest_quote, latest_quotes
from market.models import Tick
from market.schemas import (
    SYMBOLS_AT_ONCE,
    BarList,
    QuoteList,
    QuoteOut,
    StatisticsOut,
    TickList,
    TickOut,
)
from market.series.history import permitted_start, within
from market.series.price_tables import bar_table, tick_table
from market.values import Interval, QuoteValue, quote_to_wire

router: Final = Router(tags=["Prices"])

BARS: Final = settings.LIMITS.candles_per_view
BARS_MAXIMUM: Final = settings.LIMITS.candles_per_answer
BAR_START: Final = b'{"opened_at":"'
JSON: Final = "application/json; charset=utf-8"


class Span(BaseModel):
    start: Annotated[MomentIn | None, Field(description="from this moment on")] = None
    end: Annotated[MomentIn | None, Field(description="before this moment")] = None


Adjusted = Annotated[
    bool | Literal["splits"],
    Field(description="comparable over splits and dividends; `splits`: over splits alone"),
]


class StatisticsWanted(Span):
    adjusted: Adjusted = False


class BarsWanted(Span):
    interval: Interval = Interval.DAY
    adjusted: Adjusted = False
    limit: Annotated[int, Field(ge=1, le=BARS_MAXIMUM)] = BARS
    cursor: Annotated[str | None, Field(description="`next_cursor` of the page before")] = None
    format: FormatIn = None


class TicksWanted(PageIn, Span):
    format: FormatIn = None


@router.get("/quotes", response=QuoteList, auth=KeyAuth("read"))
def list_quotes(
    request: ApiRequest,
    symbols: Annotated[str, Query(description="separated by commas", examples=["AAPL,MSFT"])],
) -> HttpResponse:
    """The newest quotes, in the order asked for."""
    wanted = [symbol for symbol in symbols.split(",") if symbol.strip()]
    if not 1 <= len(wanted) <= SYMBOLS_AT_ONCE:
        message = f"symbols held {len(wanted)}, must hold 1 to {SYMBOLS_AT_ONCE}."
        raise ProblemsError([Problem("symbols", "out_of_range", message)])
    instruments = queries.instruments_by_addresses(wanted)
    quotes = latest_quotes(instrument.id for instrument in instruments.values())
    found = {address: quotes.get(it.id) for address, it in instruments.items()}
    named = addresses_of_ids(it.id for address, it in instruments.items() if ":" in address)
    answer = {
        "items": [
            shown_quote(quote, named.get(quote.instrument_id, quote.symbol))
            for quote in found.values()
            if quote is not None
        ],
        "next_cursor": None,
        "unpriced": [address for address, quote in found.items() if quote is None],
    }
    return HttpResponse(exact_json.render(answer), content_type=JSON)


@router.get("/instruments/{symbol}/quote", response=QuoteOut, auth=KeyAuth("read"))
def get_quote(request: ApiRequest, symbol: str) -> HttpResponse:
    """The newest quote. `is_stale` says that it is older than our market trusts."""
    found = quoted_addresses.memory.find(symbol)
    quote = latest_quote(found.instrument_id)
    if quote is None:
        raise NeverPriced(symbol)
    return HttpResponse(exact_json.render(shown_quote(quote, found.address)), content_type=JSON)


def shown_quote(quote: QuoteValue, address: str) -> dict[str, object]:
    is_stale = quote.is_stale(timezone.now(), settings.LIMITS.quote_fresh_seconds)
    return quote_to_wire(quote, is_stale=is_stale) | {"symbol": address}


@router.get(
    "/instruments/{symbol}/bars",
    response=BarList,
    auth=KeyAuth("read"),
    openapi_extra=FILES_IN_OPENAPI,
)
def list_bars(request: ApiRequest, symbol: str, wanted: Query[BarsWanted]) -> HttpResponseBase:
    """Candles, ascending: with `start` from there on in pages, without it the newest.

    Without `start` the next page is the one before: each ascends, and they go back. No further
    back than the tier shows: a `start` before that is 403. As a file (CSV, Parquet) it is the
    whole span, unless a `limit` is named.
    """
    form = wanted_format(request, wanted.format)
    instrument = queries.instrument_by_address(symbol)
    filters = wanted.model_dump(exclude={"limit", "cursor", "format"})
    listing = Listing(request.auth, f"bars {instrument.id}", filters)
    since = permitted_start(
        request.auth.user, start=wanted.start, end=wanted.end, at=timezone.now()
    )
    start, end = span_left(listing, wanted, since=since)
    goes_back = wanted.start is None
    if form is not Format.JSON:
        table = bar_table(
            instrument,
            interval=wanted.interval,
            start=start,
            end=end,
            adjusted=adjustment(wanted.adjusted),
            limit=named_limit(wanted),
            from_start=not goes_back,
        )
        return table_response(table, form)
    array = queries.bars_json(
        instrument,
        interval=wanted.interval,
        start=start,
        end=end,
        limit=wanted.limit + 1,
        adjusted=adjustment(wanted.adjusted),
        from_start=not goes_back,
    )
    array, last_place = (cut_first if goes_back else cut_last)(array, wanted.limit)
    next_cursor = "null" if last_place is None else f'"{listing.seal([last_place])}"'
    body = b'{"items":' + array + b',"next_cursor":' + next_cursor.encode() + b"}"
    return HttpResponse(body, content_type=JSON)


def named_limit(wanted: BarsWanted | TicksWanted) -> int | None:
    """The limit that the caller named; a file has none of its own."""
    return wanted.limit if "limit" in wanted.model_fields_set else None


def adjustment(adjusted: bool | Literal["splits"]) -> Adjustment:
    return WORDS[str(adjusted).lower()]


def place_of(listing: Listing, cursor: str) -> datetime:
    """When the bar opened at which the page before a cursor ended."""
    (text,) = listing.unseal(cursor)
    try:
        return read_moment(text)
    except ValueError:
        raise BadCursor from None


def span_left(
    listing: Listing, wanted: BarsWanted, *, since: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """The start and the end of what a cursor leaves: after its place, or before it going back."""
    place = None if wanted.cursor is None else place_of(listing, wanted.cursor)
    if wanted.start is None:
        return since, place or wanted.end
    return wanted.start if place is None else place + timedelta(microseconds=1), wanted.end


def cut_last(array: bytes, limit: int) -> tuple[bytes, str | None]:
    """Leave out the one bar more than asked for; then also say when the last one left opened.

    The array stays bytes: reading it would cost more than making it did.
    """
    if array.count(BAR_START) <= limit:
        return array, None
    end = array.rindex(BAR_START) - 1
    return array[:end] + b"]", opened_at(array, array.rindex(BAR_START, 0, end))


def cut_first(array: bytes, limit: int) -> tuple[bytes, str | None]:
    """The same at the other end: of one bar more than asked for, leave out the oldest."""
    if array.count(BAR_START) <= limit:
        return array, None
    second = array.index(BAR_START, array.index(BAR_START) + 1)
    return b"[" + array[second:], opened_at(array, second)


def opened_at(array: bytes, bar: int) -> str:
    """When the bar opened that begins there."""
    start = bar + len(BAR_START)
    return array[start : array.index(b'"', start)].decode()


@router.get(
    "/instruments/{symbol}/ticks",
    response=TickList,
    auth=KeyAuth("read"),
    openapi_extra=FILES_IN_OPENAPI,
)
def list_ticks(
    request: ApiRequest, symbol: str, wanted: Query[TicksWanted]
) -> TickList | HttpResponseBase:
    """Time and sales, newest first; as a file (CSV, Parquet) oldest first, the whole span."""
    form = wanted_format(request, wanted.format)
    instrument = queries.instrument_by_address(symbol)
    start = permitted_start(
        request.auth.user, start=wanted.start, end=wanted.end, at=timezone.now()
    )
    if form is not Format.JSON:
        table = tick_table(instrument, start=start, end=wanted.end, limit=named_limit(wanted))
        return table_response(table, form)
    ticks = Tick.objects.filter(instrument=instrument)
    filters = {"start": wanted.start, "end": wanted.end}
    found = Listing(request.auth, f"ticks {instrument.id}", filters).page(
        within(ticks, "occurred_at", start=start, end=wanted.end),
        order=["-occurred_at", "-provider_tick_id"],
        limit=wanted.limit,
        cursor=wanted.cursor,
    )
    items = [
        TickOut(occurred_at=it.occurred_at, price=it.price, size=it.size, source=it.source)
        for it in found.items
    ]
    return TickList(items=items, next_cursor=found.next_cursor)


@router.get("/instruments/{symbol}/statistics", response=StatisticsOut, auth=KeyAuth("read"))
def get_statistics(
    request: ApiRequest, symbol: str, wanted: Query[StatisticsWanted]
) -> StatisticsOut:
    """Figures of the daily bars; of the latest year where no dates are given."""
    instrument = queries.instrument_by_address(symbol)
    now = timezone.now()
    start = permitted_start(request.auth.user, start=wanted.start, end=wanted.end, at=now)
    found = queries.statistics(
        instrument,
        start=start,
        end=wanted.end,
        at=wanted.end or now,
        adjusted=adjustment(wanted.adjusted),
    )
    address = address_as_found(symbol, instrument)
    return StatisticsOut.from_statistics(instrument, found, address=address)
