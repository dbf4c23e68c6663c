"""Pages on which staff lists, corrects and deactivates instruments, one by one or by file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.errors import HoldfastError
from accounts.fragments import for_htmx
from accounts.page_lists import read_page
from accounts.policies import admins_change, staff_only
from market.errors import UnreadableFile
from market.instruments import instrument_search
from market.instruments.instrument_files import ImportedInstruments, WrongLines
from market.instruments.instrument_master import change_instrument, list_instrument
from market.instruments.instrument_uploads import take_in_upload
from market.models import Instrument
from market.operations.forms import (
    InstrumentFileForm,
    InstrumentForm,
    InstrumentListForm,
    NewInstrumentForm,
)

if TYPE_CHECKING:
    from accounts.http import InvestorRequest

OUTCOMES_SHOWN: Final = 500


@staff_only
@require_GET
@for_htmx({"instruments": "operations/_instruments.html"})
def instruments_page(request: InvestorRequest) -> HttpResponse:
    form = InstrumentListForm(request.GET)
    filters = form.filters()
    page, older = read_page(
        request,
        Instrument.objects.matching(**filters),
        name="instrument-master",
        filters=filters,
        order=instrument_search.ORDER,
    )
    context = {"form": form, "found": page.items, "older_href": older}
    return TemplateResponse(request, "operations/instruments.html", context)


@staff_only
@require_http_methods(["GET", "POST"])
@admins_change
def new_instrument(request: InvestorRequest) -> HttpResponse:
    form = NewInstrumentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = list_instrument(**form.facts(), listed_at=timezone.now())
        except HoldfastError as error:
            form.add_error("symbol", str(error))
        else:
            messages.success(request, f"{made.symbol} is listed.")
            return redirect("market:operations_instrument", made.public_id)
    status = 422 if form.errors else 200
    context = {"form": form}
    return TemplateResponse(request, "operations/new_instrument.html", context, status=status)


@staff_only
@require_http_methods(["GET", "POST"])
@admins_change
def instrument_page(request: InvestorRequest, instrument_id: UUID) -> HttpResponse:
    shown = get_object_or_404(Instrument, public_id=instrument_id)
    form = InstrumentForm(request.POST) if request.method == "POST" else InstrumentForm.of(shown)
    if request.method == "POST" and form.is_valid():
        change_instrument(shown, changes=form.cleaned_data, changed_at=timezone.now())
        messages.success(request, "Saved.")
        return redirect("market:operations_instrument", shown.public_id)
    status = 422 if form.errors else 200
    context = {"form": form, "shown": shown}
    return TemplateResponse(request, "operations/instrument.html", context, status=status)


@staff_only
@require_POST
@admins_change
def activate(request: InvestorRequest, instrument_id: UUID) -> HttpResponse:
    return _set_active(request, instrument_id, is_active=True)


@staff_only
@require_POST
@admins_change
def deactivate(request: InvestorRequest, instrument_id: UUID) -> HttpResponse:
    return _set_active(request, instrument_id, is_active=False)


def _set_active(request: InvestorRequest, instrument_id: UUID, *, is_active: bool) -> HttpResponse:
    shown = get_object_or_404(Instrument, public_id=instrument_id)
    change_instrument(shown, changes={"is_active": is_active}, changed_at=timezone.now())
    done = "can be traded again" if is_active else "is out of trading"
    messages.success(request, f"{shown.symbol} {done}.")
    return redirect("market:operations_instrument", shown.public_id)


@staff_only
@require_http_methods(["GET", "POST"])
@admins_change
def upload_instruments(request: InvestorRequest) -> HttpResponse:
    """Take in a CSV and say what became of each row; a wrong one leaves all as it was."""
    is_sent = request.method == "POST"
    form = InstrumentFileForm(request.POST, request.FILES) if is_sent else InstrumentFileForm()
    context: dict[str, Any] = {"form": form}
    if is_sent and form.is_valid():
        try:
            done = take_in_upload(form.cleaned_data["file"], imported_at=timezone.now())
        except WrongLines as error:
            form.add_error("file", f"{len(error.refused)} rows are wrong; nothing was changed.")
            context["outcomes"] = error.refused[:OUTCOMES_SHOWN]
        except UnreadableFile as error:
            form.add_error("file", str(error))
        else:
            # What the reader looks for stands first.
            told = sorted(done.outcomes, key=lambda one: one.outcome == "unchanged")
            context |= {"outcomes": told[:OUTCOMES_SHOWN], "counts": counts_of(done)}
    status = 422 if form.errors else 200
    return TemplateResponse(request, "operations/instrument_file.html", context, status=status)


def counts_of(done: ImportedInstruments) -> list[tuple[str, int]]:
    counts = Counter(one.outcome for one in done.outcomes)
    return [(name, counts[name]) for name in ("created", "changed", "unchanged")]
