"""The order ticket, beside the chart or on a page of its own: its estimate, and its review."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from accounts.errors import AllowanceExceeded, Problem
from accounts.http import InvestorRequest
from accounts.policies import for_role, signed_in, takes_ids
from accounts.roles import Role
from market.instruments.shown import instrument_or_404
from market.models import Instrument
from portfolio.models import Portfolio
from portfolio.models.portfolios import PortfolioKind, PortfolioQuerySet
from portfolio.queries import position_rows
from portfolio.valuations.held_lots import held_lots
from portfolio.views.portfolios import find_portfolio
from trading import orders
from trading.forms import OrderTicketForm
from trading.models import Order
from trading.views import review_choice

# Of a position, beside the chart; the lots' own page has them all.
LOTS_SHOWN: Final = 5


@signed_in
@takes_ids(portfolio="portfolio_id")
@require_GET
def desk(request: InvestorRequest, address: str) -> HttpResponse:
    """One instrument for one paper portfolio: the ticket, the position, the working orders."""
    instrument = instrument_or_404(address)
    owned = _paper_portfolios(request)
    wanted = request.GET.get("portfolio", "")
    portfolio = next((one for one in owned if str(one.id) == wanted), owned.first())
    context: dict[str, Any] = {"instrument": instrument, "address": address}
    if portfolio is not None:
        given = {name: request.GET.get(name, "") for name in ("side", "type", "limit_price")}
        form = OrderTicketForm.blank(**given)
        context |= _ticket_context(request, portfolio, instrument, form)
        context |= _holding_context(request, portfolio, instrument) | {"portfolios": owned}
    template = "trading/_desk.html" if request.htmx else "trading/desk.html"
    return TemplateResponse(request, template, context)


@signed_in
@for_role(Role.EDITOR)
@require_GET
def holding(request: InvestorRequest, portfolio_id: UUID, address: str) -> HttpResponse:
    """What the portfolio has of the instrument, and what it has ordered."""
    portfolio = _find_paper(request, portfolio_id)
    context = _holding_context(request, portfolio, instrument_or_404(address))
    return TemplateResponse(request, "trading/_holding.html", context | {"address": address})


@signed_in
@for_role(Role.EDITOR)
@takes_ids(instrument="address")
@require_http_methods(["GET", "POST"])
def ticket(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    portfolio = _find_paper(request, portfolio_id)
    given = request.POST if request.method == "POST" else request.GET
    instrument = instrument_or_404(given.get("instrument", ""))
    if request.method == "POST":
        response = _sent(request, portfolio, instrument)
        review_choice.keep_choice(request, response)
        return response
    form = OrderTicketForm.blank(side=given.get("side", ""), type=given.get("type", ""))
    return _shown(request, _ticket_context(request, portfolio, instrument, form))


@signed_in
@for_role(Role.EDITOR)
@takes_ids(instrument="address")
@require_GET
def estimate(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    """What the ticket would cost now, and every problem at its field."""
    portfolio = _find_paper(request, portfolio_id)
    instrument = instrument_or_404(request.GET.get("instrument", ""))
    form = OrderTicketForm(request.GET)
    context = _ticket_context(request, portfolio, instrument, form)
    name = "_review_words" if review_choice.REVIEWED in request.GET else "_estimate"
    return TemplateResponse(request, f"trading/{name}.html", context | {"is_answer": True})


def _sent(request: InvestorRequest, portfolio: Portfolio, instrument: Instrument) -> HttpResponse:
    """Show for review what was filled in; place it once that is confirmed, or not asked for."""
    form = OrderTicketForm(request.POST)
    if review_choice.CHANGE in request.POST:
        return _shown(request, _ticket_context(request, portfolio, instrument, form))
    is_final = not review_choice.is_ticket(request) or review_choice.skips_review(request)
    order = _place(request, portfolio, instrument, form) if is_final else None
    if order is not None:
        return _placed(request, portfolio, instrument, order)
    context = _ticket_context(request, portfolio, instrument, form, is_draft=False)
    if form.errors or is_final:
        return _shown(request, context, status=422)
    return _shown(request, context, part="review")


def _shown(
    request: InvestorRequest, context: dict[str, Any], *, part: str = "ticket", status: int = 200
) -> HttpResponse:
    """The ticket or its review: alone where HTMX asks, else on a page of its own."""
    context["part"] = f"trading/_{part}.html"
    template = context["part"] if request.htmx else "trading/ticket.html"
    return TemplateResponse(request, template, context, status=status)


def _place(
    request: InvestorRequest, portfolio: Portfolio, instrument: Instrument, form: OrderTicketForm
) -> Order | None:
    """The order placed; None where the form now says what is wrong."""
    if not form.is_valid():
        return None
    try:
        return orders.place_order(
            portfolio_id=portfolio.id,
            ticket=form.to_ticket(instrument.id),
            placed_at=timezone.now(),
            actor_id=request.user.id,
        )
    except orders.OrderDenied as error:
        form.add_problems(error.problems)
    except AllowanceExceeded as error:
        form.add_problems([Problem("", error.code, str(error))])
    except (orders.DuplicateClientOrderId, orders.OrderEntryStopped) as error:
        form.add_error(None, str(error))
    return None


def _placed(
    request: InvestorRequest, portfolio: Portfolio, instrument: Instrument, order: Order
) -> HttpResponse:
    if not request.htmx:
        messages.success(request, "The order is placed.")
        return redirect("trading:order", order_id=order.id)
    form = OrderTicketForm.blank(
        side=order.side, type=order.type, time_in_force=order.time_in_force
    )
    context = _ticket_context(request, portfolio, instrument, form) | {"placed": order}
    response = TemplateResponse(request, "trading/_ticket.html", context)
    # Told once the answer is on the page, so that its line about the order hears it as well: the
    # fill may have been announced before this answer arrived.
    return trigger_client_event(response, "orders-changed", after="settle")


def _ticket_context(
    request: InvestorRequest,
    portfolio: Portfolio,
    instrument: Instrument,
    form: OrderTicketForm,
    *,
    is_draft: bool = True,
) -> dict[str, Any]:
    """The ticket with its estimate, and with every problem at its field."""
    form.offer_times_of(instrument.exchange_id)
    asked = form.to_ticket(instrument.id)
    estimated = orders.estimate_order(portfolio_id=portfolio.id, ticket=asked, at=timezone.now())
    form.add_problems(estimated.problems, is_draft=is_draft)
    return {
        "form": form,
        "asked": asked,
        "estimate": estimated,
        "portfolio": portfolio,
        "instrument": instrument,
        "skips_review": review_choice.skips_review(request),
    }


def _holding_context(
    request: InvestorRequest, portfolio: Portfolio, instrument: Instrument
) -> dict[str, Any]:
    rows = position_rows(portfolio)
    position = next((row for row in rows if row.instrument_id == instrument.id), None)
    working = Order.objects.for_user(request.user, Role.EDITOR).working()
    return {
        "portfolio": portfolio,
        "instrument": instrument,
        "position": position,
        "lots": position and held_lots(portfolio, position, at_most=LOTS_SHOWN),
        "orders": working.filter(portfolio=portfolio, instrument=instrument)
        .select_related("instrument", "portfolio")
        .order_by("-submitted_at", "-id"),
    }


def _find_paper(request: InvestorRequest, portfolio_id: UUID) -> Portfolio:
    portfolio = find_portfolio(request, portfolio_id)
    if portfolio.kind != PortfolioKind.PAPER:
        raise Http404("Only paper portfolios trade here.")
    return portfolio


def _paper_portfolios(request: InvestorRequest) -> PortfolioQuerySet:
    """Those in which the user may trade, his own first."""
    owned = Portfolio.objects.for_user(request.user, Role.EDITOR)
    return owned.filter(kind=PortfolioKind.PAPER).own_first(request.user)
