"""Pages of an instrument's dividends and splits; staff record, correct and cancel them there."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.errors import ProblemsError
from accounts.http import InvestorRequest
from accounts.policies import signed_in, staff_only
from market.action_forms import ActionForm, initial_of
from market.corporate_actions import actions
from market.instruments.short_addresses import shortest_addresses
from market.instruments.shown import instrument_or_404
from market.models import CorporateAction, Instrument

SOURCE: Final = "staff"
SHOWN_MAXIMUM: Final = 100


@signed_in
@require_GET
def corporate_actions(request: InvestorRequest, address: str) -> HttpResponse:
    return _page(request, instrument_or_404(address))


@staff_only
@require_POST
def record(request: InvestorRequest, address: str) -> HttpResponse:
    instrument = instrument_or_404(address)
    form = ActionForm(request.POST)
    if form.is_valid():
        try:
            actions.record_action(
                instrument=instrument,
                facts=form.to_facts(currency=instrument.currency),
                source=SOURCE,
                recorded_at=timezone.now(),
            )
        except ProblemsError as error:
            form.add_problems(error.problems)
        except actions.ActionExists as error:
            form.add_error("ex_date", str(error))
    if form.errors:
        return _page(request, instrument, form=form, status=422)
    messages.success(request, "Recorded.")
    return redirect("market:corporate_actions", address=_address(instrument))


@staff_only
@require_http_methods(["GET", "POST"])
def correct(request: InvestorRequest, action_id: UUID) -> HttpResponse:
    found = CorporateAction.objects.select_related("instrument__exchange")
    action = get_object_or_404(found, id=action_id)
    initial = initial_of(actions.facts_of(action))
    form = ActionForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        facts = form.to_facts(currency=action.instrument.currency)
        try:
            actions.correct_action(action.id, changes=asdict(facts), corrected_at=timezone.now())
        except (ProblemsError, actions.ActionExists, actions.ActionCancelled) as error:
            form.add_refusal(error)
        else:
            messages.success(request, "Corrected; the former version is kept.")
            return redirect("market:corporate_actions", address=_address(action.instrument))
    return TemplateResponse(
        request,
        "market/corporate_action.html",
        {"form": form, "action": action, "address": _address(action.instrument)},
        status=422 if form.errors else 200,
    )


@staff_only
@require_POST
def cancel(request: InvestorRequest, action_id: UUID) -> HttpResponse:
    try:
        action = actions.cancel_action(action_id, cancelled_at=timezone.now())
    except actions.UnknownAction as error:
        raise Http404(str(error)) from error
    messages.success(request, "Cancelled.")
    return redirect("market:corporate_actions", address=_address(action.instrument))


def _page(
    request: InvestorRequest,
    instrument: Instrument,
    *,
    form: ActionForm | None = None,
    status: int = 200,
) -> HttpResponse:
    rows = CorporateAction.objects.filter(instrument=instrument).order_by("-ex_date", "id")
    if not request.user.is_staff:
        rows = rows.standing()
    context: dict[str, Any] = {
        "instrument": instrument,
        "address": _address(instrument),
        "actions": list(rows[:SHOWN_MAXIMUM]),
    }
    if request.user.is_staff:
        context["form"] = form or ActionForm(initial={"currency": instrument.currency})
    return TemplateResponse(request, "market/corporate_actions.html", context, status=status)


def _address(instrument: Instrument) -> str:
    return shortest_addresses([instrument])[instrument.id]
