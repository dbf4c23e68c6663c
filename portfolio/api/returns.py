"""What a portfolio did: performance, and gains realised."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Query, Router

from accounts.auth import Caller, KeyAuth
from accounts.cursors import Listing
from accounts.errors import Problem
from accounts.http import ApiRequest
from accounts.table_answers import FILES_IN_OPENAPI, Format, table_response, wanted_format
from market.models import Instrument
from market.queries import instrument_by_address
from portfolio.api.reach import find_portfolio
from portfolio.bookkeeping.amounts import ZERO
from portfolio.explaining.explain import explain
from portfolio.explaining.schemas import ExplanationOut, ExplanationWanted
from portfolio.indices.own_indices import find_index
from portfolio.portfolios import total
from portfolio.returns.benchmarks import (
    BenchmarkRefused,
    Comparison,
    WithIndex,
    WithInstrument,
    WithPortfolio,
)
from portfolio.returns.by_instrument import measure_instruments
from portfolio.returns.gains import RealisedGain
from portfolio.returns.performance import measure
from portfolio.returns.realised import realised_gains
from portfolio.returns.realised_years import realised_table
from portfolio.returns.schemas import (
    InstrumentReturnList,
    InstrumentReturnOut,
    InstrumentReturnsWanted,
    PerformanceOut,
    PerformanceWanted,
    PeriodWanted,
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
    portfolio, now = find_portfolio(request.auth, portfolio_id), timezone.now()
    found = measure(
        portfolio,
        start=wanted.start,
        end=wanted.end,
        method=wanted.method,
        benchmark=comparison_of(request.auth, wanted, at=now),
        at=now,
    )
    return PerformanceOut.from_performance(found)


def comparison_of(caller: Caller, wanted: PerformanceWanted, *, at: datetime) -> Comparison | None:
    """Raises:
    BenchmarkRefused: several things were named to compare with.
    UnknownSymbol, IndexNotFound, PortfolioNotFound: what was named is not there for the caller.
    """
    named = (wanted.benchmark, wanted.benchmark_index_id, wanted.benchmark_portfolio_id)
    if len(named) - named.count(None) > 1:
        message = "Compare with one thing: an instrument, an index or a portfolio."
        raise BenchmarkRefused([Problem("benchmark", "too_many", message)])
    if wanted.benchmark is not None:
        return WithInstrument(instrument_by_address(wanted.benchmark))
    if wanted.benchmark_index_id is not None:
        return WithIndex(find_index(caller.user, wanted.benchmark_index_id))
    if wanted.benchmark_portfolio_id is not None:
        return WithPortfolio(find_portfolio(caller, wanted.benchmark_portfolio_id), at)
    return None


@router.get(
    "/portfolios/{uuid:portfolio_id}/performance/instruments",
    response=InstrumentReturnList,
    auth=KeyAuth("read"),
)
def list_instrument_returns(
    request: ApiRequest, portfolio_id: UUID, wanted: Query[InstrumentReturnsWanted]
) -> InstrumentReturnList:
    """What each instrument that was held or traded did, by symbol."""
    portfolio = find_portfolio(request.auth, portfolio_id)
    found = measure_instruments(
        portfolio, start=wanted.start, end=wanted.end, method=wanted.method, at=timezone.now()
    )
    page = listing_of(request.auth, f"returns {portfolio.id}", wanted).part(
        found.items,
        key=lambda one: (one.instrument.symbol, str(one.instrument.id)),
        limit=wanted.limit,
        cursor=wanted.cursor,
    )
    return InstrumentReturnList(
        start=found.start,
        end=found.end,
        currency=portfolio.currency,
        items=[InstrumentReturnOut.from_return(one) for one in page.items],
        next_cursor=page.next_cursor,
    )


def listing_of(caller: Caller, name: str, wanted: PeriodWanted) -> Listing:
    """Pages of a list belong to its period and its method."""
    return Listing(caller, name, wanted.model_dump(exclude={"limit", "cursor", "format"}))


@router.get(
    "/portfolios/{uuid:portfolio_id}/explanations/{figure}",
    response=ExplanationOut,
    auth=KeyAuth("read"),
)
def explain_figure(
    request: ApiRequest, portfolio_id: UUID, figure: str, wanted: Query[ExplanationWanted]
) -> ExplanationOut:
    """Why a figure is what it is: its formula, and inputs from which it can be computed again.

    `total_value`, `day_change`, `cash`, `buying_power`, `declared_income` and `accrued_income` are
    of now; the others, named as a performance names them, `gross_income` and `net_income` are of
    the period.
    With a `symbol` the figures are those of a position: of now, named as `/positions` names them,
    or of the period's days that are over, `gain`, `inflow`, `outflow`, `income`, `charges` and
    `gain_by_rates`. With a `lot_id` they are those of a lot, named as `/lots` names them; with `by`
    and `key` the `value` and the `weight_pct` of a part of the allocation.
    """
    portfolio = find_portfolio(request.auth, portfolio_id)
    found = explain(
        portfolio,
        figure,
        wanted.subject,
        start=wanted.start,
        end=wanted.end,
        method=wanted.method,
        at=timezone.now(),
    )
    return ExplanationOut.from_explanation(found, currency=portfolio.currency)


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

    The sums are of the whole period. As a file (CSV, Parquet), which has all of them, with dates,
    days held and ISIN, for whoever declares them.
    """
    form = wanted_format(request, wanted.format)
    portfolio, now = find_portfolio(request.auth, portfolio_id), timezone.now()
    found = realised_gains(
        portfolio, start=wanted.start, end=wanted.end, method=wanted.method, at=now
    )
    if form is not Format.JSON:
        method = wanted.method or portfolio.lot_method
        return table_response(realised_table(portfolio, found, method=method), form)
    page = listing_of(request.auth, f"realised {portfolio.id}", wanted).part(
        zip(found.realised, found.period_gains, found.charges, strict=True),
        key=lambda row: sale_place(row[0]),
        limit=wanted.limit,
        cursor=wanted.cursor,
    )
    instruments = Instrument.objects.in_bulk({one.instrument_id for one, _, _ in page.items})
    items = [
        RealisedOut.from_gain(
            one, instruments[one.instrument_id].symbol, period_gain=gain, charges=charges
        )
        for one, gain, charges in page.items
    ]
    return RealisedList(
        items=items,
        next_cursor=page.next_cursor,
        realised_gain=sum((one.gain for one in found.realised), ZERO),
        period_gain=total(found.period_gains),
        reasons={"period_gain": "no_price"} if None in found.period_gains else {},
        currency=portfolio.currency,
    )


def sale_place(found: RealisedGain) -> tuple[str, ...]:
    """The order of the sales, and within one that of its lots."""
    moments = [one.isoformat(timespec="microseconds") for one in (found.closed_at, found.opened_at)]
    return (moments[0], str(found.closing_entry_id), moments[1])
