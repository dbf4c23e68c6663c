"""What a portfolio holds, and what it was worth day by day."""

from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone
from ninja import Query, Router

from accounts.auth import KeyAuth
from accounts.cursors import Listing
from accounts.http import ApiRequest
from market.queries import instrument_by_address
from portfolio.api.reach import find_portfolio
from portfolio.models import DailyValuation, PositionValuation
from portfolio.queries import position_rows
from portfolio.schemas import (
    LotList,
    LotOut,
    LotsWanted,
    PositionList,
    PositionOut,
    PositionsWanted,
    PositionValuationList,
    PositionValuationOut,
    PositionValuationsWanted,
    ValuationList,
    ValuationOut,
    ValuationsWanted,
)
from portfolio.valuation import freshen
from portfolio.valuations.lot_rows import LOT_ORDER, find_lots, lot_rows
from portfolio.valuations.past_positions import positions_on

router: Final = Router(tags=["Positions"])


@router.get(
    "/portfolios/{uuid:portfolio_id}/positions", response=PositionList, auth=KeyAuth("read")
)
def list_positions(
    request: ApiRequest, portfolio_id: UUID, wanted: Query[PositionsWanted]
) -> PositionList:
    """What is held now at the newest quotes, or was at the end of a past day, by symbol."""
    portfolio = find_portfolio(request.auth, portfolio_id)
    if wanted.as_of is None:
        rows = position_rows(portfolio)
    else:
        rows = positions_on(portfolio, wanted.as_of, today=timezone.now().date())
    found = Listing(request.auth, f"positions {portfolio.id}", {"as_of": wanted.as_of}).part(
        rows,
        key=lambda row: (row.symbol, str(row.instrument_id)),
        limit=wanted.limit,
        cursor=wanted.cursor,
    )
    items = [PositionOut.from_row(row) for row in found.items]
    return PositionList(items=items, next_cursor=found.next_cursor)


@router.get("/portfolios/{uuid:portfolio_id}/lots", response=LotList, auth=KeyAuth("read"))
def list_lots(request: ApiRequest, portfolio_id: UUID, wanted: Query[LotsWanted]) -> LotList:
    """Units by purchase, by symbol, the oldest first."""
    portfolio = find_portfolio(request.auth, portfolio_id)
    instrument_id = None
    if wanted.symbol is not None:
        instrument_id = instrument_by_address(wanted.symbol).id
    is_open = None if wanted.status is None else wanted.status == "open"
    filters = {"symbol": wanted.symbol, "status": wanted.status}
    found = Listing(request.auth, f"lots {portfolio.id}", filters).page(
        find_lots(portfolio, instrument_id=instrument_id, is_open=is_open),
        order=LOT_ORDER,
        limit=wanted.limit,
        cursor=wanted.cursor,
    )
    items = [LotOut.from_row(row) for row in lot_rows(found.items)]
    return LotList(items=items, next_cursor=found.next_cursor)


@router.get(
    "/portfolios/{uuid:portfolio_id}/valuations", response=ValuationList, auth=KeyAuth("read")
)
def list_valuations(
    request: ApiRequest, portfolio_id: UUID, wanted: Query[ValuationsWanted]
) -> ValuationList:
    """What the portfolio was worth at the end of each day through yesterday, ascending."""
    portfolio = find_portfolio(request.auth, portfolio_id)
    freshen(portfolio, through_date=timezone.now().date() - timedelta(days=1))
    days = DailyValuation.objects.filter(portfolio=portfolio, **span_of(wanted))
    filters = {"start": wanted.start, "end": wanted.end}
    found = Listing(request.auth, f"valuations {portfolio.id}", filters).page(
        days, order=["date"], limit=wanted.limit, cursor=wanted.cursor
    )
    items = [ValuationOut.from_day(day) for day in found.items]
    return ValuationList(items=items, next_cursor=found.next_cursor)


@router.get(
    "/portfolios/{uuid:portfolio_id}/positions/valuations",
    response=PositionValuationList,
    auth=KeyAuth("read"),
)
def list_position_valuations(
    request: ApiRequest, portfolio_id: UUID, wanted: Query[PositionValuationsWanted]
) -> PositionValuationList:
    """What each position was worth at the end of each day, ascending, one after another.

    A position has a row for each day through yesterday on which it was held or something
    happened to it. With the cash of a day its rows add up to the portfolio's.
    """
    portfolio = find_portfolio(request.auth, portfolio_id)
    freshen(portfolio, through_date=timezone.now().date() - timedelta(days=1))
    days = PositionValuation.objects.filter(portfolio=portfolio, **span_of(wanted))
    if wanted.symbol is not None:
        days = days.filter(instrument=instrument_by_address(wanted.symbol))
    filters = {"start": wanted.start, "end": wanted.end, "symbol": wanted.symbol}
    found = Listing(request.auth, f"position valuations {portfolio.id}", filters).page(
        days.select_related("instrument"),
        order=["instrument_id", "date"],
        limit=wanted.limit,
        cursor=wanted.cursor,
    )
    items = [PositionValuationOut.from_day(day) for day in found.items]
    return PositionValuationList(items=items, next_cursor=found.next_cursor)


def span_of(wanted: ValuationsWanted) -> dict[str, date]:
    """The days wanted, both ends included."""
    span = {"date__gte": wanted.start, "date__lte": wanted.end}
    return {name: day for name, day in span.items() if day is not None}
