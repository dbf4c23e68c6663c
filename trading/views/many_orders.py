"""Buttons of pages that act on several orders or on a whole position; each asks first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from accounts.http import InvestorRequest
from accounts.policies import signed_in
from accounts.roles import Role
from market.instruments.shown import instrument_or_404
from market.models import Instrument
from market.values import plain
from portfolio.views.portfolios import find_portfolio
from trading.changing import cancellation, closing
from trading.errors import OrderDenied, TooManyOpenOrders
from trading.models import PositionClosing
from trading.order_entry.stops import OrderEntryStopped

SHOWN: Final = 20
SHOWN_FOR: Final = timedelta(days=1)


@signed_in
@require_POST
def cancel_all(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    portfolio = find_portfolio(request, portfolio_id)
    asked = cancellation.cancel_orders(
        portfolio_id=portfolio.id, requested_at=timezone.now(), actor_id=request.user.id
    )
    count = len(asked)
    if count:
        orders = "1 order is" if count == 1 else f"{count} orders are"
        messages.success(request, f"{orders} being cancelled: {_named(asked)}.")
    else:
        messages.info(request, "No order works.")
    return _answer(request)


def _named(asked: Sequence[cancellation.Asked]) -> str:
    """Each order that ends, in words; of many the first."""
    orders = [one.order for one in asked[:SHOWN]]
    ids = {order.instrument_id for order in orders}
    symbols = dict(Instrument.objects.filter(id__in=ids).values_list("id", "symbol"))
    words = [
        f"{order.side} {plain(order.remaining_quantity)} {symbols[order.instrument_id]}"
        for order in orders
    ]
    if len(asked) > SHOWN:
        words.append(f"{len(asked) - SHOWN} more")
    return ", ".join(words)


@signed_in
@require_POST
def close(request: InvestorRequest, portfolio_id: UUID, address: str) -> HttpResponse:
    portfolio = find_portfolio(request, portfolio_id)
    instrument = instrument_or_404(address)
    try:
        closure = closing.close_position(
            portfolio_id=portfolio.id,
            instrument=instrument,
            closed_at=timezone.now(),
            actor_id=request.user.id,
        )
    except OrderDenied as error:
        messages.warning(request, " ".join(problem.message for problem in error.problems))
    except (TooManyOpenOrders, OrderEntryStopped) as error:
        messages.warning(request, str(error))
    else:
        _tell(request, closure)
    return _answer(request)


@signed_in
@require_POST
def close_all(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    portfolio = find_portfolio(request, portfolio_id)
    try:
        closures = closing.close_positions(
            portfolio_id=portfolio.id, closed_at=timezone.now(), actor_id=request.user.id
        )
    except OrderEntryStopped as error:
        messages.warning(request, str(error))
        return _answer(request)
    for closure in closures:
        _tell(request, closure)
    if not closures:
        messages.info(request, "Nothing is held.")
    return _answer(request)


@signed_in
@require_GET
def closings(request: InvestorRequest) -> HttpResponse:
    """Positions that wait to be sold, and those whose sale was refused of late."""
    lately = timezone.now() - SHOWN_FOR
    owned = PositionClosing.objects.for_user(request.user, Role.VIEWER).filter(
        Q(done_at=None) | Q(order=None, done_at__gte=lately)
    )
    shown = list(owned.select_related("instrument").order_by("-requested_at", "-id")[:SHOWN])
    return TemplateResponse(request, "trading/_closings.html", {"closings": shown})


def _tell(request: InvestorRequest, closure: closing.Closure) -> None:
    symbol = closure.instrument.symbol
    if closure.is_pending:
        messages.success(request, f"{symbol}: it is sold when the orders that hold it have ended.")
        return
    if closure.order is None:
        words = " ".join(problem.message for problem in closure.problems)
        messages.warning(request, f"{symbol}: {words}")
        return
    left = f" {plain(closure.left)} are left to other orders." if closure.left else ""
    words = f"{symbol}: {plain(closure.order.quantity)} are being sold at the market.{left}"
    messages.success(request, words)


def _answer(request: InvestorRequest) -> HttpResponse:
    if not request.htmx:
        return redirect("trading:orders")
    response = TemplateResponse(request, "components/_messages.html", {})
    response = trigger_client_event(response, "closings-changed")
    return trigger_client_event(response, "orders-changed")
