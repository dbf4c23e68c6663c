"""Opening, reading, naming and archiving portfolios."""

from typing import Final
from uuid import UUID

from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status

from accounts.auth import KeyAuth, KeyBound
from accounts.cursors import Listing
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from accounts.roles import Role
from accounts.schemas import PageIn
from portfolio import portfolios
from portfolio.api.reach import find_portfolio, reachable
from portfolio.models import Portfolio
from portfolio.recording.booking_ways import change_booking
from portfolio.schemas import PortfolioIn, PortfolioList, PortfolioOut, PortfolioPatch
from portfolio.valuations.overviews import overviews

router: Final = Router(tags=["Portfolios"])


def shown(portfolio: Portfolio) -> PortfolioOut:
    (overview,) = overviews([portfolio], at=timezone.now())
    return PortfolioOut.from_overview(overview)


@router.get("/portfolios", response=PortfolioList, auth=KeyAuth("read"))
def list_portfolios(request: ApiRequest, page: Query[PageIn]) -> PortfolioList:
    """The user's portfolios and those shared with him, oldest first, with what they are worth."""
    found = Listing(request.auth, "portfolios", {}).page(
        reachable(request.auth).with_role_of(request.auth.user),
        order=["created_at", "id"],
        limit=page.limit,
        cursor=page.cursor,
    )
    worth = overviews(found.items, at=timezone.now())
    items = [PortfolioOut.from_overview(overview) for overview in worth]
    return PortfolioList(items=items, next_cursor=found.next_cursor)


@router.post("/portfolios", response={201: PortfolioOut}, auth=KeyAuth("trade"))
@idempotent(required=False)
def open_portfolio(request: ApiRequest, payload: PortfolioIn) -> Status[PortfolioOut]:
    """Open a portfolio: `paper` trades on our market, `tracked` records what happened elsewhere."""
    if request.auth.portfolio_ids:
        raise KeyBound("This key is bound to portfolios, so it cannot open another.")
    opened = portfolios.open_portfolio(
        owner=request.auth.user,
        name=payload.name,
        kind=payload.kind,
        currency=payload.currency,
        starting_cash=payload.starting_cash,
        lot_method=payload.lot_method,
        booked_actions=payload.booked_actions,
        opened_at=timezone.now(),
    )
    return Status(201, shown(find_portfolio(request.auth, opened.id)))


@router.get("/portfolios/{uuid:portfolio_id}", response=PortfolioOut, auth=KeyAuth("read"))
def get_portfolio(request: ApiRequest, portfolio_id: UUID) -> PortfolioOut:
    """What a portfolio is worth now."""
    return shown(find_portfolio(request.auth, portfolio_id))


@router.patch(
    "/portfolios/{uuid:portfolio_id}",
    response=PortfolioOut,
    auth=KeyAuth("trade", role=Role.OWNER),
)
def change_portfolio(
    request: ApiRequest, portfolio_id: UUID, payload: PortfolioPatch
) -> PortfolioOut:
    """Give a portfolio another name, or another way of booking; lots are then derived anew."""
    portfolio, now = find_portfolio(request.auth, portfolio_id), timezone.now()
    if payload.name is not None:
        portfolio = portfolios.rename_portfolio(
            portfolio_id=portfolio_id, owner=request.auth.user, name=payload.name, renamed_at=now
        )
    if payload.lot_method is not None or payload.booked_actions is not None:
        portfolio = change_booking(
            portfolio_id=portfolio_id,
            owner=request.auth.user,
            lot_method=payload.lot_method,
            booked_actions=payload.booked_actions,
            changed_at=now,
        )
    return shown(find_portfolio(request.auth, portfolio.id))


@router.delete(
    "/portfolios/{uuid:portfolio_id}",
    response={204: None},
    auth=KeyAuth("trade", role=Role.OWNER),
)
def archive_portfolio(request: ApiRequest, portfolio_id: UUID) -> Status[None]:
    """Take a portfolio out of sight; its books stay. Refused while orders work."""
    find_portfolio(request.auth, portfolio_id)
    portfolios.archive_portfolio(
        portfolio_id=portfolio_id, owner=request.auth.user, archived_at=timezone.now()
    )
    return Status(204, None)
