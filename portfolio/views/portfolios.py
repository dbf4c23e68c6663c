"""A user's portfolios: the list, one in detail, opening, naming, closing, and cash in and out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from accounts.errors import AllowanceExceeded, ProblemsError
from accounts.fragments import for_htmx
from accounts.http import InvestorRequest
from accounts.page_lists import read_page
from accounts.policies import role_wanted, signed_in, takes_ids
from accounts.refusals import with_way_on
from accounts.roles import Role, RoleMissing
from market.instruments.shown import instrument_or_404
from portfolio import portfolios
from portfolio.errors import PortfolioNotFound
from portfolio.forms import BookingForm, PortfolioForm
from portfolio.models import Portfolio
from portfolio.valuations.lot_rows import LOT_ORDER, find_lots, lot_rows
from portfolio.views.explain_links import ExplainLinks
from portfolio.views.figures import Figure, summary_figures
from portfolio.views.home import Choice, portfolio_context, status_of, visible_portfolios

TABS: Final = {
    "positions": "Positions",
    "performance": "Performance",
    "allocation": "Allocation",
    "income": "Income",
    "realised": "Realised",
    "lots": "Lots",
    "activities": "Activities",
    "journal": "Journal",
    "cash": "Cash",
    "xray": "X-ray",
    "health": "Health",
    "sharing": "Sharing",
}


@dataclass(frozen=True, slots=True)
class PortfolioLine:
    portfolio: Portfolio
    figures: dict[str, Figure]


@signed_in
@require_http_methods(["GET", "POST"])
def portfolio_list(request: InvestorRequest) -> HttpResponse:
    """List the user's portfolios; a post opens one."""
    form = PortfolioForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            opened = portfolios.open_portfolio(
                owner=request.user, opened_at=timezone.now(), **form.cleaned_data
            )
        except ProblemsError as error:
            form.add_problems(error.problems)
        except AllowanceExceeded as error:
            form.add_error(None, with_way_on(error))
        else:
            return redirect("portfolio:detail", opened.id)
    rows = [
        PortfolioLine(one, summary_figures(portfolios.summary(one), one.currency))
        for one in visible_portfolios(request.user)
    ]
    shown_form = form if form.is_bound else PortfolioForm()
    status = 422 if form.errors else 200
    context = {"rows": rows, "form": shown_form}
    return TemplateResponse(request, "portfolio/list.html", context, status=status)


@signed_in
@takes_ids(benchmark_portfolio_id="benchmark_portfolio_id", benchmark_index_id="benchmark_index_id")
@require_GET
@for_htmx({"worth": "portfolio/_worth.html", "positions": "portfolio/_positions.html"})
def positions(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    portfolio = find_portfolio(request, portfolio_id)
    href = reverse("portfolio:detail", args=[portfolio.id])
    context = tab_context(portfolio, "positions")
    context |= portfolio_context(request, portfolio, href)
    status = status_of(context)
    return TemplateResponse(request, "portfolio/positions.html", context, status=status)


@signed_in
@require_GET
def lots(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    """Open lots or closed ones, of all instruments or of the one that the address names."""
    portfolio = find_portfolio(request, portfolio_id)
    shows_closed = request.GET.get("status") == "closed"
    address = request.GET.get("symbol", "")
    instrument = instrument_or_404(address) if address else None
    instrument_id = None if instrument is None else instrument.id
    found = find_lots(portfolio, instrument_id=instrument_id, is_open=not shows_closed)
    filters = {"portfolio": str(portfolio.id), "closed": shows_closed, "symbol": address}
    page, older = read_page(request, found, name="lots", filters=filters, order=LOT_ORDER)
    context = tab_context(portfolio, "lots") | {
        "lots": lot_rows(page.items),
        "instrument": instrument,
        "explains": ExplainLinks.of(portfolio, lot_id=""),
        "older_href": older,
        "shows_closed": shows_closed,
        "method_form": BookingForm.of(portfolio),
        "status_choices": _lot_choices(address, shows_closed=shows_closed),
    }
    return TemplateResponse(request, "portfolio/lots.html", context)


def _lot_choices(address: str, *, shows_closed: bool) -> list[Choice]:
    of_one = f"&{urlencode({'symbol': address})}" if address else ""
    return [
        Choice("Open", f"?status=open{of_one}", is_current=not shows_closed),
        Choice("Closed", f"?status=closed{of_one}", is_current=shows_closed),
    ]


def find_portfolio(request: InvestorRequest, portfolio_id: UUID) -> Portfolio:
    """The portfolio of that id, where the user has the role that the page needs.

    Raises:
        Http404: there is none that he may see; a stranger's does not exist.
        PermissionDenied: he may see it, and not do this.
    """
    try:
        return portfolios.find_portfolio(portfolio_id, request.user, role_wanted(request))
    except PortfolioNotFound as error:
        raise Http404 from error
    except RoleMissing as error:
        raise PermissionDenied(str(error)) from error


def tab_context(portfolio: Portfolio, current: str) -> dict[str, Any]:
    """What every tab of a portfolio shows around its own content."""
    tabs = [
        Choice(label, reverse(f"portfolio:{name}", args=[portfolio.id]), name == current)
        for name, label in TABS.items()
    ]
    # Pages show what changes something to those who may.
    role = Role(getattr(portfolio, "role", Role.VIEWER))
    return {
        "portfolio": portfolio,
        "tabs": tabs,
        "may_edit": role.includes(Role.EDITOR),
        "is_own": role is Role.OWNER,
    }
