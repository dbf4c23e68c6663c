"""Pages of an investor's watchlists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import InvestorRequest
from accounts.policies import signed_in, takes_ids
from accounts.refusals import with_way_on
from market import watchlist_items
from market import watchlists as operations
from market.errors import MarketError, TooManyWatchlists
from market.forms import RemovedItemForm, SymbolsForm, WatchlistNameForm
from market.instruments.shown import instrument_or_404
from market.models import Watchlist, WatchlistItem
from market.movers import mover_rows
from market.watchlist_pages import full_address, owned_watchlists, watchlist_page
from market.watchlists import SymbolOutcome

HOME_MOVERS: Final = 5
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
    first = owned_watchlists(request).first()
    if first is not None:
        return watchlist_page(request, first)
    return TemplateResponse(
        request, "market/watchlists.html", {"name_form": WatchlistNameForm(), "watchlists": []}
    )


@signed_in
@require_GET
def watchlist(request: InvestorRequest, watchlist_id: UUID) -> HttpResponse:
    return watchlist_page(request, get_object_or_404(owned_watchlists(request), id=watchlist_id))


@signed_in
@require_GET
def movers(request: InvestorRequest) -> HttpResponse:
    """What moved most on all of the user's watchlists, for other pages."""
    rows = mover_rows(request.user, limit=HOME_MOVERS, at=timezone.now())
    watched = WatchlistItem.objects.filter(watchlist__owner=request.user)
    context = {"rows": rows, "is_watching": bool(rows) or watched.exists()}
    return TemplateResponse(request, "market/_movers.html", context)


@signed_in
@require_POST
def add(request: InvestorRequest, watchlist_id: UUID) -> HttpResponse:
    shown = get_object_or_404(owned_watchlists(request), id=watchlist_id)
    form = SymbolsForm(request.POST)
    if not form.is_valid():
        return watchlist_page(request, shown, symbols_form=form, status=422)
    try:
        outcomes = operations.add_symbols(
            watchlist=shown, symbols=form.cleaned_data["symbols"], added_at=timezone.now()
        )
        _put_back(request, shown, outcomes)
    except MarketError as error:
        form.add_error("symbols", str(error))
        return watchlist_page(request, shown, symbols_form=form, status=422)
    return watchlist_page(request, shown, outcomes=outcome_sentences(outcomes))


@signed_in
@require_POST
def remove(request: InvestorRequest, watchlist_id: UUID) -> HttpResponse:
    shown = get_object_or_404(owned_watchlists(request), id=watchlist_id)
    form = SymbolsForm(request.POST)
    if not form.is_valid():
        return watchlist_page(request, shown, symbols_form=form, status=422)
    symbols = form.cleaned_data["symbols"]
    had = watchlist_items.listed_items(shown)
    outcomes = operations.remove_symbols(
        watchlist=shown, symbols=symbols, removed_at=timezone.now()
    )
    removed = [outcome.symbol for outcome in outcomes if outcome.outcome == "removed"]
    return watchlist_page(
        request,
        shown,
        outcomes=outcome_sentences(outcomes),
        undo=" ".join(removed),
        # A single one goes back to its place with its note; several go to the end.
        undone=_only_removed(had, removed),
    )


@signed_in
@require_POST
def rename(request: InvestorRequest, watchlist_id: UUID) -> HttpResponse:
    shown = get_object_or_404(owned_watchlists(request), id=watchlist_id)
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
    return watchlist_page(request, shown, rename_form=form, status=422)


@signed_in
@require_POST
def delete(request: InvestorRequest, watchlist_id: UUID) -> HttpResponse:
    shown = get_object_or_404(owned_watchlists(request), id=watchlist_id)
    operations.delete_watchlist(watchlist=shown, deleted_at=timezone.now())
    messages.success(request, f"The watchlist “{shown.name}” is deleted.")
    return redirect("market:watchlists")


@signed_in
@takes_ids(watchlist="watchlist_id")
@require_POST
def watch(request: InvestorRequest, address: str) -> HttpResponse:
    """Put the instrument on the watchlist named in ``watchlist``, or on a first one."""
    shown = instrument_or_404(address)
    now = timezone.now()
    wanted = request.POST.get("watchlist", "")
    if wanted:
        chosen = get_object_or_404(owned_watchlists(request), id=_uuid_or_404(wanted))
    else:
        chosen = owned_watchlists(request).first() or operations.create_watchlist(
            owner=request.user, name="Watchlist", created_at=now
        )
    try:
        operations.add_symbols(watchlist=chosen, symbols=[full_address(shown)], added_at=now)
    except MarketError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{shown.symbol} is on “{chosen.name}”.")
    return redirect("market:instrument", address=address)


def _only_removed(had: list[WatchlistItem], removed: list[str]) -> WatchlistItem | None:
    if len(removed) != 1:
        return None
    try:
        return watchlist_items.find_item(had, removed[0])
    except MarketError:  # it came and went between two looks
        return None


def _put_back(request: InvestorRequest, shown: Watchlist, outcomes: list[SymbolOutcome]) -> None:
    """Where a removal is undone, give the instrument its place and note again."""
    form = RemovedItemForm(request.POST)
    if len(outcomes) != 1 or outcomes[0].outcome != "added" or not form.is_valid():
        return
    had = form.cleaned_data
    if had["position"] is not None:
        watchlist_items.change_item(
            watchlist=shown,
            address=outcomes[0].symbol,
            position=had["position"],
            note=had["note"],
            changed_at=timezone.now(),
        )


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


def _create(request: InvestorRequest) -> HttpResponse:
    form = WatchlistNameForm(request.POST)
    if form.is_valid():
        try:
            made = operations.create_watchlist(
                owner=request.user, name=form.cleaned_data["name"], created_at=timezone.now()
            )
        except TooManyWatchlists as error:
            form.add_error("name", with_way_on(error))
        except MarketError as error:
            form.add_error("name", str(error))
        else:
            return redirect("market:watchlist", watchlist_id=made.id)
    first = owned_watchlists(request).first()
    if first is not None:
        return watchlist_page(request, first, name_form=form, status=422)
    context = {"name_form": form, "watchlists": []}
    return TemplateResponse(request, "market/watchlists.html", context, status=422)


def _uuid_or_404(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404("There is no such watchlist.") from error
