"""Pages on which staff sees every run that took prices in, and how old the prices are."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.fragments import for_htmx
from accounts.models import User
from accounts.page_lists import read_page
from accounts.policies import staff_only
from market.errors import MarketError
from market.intake.bar_providers import chained_providers
from market.intake.collection import MINUTES, WAITING, request_run
from market.intake.price_runs import TICKS_OF
from market.live.feed_ages import shard_ages
from market.models import BarRevision, IngestionRun
from market.operations.feed_rows import FeedRow, listed_feeds
from market.operations.run_forms import RunListForm
from market.series.price_corrections import bar_corrections

if TYPE_CHECKING:
    from uuid import UUID

    from accounts.http import InvestorRequest


@staff_only
@require_GET
@for_htmx({"runs": "operations/_runs.html"})
def runs_page(request: InvestorRequest) -> HttpResponse:
    form = RunListForm(request.GET)
    filters = form.filters()
    page, older = read_page(
        request,
        IngestionRun.objects.filter(**{name: it for name, it in filters.items() if it}),
        name="ingestion-runs",
        filters=filters,
        order=["-created_at", "-id"],
    )
    context = {
        "form": form,
        "found": page.items,
        "older_href": older,
        "repeatable": chained_providers(),
        "minutes": MINUTES,
    }
    return TemplateResponse(request, "operations/runs.html", context)


@staff_only
@require_GET
@for_htmx({"run": "operations/_run.html"})
def run_page(request: InvestorRequest, run_id: UUID) -> HttpResponse:
    """What came of one run, and the bars that it corrected; it is looked at anew while it works."""
    run = get_object_or_404(IngestionRun, id=run_id)
    page, older = read_page(
        request,
        BarRevision.objects.filter(run_id=run.id).select_related("instrument"),
        name=f"run-{run.id}",
        filters={},
        order=["-id"],
    )
    asked_by = User.objects.filter(id=run.requested_by_id).first() if run.requested_by_id else None
    context = {
        "run": run,
        "asked_by": asked_by,
        "facts": facts_of(run),
        "is_working": run.status in WAITING and not run.source_name.startswith(TICKS_OF),
        "found": bar_corrections(page.items),
        "older_href": older,
    }
    return TemplateResponse(request, "operations/run.html", context)


def facts_of(run: IngestionRun) -> list[tuple[str, object]]:
    """What it noted, in words; not what it is to remember for itself."""
    return [
        (name.replace("_", " ").capitalize(), fact)
        for name, fact in run.notes.items()
        if isinstance(fact, int | str) and not isinstance(fact, bool) and fact
    ]


@staff_only
@require_POST
def repeat_run(request: InvestorRequest, run_id: UUID) -> HttpResponse:
    """Ask the provider of a run again, from its newest stored minute on."""
    run = get_object_or_404(IngestionRun, id=run_id)
    if run.source_name != MINUTES:
        messages.error(request, "Only what a provider brought in can be asked for again.")
        return redirect("market:operations_runs")
    now: datetime = timezone.now()
    try:
        request_run(run.provider, requested_by_id=request.user.id, requested_at=now)
    except MarketError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"A run of {run.provider} is queued.")
    return redirect("market:operations_runs")


@staff_only
@require_GET
@for_htmx({"feeds": "operations/_feeds.html"})
def feeds_page(request: InvestorRequest) -> HttpResponse:
    """How old the word of each shard is, and each instrument's newest prices."""
    page, older = read_page(
        request,
        listed_feeds(),
        name="feeds",
        filters={},
        order=["symbol", "id"],
    )
    now = timezone.now()
    context = {
        "shards": shard_ages(at=now),
        "live_provider": live_provider_name(),
        "chains": settings.PRICE_CHAINS,
        "folder": settings.PRICE_FOLDER,
        "found": [FeedRow.of(instrument, at=now) for instrument in page.items],
        "older_href": older,
    }
    return TemplateResponse(request, "operations/feeds.html", context)


def live_provider_name() -> str:
    """As the environment names it; a class of the operator's own by its own name."""
    names = {path: name for name, path in settings.LIVE_PROVIDERS.items()}
    return names.get(settings.LIVE_PROVIDER, settings.LIVE_PROVIDER.rpartition(".")[2])
