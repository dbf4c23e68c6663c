"""Prices as files, from the page of an instrument."""

from __future__ import annotations

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.forms import DownloadForm
from accounts.http import InvestorRequest
from accounts.policies import signed_in
from accounts.table_answers import table_response
from market.corporate_actions.adjustment import Adjustment
from market.forms import ChartForm
from market.instruments.shown import instrument_or_404
from market.series.history import history_start
from market.series.price_tables import bar_table, tick_table


@signed_in
@require_GET
def bars(request: InvestorRequest, address: str) -> HttpResponseBase:
    """All candles of one length that the tier shows."""
    form, chart = DownloadForm(request.GET), ChartForm(request.GET)
    if not (form.is_valid() and chart.is_valid()):
        return HttpResponse("Say interval=1d or another, and format=csv or parquet.", status=422)
    table = bar_table(
        instrument_or_404(address),
        interval=chart.cleaned_data["interval"],
        start=history_start(request.user, at=timezone.now()),
        end=None,
        # An address without a word of it gives what is stored, as the API does.
        adjusted=chart.cleaned_data["adjusted"] if "adjusted" in request.GET else Adjustment.RAW,
    )
    return table_response(table, form.form())


@signed_in
@require_GET
def ticks(request: InvestorRequest, address: str) -> HttpResponseBase:
    """Time and sales as far back as the tier shows them."""
    form = DownloadForm(request.GET)
    if not form.is_valid():
        return HttpResponse(DownloadForm.WORDS, status=422)
    start = history_start(request.user, at=timezone.now())
    table = tick_table(instrument_or_404(address), start=start, end=None)
    return table_response(table, form.form())
