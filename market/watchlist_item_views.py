"""Pages about one instrument of a watchlist: its place and the note about it."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.http import InvestorRequest
from accounts.policies import signed_in
from market import watchlist_items as operations
from market.errors import MarketError
from market.forms import ItemOrderForm, NoteForm
from market.models import Watchlist, WatchlistItem
from market.watchlist_pages import full_address, owned_watchlists, watchlist_page

MOVE_REFUSED = "Say what is to be moved, and where to."


@signed_in
@require_POST
def move(request: InvestorRequest, watchlist_id: UUID) -> HttpResponse:
    """Up or down by one, as the buttons ask, or to the place where it was dropped."""
    shown = get_object_or_404(owned_watchlists(request), id=watchlist_id)
    form = ItemOrderForm(request.POST)
    if not form.is_valid():
        outcomes = [{"level": "error", "text": MOVE_REFUSED}]
        return watchlist_page(request, shown, outcomes=outcomes, status=422)
    try:
        moved = _move(shown, form)
    except MarketError as error:
        outcomes = [{"level": "warning", "text": str(error)}]
        return watchlist_page(request, shown, outcomes=outcomes, status=422)
    count = shown.items.count()
    text = f"{moved.instrument.symbol} is number {moved.position + 1} of {count}."
    return watchlist_page(request, shown, announcement=text)


@signed_in
@require_POST
def note(request: InvestorRequest, watchlist_id: UUID) -> HttpResponse:
    shown = get_object_or_404(owned_watchlists(request), id=watchlist_id)
    form = NoteForm(request.POST)
    address = request.POST.get("symbol", "")
    if not form.is_valid():
        return watchlist_page(request, shown, note_form=form, noted=address, status=422)
    try:
        item = operations.change_item(
            watchlist=shown,
            address=address,
            note=form.cleaned_data["note"],
            changed_at=timezone.now(),
        )
    except MarketError as error:
        outcomes = [{"level": "warning", "text": str(error)}]
        return watchlist_page(request, shown, outcomes=outcomes, status=422)
    verb = "kept" if item.note else "removed"
    text = f"The note about {item.instrument.symbol} is {verb}."
    return watchlist_page(
        request, shown, announcement=text, returns_to=full_address(item.instrument)
    )


def _move(shown: Watchlist, form: ItemOrderForm) -> WatchlistItem:
    given, now = form.cleaned_data, timezone.now()
    if address := given["up"] or given["down"]:
        by = -1 if given["up"] else 1
        return operations.shift_item(watchlist=shown, address=address, by=by, changed_at=now)
    return operations.change_item(
        watchlist=shown, address=given["symbol"], position=given["position"], changed_at=now
    )
