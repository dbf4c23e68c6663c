"""An instrument's prices that their source corrected, for whoever may see those prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.page_lists import read_page
from accounts.policies import signed_in
from market.instruments.short_addresses import shortest_addresses
from market.instruments.shown import instrument_or_404
from market.models import BarRevision, TickRevision
from market.series.history import history_start, within
from market.series.price_corrections import bar_corrections, tick_corrections

if TYPE_CHECKING:
    from accounts.http import InvestorRequest

TICKS: Final = "ticks"


@signed_in
@require_GET
def corrections(request: InvestorRequest, address: str) -> HttpResponse:
    """Its bars that were corrected, or with ``?of=ticks`` its ticks, the newest first."""
    shown = instrument_or_404(address)
    since = history_start(request.user, at=timezone.now())
    are_ticks = request.GET.get("of") == TICKS
    context: dict[str, Any] = {
        "instrument": shown,
        "address": shortest_addresses([shown])[shown.id],
        "history_start": since,
        "are_ticks": are_ticks,
    }
    if are_ticks:
        ticks = TickRevision.objects.filter(instrument=shown)
        tick_page, older = read_page(
            request,
            within(ticks, "occurred_at", start=since),
            name=f"tick-revisions-{shown.id}",
            filters={},
            order=["-id"],
        )
        context |= {"found": tick_corrections(tick_page.items), "older_href": older}
    else:
        bars = BarRevision.objects.filter(instrument=shown)
        bar_page, older = read_page(
            request,
            within(bars, "opened_at", start=since),
            name=f"bar-revisions-{shown.id}",
            filters={},
            order=["-id"],
        )
        context |= {"found": bar_corrections(bar_page.items), "older_href": older}
    address = reverse("market:corrections", args=[context["address"]])
    context["choices"] = [
        {"label": "Bars", "href": address, "is_current": not are_ticks},
        {"label": "Ticks", "href": f"{address}?of={TICKS}", "is_current": are_ticks},
    ]
    return TemplateResponse(request, "market/corrections.html", context)
