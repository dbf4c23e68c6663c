"""The calendar of settlements: what cash and units change hands on which day."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET

from accounts.fragments import for_htmx
from accounts.http import InvestorRequest
from accounts.page_lists import read_page
from accounts.policies import signed_in
from portfolio.views.portfolios import find_portfolio, tab_context
from trading.models import Settlement
from trading.settlement_days import settlement_days, settlement_row, shown_day


@signed_in
@require_GET
@for_htmx({"settlements": "trading/_settlements.html"})
def settlements(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    portfolio = find_portfolio(request, portfolio_id)
    days = settlement_days(portfolio)
    day = shown_day(days, request.GET.get("day", ""))
    due = Settlement.objects.filter(portfolio=portfolio).select_related(
        "fill__instrument", "fill__entry"
    )
    page, older = read_page(
        request,
        due.none() if day is None else due.filter(due_date=day),
        name="settlements",
        filters={"portfolio": str(portfolio.id), "day": str(day)},
        order=["-id"],
    )
    context = tab_context(portfolio, "cash") | {
        "days": days,
        "day": day,
        "rows": [settlement_row(one) for one in page.items],
        "older_href": older,
    }
    return TemplateResponse(request, "trading/settlements.html", context)
