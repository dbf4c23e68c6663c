"""Pages of an investor's alerts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from accounts.errors import ProblemsError
from accounts.fragments import for_htmx
from accounts.http import InvestorRequest
from accounts.policies import signed_in, takes_ids
from market import queries
from market.alert_forms import AlertForm, initial_of
from market.alert_rows import alert_rows, row_figures, trigger_rows, unseen_count
from market.alerts import own_alerts
from market.alerts.holdings import holding_source
from market.alerts.kinds import AlertKind, AlertStatus
from market.errors import AmbiguousSymbol, MarketError, UnknownSymbol
from market.models import Alert
from market.models.alerts import AlertQuerySet

HOME_TRIGGERS = 5


@signed_in
@require_http_methods(["GET", "POST"])
@takes_ids(symbol="symbol", portfolio_id="portfolio_id")
@for_htmx({"alerts": "market/_alerts.html", "alert-form": "market/_alert_form.html"})
def alerts(request: InvestorRequest) -> HttpResponse:
    """All alerts and what has fired; posting a condition makes another."""
    if request.method == "POST":
        return _create(request)
    triggers = trigger_rows(request.user)
    if triggers and not request.htmx:
        # Not up to now: what fires meanwhile does not stand on this page.
        own_alerts.mark_seen(owner=request.user, seen_at=triggers[0].trigger.recorded_at)
    context = _listed(request) | {"triggers": triggers}
    return TemplateResponse(request, "market/alerts.html", context)


@signed_in
@require_GET
@takes_ids(symbol="symbol")
@for_htmx({"alert-form": "market/_alert_form.html"})
def new(request: InvestorRequest) -> HttpResponse:
    """The form of a new alert, begun with what the address says."""
    initial = {name: request.GET[name] for name in ("symbol", "kind") if name in request.GET}
    if initial.get("kind") not in {kind.value for kind in AlertKind}:
        initial["kind"] = AlertKind.PRICE_ABOVE.value
    form = AlertForm(initial=initial, portfolios=holding_source().portfolios_of(request.user))
    if "symbol" in initial:
        form.fields["threshold"].widget.attrs["autofocus"] = True
    return TemplateResponse(request, "market/alert.html", {"form": form})


@signed_in
@require_http_methods(["GET", "POST"])
@takes_ids(portfolio_id="portfolio_id")
@for_htmx({"alert-form": "market/_alert_form.html"})
def alert(request: InvestorRequest, alert_id: UUID) -> HttpResponse:
    """One alert: its terms, to be changed, and what it did."""
    shown = get_object_or_404(_owned(request), id=alert_id)
    form = AlertForm(
        request.POST or None,
        initial=initial_of(shown),
        portfolios=holding_source().portfolios_of(request.user),
    )
    form.fix(shown)
    if request.method == "POST" and form.is_valid():
        try:
            own_alerts.change_alert(alert=shown, terms=form.to_terms(), changed_at=timezone.now())
        except MarketError as error:
            _explain(form, error)
        else:
            return _done(request, "The alert is changed.")
    context = {"form": form, "row": alert_rows([shown])[0]}
    status = 422 if form.errors else 200
    return TemplateResponse(request, "market/alert.html", context, status=status)


@signed_in
@require_POST
def delete(request: InvestorRequest, alert_id: UUID) -> HttpResponse:
    shown = get_object_or_404(_owned(request), id=alert_id)
    own_alerts.delete_alert(alert=shown, deleted_at=timezone.now())
    return _done(request, f"The alert on {shown.instrument.symbol} is deleted.")


@signed_in
@require_POST
def rearm(request: InvestorRequest, alert_id: UUID) -> HttpResponse:
    shown = get_object_or_404(_owned(request), id=alert_id)
    try:
        own_alerts.rearm_alert(alert=shown, rearmed_at=timezone.now())
    except MarketError as error:
        messages.error(request, str(error))
        return redirect("market:alerts")
    return _done(request, f"The alert on {shown.instrument.symbol} watches again.")


@signed_in
@require_GET
def figures(request: InvestorRequest) -> JsonResponse:
    """The same figures as the list's, as of now, for the script to put in their places."""
    active = _owned(request).active().order_by("-created_at", "-id")
    return JsonResponse({"figures": row_figures(alert_rows(list(active)))})


@signed_in
@require_GET
def badge(request: InvestorRequest) -> HttpResponse:
    """How much has fired that the user has not looked at, beside the navigation's word."""
    count = unseen_count(request.user, at=timezone.now())
    return TemplateResponse(request, "market/_alert_badge.html", {"count": count})


@signed_in
@require_GET
def triggered(request: InvestorRequest) -> HttpResponse:
    """The newest of what has fired, for other pages."""
    context = {"triggers": trigger_rows(request.user, limit=HOME_TRIGGERS), "is_brief": True}
    return TemplateResponse(request, "market/_alert_triggers.html", context)


def _create(request: InvestorRequest) -> HttpResponse:
    form = AlertForm(request.POST, portfolios=holding_source().portfolios_of(request.user))
    if form.is_valid():
        try:
            made = own_alerts.create_alert(
                owner=request.user,
                instrument=queries.instrument_by_address(form.cleaned_data["symbol"]),
                terms=form.to_terms(),
                created_at=timezone.now(),
            )
        except MarketError as error:
            _explain(form, error)
        else:
            waits = made.status == AlertStatus.WAITING
            words = "It is met already, so it waits for the price to return." if waits else ""
            return _done(request, f"You will be told about {made.instrument.symbol}. {words}")
    return TemplateResponse(request, "market/alert.html", {"form": form}, status=422)


def _done(request: InvestorRequest, words: str) -> HttpResponse:
    """Say so on the list; a page that asked by script stays, and its fragments read anew."""
    if not request.htmx:
        messages.success(request, words.strip())
        return redirect("market:alerts")
    response = TemplateResponse(request, "market/_alert_done.html", {"words": words.strip()})
    return trigger_client_event(response.render(), "alerts-changed")


def _explain(form: AlertForm, error: MarketError) -> None:
    """Put what the operation refused at its field."""
    if isinstance(error, ProblemsError):
        form.add_problems(error.problems)
    elif isinstance(error, UnknownSymbol | AmbiguousSymbol):
        form.add_error("symbol", str(error))
    else:
        form.add_error(None, str(error))


def _listed(request: InvestorRequest) -> dict[str, Any]:
    owned = list(_owned(request).order_by("-created_at", "-id"))
    rows = alert_rows(owned)
    return {
        "active": [row for row in rows if not row.is_triggered],
        "done": [row for row in rows if row.is_triggered],
        "allowed": request.user.allowance.alerts,
    }


def _owned(request: InvestorRequest) -> AlertQuerySet:
    rows = Alert.objects.for_user(request.user)
    return rows.select_related("instrument__exchange", "owner")
