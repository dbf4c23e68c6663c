"""The page on which staff sees what the nights wrote, and has a day written again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.errors import HoldfastError
from accounts.fragments import for_htmx
from accounts.page_lists import read_page
from accounts.policies import admins_change, staff_only
from integrations.exports import downloads, nights
from integrations.exports.errors import ExportNotFound, ExportNotReady
from integrations.exports.forms import NightForm
from integrations.models import Export

if TYPE_CHECKING:
    from uuid import UUID

    from accounts.http import InvestorRequest


@staff_only
@admins_change
@never_cache
@require_http_methods(["GET", "POST"])
@for_htmx({"exports": "operations/_exports.html"})
def nights_page(request: InvestorRequest) -> HttpResponse:
    """The nights, newest first, and a form to have a day written now."""
    form = NightForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _write(form):
        return redirect("integrations:operations_exports")
    found = Export.objects.nightly()
    page, older = read_page(
        request, found, name="nights", filters={}, order=["-requested_at", "-id"]
    )
    context = {
        "form": form,
        "found": page.items,
        "older_href": older,
        "is_working": found.working().exists(),
        "nights_kept": settings.EXPORT_NIGHTS,
        "folder": settings.EXPORTS / "nightly",
    }
    status = 422 if form.errors else 200
    return TemplateResponse(request, "operations/exports.html", context, status=status)


def _write(form: NightForm) -> bool:
    try:
        nights.write_day(day=form.cleaned_data["day"], requested_at=timezone.now())
    except HoldfastError as error:
        form.add_refusal(error)
    else:
        return True
    return False


@staff_only
@require_GET
def download(request: InvestorRequest, night_id: UUID) -> HttpResponseBase:
    """One dataset of a night as a zip; it holds what is everybody's, so it is written down."""
    now = timezone.now()
    try:
        export = nights.find_night(night_id)
        response = downloads.zip_response(export, at=now)
    except ExportNotFound as error:
        raise Http404 from error
    except ExportNotReady as error:
        messages.error(request, str(error))
        return redirect("integrations:operations_exports")
    downloads.note_download(export, at=now)
    return response
