"""Lists of instruments somebody keeps an eye on."""

from typing import Annotated, Final
from uuid import UUID

from django.db.models import Prefetch
from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status
from pydantic import Field

from accounts import exact_json
from accounts.auth import KeyAuth
from accounts.cursors import Listing
from accounts.errors import NotFound
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from accounts.schemas import PageIn
from market import watchlist_items, watchlists
from market.api.prices import JSON, shown_quote
from market.instruments.short_addresses import addresses_of_ids
from market.list_schemas import (
    MoverList,
    OutcomeList,
    OutcomeOut,
    SymbolsIn,
    WatchlistIn,
    WatchlistItemOut,
    WatchlistItemPatch,
    WatchlistList,
    WatchlistOut,
)
from market.models import Watchlist, WatchlistItem
from market.models.watchlists import WatchlistQuerySet
from market.movers import MOVERS_MAXIMUM, watched_movers

router: Final = Router(tags=["Watchlists"])

Movers = Annotated[int, Field(ge=1, le=MOVERS_MAXIMUM, description="how many at most")]


def watchlists_of(request: ApiRequest) -> WatchlistQuerySet:
    items = WatchlistItem.objects.select_related("instrument").order_by("position", "id")
    return Watchlist.objects.for_user(request.auth.user).prefetch_related(
        Prefetch("items", queryset=items)
    )


def find_watchlist(request: ApiRequest, watchlist_id: UUID) -> Watchlist:
    """Raises:
    NotFound: the caller has no such watchlist.
    """
    found = watchlists_of(request).filter(id=watchlist_id).first()
    if found is None:
        raise NotFound("There is no such watchlist.")
    return found


def shown(*watchlists: Watchlist) -> list[WatchlistOut]:
    """One query, however many."""
    items = {it.id: it.items.all() for it in watchlists}
    addresses = addresses_of_ids(item.instrument_id for listed in items.values() for item in listed)
    return [WatchlistOut.from_watchlist(it, items[it.id], addresses) for it in watchlists]


@router.get("/watchlists", response=WatchlistList, auth=KeyAuth("read"))
def list_watchlists(request: ApiRequest, page: Query[PageIn]) -> WatchlistList:
    """All watchlists of the user, in his order."""
    found = Listing(request.auth, "watchlists", {}).page(
        watchlists_of(request),
        order=["position", "id"],
        limit=page.limit,
        cursor=page.cursor,
    )
    return WatchlistList(items=shown(*found.items), next_cursor=found.next_cursor)


@router.post("/watchlists", response={201: WatchlistOut}, auth=KeyAuth("trade"))
@idempotent(required=False)
def create_watchlist(request: ApiRequest, payload: WatchlistIn) -> Status[WatchlistOut]:
    """Make an empty watchlist; how many one may have is a matter of tier."""
    made = watchlists.create_watchlist(
        owner=request.auth.user, name=payload.name, created_at=timezone.now()
    )
    return Status(201, WatchlistOut.from_watchlist(made, [], {}))


@router.get("/watchlists/movers", response=MoverList, auth=KeyAuth("read"))
def list_movers(request: ApiRequest, limit: Movers = 5) -> HttpResponse:
    """What moved most of all that is on the user's watchlists, the widest change first."""
    found = watched_movers(request.auth.user, limit=limit)
    addresses = addresses_of_ids(quote.instrument_id for quote in found)
    items = [shown_quote(quote, addresses[quote.instrument_id]) for quote in found]
    answer = {"items": items, "next_cursor": None}
    return HttpResponse(exact_json.render(answer), content_type=JSON)


@router.get("/watchlists/{uuid:watchlist_id}", response=WatchlistOut, auth=KeyAuth("read"))
def get_watchlist(request: ApiRequest, watchlist_id: UUID) -> WatchlistOut:
    """One watchlist with its symbols in order."""
    return shown(find_watchlist(request, watchlist_id))[0]


@router.patch("/watchlists/{uuid:watchlist_id}", response=WatchlistOut, auth=KeyAuth("trade"))
def rename_watchlist(request: ApiRequest, watchlist_id: UUID, payload: WatchlistIn) -> WatchlistOut:
    """Give a watchlist another name."""
    watchlist = find_watchlist(request, watchlist_id)
    watchlists.rename_watchlist(watchlist=watchlist, name=payload.name, renamed_at=timezone.now())
    return shown(find_watchlist(request, watchlist_id))[0]


@router.delete("/watchlists/{uuid:watchlist_id}", response={204: None}, auth=KeyAuth("trade"))
def delete_watchlist(request: ApiRequest, watchlist_id: UUID) -> Status[None]:
    """Drop a watchlist."""
    watchlists.delete_watchlist(
        watchlist=find_watchlist(request, watchlist_id), deleted_at=timezone.now()
    )
    return Status(204, None)


@router.post("/watchlists/{uuid:watchlist_id}/items", response=OutcomeList, auth=KeyAuth("trade"))
@idempotent(required=False)
def add_symbols(request: ApiRequest, watchlist_id: UUID, payload: SymbolsIn) -> OutcomeList:
    """Add instruments; one that is there already is no error and no second row."""
    outcomes = watchlists.add_symbols(
        watchlist=find_watchlist(request, watchlist_id),
        symbols=payload.symbols,
        added_at=timezone.now(),
    )
    return OutcomeList(items=[OutcomeOut.from_outcome(it) for it in outcomes])


@router.delete("/watchlists/{uuid:watchlist_id}/items", response=OutcomeList, auth=KeyAuth("trade"))
def remove_symbols(request: ApiRequest, watchlist_id: UUID, payload: SymbolsIn) -> OutcomeList:
    """Take instruments off the list."""
    outcomes = watchlists.remove_symbols(
        watchlist=find_watchlist(request, watchlist_id),
        symbols=payload.symbols,
        removed_at=timezone.now(),
    )
    return OutcomeList(items=[OutcomeOut.from_outcome(it) for it in outcomes])


@router.patch(
    "/watchlists/{uuid:watchlist_id}/items/{symbol}",
    response=WatchlistItemOut,
    auth=KeyAuth("trade"),
)
def change_item(
    request: ApiRequest, watchlist_id: UUID, symbol: str, payload: WatchlistItemPatch
) -> WatchlistItemOut:
    """Move an instrument to another place of the list, or note something about it."""
    watchlist = find_watchlist(request, watchlist_id)
    changed = watchlist_items.change_item(
        watchlist=watchlist,
        address=symbol,
        position=payload.position,
        note=payload.note,
        changed_at=timezone.now(),
    )
    return WatchlistItemOut.from_item(changed)
