"""Several portfolios looked at as one."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from ninja import Query, Router

from accounts.auth import Caller, KeyAuth
from accounts.http import ApiRequest
from portfolio.api.reach import find_portfolio, reachable
from portfolio.api.returns import comparison_of
from portfolio.combined.holdings import combined_holdings, common_currency
from portfolio.combined.schemas import CombinedHoldingsWanted, CombinedOut
from portfolio.errors import PortfolioNotFound
from portfolio.explaining.explain import explain_together
from portfolio.explaining.schemas import CombinedExplanationWanted, ExplanationOut
from portfolio.models import Portfolio
from portfolio.returns.schemas import CombinedWanted, PerformanceOut
from portfolio.returns.union import measure_together

router: Final = Router(tags=["Performance"])


def chosen_portfolios(caller: Caller, ids: Sequence[UUID]) -> list[Portfolio]:
    """Those that were named, or the caller's own.

    Raises:
        PortfolioNotFound: one of them is not the caller's to see, or he has none.
    """
    if ids:
        return [find_portfolio(caller, one) for one in dict.fromkeys(ids)]
    most: int = settings.LIMITS.portfolios_together
    own = reachable(caller).filter(owner=caller.user).order_by("created_at", "id")
    found = list(own[:most])
    if not found:
        raise PortfolioNotFound("There is no portfolio to look at.")
    return found


@router.get("/combined", response=CombinedOut, auth=KeyAuth("read"))
def show_combined(request: ApiRequest, wanted: Query[CombinedHoldingsWanted]) -> CombinedOut:
    """What several portfolios hold and are worth now, as one."""
    chosen = chosen_portfolios(request.auth, wanted.portfolio_id)
    currency = common_currency(chosen, user=request.auth.user, wanted=wanted.currency)
    found = combined_holdings(chosen, currency=currency, at=timezone.now())
    return CombinedOut.from_holdings(found)


@router.get("/combined/performance", response=PerformanceOut, auth=KeyAuth("read"))
def show_combined_performance(request: ApiRequest, wanted: Query[CombinedWanted]) -> PerformanceOut:
    """What several portfolios did as one: what went from one to another of them is no flow."""
    chosen, now = chosen_portfolios(request.auth, wanted.portfolio_id), timezone.now()
    found = measure_together(
        chosen,
        currency=common_currency(chosen, user=request.auth.user, wanted=wanted.currency),
        start=wanted.start,
        end=wanted.end,
        method=wanted.method,
        benchmark=comparison_of(request.auth, wanted, at=now),
        at=now,
    )
    return PerformanceOut.from_performance(found)


@router.get("/combined/explanations/{figure}", response=ExplanationOut, auth=KeyAuth("read"))
def explain_combined_figure(
    request: ApiRequest, figure: str, wanted: Query[CombinedExplanationWanted]
) -> ExplanationOut:
    """Why a figure of several portfolios is what it is, by portfolio and at which rate.

    `total_value`, `cash`, `market_value`, `cost`, `day_change` and `day_change_pct` are of now; the
    others, named as a performance names them, are of the period.
    """
    chosen = chosen_portfolios(request.auth, wanted.portfolio_id)
    currency = common_currency(chosen, user=request.auth.user, wanted=wanted.currency)
    found = explain_together(
        chosen,
        figure,
        currency=currency,
        start=wanted.start,
        end=wanted.end,
        method=wanted.method,
        at=timezone.now(),
    )
    return ExplanationOut.from_explanation(found, currency=currency)
