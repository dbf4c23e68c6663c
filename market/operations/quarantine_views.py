"""Pages on which staff looks at rows refused at the door, and lets them in or keeps them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.fragments import for_htmx
from accounts.models import User
from accounts.page_lists import read_page
from accounts.policies import staff_only, takes_ids
from market.errors import MarketError
from market.intake.quarantine import reject_row, release_row, why_not_releasable
from market.models import QuarantinedRow
from market.operations.quarantine_forms import QuarantineListForm, ReleaseForm
from market.values import time_from_wire

if TYPE_CHECKING:
    from accounts.http import InvestorRequest


@staff_only
@require_GET
@takes_ids(run_id="run_id")
@for_htmx({"quarantine": "operations/_quarantine.html"})
def quarantine_page(request: InvestorRequest) -> HttpResponse:
    form = QuarantineListForm(request.GET)
    filters = form.filters()
    page, older = read_page(
        request,
        QuarantinedRow.objects.matching(**filters).select_related("run"),
        name="quarantine",
        filters=filters,
        order=["-id"],
    )
    if "status" not in form.data:
        form = QuarantineListForm(request.GET.dict() | {"status": filters["status"] or ""})
    context = {"form": form, "found": page.items, "older_href": older}
    return TemplateResponse(request, "operations/quarantine.html", context)


@staff_only
@require_http_methods(["GET", "POST"])
def quarantined_row(request: InvestorRequest, row_id: int) -> HttpResponse:
    """One row with all its reasons; sent, it is released with the values as corrected."""
    row = get_object_or_404(QuarantinedRow.objects.select_related("run"), id=row_id)
    form = ReleaseForm(row, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            release_row(
                row.id,
                corrections=form.cleaned_data,
                released_by_id=request.user.id,
                released_at=timezone.now(),
            )
        except MarketError as error:
            form.add_refusal(error)
        else:
            messages.success(request, f"Line {row.line} is stored.")
            return redirect("market:operations_quarantined_row", row.id)
    status = 422 if form.errors else 200
    context = {"form": form, "row": row, **about(row)}
    return TemplateResponse(request, "operations/quarantined_row.html", context, status=status)


@staff_only
@require_POST
def reject(request: InvestorRequest, row_id: int) -> HttpResponse:
    row = get_object_or_404(QuarantinedRow, id=row_id)
    try:
        reject_row(row.id, rejected_by_id=request.user.id, rejected_at=timezone.now())
    except MarketError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Line {row.line} stays out.")
    return redirect("market:operations_quarantined_row", row.id)


def about(row: QuarantinedRow) -> dict[str, object]:
    """Every reason of its line, and who or what judged it."""
    line = QuarantinedRow.objects.filter(run_id=row.run_id, line=row.line).order_by("id")
    judge = User.objects.filter(id=row.judged_by_id).first() if row.judged_by_id else None
    by = row.confirmed_by
    return {
        "line": line,
        "judge": judge,
        "confirmed_by": by and {**by, "occurred_at": time_from_wire(by["occurred_at"])},
        "why_not_releasable": why_not_releasable(row),
    }
