"""The page of a user's exports, and what he fetches there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.errors import AllowanceExceeded, HoldfastError
from accounts.fragments import for_htmx
from accounts.page_lists import read_page
from accounts.policies import public, signed_in, takes_ids
from accounts.refusals import with_way_on
from integrations.exports import downloads, keeping, requesting
from integrations.exports.errors import ExportNotFound, ExportNotReady
from integrations.exports.forms import ExportForm, RestoreForm
from integrations.exports.requesting import NewExport
from integrations.models import Export
from portfolio.takeout.restoring import Restoration, restore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from accounts.http import InvestorRequest
    from accounts.restorations import LeftOut

DAYS_OFFERED: Final = 30
PORTFOLIOS: Final = ("portfolios", "portfolio")
OPENED: Final = "opened; look at the activities under Import, and book them there."


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
@takes_ids(portfolio="portfolio_id")
@for_htmx({"exports": "integrations/_exports.html"})
def exports_page(request: InvestorRequest) -> HttpResponse:
    """What was asked for, how far it is, and a form for more."""
    form = blank(request, request.POST or None)
    if request.method == "POST" and form.is_valid() and _request(request, form):
        return redirect("integrations:exports")
    return shown(request, form=form)


def shown(
    request: InvestorRequest,
    *,
    form: ExportForm,
    restore_form: RestoreForm | None = None,
    left_out: Sequence[LeftOut] = (),
) -> HttpResponse:
    found = Export.objects.for_user(request.user)
    page, older = read_page(
        request,
        found.select_related("portfolio"),
        name="exports",
        filters={},
        order=["-requested_at", "-id"],
    )
    context = {
        "form": form,
        "restore_form": restore_form or RestoreForm(),
        "left_out": left_out,
        "found": page.items,
        "older_href": older,
        "is_working": found.working().exists(),
        "allowed": request.user.allowance.exports_per_day,
    }
    is_refused = form.errors or (restore_form is not None and restore_form.errors)
    status = 422 if is_refused else 200
    return TemplateResponse(request, "integrations/exports.html", context, status=status)


def blank(request: InvestorRequest, given: Any = None) -> ExportForm:
    today = timezone.now().date()
    initial = {"start": today - timedelta(days=DAYS_OFFERED), "end": today}
    return ExportForm(given, initial=initial, user=request.user)


@signed_in
@require_POST
def everything(request: InvestorRequest) -> HttpResponse:
    """All that the user has, as CSV and JSON."""
    now = timezone.now()
    try:
        requesting.request_export(
            owner=request.user, wanted=NewExport.of_everything(at=now), requested_at=now
        )
    except AllowanceExceeded as error:
        messages.error(request, with_way_on(error))
    return redirect("integrations:exports")


@signed_in
@require_POST
def restoration(request: InvestorRequest) -> HttpResponse:
    """Bring an export of everything back, and say what of it did not come."""
    form = RestoreForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            made = restore(
                owner=request.user,
                content=file.read(),
                file_name=file.name,
                restored_at=timezone.now(),
            )
        except AllowanceExceeded as error:
            form.add_error(None, with_way_on(error))
        except HoldfastError as error:
            form.add_error("file", str(error))
        else:
            messages.success(request, restored_words(made))
            if not made.brought.left_out:
                return redirect("portfolio:list" if made.portfolios else "integrations:exports")
            return shown(request, form=blank(request), left_out=made.brought.left_out)
    return shown(request, form=blank(request), restore_form=form)


def restored_words(made: Restoration) -> str:
    """What came back, in a sentence or two."""
    brought = made.brought
    counts = (
        (brought.watchlists, "watchlist", "watchlists"),
        (brought.watched, "watched instrument", "watched instruments"),
        (brought.alerts, "alert", "alerts"),
        (brought.indices, "index", "indices"),
        (brought.risk_limits, "limit of the X-ray", "limits of the X-ray"),
        (brought.import_mappings, "mapping of files", "mappings of files"),
    )
    parts = [f"{number} {one if number == 1 else many}" for number, one, many in counts if number]
    words = f"Brought back: {', '.join(parts)}. " if parts else ""
    opened = len(made.portfolios)
    if opened or not parts:
        words += f"{opened} tracked {PORTFOLIOS[opened == 1]} " + (OPENED if opened else "opened.")
    return words.strip()


def _request(request: InvestorRequest, form: ExportForm) -> bool:
    """Ask for it, or say in the form why not."""
    try:
        requesting.request_export(
            owner=request.user, wanted=form.wanted(), requested_at=timezone.now()
        )
    except AllowanceExceeded as error:
        form.add_error(None, with_way_on(error))
    except HoldfastError as error:
        form.add_refusal(error)
    else:
        return True
    return False


def find(request: InvestorRequest, export_id: UUID) -> Export:
    try:
        return keeping.find_export(request.user, export_id)
    except ExportNotFound as error:
        raise Http404 from error


@signed_in
@require_GET
def download(request: InvestorRequest, export_id: UUID) -> HttpResponseBase:
    """Its files as a zip."""
    export, now = find(request, export_id), timezone.now()
    try:
        response = downloads.zip_response(export, at=now)
    except ExportNotReady as error:
        messages.error(request, str(error))
        return redirect("integrations:exports")
    downloads.note_download(export, at=now)
    return response


@signed_in
@require_POST
def delete(request: InvestorRequest, export_id: UUID) -> HttpResponse:
    find(request, export_id)
    try:
        keeping.delete_export(owner=request.user, export_id=export_id, deleted_at=timezone.now())
    except ExportNotReady as error:
        messages.error(request, str(error))
    return redirect("integrations:exports")


@public
@never_cache
@require_GET
def by_link(request: HttpRequest, download_token: str) -> HttpResponseBase:
    """What an address opens that the API gave away a moment ago."""
    now = timezone.now()
    try:
        export = downloads.open_address(download_token)
    except ExportNotFound as error:
        raise Http404 from error
    try:
        response = downloads.zip_response(export, at=now)
    except ExportNotReady as error:
        return HttpResponse(f"{error}\n", status=409, content_type="text/plain; charset=utf-8")
    downloads.note_download(export, at=now)
    # The address is the key: no search engine keeps it, and no link tells it on.
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response
