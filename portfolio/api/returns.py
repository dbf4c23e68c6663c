"""What a portfolio did: performance, and gains realised."""

from typing import Final
from uuid import UUID

from django.utils import timezone
from ninja import Query, Router

from accounts.auth import KeyAuth
from accounts.http import ApiRequest
from market.models import Instrument
from market.queries import instrument_by_address
from portfolio.amounts import ZERO
from portfolio.api.reach import find_portfolio
from portfolio.return_schemas import (
    PerformanceOut,
    PerformanceWanted,
    PeriodWanted,
    RealisedList,
    RealisedOut,
)
from portfolio.returns.performance import measure, realised_gains

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


@router.get("/portfolios/{uuid:portfolio_id}/realized", response=RealisedList, auth=KeyAuth("read"))
def list_realised(
    request: ApiRequest, portfolio_id: UUID, wanted: Query[PeriodWanted]
) -> RealisedList:
    """Gains by lot and sale in the order of the sales, against acquisition cost."""
    portfolio = find_portfolio(request.auth, portfolio_id)
    found = realised_gains(
        portfolio, start=wanted.start, end=wanted.end, method=wanted.method, at=timezone.now()
    )
    instruments = Instrument.objects.in_bulk({one.instrument_id for one in found})
    items = [RealisedOut.from_gain(one, instruments[one.instrument_id].symbol) for one in found]
    total = sum((one.gain for one in found), ZERO)
    return RealisedList(items=items, realised_gain=total, currency=portfolio.currency)
