"""The form that changes a working order: in a dialog, or on a page of its own."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django_htmx.http import reswap, retarget, trigger_client_event

from accounts.http import InvestorRequest
from accounts.policies import for_role, signed_in
from accounts.roles import Role
from trading.changing import replacement
from trading.errors import DuplicateClientOrderId, OrderDenied, OrderFinished
from trading.models import Order
from trading.order_entry.stops import OrderEntryStopped
from trading.replace_forms import ReplaceForm
from trading.views.orders import find_order


@signed_in
@for_role(Role.EDITOR)
@require_http_methods(["GET", "POST"])
def replace(request: InvestorRequest, order_id: UUID) -> HttpResponse:
    order = find_order(request, order_id)
    form = ReplaceForm(order, wanted=request.GET.dict())
    if request.method == "POST":
        form = ReplaceForm(order, request.POST)
        if form.is_valid() and (new := _replace(request, order, form)):
            return _replaced(request, new)
    template = "trading/_replace_form.html" if request.htmx else "trading/replace.html"
    status = 422 if form.is_bound else 200
    return TemplateResponse(request, template, {"order": order, "form": form}, status=status)


def _replace(request: InvestorRequest, order: Order, form: ReplaceForm) -> Order | None:
    """The order that is to take over; None where the form now says what is wrong."""
    try:
        return replacement.replace_order(
            order_id=order.id,
            changes=form.to_changes(),
            requested_at=timezone.now(),
            actor_id=request.user.id,
        )
    except OrderDenied as error:
        form.add_problems(error.problems)
    except OrderFinished as error:
        form.add_error(None, f"Nothing to change: the order is {error.status}.")
    except (replacement.OrderBusy, DuplicateClientOrderId, OrderEntryStopped) as error:
        form.add_error(None, str(error))
    return None


def _replaced(request: InvestorRequest, new: Order) -> HttpResponse:
    messages.success(request, "The order is being changed; the old one works until that is done.")
    if not request.htmx:
        return redirect("trading:order", order_id=new.id)
    response = TemplateResponse(request, "components/_messages.html", {})
    response = reswap(retarget(response, "#messages"), "outerHTML")
    trigger_client_event(response, "form-done")
    return trigger_client_event(response, "orders-changed")
