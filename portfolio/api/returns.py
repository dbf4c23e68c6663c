"""What a portfolio did: performance, and gains realised."""

from typing import Final
from uuid import UUID

from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Query, Router

from accounts.auth import KeyAuth
from accounts.http import ApiRequest
from accounts.table_answers import FILES_IN_OPENAPI, Format, table_response, wanted_format
from market.models import Instrument
from market.queries import instrument_by_address
from portfolio.api.reach import find_portfolio
from portfolio.bookkeeping.amounts import ZERO
from portfolio.portfolios import total
from portfolio.returns.performance import measure, realised_gains
from portfolio.returns.realised_years import realised_table
from portfolio.returns.schemas import (
    PerformanceOut,
    PerformanceWanted,
    RealisedList,
    RealisedOut,
    RealisedWanted,
)

router: Final = Router(tags=["Performance"])


@router.get(
    "/portfolios/{uuid:portfolio_id}/performance", response=PerformanceOut, auth=KeyAuth("read")
)
def show_performance(
    request: ApiRequest, portfolio_id: UUID, wanted: Query[PerformanceWanted]
) -> PerformanceOut:
    """Returns, what drove them and their risk, over whole days, both ends included."""
    portfolio = find_portfolio(request.auth, portfolio_id)
    benchmark = None if wanted.benchmark is None else instrument_by_address(wanted.benchmark)
    found = measure(
        portfolio,
        start=wanted.start,
        end=wanted.end,
        method=wanted.method,
        benchmark=benchmark,
        at=timezone.now(),
    )
    return PerformanceOut.from_performance(found)


@router.get(
    "/portfolios/{uuid:portfolio_id}/realized",
    response=RealisedList,
    auth=KeyAuth("read"),
    openapi_extra=FILES_IN_OPENAPI,
)
def list_realised(
    request: ApiRequest, portfolio_id: UUID, wanted: Query[RealisedWanted]
) -> RealisedList | HttpResponseBase:
    """Gains by lot and sale in the order of the sales, against acquisition cost and by period.

    As a file (CSV, Parquet) with dates, days held and ISIN, for whoever declares them.
    """
    form = wanted_format(request, wanted.format)
    portfolio, now = find_portfolio(request.auth, portfolio_id), timezone.now()
    found = realised_gains(
        portfolio, start=wanted.start, end=wanted.end, method=wanted.method, at=now
    )
    if form is not Format.JSON:
        method = wanted.method or portfolio.lot_method
        return table_response(realised_table(portfolio, found, method=method), form)
    instruments = Instrument.objects.in_bulk({one.instrument_id for one in found.realised})
    items = [
        RealisedOut.from_gain(one, instruments[one.instrument_id].symbol, period_gain=gain)
        for one, gain in zip(found.realised, found.period_gains, strict=True)
    ]
    return RealisedList(
        items=items,
        realised_gain=sum((one.gain for one in found.realised), ZERO),
        period_gain=total(found.period_gains),
        reasons={"period_gain": "no_price"} if None in found.period_gains else {},
        currency=portfolio.currency,
    )
