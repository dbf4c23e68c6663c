"""Imports of a portfolio: taking a file in, looking at its rows, booking it, undoing it."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.errors import ProblemsError
from accounts.fragments import for_htmx
from accounts.http import InvestorRequest
from accounts.page_lists import read_page
from accounts.policies import role_wanted, signed_in
from accounts.roles import Role, RoleMissing
from portfolio.errors import PortfolioError
from portfolio.imports import commits, overviews, previews, undoing
from portfolio.imports.forms import ChoicesForm, ImportForm, ReadingForm
from portfolio.imports.overviews import RowCounts
from portfolio.imports.states import ImportNotFound
from portfolio.models import FileImport, Portfolio
from portfolio.models.imports import ImportStatus, RowStatus
from portfolio.views.home import Choice
from portfolio.views.portfolios import find_portfolio, tab_context

NAMES_ASKED: Final = 20
SHOWN: Final = (
    ("", "All"),
    (RowStatus.PROBLEM.value, "Problems"),
    (RowStatus.DUPLICATE.value, "Duplicates"),
    (RowStatus.READY.value, "Ready"),
    (RowStatus.SKIPPED.value, "No activity"),
)


@signed_in
@require_http_methods(["GET", "POST"])
def imports(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    """What was imported; a post takes a file or a paste in."""
    portfolio = find_portfolio(request, portfolio_id)
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = previews.start_import(
                portfolio=portfolio,
                content=form.content(),
                file_name=form.file_name(),
                profile=form.cleaned_data["profile"],
                created_by=request.user,
                created_at=timezone.now(),
            )
        except PortfolioError as error:
            form.add_error(None, str(error))
        else:
            return redirect("portfolio:import", made.id)
    found, older = read_page(
        request,
        FileImport.objects.filter(portfolio=portfolio).defer("content"),
        name=f"imports {portfolio.id}",
        filters={},
        order=["-created_at", "-id"],
    )
    context = tab_context(portfolio, "activities")
    context |= {"form": form, "found": found.items, "older_href": older}
    status = 422 if form.errors else 200
    return TemplateResponse(request, "portfolio/imports.html", context, status=status)


def find_import(request: InvestorRequest, import_id: UUID) -> FileImport:
    """The import of that id that the user may see; a stranger's does not exist."""
    try:
        return overviews.find_import(import_id, request.user, role_wanted(request))
    except ImportNotFound as error:
        raise Http404 from error
    except RoleMissing as error:
        raise PermissionDenied(str(error)) from error


@signed_in
@require_GET
@for_htmx({"import": "portfolio/_import.html"})
def detail(request: InvestorRequest, import_id: UUID) -> HttpResponse:
    found = find_import(request, import_id)
    return TemplateResponse(request, "portfolio/import.html", import_context(request, found))


def import_context(request: InvestorRequest, found: FileImport) -> dict[str, Any]:
    """How the import stands, and the page of rows that was asked for."""
    wanted = request.GET.get("status", "")
    status = wanted if wanted in RowStatus.values else None
    page, older = read_page(
        request,
        overviews.rows_of(found, status=status),
        name=f"import {found.id}",
        filters={"status": status},
        order=["position"],
    )
    counts = overviews.row_counts(found)
    around = tab_context(found.portfolio, "activities")
    is_open = found.status == ImportStatus.PREVIEWED and around["may_edit"]
    return around | {
        "found": found,
        "counts": counts,
        "working_total": overviews.working_total(found, counts),
        "rows": page.items,
        "older_href": older,
        "filters": row_filters(counts, wanted),
        "is_open": is_open,
        "reading_form": ReadingForm(found) if is_open else None,
        "choices_form": choices_form(request, found) if is_open and counts.problem else None,
    }


def row_filters(counts: RowCounts, wanted: str) -> list[Choice]:
    total = counts.ready + counts.duplicate + counts.problem + counts.skipped
    return [
        Choice(
            f"{label} {counts.of(value) if value else total:,}",
            f"?status={value}",
            is_current=value == wanted,
        )
        for value, label in SHOWN
        if not value or counts.of(value)
    ]


def choices_form(
    request: InvestorRequest, found: FileImport, data: Any = None
) -> ChoicesForm | None:
    """Asks for the names that keep most rows from being booked; None where there are none."""
    names = overviews.unknown_names(found)
    symbols, accounts = names["symbols"][:NAMES_ASKED], names["portfolios"][:NAMES_ASKED]
    if not symbols and not accounts:
        return None
    owned = Portfolio.objects.for_user(request.user, Role.EDITOR).filter(
        owner_id=found.portfolio.owner_id
    )
    return ChoicesForm(symbols, accounts, owned.order_by("name", "id"), data)


@signed_in
@require_POST
def commit(request: InvestorRequest, import_id: UUID) -> HttpResponse:
    """Book the import, all of it or nothing."""
    found = find_import(request, import_id)
    try:
        found = commits.commit_import(found=found, committed_at=timezone.now())
    except (PortfolioError, ProblemsError) as error:
        messages.error(request, f"Nothing was booked. {error}")
    else:
        if not found.is_working:
            messages.success(request, f"Booked {found.rows_done:,} activities.")
    return redirect("portfolio:import", import_id)


@signed_in
@require_POST
def undo(request: InvestorRequest, import_id: UUID) -> HttpResponse:
    """Undo everything that the import booked, as one."""
    found = find_import(request, import_id)
    try:
        found = undoing.reverse_import(found=found, reversed_at=timezone.now())
    except PortfolioError as error:
        messages.error(request, f"Nothing was undone. {error}")
    else:
        if not found.is_working:
            messages.success(request, "Everything that this import booked is undone.")
    return redirect("portfolio:import", import_id)


def import_href(found: FileImport, status: str = "") -> str:
    query = f"?status={status}" if status in RowStatus.values else ""
    return reverse("portfolio:import", args=[found.id]) + query
