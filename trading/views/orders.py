"""Pages of orders: the lists, one order, and its cancellation."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from accounts.forms import DownloadForm
from accounts.http import InvestorRequest
from accounts.identifiers import read_id
from accounts.policies import role_wanted, signed_in, takes_ids
from accounts.roles import Role
from accounts.table_answers import table_response
from portfolio.models import Portfolio
from portfolio.models.portfolios import PortfolioKind
from trading import orders as operations
from trading.listing.fill_table import fill_table
from trading.listing.order_lists import order_rows, order_story
from trading.live.page_sockets import heard_of
from trading.models import Fill, Order
from trading.states import Status

ROWS_PER_PAGE: Final = 50


@signed_in
@takes_ids(portfolio="portfolio_id")
@require_GET
def orders(request: InvestorRequest) -> HttpResponse:
    """Working orders, or with ``?status=done`` those that have come to their end."""
    is_done = request.GET.get("status") == "done"
    owned = Order.objects.for_user(request.user, Role.VIEWER).with_read_only(request.user)
    owned = owned.select_related("instrument", "portfolio")
    if portfolio_id := read_id(request.GET.get("portfolio", "")):
        owned = owned.filter(portfolio_id=portfolio_id)
    shown = owned.filter(status__in=Status.terminal()) if is_done else owned.working()
    page = page_of(request, shown.order_by("-submitted_at", "-id"))
    context = {
        "page": page,
        "rows": order_rows(page.object_list),
        "is_done": is_done,
        "working_portfolios": Portfolio.objects.for_user(request.user, Role.EDITOR)
        .filter(id__in=owned.working().values("portfolio_id"))
        .order_by("created_at", "id"),
        **choice_of(request, shows="done" if is_done else "working"),
    }
    template = "trading/_orders.html" if request.htmx else "trading/orders.html"
    return TemplateResponse(request, template, context)


@signed_in
@takes_ids(portfolio="portfolio_id")
@require_GET
def fills(request: InvestorRequest) -> HttpResponse:
    """Every execution, newest first."""
    owned = fills_of(request).select_related("instrument", "portfolio", "settlement")
    if portfolio_id := read_id(request.GET.get("portfolio", "")):
        owned = owned.filter(portfolio_id=portfolio_id)
    context = {
        "page": page_of(request, owned.order_by("-executed_at", "-id")),
        **choice_of(request, shows="fills"),
    }
    template = "trading/_fills.html" if request.htmx else "trading/fills.html"
    return TemplateResponse(request, template, context)


def page_of(request: InvestorRequest, rows: QuerySet[Any]) -> Page[Any]:
    return Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get("page"))


def choice_of(request: InvestorRequest, *, shows: str) -> dict[str, Any]:
    """What the head of these pages needs; ``query`` keeps the choice in links to other pages."""
    chosen = read_id(request.GET.get("portfolio", ""))
    kept = {"status": "done"} if shows == "done" else {}
    if chosen:
        kept["portfolio"] = str(chosen)
    portfolios = list(
        Portfolio.objects.for_user(request.user, Role.VIEWER)
        .filter(kind=PortfolioKind.PAPER)
        .order_by("created_at", "id")
    )
    shown = [one for one in portfolios if chosen in {None, one.id}]
    heard = heard_portfolios(shown)
    return {
        "shows": shows,
        "chosen": chosen,
        "query": urlencode(kept) + "&" if kept else "",
        "portfolios": portfolios,
        "heard": heard,
        "asks_too": len(heard) < len(shown),
    }


def heard_portfolios(shown: list[Portfolio]) -> list[Portfolio]:
    """Those that sockets of a page tell of: as many as it may have, the busy ones first."""
    if len(shown) <= settings.LIMITS.portfolio_sockets_per_page:
        return shown
    working = Order.objects.working().filter(portfolio__in=shown)
    busy = set(working.order_by().values_list("portfolio_id", flat=True).distinct())
    return heard_of(shown, is_busy=lambda one: one.id in busy)


@signed_in
@require_GET
def order(request: InvestorRequest, order_id: UUID) -> HttpResponse:
    shown = find_order(request, order_id)
    template = "trading/_order.html" if request.htmx else "trading/order.html"
    context = {"story": order_story(shown), "read_only": shown.read_only}
    return TemplateResponse(request, template, context)


@signed_in
@require_GET
def fills_file(request: InvestorRequest) -> HttpResponseBase:
    """Every fill of the user's portfolios."""
    form = DownloadForm(request.GET)
    if not form.is_valid():
        return HttpResponse(DownloadForm.WORDS, status=422)
    return table_response(fill_table(fills_of(request)), form.form())


def fills_of(request: InvestorRequest) -> QuerySet[Fill]:
    seen = Portfolio.objects.for_user(request.user, Role.VIEWER)
    return Fill.objects.filter(portfolio__in=seen)


@signed_in
@require_GET
def order_state(request: InvestorRequest, order_id: UUID) -> HttpResponse:
    """One line about an order just placed, fetched again whenever orders change."""
    shown = find_order(request, order_id)
    return TemplateResponse(request, "trading/_order_state.html", {"order": shown})


@signed_in
@require_POST
def cancel(request: InvestorRequest, order_id: UUID) -> HttpResponse:
    shown = find_order(request, order_id)
    try:
        operations.cancel_order(
            order_id=shown.id, requested_at=timezone.now(), actor_id=request.user.id
        )
    except operations.OrderFinished as error:
        messages.warning(request, f"Nothing to cancel: the order is {error.status}.")
    else:
        messages.success(request, "The order is being cancelled; its hold is released with it.")
    if not request.htmx:
        return redirect("trading:order", order_id=shown.id)
    response = TemplateResponse(request, "components/_messages.html", {})
    return trigger_client_event(response, "orders-changed")


def find_order(request: InvestorRequest, order_id: UUID) -> Any:
    """The order of that id, with whether it is ``read_only``.

    Raises:
        Http404: there is none that the user may see.
        PermissionDenied: he may see it, and not do this.
    """
    visible = Order.objects.for_user(request.user, Role.VIEWER).with_read_only(request.user)
    found: Any = get_object_or_404(visible.select_related("instrument", "portfolio"), id=order_id)
    if found.read_only and role_wanted(request) is not Role.VIEWER:
        raise PermissionDenied("You may look at this portfolio, and not trade in it.")
    return found
