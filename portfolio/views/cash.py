"""Cash of a portfolio: what there is, what is on its way, money in or out; name and closing."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.errors import ProblemsError
from accounts.fragments import for_htmx
from accounts.http import InvestorRequest
from accounts.identifiers import new_id
from accounts.policies import owners_only, signed_in
from portfolio import portfolios
from portfolio.activities import record_activity
from portfolio.errors import EntryConflict, PortfolioError, ShortBalance
from portfolio.forms import CashMoveForm, PortfolioNameForm
from portfolio.income.declared import declared_dividends
from portfolio.models import JournalEntry, LedgerBalance, Portfolio
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.recording.external_ids import recorded_id
from portfolio.valuations.overviews import accrued_in_all, cash_balances, cash_of, in_all
from portfolio.views.explain_links import ExplainLinks
from portfolio.views.portfolios import find_portfolio, tab_context


@signed_in
@require_GET
@for_htmx({"cash": "portfolio/_cash.html"})
def cash(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    context = cash_context(find_portfolio(request, portfolio_id), at=timezone.now())
    return TemplateResponse(request, "portfolio/cash.html", context)


@signed_in
@require_POST
def move_cash(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    """Record a deposit or a withdrawal; the form's reference makes a repeat harmless."""
    portfolio = find_portfolio(request, portfolio_id)
    form = CashMoveForm(request.POST)
    now = timezone.now()
    if form.is_valid():
        activity = draft_move(portfolio, form, now=now)
        try:
            record_activity(portfolio=portfolio, activity=activity, recorded_at=now)
        except ProblemsError as error:
            form.add_problems(error.problems)
        except ShortBalance as error:
            form.add_error("amount", str(error))
        except EntryConflict:
            form.add_error(None, "This form was sent before with other words. Load it anew.")
        else:
            messages.success(request, "Recorded.")
            return redirect("portfolio:cash", portfolio.id)
    context = cash_context(portfolio, at=now, move_form=form)
    return TemplateResponse(request, "portfolio/cash.html", context, status=422)


@signed_in
@owners_only
@require_POST
def rename(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    portfolio, now = find_portfolio(request, portfolio_id), timezone.now()
    form = PortfolioNameForm(request.POST)
    if form.is_valid():
        try:
            portfolios.rename_portfolio(
                portfolio_id=portfolio.id,
                owner=request.user,
                name=form.cleaned_data["name"],
                renamed_at=now,
            )
        except ProblemsError as error:
            form.add_problems(error.problems)
        else:
            return redirect("portfolio:cash", portfolio.id)
    context = cash_context(portfolio, at=now, name_form=form)
    return TemplateResponse(request, "portfolio/cash.html", context, status=422)


@signed_in
@owners_only
@require_POST
def archive(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    """Close the portfolio; refused while orders work."""
    portfolio = find_portfolio(request, portfolio_id)
    try:
        portfolios.archive_portfolio(
            portfolio_id=portfolio.id, owner=request.user, archived_at=timezone.now()
        )
    except PortfolioError as error:
        messages.error(request, str(error))
        return redirect("portfolio:cash", portfolio.id)
    messages.success(request, f"“{portfolio.name}” is closed.")
    return redirect("portfolio:list")


def draft_move(portfolio: Portfolio, form: CashMoveForm, *, now: datetime) -> ActivityDraft:
    """The activity that a valid form means; sent again, it means the entry it made before."""
    external_id = recorded_id(form.cleaned_data["reference"])
    earlier = JournalEntry.objects.filter(portfolio=portfolio, external_id=external_id).first()
    return ActivityDraft(
        kind=form.cleaned_data["kind"],
        occurred_at=earlier.occurred_at if earlier else now,
        amount=form.cleaned_data["amount"],
        currency=portfolio.currency,
        external_id=external_id,
        note=form.cleaned_data["note"],
    )


def cash_context(
    portfolio: Portfolio,
    *,
    at: datetime,
    move_form: CashMoveForm | None = None,
    name_form: PortfolioNameForm | None = None,
) -> dict[str, Any]:
    balances = cash_balances([portfolio])
    in_each = cash_of([portfolio], balances)[portfolio.id]
    own = balances.get((portfolio.id, portfolio.currency))
    has_accrued = any(one.accrued for one in in_each)
    forecast = declared_dividends(portfolio, at=at) if has_accrued else []
    return tab_context(portfolio, "cash") | {
        # A portfolio that never had cash has no row yet, and all of it is zero.
        "cash": own or LedgerBalance(portfolio=portfolio, currency=portfolio.currency),
        "in_each": in_each,
        "in_all": in_all(in_each),
        "has_accrued": has_accrued,
        "accrued": accrued_in_all(in_each),
        "claims": [one for one in forecast if one.is_accrued],
        "explains": ExplainLinks.of(portfolio),
        "move_form": move_form or CashMoveForm(initial={"reference": new_id()}),
        "name_form": name_form or PortfolioNameForm(initial={"name": portfolio.name}),
    }
