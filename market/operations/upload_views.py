"""The page on which administrators upload files of prices, and of dividends and splits.

Each is a run of its own, whose page tells how far it is and what came of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.errors import HoldfastError
from accounts.policies import admins_change, staff_only
from market.corporate_actions.action_imports import import_actions
from market.intake import price_files
from market.operations.upload_forms import ActionFileForm, PriceFileForm

if TYPE_CHECKING:
    from accounts.http import InvestorRequest

ACTIONS_SOURCE: Final = "file"


@staff_only
@require_GET
def files_page(request: InvestorRequest) -> HttpResponse:
    return _page(request, PriceFileForm(), ActionFileForm())


@staff_only
@require_POST
@admins_change
def upload_prices(request: InvestorRequest) -> HttpResponse:
    """Keep the file and queue its run; a file that cannot be taken in is refused at once."""
    form = PriceFileForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            run = price_files.start_import(
                prices=file,
                name=file.name,
                requested_by=request.user,
                created_at=timezone.now(),
                instruments=form.cleaned_data["instruments"],
            )
        except HoldfastError as error:
            form.add_error("file", str(error))
        else:
            messages.success(request, f"{run.source_name} is being taken in.")
            return redirect("market:operations_run", run.id)
    return _page(request, form, ActionFileForm(), status=422)


@staff_only
@require_POST
@admins_change
def upload_actions(request: InvestorRequest) -> HttpResponse:
    """Take in dividends and splits at once; the run counts the lines."""
    form = ActionFileForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            run = import_actions(
                file.read(),
                name=file.name[: price_files.NAME_CHARACTERS],
                source=ACTIONS_SOURCE,
                imported_at=timezone.now(),
                requested_by_id=request.user.id,
            )
        except HoldfastError as error:
            form.add_error("file", str(error))
        else:
            messages.success(request, f"{run.source_name} is taken in.")
            return redirect("market:operations_run", run.id)
    return _page(request, PriceFileForm(), form, status=422)


def _page(
    request: InvestorRequest, prices: PriceFileForm, actions: ActionFileForm, *, status: int = 200
) -> HttpResponse:
    prices.auto_id, actions.auto_id = "prices_%s", "actions_%s"
    context = {"price_form": prices, "action_form": actions}
    return TemplateResponse(request, "operations/files.html", context, status=status)
