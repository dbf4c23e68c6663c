"""What every page of a watchlist is made of."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts.http import InvestorRequest
from market.alert_rows import with_next_alerts
from market.boards import board_rows
from market.errors import MarketError
from market.forms import NoteForm, SymbolsForm, WatchlistNameForm
from market.models import Instrument, Watchlist, WatchlistItem
from market.models.watchlists import WatchlistQuerySet
from market.watchlist_items import find_item, listed_items


def watchlist_page(
    request: InvestorRequest, shown: Watchlist, *, status: int = 200, **changes: Any
) -> HttpResponse:
    """The watchlist's page, or only its table where the script asks for that."""
    items = listed_items(shown)
    rows = with_next_alerts(
        board_rows([item.instrument for item in items], at=timezone.now()), user=request.user
    )
    context = {
        "watchlist": shown,
        "watchlists": owned_watchlists(request),
        "rows": rows,
        "entries": list(zip(items, rows, strict=True)),
        "symbols_form": SymbolsForm(),
        "name_form": WatchlistNameForm(),
        "rename_form": WatchlistNameForm(initial={"name": shown.name}),
        **_note_to_write(items, request.GET.get("note", "")),
        **changes,
    }
    template = "market/_watchlist.html" if request.htmx else "market/watchlists.html"
    return TemplateResponse(request, template, context, status=status)


def owned_watchlists(request: InvestorRequest) -> WatchlistQuerySet:
    """The user's watchlists in the order of their tabs."""
    owned = Watchlist.objects.for_user(request.user)
    return owned.order_by("position", "created_at", "id")


def full_address(instrument: Instrument) -> str:
    return f"{instrument.exchange_id}:{instrument.symbol}"


def _note_to_write(items: list[WatchlistItem], address: str) -> dict[str, Any]:
    """The form for the note that the address asks to write; none for what is not on the list."""
    if not address:
        return {}
    try:
        item = find_item(items, address)
    except MarketError:
        return {}
    noted = full_address(item.instrument)
    return {"noted": noted, "note_form": NoteForm(initial={"symbol": noted, "note": item.note})}
