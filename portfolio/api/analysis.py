"""What a portfolio is made of, what it earns, and how far its figures are to be trusted."""

from operator import attrgetter
from typing import Final
from uuid import UUID

from django.utils import timezone
from ninja import Query, Router

from accounts.auth import KeyAuth, KeyBound
from accounts.cursors import Listing
from accounts.http import ApiRequest
from accounts.roles import Role
from portfolio.api.reach import find_portfolio
from portfolio.holdings.allocation import allocation
from portfolio.holdings.risk_checks import risk_checks
from portfolio.holdings.schemas import (
    AllocationOut,
    AllocationWanted,
    RiskCheckOut,
    RiskChecksOut,
    ThresholdsIn,
)
from portfolio.holdings.thresholds import change_thresholds
from portfolio.income.declared import declared_dividends
from portfolio.income.received import received_income
from portfolio.income.schemas import (
    IncomeOut,
    IncomeWanted,
    PaymentList,
    PaymentOut,
    PaymentsWanted,
)
from portfolio.models import Portfolio
from portfolio.quality.checks import quality_checks
from portfolio.quality.findings import place_of
from portfolio.quality.schemas import FindingOut, FindingsWanted, QualityOut

router: Final = Router(tags=["Performance"])


@router.get(
    "/portfolios/{uuid:portfolio_id}/allocation", response=AllocationOut, auth=KeyAuth("read")
)
def show_allocation(
    request: ApiRequest, portfolio_id: UUID, wanted: Query[AllocationWanted]
) -> AllocationOut:
    """What the portfolio is worth now, by instrument, sector, class, currency or country."""
    portfolio = find_portfolio(request.auth, portfolio_id)
    return AllocationOut.from_allocation(
        allocation(portfolio, wanted.by), currency=portfolio.currency, as_of=timezone.now()
    )


@router.get("/portfolios/{uuid:portfolio_id}/income", response=IncomeOut, auth=KeyAuth("read"))
def show_income(request: ApiRequest, portfolio_id: UUID, wanted: Query[IncomeWanted]) -> IncomeOut:
    """Dividends and interest paid over whole days, both ends included, and what is declared."""
    portfolio, now = find_portfolio(request.auth, portfolio_id), timezone.now()
    found = received_income(portfolio, start=wanted.start, end=wanted.end, at=now)
    forecast = declared_dividends(portfolio, at=now)
    return IncomeOut.from_income(found, forecast, currency=portfolio.currency)


@router.get(
    "/portfolios/{uuid:portfolio_id}/income/payments",
    response=PaymentList,
    auth=KeyAuth("read"),
)
def list_payments(
    request: ApiRequest, portfolio_id: UUID, wanted: Query[PaymentsWanted]
) -> PaymentList:
    """The dividends and interest behind `income`, in the order in which they were paid."""
    portfolio = find_portfolio(request.auth, portfolio_id)
    found = received_income(portfolio, start=wanted.start, end=wanted.end, at=timezone.now())
    days = {"start": wanted.start, "end": wanted.end}
    page = Listing(request.auth, f"payments {portfolio.id}", days).part(
        found.payments,
        key=attrgetter("place"),
        limit=wanted.limit,
        cursor=wanted.cursor,
    )
    items = [PaymentOut.from_payment(one) for one in page.items]
    return PaymentList(items=items, next_cursor=page.next_cursor)


@router.get(
    "/portfolios/{uuid:portfolio_id}/quality-checks", response=QualityOut, auth=KeyAuth("read")
)
def list_quality_findings(
    request: ApiRequest, portfolio_id: UUID, wanted: Query[FindingsWanted]
) -> QualityOut:
    """What in the data is wrong or odd, the worst first, with advice, the page where it can be
    mended, and a mend where one is safe.
    """
    portfolio, now = find_portfolio(request.auth, portfolio_id), timezone.now()
    found = Listing(request.auth, f"quality checks {portfolio.id}", {}).part(
        quality_checks(portfolio, at=now), key=place_of, limit=wanted.limit, cursor=wanted.cursor
    )
    items = [FindingOut.from_finding(one, portfolio) for one in found.items]
    return QualityOut(items=items, next_cursor=found.next_cursor, as_of=now)


def checked(request: ApiRequest, portfolio: Portfolio) -> RiskChecksOut:
    now = timezone.now()
    found = risk_checks(portfolio, user=request.auth.user, at=now)
    return RiskChecksOut(
        currency=portfolio.currency,
        items=[RiskCheckOut.from_check(one) for one in found],
        as_of=now,
    )


@router.get(
    "/portfolios/{uuid:portfolio_id}/risk-checks", response=RiskChecksOut, auth=KeyAuth("read")
)
def list_risk_checks(request: ApiRequest, portfolio_id: UUID) -> RiskChecksOut:
    """How much hangs on one name, sector, currency or country; cash, and charges of a year."""
    return checked(request, find_portfolio(request.auth, portfolio_id))


@router.patch(
    "/portfolios/{uuid:portfolio_id}/risk-checks",
    response=RiskChecksOut,
    auth=KeyAuth("trade", role=Role.VIEWER),  # limits are the caller's own
)
def change_risk_thresholds(
    request: ApiRequest, portfolio_id: UUID, payload: ThresholdsIn
) -> RiskChecksOut:
    """Change limits, of this portfolio or of all."""
    portfolio = find_portfolio(request.auth, portfolio_id)
    if payload.for_all_portfolios and request.auth.portfolio_ids:
        raise KeyBound("This key is bound to portfolios, so it cannot change limits of all.")
    change_thresholds(
        user=request.auth.user,
        portfolio=None if payload.for_all_portfolios else portfolio,
        limits={rule.value: limit for rule, limit in payload.thresholds.items()},
        changed_at=timezone.now(),
    )
    return checked(request, portfolio)
