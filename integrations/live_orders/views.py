"""The pages of orders with real money, and the one on which a connection is armed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.errors import HoldfastError
from accounts.fragments import for_htmx
from accounts.page_lists import read_page
from accounts.policies import signed_in
from accounts.problem_forms import ProblemForm
from integrations.brokers.adapters import catalogue
from integrations.connections import arming
from integrations.connections.views import find
from integrations.live_orders.cancelling import cancel_live_order
from integrations.live_orders.forms import ArmingForm, LiveChangeForm, LiveTicketForm, blank_ticket
from integrations.live_orders.placing import place_live_order
from integrations.live_orders.replacing import replace_live_order
from integrations.models import Connection, LiveOrder
from trading.live.page_sockets import heard_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from accounts.http import InvestorRequest


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def arming_page(request: InvestorRequest, connection_id: UUID) -> HttpResponse:
    """Say what arming means, and arm."""
    connection = find(request, connection_id)
    if not catalogue()[connection.broker].capabilities.trades:
        raise Http404
    answer: HttpResponse = show_or_arm(request, connection)
    return answer


# Within the page, so that it tells nobody but the owner that there is something to sign in for.
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
def show_or_arm(request: InvestorRequest, connection: Connection) -> HttpResponse:
    form = ArmingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            arming.arm_connection(
                owner=request.user,
                connection_id=connection.id,
                terms=form.to_terms(),
                armed_at=timezone.now(),
            )
        except HoldfastError as error:
            form.add_refusal(error)
        else:
            messages.success(request, f"{connection.name} is armed: orders reach the broker.")
            return redirect("integrations:connection", connection.id)
    context = {
        "connection": connection,
        "adapter": catalogue()[connection.broker],
        "arming": arming.standing_arming(connection),
        "hindrance": arming.find_hindrance(request.user),
        "form": form,
    }
    status = 422 if form.errors else 200
    return TemplateResponse(request, "integrations/arming.html", context, status=status)


@signed_in
@require_POST
def disarm(request: InvestorRequest, connection_id: UUID) -> HttpResponse:
    connection = find(request, connection_id)
    arming.disarm_connection(
        owner=request.user, connection_id=connection.id, disarmed_at=timezone.now()
    )
    messages.success(request, f"{connection.name} is disarmed: no order leaves through it.")
    return redirect("integrations:connection", connection.id)


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def ticket_page(request: InvestorRequest, connection_id: UUID) -> HttpResponse:
    """A ticket for real money, where the connection is armed."""
    connection = find(request, connection_id)
    adapter = catalogue()[connection.broker]
    form = blank_ticket(adapter, symbol=request.GET.get("symbol", ""))
    if request.method == "POST":
        form = LiveTicketForm(request.POST, adapter=adapter)
        if form.is_valid() and (placed := place(request, connection, form)):
            return redirect("integrations:live_order", placed.id)
    context = {
        "connection": connection,
        "adapter": adapter,
        "arming": arming.standing_arming(connection),
        "form": form,
    }
    status = 422 if form.errors else 200
    return TemplateResponse(request, "integrations/live_ticket.html", context, status=status)


def place(
    request: InvestorRequest, connection: Connection, form: LiveTicketForm
) -> LiveOrder | None:
    """The order; ``None`` where the form says what is wrong."""
    return attempt(
        form,
        lambda: place_live_order(
            owner=request.user,
            connection_id=connection.id,
            ticket=form.to_ticket(),
            placed_at=timezone.now(),
        ),
    )


def attempt(form: ProblemForm, make: Callable[[], LiveOrder]) -> LiveOrder | None:
    """What it makes; ``None`` where the form now says what is wrong."""
    try:
        return make()
    except HoldfastError as error:
        form.add_refusal(error)
    return None


@signed_in
@never_cache
@require_GET
@for_htmx({"live-orders": "integrations/_live_orders.html"})
def orders_page(request: InvestorRequest) -> HttpResponse:
    """Every order with real money, those of unknown outcome first of all."""
    own = LiveOrder.objects.for_user(request.user).select_related("instrument")
    own = own.with_replaced_by()
    page, older = read_page(
        request, own, name="live orders", filters={}, order=["-placed_at", "-id"]
    )
    armed = list(
        Connection.objects.for_user(request.user)
        .filter(armings__disarmed_at=None, armings__isnull=False)
        .order_by("name", "id")
    )
    moving = set(own.working().order_by().values_list("portfolio_id", flat=True).distinct())
    context = {
        "found": page.items,
        "older_href": older,
        "unsure": list(own.unsure().order_by("placed_at", "id")),
        "is_moving": bool(moving),
        "armed": armed,
        # Where something may happen while one looks.
        "portfolio_ids": heard_portfolios(moving, armed),
    }
    return TemplateResponse(request, "integrations/live_orders.html", context)


def heard_portfolios(moving: set[UUID], armed: Iterable[Connection]) -> list[UUID]:
    """Those of which sockets tell on the page; first where an order works already."""
    shown = moving | {connection.portfolio_id for connection in armed}
    return heard_of(sorted(shown), is_busy=lambda one: one in moving)


def find_order(request: InvestorRequest, live_order_id: UUID) -> LiveOrder:
    own = LiveOrder.objects.for_user(request.user).with_replaced_by()
    return get_object_or_404(own.select_related("instrument", "replaces"), id=live_order_id)


@signed_in
@never_cache
@require_GET
@for_htmx({"live-order": "integrations/_live_order.html"})
def order_page(request: InvestorRequest, live_order_id: UUID) -> HttpResponse:
    order = find_order(request, live_order_id)
    adapter = catalogue()[order.broker]
    replacements = list(order.replacements.select_related("instrument").order_by("id"))
    is_being_replaced = any(one.is_working for one in replacements)
    can_replace = adapter.capabilities.replaces_orders and not is_being_replaced
    context = {
        "order": order,
        "events": order.events.order_by("id"),
        "title": adapter.title,
        "replacements": replacements,
        "may_be_replaced": can_replace and order.may_be_replaced,
    }
    return TemplateResponse(request, "integrations/live_order.html", context)


@signed_in
@require_POST
def cancel(request: InvestorRequest, live_order_id: UUID) -> HttpResponse:
    order = find_order(request, live_order_id)
    try:
        cancel_live_order(owner=request.user, order_id=order.id, asked_at=timezone.now())
    except HoldfastError as error:
        messages.error(request, str(error))
    return redirect("integrations:live_order", order.id)


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def replacement_page(request: InvestorRequest, live_order_id: UUID) -> HttpResponse:
    """What of an order at the broker is to change."""
    order = find_order(request, live_order_id)
    adapter = catalogue()[order.broker]
    form = LiveChangeForm(order, request.POST or None, adapter=adapter)
    if form.is_bound and form.is_valid() and (new := replace(request, order, form)):
        return redirect("integrations:live_order", new.id)
    context = {"order": order, "adapter": adapter, "form": form}
    status = 422 if form.errors else 200
    return TemplateResponse(request, "integrations/live_replacement.html", context, status=status)


def replace(request: InvestorRequest, order: LiveOrder, form: LiveChangeForm) -> LiveOrder | None:
    """The order that is to take over; ``None`` where the form says what is wrong."""
    return attempt(
        form,
        lambda: replace_live_order(
            owner=request.user,
            order_id=order.id,
            changes=form.to_changes(),
            replaced_at=timezone.now(),
        ),
    )
