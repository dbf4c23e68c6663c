"""Pages that show instruments and their prices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.http import InvestorRequest
from accounts.models import User
from accounts.policies import signed_in
from market import queries
from market.boards import board_rows
from market.chart_figures import instrument_figure
from market.charting.chart_style import ChartStyle, bar_label
from market.charting.indicator_choice import OFFERED
from market.corporate_actions.adjustment import WORDS, Adjustment
from market.depth.ladder import LADDER_ROWS, ladder_of
from market.depth.resting_orders import order_book_of
from market.depth.tape import newest_trades
from market.errors import AmbiguousSymbol, UnknownSymbol
from market.forms import ChartForm, InstrumentSearchForm
from market.models import CorporateAction, Instrument, Watchlist, WatchlistItem
from market.series.history import history_start
from market.values import Interval

INSTRUMENTS_MAXIMUM: Final = 28  # keeps the page within its 60 kB
TABLE_DAYS: Final = 20
ACTIONS_SHOWN: Final = 6
TRADES_SHOWN: Final = 2 * LADDER_ROWS + 1  # as tall as the order book beside it
YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Choice:
    """A pill: one of several ways to see the same page."""

    label: str
    key: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class ChartRange:
    """A span of time and the candles that show it well; None for everything there is."""

    label: str
    days: int | None
    interval: Interval


PRICES: Final = {"false": "As traded", "splits": "Over splits", "true": "Over dividends too"}
RANGES: Final = (
    ChartRange("1D", 1, Interval.FIVE_MINUTES),
    ChartRange("5D", 5, Interval.THIRTY_MINUTES),
    ChartRange("1M", 31, Interval.DAY),
    ChartRange("6M", 183, Interval.DAY),
    ChartRange("1Y", 366, Interval.DAY),
    ChartRange("5Y", 5 * 366, Interval.WEEK),
    ChartRange("Max", None, Interval.MONTH),
)


@signed_in
@require_GET
def instruments(request: InvestorRequest) -> HttpResponse:
    form = InstrumentSearchForm(request.GET)
    text = form.cleaned_data["q"].strip() if form.is_valid() else ""
    found = queries.search_instruments(text, limit=INSTRUMENTS_MAXIMUM + 1)
    context = {
        "text": text,
        "rows": board_rows(found[:INSTRUMENTS_MAXIMUM], at=timezone.now()),
        "has_more": len(found) > INSTRUMENTS_MAXIMUM,
    }
    template = "market/_instruments.html" if request.htmx else "market/instruments.html"
    return TemplateResponse(request, template, context)


@signed_in
@require_GET
def instrument(request: InvestorRequest, address: str) -> HttpResponse:
    try:
        shown = queries.instrument_by_address(address)
    except AmbiguousSymbol as error:
        return redirect(f"{reverse('market:instruments')}?q={error.address}")
    except UnknownSymbol as error:
        raise Http404(str(error)) from error
    context = _instrument_context(request, shown)
    return TemplateResponse(request, "market/instrument.html", context)


@signed_in
@require_GET
def instrument_chart(request: InvestorRequest, address: str) -> HttpResponse:
    """The figure that the page's script hands to Plotly."""
    try:
        shown = queries.instrument_by_address(address)
    except (AmbiguousSymbol, UnknownSymbol) as error:
        return JsonResponse({"code": error.code, "message": str(error)}, status=404)
    form = ChartForm(request.GET)
    if not form.is_valid():
        problems = form.errors.get_json_data()
        return JsonResponse({"code": "invalid", "message": "", "details": problems}, status=422)
    wanted = form.to_wanted()
    if shown in wanted.compared:
        wanted = replace(wanted, compared=[one for one in wanted.compared if one != shown])
    figure = instrument_figure(shown, wanted, user=request.user, at=timezone.now())
    return HttpResponse(orjson.dumps(figure), content_type="application/json")


def watchlist_choices(user: User, shown: Instrument) -> list[tuple[Watchlist, bool]]:
    """The user's watchlists, and whether the instrument is on each."""
    watching = set(
        WatchlistItem.objects.filter(
            watchlist__in=Watchlist.objects.for_user(user), instrument=shown
        ).values_list("watchlist_id", flat=True)
    )
    owned = Watchlist.objects.for_user(user).order_by("position", "created_at", "id")
    return [(watchlist, watchlist.id in watching) for watchlist in owned]


def _instrument_context(request: InvestorRequest, shown: Instrument) -> dict[str, Any]:
    form = ChartForm(request.GET)
    is_known = form.is_valid()
    chosen = form.cleaned_data["interval"] if is_known else Interval.DAY
    adjusted = form.cleaned_data["adjusted"] if is_known else Adjustment.SPLITS
    now = timezone.now()
    start = history_start(request.user, at=now)
    daily = queries.bars(
        shown, interval=Interval.DAY, start=start, limit=TABLE_DAYS, adjusted=adjusted
    )
    zone = ZoneInfo(shown.exchange.timezone)
    by_day = ChartStyle(interval=Interval.DAY, exchange_zone=zone, viewer_zone=zone)
    found = queries.statistics(
        shown, start=start or now - YEAR, end=now, adjusted=Adjustment.SPLITS
    )
    known = CorporateAction.objects.standing().filter(instrument=shown)
    watchlists = watchlist_choices(request.user, shown)
    book = order_book_of(shown, depth=LADDER_ROWS, at=now)
    return {
        "book": book,
        "ladder": ladder_of(book),
        "trades_shown": TRADES_SHOWN,
        "trades": newest_trades(shown.id, limit=TRADES_SHOWN),
        "row": board_rows([shown], at=now)[0],
        "instrument": shown,
        "history_start": start,
        "intervals": [Choice(i.value, i.value, i is chosen) for i in Interval],
        "prices": [Choice(PRICES[key], key, it is adjusted) for key, it in WORDS.items()],
        "indicators": [Choice(one.label, one.key, False) for one in OFFERED],
        "ranges": RANGES,
        "daily": [(bar_label(bar.opened_at, by_day), bar) for bar in reversed(daily)],
        "statistics": found,
        "actions": list(known.order_by("-ex_date", "id")[:ACTIONS_SHOWN]),
        "volatility_pct": found.annualised_volatility and found.annualised_volatility * 100,
        "watchlists": watchlists,
        "is_on_every_watchlist": bool(watchlists) and all(has for _, has in watchlists),
    }
