"""Market data for Alpaca's client: series of bars and trades, the newest of each, snapshots."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from django.db.models import Q
from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field

from accounts.cursors import Listing
from accounts.errors import Problem, ProblemsError
from accounts.exact_json import MomentIn
from accounts.http import ApiRequest
from integrations.alpaca_api.answers import answer
from integrations.alpaca_api.credentials import AccountAuth
from integrations.alpaca_api.data_json import bar_json, last_trade_json, quote_json, trade_json
from integrations.alpaca_api.data_pages import Fetch, Item, Place, read_page
from market import queries
from market.corporate_actions.adjustment import Adjustment
from market.live.live_quotes import latest_quotes
from market.models import Instrument, Tick
from market.series.history import permitted_start
from market.values import BarValue, Interval, QuoteValue

router: Final = Router(tags=["Alpaca"])

LIMIT: Final = 1_000
LIMIT_MAXIMUM: Final = 10_000
SYMBOLS_MAXIMUM: Final = 500
INSTANT: Final = timedelta(microseconds=1)
TIMEFRAMES: Final = {
    "1Min": Interval.MINUTE,
    "5Min": Interval.FIVE_MINUTES,
    "15Min": Interval.FIFTEEN_MINUTES,
    "30Min": Interval.THIRTY_MINUTES,
    "60Min": Interval.HOUR,
    "1Hour": Interval.HOUR,
    "1Day": Interval.DAY,
    "1Week": Interval.WEEK,
    "1Month": Interval.MONTH,
}
ADJUSTMENTS: Final = {
    "raw": Adjustment.RAW,
    "split": Adjustment.SPLITS,
    "dividend": Adjustment.ALL,
    "all": Adjustment.ALL,
}


class SymbolsWanted(BaseModel):
    symbols: str
    feed: str | None = None
    currency: str | None = None


class SeriesWanted(SymbolsWanted):
    start: MomentIn | None = None
    end: MomentIn | None = None
    limit: Annotated[int, Field(ge=1, le=LIMIT_MAXIMUM)] = LIMIT
    page_token: str | None = None
    sort: Literal["asc", "desc"] = "asc"
    asof: str | None = None


class BarsWanted(SeriesWanted):
    timeframe: str = "1Min"
    adjustment: Literal["raw", "split", "dividend", "all"] = "raw"


@router.get("/v2/stocks/bars", auth=AccountAuth("read"))
def list_bars(request: ApiRequest, wanted: Query[BarsWanted]) -> HttpResponse:
    """Candles by symbol; of today where no start is given."""
    interval = TIMEFRAMES.get(wanted.timeframe)
    if interval is None:
        message = f"timeframe was {wanted.timeframe}, must be one of {', '.join(TIMEFRAMES)}."
        raise ProblemsError([Problem("timeframe", "unsupported", message)])
    start, end = span_of(request, wanted)

    def fetch(instrument: Instrument, after: Place | None, limit: int) -> Sequence[Item]:
        is_ascending = wanted.sort == "asc"
        place = None if after is None else datetime.fromisoformat(after[0])
        found = queries.bars(
            instrument,
            interval=interval,
            start=place + INSTANT if place and is_ascending else start,
            end=place if place and not is_ascending else end,
            limit=limit,
            adjusted=ADJUSTMENTS[wanted.adjustment],
            from_start=is_ascending,
        )
        ordered = found if is_ascending else list(reversed(found))
        return [((bar.opened_at.isoformat(),), bar_json(bar)) for bar in ordered]

    return series(request, wanted, "bars", fetch)


@router.get("/v2/stocks/trades", auth=AccountAuth("read"))
def list_trades(request: ApiRequest, wanted: Query[SeriesWanted]) -> HttpResponse:
    """Time and sales by symbol; of today where no start is given."""
    start, end = span_of(request, wanted)

    def fetch(instrument: Instrument, after: Place | None, limit: int) -> Sequence[Item]:
        rows = Tick.objects.filter(instrument=instrument, occurred_at__gte=start)
        rows = rows.filter(occurred_at__lt=end)
        order = ("occurred_at", "provider_tick_id")
        if wanted.sort == "desc":
            order = ("-occurred_at", "-provider_tick_id")
        if after is not None:
            rows = rows.filter(beyond(after, is_ascending=wanted.sort == "asc"))
        return [
            ((tick.occurred_at.isoformat(), tick.provider_tick_id), trade_json(tick))
            for tick in rows.order_by(*order)[:limit]
        ]

    return series(request, wanted, "trades", fetch)


def beyond(place: Place, *, is_ascending: bool) -> Q:
    moment, number = datetime.fromisoformat(place[0]), place[1]
    side = "gt" if is_ascending else "lt"
    return Q(**{f"occurred_at__{side}": moment}) | Q(
        **{"occurred_at": moment, f"provider_tick_id__{side}": number}
    )


@router.get("/v2/stocks/quotes", auth=AccountAuth("read"))
def list_quotes(request: ApiRequest, wanted: Query[SeriesWanted]) -> HttpResponse:
    """Quotes of the past are not kept: the newest of each symbol, where it lies in the span."""
    start, end = span_of(request, wanted)
    newest = quotes_by_symbol(listed(wanted.symbols))

    def fetch(instrument: Instrument, after: Place | None, limit: int) -> Sequence[Item]:
        quote = newest.get(instrument.symbol)
        if quote is None or after is not None or not start <= quote.occurred_at < end:
            return []
        return [((quote.occurred_at.isoformat(),), quote_json(quote))]

    return series(request, wanted, "quotes", fetch)


def span_of(request: ApiRequest, wanted: SeriesWanted) -> tuple[datetime, datetime]:
    """From where to where, as Alpaca's defaults are: today so far.

    Raises:
        HistoryExceeded: the tier sees no prices that old.
    """
    now = timezone.now()
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = permitted_start(request.auth.user, start=wanted.start or today, end=wanted.end, at=now)
    return start or today, wanted.end or now + INSTANT


def series(request: ApiRequest, wanted: SeriesWanted, name: str, fetch: Fetch) -> HttpResponse:
    filters = wanted.model_dump(exclude={"limit", "page_token"})
    page = read_page(
        listed(wanted.symbols),
        fetch,
        listing=Listing(request.auth, f"alpaca {name}", filters),
        limit=wanted.limit,
        token=wanted.page_token,
    )
    return answer({name: page.items, "next_page_token": page.next_page_token})


def listed(symbols: str) -> dict[str, Instrument]:
    """The instruments by symbol as asked; what none has is left out, as Alpaca does.

    Raises:
        ProblemsError: too many, or none, are named.
    """
    wanted = list(
        dict.fromkeys(word.strip().upper() for word in symbols.split(",") if word.strip())
    )
    if not 1 <= len(wanted) <= SYMBOLS_MAXIMUM:
        message = f"symbols held {len(wanted)}, must hold 1 to {SYMBOLS_MAXIMUM}."
        raise ProblemsError([Problem("symbols", "out_of_range", message)])
    found = queries.matches_of(wanted)
    return {symbol: rows[0] for symbol, rows in found.items() if len(rows) == 1}


def quotes_by_symbol(instruments: Mapping[str, Instrument]) -> dict[str, QuoteValue]:
    quotes = latest_quotes(instrument.id for instrument in instruments.values())
    return {
        symbol: quotes[instrument.id]
        for symbol, instrument in instruments.items()
        if instrument.id in quotes
    }


@router.get("/v2/stocks/quotes/latest", auth=AccountAuth("read"))
def latest_quote_of_each(request: ApiRequest, wanted: Query[SymbolsWanted]) -> HttpResponse:
    """The newest quote of each symbol."""
    quotes = quotes_by_symbol(listed(wanted.symbols))
    return answer({"quotes": {symbol: quote_json(quote) for symbol, quote in quotes.items()}})


@router.get("/v2/stocks/trades/latest", auth=AccountAuth("read"))
def latest_trade_of_each(request: ApiRequest, wanted: Query[SymbolsWanted]) -> HttpResponse:
    """The newest trade of each symbol."""
    quotes = quotes_by_symbol(listed(wanted.symbols))
    return answer({"trades": {symbol: last_trade_json(quote) for symbol, quote in quotes.items()}})


@router.get("/v2/stocks/bars/latest", auth=AccountAuth("read"))
def latest_bar_of_each(request: ApiRequest, wanted: Query[SymbolsWanted]) -> HttpResponse:
    """The newest minute of each symbol."""
    found = {
        symbol: newest_bars(instrument, Interval.MINUTE, count=1)
        for symbol, instrument in listed(wanted.symbols).items()
    }
    return answer({"bars": {symbol: bar_json(bars[-1]) for symbol, bars in found.items() if bars}})


@router.get("/v2/stocks/snapshots", auth=AccountAuth("read"))
def list_snapshots(request: ApiRequest, wanted: Query[SymbolsWanted]) -> HttpResponse:
    """The newest trade, quote, minute, day and day before of each symbol."""
    instruments = listed(wanted.symbols)
    quotes = quotes_by_symbol(instruments)
    return answer(
        {
            symbol: snapshot(instrument, quotes.get(symbol))
            for symbol, instrument in instruments.items()
        }
    )


def snapshot(instrument: Instrument, quote: QuoteValue | None) -> dict[str, Any]:
    minutes = newest_bars(instrument, Interval.MINUTE, count=1)
    days = newest_bars(instrument, Interval.DAY, count=2)
    return {
        "latestTrade": None if quote is None else last_trade_json(quote),
        "latestQuote": None if quote is None else quote_json(quote),
        "minuteBar": bar_json(minutes[-1]) if minutes else None,
        "dailyBar": bar_json(days[-1]) if days else None,
        "prevDailyBar": bar_json(days[-2]) if len(days) == 2 else None,
    }


def newest_bars(instrument: Instrument, interval: Interval, *, count: int) -> list[BarValue]:
    """Ascending."""
    return queries.bars(instrument, interval=interval, limit=count)
