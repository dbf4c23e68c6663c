"""Pages of an investor's watchlists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import InvestorRequest
from accounts.policies import signed_in, takes_ids
from market import queries
from market import watchlists as operations
from market.alert_rows import with_next_alerts
from market.boards import board_rows
from market.errors import AmbiguousSymbol, MarketError, UnknownSymbol
from market.forms import SymbolsForm, WatchlistNameForm
from market.models import Instrument, Watchlist
from market.models.watchlists import WatchlistQuerySet
from market.watchlists import SymbolOutcome

# What became of each symbol, in the order in which it is said.
OUTCOME_WORDS: Final = {
    "added": ("Added", "success"),
    "removed": ("Removed", "success"),
    "already_there": ("Already on the list", "info"),
    "not_there": ("Not on the list", "warning"),
    "ambiguous": ("Listed on several exchanges, say which (as XNAS:AAPL)", "warning"),
    "unknown": ("No such instrument", "error"),
}


@signed_in
@require_http_methods(["GET", "POST"])
def watchlists(request: InvestorRequest) -> HttpResponse:
    """The first watchlist; posting a name makes another."""
    if request.method == "POST":
        return _create(request)
    first = _owned(request).first()
    if first is not None:
        return _page(request, first)
    return TemplateResponse(
        request, "market/watchlists.html", {"name_form": WatchlistNameForm(), "watchlists": []}
    )


@signed_in
@require_GET
def watchlist(request: InvestorRequest, watchlist_id: UUID) -> HttpResponse:
    return _page(request, get_object_or_404(_owned(request), id=watchlist_id))


@signed_in
@require_POST
def add(request: InvestorRequest, watchlist_id: UUID) -> HttpResponse:
    shown = get_object_or_404(_owned(request), id=watchlist_id)
    form = SymbolsForm(request.POST)
    if not form.is_valid():
        return _page(request, shown, symbols_form=form, status=422)
    try:
        outcomes = operations.add_symbols(
            watchlist=shown, symbols=form.cleaned_data["symbols"], added_at=timezone.now()
        )
    except MarketError as error:
        form.add_error("symbols", str(error))
        return _page(request, shown, symbols_form=form, status=422)
    return _page(request, shown, outcomes=outcome_sentences(outcomes))


@signed_in
@require_POST
def remove(request: InvestorRequest, watchlist_id: UUID) -> HttpResponse:
    shown = get_object_or_404(_owned(request), id=watchlist_id)
    form = SymbolsForm(request.POST)
    if not form.is_valid():
        return _page(request, shown, symbols_form=form, status=422)
    outcomes = operations.remove_symbols(watchlist=shown, symbols=form.cleaned_data["symbols"])
    removed = [outcome.symbol for outcome in outcomes if outcome.outcome == "removed"]
    return _page(request, shown, outcomes=outcome_sentences(outcomes), undo=" ".join(removed))


@signed_in
@require_POST
def rename(request: InvestorRequest, watchlist_id: UUID) -> HttpResponse:
    shown = get_object_or_404(_owned(request), id=watchlist_id)
    form = WatchlistNameForm(request.POST)
    if form.is_valid():
        try:
            operations.rename_watchlist(
                watchlist=shown, name=form.cleaned_data["name"], renamed_at=timezone.now()
            )
        except MarketError as error:
            form.add_error("name", str(error))
            shown.refresh_from_db()
        else:
            return redirect("market:watchlist", watchlist_id=shown.id)
    return _page(request, shown, rename_form=form, status=422)


@signed_in
@require_POST
def delete(request: InvestorRequest, watchlist_id: UUID) -> HttpResponse:
    shown = get_object_or_404(_owned(request), id=watchlist_id)
    operations.delete_watchlist(watchlist=shown, deleted_at=timezone.now())
    messages.success(request, f"The watchlist “{shown.name}” is deleted.")
    return redirect("market:watchlists")


@signed_in
@takes_ids(watchlist="watchlist_id")
@require_POST
def watch(request: InvestorRequest, address: str) -> HttpResponse:
    """Put the instrument on the watchlist named in ``watchlist``, or on a first one."""
    try:
        shown = queries.instrument_by_address(address)
    except (AmbiguousSymbol, UnknownSymbol) as error:
        raise Http404(str(error)) from error
    now = timezone.now()
    wanted = request.POST.get("watchlist", "")
    if wanted:
        chosen = get_object_or_404(_owned(request), id=_uuid_or_404(wanted))
    else:
        chosen = _owned(request).first() or operations.create_watchlist(
            owner=request.user, name="Watchlist", created_at=now
        )
    try:
        operations.add_symbols(watchlist=chosen, symbols=[full_address(shown)], added_at=now)
    except MarketError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{shown.symbol} is on “{chosen.name}”.")
    return redirect("market:instrument", address=address)


def outcome_sentences(outcomes: Iterable[SymbolOutcome]) -> list[dict[str, str]]:
    """Say what became of each symbol, one sentence per kind of outcome."""
    symbols: dict[str, list[str]] = {}
    for outcome in outcomes:
        symbols.setdefault(outcome.outcome, []).append(outcome.symbol)
    return [
        {"level": level, "text": f"{words}: {', '.join(symbols[kind])}."}
        for kind, (words, level) in OUTCOME_WORDS.items()
        if kind in symbols
    ]


def full_address(instrument: Instrument) -> str:
    return f"{instrument.exchange_id}:{instrument.symbol}"


def _create(request: InvestorRequest) -> HttpResponse:
    form = WatchlistNameForm(request.POST)
    if form.is_valid():
        try:
            made = operations.create_watchlist(
                owner=request.user, name=form.cleaned_data["name"], created_at=timezone.now()
            )
        except MarketError as error:
            form.add_error("name", str(error))
        else:
            return redirect("market:watchlist", watchlist_id=made.id)
    first = _owned(request).first()
    if first is not None:
        return _page(request, first, name_form=form, status=422)
    context = {"name_form": form, "watchlists": []}
    return TemplateResponse(request, "market/watchlists.html", context, status=422)


def _page(
    request: InvestorRequest, shown: Watchlist, *, status: int = 200, **changes: Any
) -> HttpResponse:
    """The watchlist's page, or only its table where the script asks for that."""
    items = shown.items.select_related("instrument__exchange").order_by("position", "id")
    context = {
        "watchlist": shown,
        "watchlists": _owned(request),
        "rows": with_next_alerts(
            board_rows([item.instrument for item in items], at=timezone.now()), user=request.user
        ),
        "symbols_form": SymbolsForm(),
        "name_form": WatchlistNameForm(),
        "rename_form": WatchlistNameForm(initial={"name": shown.name}),
        **changes,
    }
    template = "market/_watchlist.html" if request.htmx else "market/watchlists.html"
    return TemplateResponse(request, template, context, status=status)


def _owned(request: InvestorRequest) -> WatchlistQuerySet:
    """The user's watchlists in the order of their tabs."""
    owned = Watchlist.objects.for_user(request.user)
    return owned.order_by("position", "created_at", "id")


def _uuid_or_404(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404("There is no such watchlist.") from error
