"""X-ray: how much of a portfolio hangs on one thing, and the limits to change."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.errors import ProblemsError
from accounts.http import InvestorRequest
from accounts.policies import for_role, signed_in
from accounts.roles import Role
from portfolio.forms import ThresholdsForm
from portfolio.holdings.risk_checks import risk_checks
from portfolio.holdings.thresholds import Rule, change_thresholds, thresholds_of
from portfolio.models import Portfolio
from portfolio.views.portfolios import find_portfolio, tab_context


@signed_in
@for_role(Role.VIEWER)  # limits are the reader's own
@require_http_methods(["GET", "POST"])
def xray(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    """Show each rule; a post changes the limits of this portfolio, or of all."""
    portfolio, now = find_portfolio(request, portfolio_id), timezone.now()
    form = ThresholdsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            change_thresholds(
                user=request.user,
                portfolio=None if form.cleaned_data["is_for_all"] else portfolio,
                limits=changed_limits(request, portfolio, form),
                changed_at=now,
            )
        except ProblemsError as error:
            form.add_problems(error.problems)
        else:
            messages.success(request, "Limits are saved.")
            return redirect("portfolio:xray", portfolio.id)
    context = xray_context(request, portfolio, form, now)
    status = 422 if form.errors else 200
    return TemplateResponse(request, "portfolio/xray.html", context, status=status)


def changed_limits(
    request: InvestorRequest, portfolio: Portfolio, form: ThresholdsForm
) -> dict[str, Decimal | None]:
    """What the form says otherwise than it showed; the rest stays whose it is."""
    shown = thresholds_of(request.user, portfolio)
    return {
        rule: limit
        for rule, limit in form.limits().items()
        if limit != shown[Rule(rule)].maximum_pct
    }


def xray_context(
    request: InvestorRequest, portfolio: Portfolio, form: ThresholdsForm, at: datetime
) -> dict[str, Any]:
    checks = risk_checks(portfolio, user=request.user, at=at)
    limits = {one.rule.value: f"{one.maximum_pct.normalize():f}" for one in checks}
    shown = form if form.is_bound else ThresholdsForm(initial=limits)
    return tab_context(portfolio, "xray") | {
        "checks": checks,
        "exceeded": sum(bool(one.is_exceeded) for one in checks),
        "form": shown,
    }
