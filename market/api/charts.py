"""Charts for programs: the figure that the page draws, with its colours put in."""

from typing import Annotated, Any, Final

import orjson
from django.http import HttpResponse
from django.utils import timezone as clock
from ninja import Query, Router
from pydantic import Field

from accounts.auth import KeyAuth
from accounts.errors import Problem, ProblemsError
from accounts.http import ApiRequest
from accounts.schemas import SchemaOut
from market import queries
from market.api.prices import JSON, Adjusted, Span, adjustment
from market.chart_figures import (
    WantedChart,
    compared_instruments,
    instrument_figure,
    known_zone,
    wanted_indicators,
)
from market.charting.chart_axes import time_ticks
from market.charting.indicator_choice import Indicator
from market.charting.theme_colours import Theme, coloured
from market.models import Instrument
from market.series.history import permitted_start
from market.values import Interval

router: Final = Router(tags=["Prices"])


class ChartWanted(Span):
    interval: Interval = Interval.DAY
    adjusted: Adjusted = "splits"
    indicators: Annotated[
        str,
        Field(
            max_length=200,
            description="parted by commas: sma:20, ema:50, bb:20, rsi:14, macd",
            examples=["sma:20,ema:50,bb:20,rsi:14,macd"],
        ),
    ] = ""
    compare: Annotated[
        str, Field(max_length=200, description="symbols parted by commas, compared in percent")
    ] = ""
    timezone: Annotated[
        str, Field(max_length=64, description="of the labels within a day; the exchange's if empty")
    ] = ""
    theme: Annotated[Theme, Field(description="which colours")] = Theme.LIGHT


class ChartOut(SchemaOut):
    """`data` and `layout` are Plotly's. Bars stand at 0, 1, 2, …; `opened` says when each began.

    The newest, moving bar is drawn by the first two shapes of the layout; `live` has its numbers.
    """

    data: list[dict[str, Any]]
    layout: dict[str, Any]
    labels: list[str]
    opened: Annotated[list[int], Field(description="seconds since 1970")]
    live: dict[str, Any] | None
    note: Annotated[str, Field(description="what is simulated")]
    summary: Annotated[str, Field(description="the chart in words")]
    has_older: bool
    has_newer: bool


@router.get("/instruments/{symbol}/chart", response=ChartOut, auth=KeyAuth("read"))
def get_chart(request: ApiRequest, symbol: str, wanted: Query[ChartWanted]) -> HttpResponse:
    """A Plotly figure of at most 500 candles: from `start` on, else the newest before `end`.

    Prices are comparable over splits unless `adjusted` says otherwise. Your alerts and fills are
    marked, dividends and splits too.
    """
    instrument = queries.instrument_by_address(symbol)
    now = clock.now()
    permitted_start(request.auth.user, start=wanted.start, end=wanted.end, at=now)
    figure = instrument_figure(
        instrument, to_wanted(wanted, instrument), user=request.auth.user, at=now
    )
    figure["layout"]["xaxis"] |= time_ticks(figure["labels"])
    shown = {name: figure[name] for name in ChartOut.model_fields}
    return HttpResponse(orjson.dumps(coloured(shown, wanted.theme)), content_type=JSON)


def to_wanted(wanted: ChartWanted, shown: Instrument) -> WantedChart:
    """Read the texts; all that is wrong with them is raised at once.

    Raises:
        ProblemsError: an indicator, the time zone or the number of instruments is not allowed.
        UnknownSymbol: there is no instrument of a symbol to compare with.
        AmbiguousSymbol: several exchanges list it.
    """
    problems: list[Problem] = []
    indicators: list[Indicator] = []
    compared: list[Instrument] = []
    try:
        indicators += wanted_indicators(wanted.indicators)
    except ValueError as error:
        problems.append(Problem("indicators", "invalid", str(error)))
    try:
        compared += compared_instruments(wanted.compare)
    except ValueError as error:
        problems.append(Problem("compare", "invalid", str(error)))
    viewer_zone = known_zone(wanted.timezone)
    if wanted.timezone and viewer_zone is None:
        message = f"“{wanted.timezone}” is no time zone; one is Europe/Berlin."
        problems.append(Problem("timezone", "invalid", message))
    if problems:
        raise ProblemsError(problems)
    return WantedChart(
        interval=wanted.interval,
        adjusted=adjustment(wanted.adjusted),
        viewer_zone=viewer_zone,
        indicators=indicators,
        compared=[one for one in compared if one != shown],
        start=wanted.start,
        end=wanted.end,
    )
