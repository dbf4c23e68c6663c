"""The history of one position of a portfolio."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.http import InvestorRequest
from accounts.policies import signed_in
from market.errors import AmbiguousSymbol, UnknownSymbol
from market.queries import instrument_by_address
from portfolio.activities import request_valuations
from portfolio.position_days.history import position_history
from portfolio.valuations.ranges import RANGES_OF_DAYS, find_range
from portfolio.views.explain_links import ExplainLinks
from portfolio.views.home import Choice
from portfolio.views.portfolios import find_portfolio, tab_context


@signed_in
@require_GET
def position(request: InvestorRequest, portfolio_id: UUID, address: str) -> HttpResponse:
    """Days that are being valued anew are shown as they were, and have themselves valued."""
    portfolio = find_portfolio(request, portfolio_id)
    try:
        instrument = instrument_by_address(address)
    except (AmbiguousSymbol, UnknownSymbol) as error:
        raise Http404(str(error)) from error
    choice = find_range(request.GET.get("range"), among=RANGES_OF_DAYS)
    history = position_history(portfolio, instrument, choice, at=timezone.now())
    if not history.is_known and choice is RANGES_OF_DAYS[-1]:
        raise Http404("The portfolio never held it.")
    if history.stale_from is not None:
        transaction.on_commit(partial(request_valuations, portfolio.id), robust=True)
    context = tab_context(portfolio, "positions")
    context |= {
        "instrument": instrument,
        "history": history,
        "explains": ExplainLinks.of(portfolio, symbol=address),
        "explains_days": ExplainLinks.of(portfolio, symbol=address, range=choice.key),
        "range": choice,
        "range_choices": [
            Choice(one.label, f"?range={one.key}", one is choice) for one in RANGES_OF_DAYS
        ],
    }
    return TemplateResponse(request, "portfolio/position.html", context)
