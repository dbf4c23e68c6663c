"""The page on which the owner of a paper portfolio lets it begin anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.fragments import for_htmx
from accounts.policies import owners_only, signed_in
from accounts.problem_forms import ProblemForm
from portfolio.errors import PortfolioRefused
from portfolio.forms import DEFAULT_CASH, MONEY_INPUT
from portfolio.models import Portfolio, PortfolioKind
from portfolio.portfolios import CASH_MAXIMUM
from portfolio.views.portfolios import find_portfolio, tab_context
from trading.resets.requests import ResetPending, latest_reset, request_reset

if TYPE_CHECKING:
    from accounts.http import InvestorRequest

ASKED: Final = "The portfolio is being reset; it begins anew when its orders have ended."


class ResetForm(ProblemForm):
    starting_cash = forms.DecimalField(
        min_value=0,
        max_value=CASH_MAXIMUM,
        decimal_places=2,
        initial=DEFAULT_CASH,
        widget=forms.TextInput(attrs=MONEY_INPUT),
    )
    name = forms.CharField(
        label="Name of the portfolio",
        help_text="Typed once more, so that nothing is lost by a slip.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, portfolio: Portfolio, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.portfolio = portfolio

    def clean_name(self) -> str:
        typed = str(self.cleaned_data["name"])
        if typed != self.portfolio.name:
            raise forms.ValidationError("That is not the name of this portfolio.")
        return typed


@signed_in
@owners_only
@require_http_methods(["GET", "POST"])
@for_htmx({"reset-state": "trading/_reset_state.html"})
def reset_page(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    """Say what a reset does and where one stands; a post with the portfolio's name asks for it."""
    portfolio = find_portfolio(request, portfolio_id)
    if portfolio.kind != PortfolioKind.PAPER:
        raise Http404
    answer: HttpResponse = show_or_ask(request, portfolio)
    return answer


# Within the page, so that it tells nobody but the owner that there is something to sign in for.
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
def show_or_ask(request: InvestorRequest, portfolio: Portfolio) -> HttpResponse:
    form = ResetForm(request.POST or None, portfolio=portfolio)
    if request.method == "POST" and form.is_valid():
        try:
            request_reset(
                portfolio=portfolio,
                starting_cash=form.cleaned_data["starting_cash"],
                requested_at=timezone.now(),
                actor_id=request.user.id,
            )
        except (PortfolioRefused, ResetPending) as error:
            form.add_refusal(error)
        else:
            messages.success(request, ASKED)
            return redirect("trading:reset", portfolio.id)
    context = tab_context(portfolio, "cash") | {
        "form": form,
        "reset": latest_reset(portfolio),
        "working": portfolio.orders.working().count(),
    }
    status = 422 if form.errors else 200
    return TemplateResponse(request, "trading/reset.html", context, status=status)
