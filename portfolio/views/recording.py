"""Recording what happened, setting it right, undoing it, and how it is booked."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import ProblemsError
from accounts.fragments import for_htmx
from accounts.http import InvestorRequest
from accounts.policies import for_role, owners_only, signed_in
from accounts.roles import Role
from portfolio.activities import record_activity
from portfolio.bookkeeping.entries import EntryKind
from portfolio.errors import EntryConflict, NotReversible, ShortBalance
from portfolio.forms import BookingForm
from portfolio.models import JournalEntry, Portfolio
from portfolio.recording.activity_forms import ActivityForm, blank, correction_of
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.recording.booking_ways import change_booking
from portfolio.recording.lot_choices import (
    ASKED,
    LotsForm,
    lots_brought,
    lots_kept,
    lots_of_sale,
    may_name_lots,
    offered_lots,
)
from portfolio.recording.reversals import replace_activity, reverse_entry
from portfolio.views.portfolios import find_portfolio, tab_context

# What a link to the form may fill in.
PREFILLED: Final = ("kind", "occurred_at", "symbol", "quantity", "currency")


@signed_in
@for_role(Role.EDITOR)
@require_http_methods(["GET", "POST"])
@for_htmx({"sale-lots": "portfolio/_sale_lots.html"})
def record(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    """Record an activity; of a paper portfolio money in or out."""
    portfolio = find_portfolio(request, portfolio_id)
    if request.method == "GET":
        form = blank(portfolio, request.user, at=timezone.now())
        asked = {name: request.GET[name] for name in PREFILLED if name in request.GET}
        form.initial = {**form.initial, **asked}
        return shown(request, portfolio, form, LotsForm(offered=()))
    return taken(
        request, portfolio, ActivityForm(request.POST, portfolio=portfolio, user=request.user)
    )


@signed_in
@for_role(Role.EDITOR)
@require_http_methods(["GET", "POST"])
@for_htmx({"sale-lots": "portfolio/_sale_lots.html"})
def correct(request: InvestorRequest, portfolio_id: UUID, activity_id: UUID) -> HttpResponse:
    """Record an activity in the place of another, which is undone."""
    portfolio = find_portfolio(request, portfolio_id)
    entry = find_activity(portfolio, activity_id)
    if request.method == "GET":
        form = correction_of(entry, portfolio, request.user)
        return shown(request, portfolio, form, lots_of_sale(portfolio, entry), entry)
    return taken(
        request,
        portfolio,
        ActivityForm(request.POST, portfolio=portfolio, user=request.user),
        entry,
    )


@signed_in
@require_POST
def reverse_one(request: InvestorRequest, portfolio_id: UUID, activity_id: UUID) -> HttpResponse:
    """Undo an activity; again, it stays undone."""
    portfolio = find_portfolio(request, portfolio_id)
    entry = find_activity(portfolio, activity_id)
    try:
        reverse_entry(portfolio=portfolio, entry_id=entry.id, reversed_at=timezone.now())
    except (NotReversible, ShortBalance) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Undone.")
    is_of_health = request.POST.get("back") == "health"
    return redirect("portfolio:health" if is_of_health else "portfolio:activities", portfolio.id)


@signed_in
@owners_only
@require_POST
def change_method(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    """Choose which lots sales use, and which of the market's actions book themselves."""
    portfolio, form = find_portfolio(request, portfolio_id), BookingForm(request.POST)
    if form.is_valid():
        change_booking(
            portfolio_id=portfolio.id,
            owner=request.user,
            lot_method=form.cleaned_data["lot_method"],
            booked_actions=form.cleaned_data["booked_actions"] or None,
            changed_at=timezone.now(),
        )
        messages.success(request, "Saved. Lots follow from it.")
    else:
        messages.error(request, "There is no such way of booking.")
    return redirect("portfolio:lots", portfolio.id)


def find_activity(portfolio: Portfolio, activity_id: UUID) -> JournalEntry:
    kinds = [kind.value for kind in EntryKind.activities()]
    entries = JournalEntry.objects.filter(portfolio=portfolio, kind__in=kinds)
    found = entries.select_related("instrument", "source_instrument").filter(id=activity_id).first()
    if found is None:
        raise Http404("There is no such activity.")
    return found


def taken(
    request: InvestorRequest,
    portfolio: Portfolio,
    form: ActivityForm,
    replaced: JournalEntry | None = None,
) -> HttpResponse:
    form.is_valid()
    told = form.cleaned_data
    kind, instrument = told.get("kind", ""), told.get("symbol")
    offered = offered_lots(portfolio, kind=kind, instrument=instrument, replaced=replaced)
    lots = LotsForm(request.POST, offered=offered)
    if replaced is not None:
        form.refuse_hidden_side(replaced, portfolio)
    if ASKED in request.POST:
        form.errors.clear()  # it is not sent yet
        filled = LotsForm(offered=offered, filled=request.POST)
        return shown(request, portfolio, form, filled, replaced)
    if lots.is_valid() and form.is_valid():
        draft = form.to_draft(replaced)
        draft = replace(draft, lots=lots.to_lots() or lots_kept(draft, replaced))
        try:
            book(portfolio, draft, replaced)
        except ProblemsError as error:
            form.add_problems(lots.add_lot_problems(error.problems))
        except (NotReversible, EntryConflict, ShortBalance) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Recorded.")
            return redirect("portfolio:activities", portfolio.id)
    return shown(request, portfolio, form, lots, replaced, status=422)


def book(portfolio: Portfolio, draft: ActivityDraft, replaced: JournalEntry | None) -> None:
    now = timezone.now()
    if replaced is None:
        record_activity(portfolio=portfolio, activity=draft, recorded_at=now)
    else:
        replace_activity(portfolio=portfolio, entry_id=replaced.id, activity=draft, recorded_at=now)


def shown(
    request: InvestorRequest,
    portfolio: Portfolio,
    form: ActivityForm,
    lots_form: LotsForm,
    replaced: JournalEntry | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = tab_context(portfolio, "activities")
    context |= {
        "form": form,
        "lots_form": lots_form,
        "may_name_lots": may_name_lots(portfolio),
        "lots_brought": lots_brought(replaced),
        "brought_in": replaced.currency if replaced else "",
    }
    return TemplateResponse(request, "portfolio/activity_form.html", context, status=status)
