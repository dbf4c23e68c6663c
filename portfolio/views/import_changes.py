"""What the owner says to an import before it is booked."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import ProblemsError
from accounts.http import InvestorRequest
from accounts.policies import for_role, signed_in
from accounts.roles import Role
from portfolio.errors import PortfolioError
from portfolio.imports.decisions import RowSaid, Said, change_import
from portfolio.imports.forms import ReadingForm, RowForm
from portfolio.models import FileImport, FileImportRow
from portfolio.models.imports import RowDecision, RowStatus
from portfolio.views.imports import choices_form, find_import, import_href
from portfolio.views.portfolios import tab_context


def say(request: InvestorRequest, found: FileImport, said: Said) -> bool:
    """Change the import, or show why not."""
    try:
        change_import(found=found, said=said, changed_at=timezone.now())
    except PortfolioError as error:
        messages.error(request, str(error))
        return False
    return True


@signed_in
@require_POST
def read_anew(request: InvestorRequest, import_id: UUID) -> HttpResponse:
    """Read the file as the form says."""
    found = find_import(request, import_id)
    form = ReadingForm(found, request.POST)
    if not form.is_valid():
        messages.error(request, "Choose from the lists; nothing was changed.")
    elif said := form.said():
        say(request, found, Said(**said))
    return redirect(import_href(found))


@signed_in
@require_POST
def choose(request: InvestorRequest, import_id: UUID) -> HttpResponse:
    """Say which instruments and portfolios the names of the file mean."""
    found = find_import(request, import_id)
    form = choices_form(request, found, request.POST)
    if form is None or not form.is_valid():
        messages.error(request, "The names of the file are others by now; look again.")
    else:
        said = form.said()
        if said["symbols"] or said["portfolios"]:
            say(request, found, Said(symbols=said["symbols"], portfolios=said["portfolios"]))
    return redirect(import_href(found))


@signed_in
@require_POST
def decide(request: InvestorRequest, import_id: UUID) -> HttpResponse:
    """Take one row in after all, leave it out, or let its status say."""
    found = find_import(request, import_id)
    word, _, place = request.POST.get("decision", "").partition(":")
    position = read_position(place)
    if position is None or word not in RowDecision.values:
        messages.error(request, "There is no such row.")
    else:
        say(request, found, Said(rows=[RowSaid(position=position, decision=word)]))
    return redirect(import_href(found, request.POST.get("status", "")))


def read_position(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else None


@signed_in
@for_role(Role.EDITOR)
@require_http_methods(["GET", "POST"])
def mend(request: InvestorRequest, import_id: UUID) -> HttpResponse:
    """One row's facts, to be put right."""
    found = find_import(request, import_id)
    row = find_row(found, request.GET.get("position", ""))
    if row is None:
        messages.error(request, "There is no such row.")
        return redirect(import_href(found))
    form = RowForm(row, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said = Said(rows=[RowSaid(position=row.position, changes=form.changes())])
        try:
            change_import(found=found, said=said, changed_at=timezone.now())
        except (ProblemsError, PortfolioError) as error:
            form.add_refusal(error)
        else:
            return redirect(mended_href(found, row))
    context = tab_context(found.portfolio, "activities") | {"found": found, "row": row}
    context["form"] = form
    status = 422 if form.errors else 200
    return TemplateResponse(request, "portfolio/import_row.html", context, status=status)


def find_row(found: FileImport, place: str) -> FileImportRow | None:
    position = read_position(place)
    rows = FileImportRow.objects.select_related("instrument").filter(file_import=found)
    return rows.filter(position=position).first() if position else None


def mended_href(found: FileImport, row: FileImportRow) -> str:
    """Back to the problems while there are any, and to the row itself where it still is one."""
    has_problems = found.rows.filter(status=RowStatus.PROBLEM).exists()
    return import_href(found, RowStatus.PROBLEM if has_problems else "") + f"#row-{row.position}"
