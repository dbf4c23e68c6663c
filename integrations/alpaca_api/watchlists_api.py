"""Watchlists for Alpaca's client; they are the user's, whichever account he calls by."""

from collections.abc import Sequence
from typing import Any, Final

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from ninja import Router

from accounts.errors import NotFound, Problem, ProblemsError
from accounts.http import ApiRequest
from accounts.identifiers import read_id
from integrations.alpaca_api.answers import answer
from integrations.alpaca_api.asset_json import asset_json, find_instrument
from integrations.alpaca_api.credentials import AccountAuth, account_of
from integrations.alpaca_api.order_schemas import LenientIn
from market import watchlists
from market.api.watchlists import find_watchlist, watchlists_of
from market.errors import UnknownSymbol
from market.models import Watchlist
from market.values import wire_time
from market.watchlists import SymbolOutcome

router: Final = Router(tags=["Alpaca"])

MISSING: Final = frozenset({"unknown", "ambiguous"})


class WatchlistIn(LenientIn):
    name: str
    symbols: tuple[str, ...] = ()


class WatchlistChange(LenientIn):
    name: str | None = None
    symbols: tuple[str, ...] | None = None


class SymbolIn(LenientIn):
    symbol: str


@router.get("/v2/watchlists", auth=AccountAuth("read"))
def list_watchlists(request: ApiRequest) -> HttpResponse:
    """All watchlists, without what is on them."""
    account_of(request)
    rows = watchlists_of(request).order_by("position", "id")
    return answer([head_json(request, row) for row in rows])


@router.post("/v2/watchlists", auth=AccountAuth("trade"))
def create_watchlist(request: ApiRequest, payload: WatchlistIn) -> HttpResponse:
    """Make a watchlist with symbols on it; all of them, or none of it."""
    now = timezone.now()
    with transaction.atomic():
        made = watchlists.create_watchlist(
            owner=request.auth.user, name=payload.name, created_at=now
        )
        add(made, payload.symbols)
    return shown(request, str(made.id))


@router.get("/v2/watchlists/{watchlist_id}", auth=AccountAuth("read"))
def get_watchlist(request: ApiRequest, watchlist_id: str) -> HttpResponse:
    """One watchlist with its assets."""
    return shown(request, watchlist_id)


@router.put("/v2/watchlists/{watchlist_id}", auth=AccountAuth("trade"))
def change_watchlist(
    request: ApiRequest, watchlist_id: str, payload: WatchlistChange
) -> HttpResponse:
    """Give a watchlist another name, or put these symbols on it instead of what is there."""
    found, now = existing(request, watchlist_id), timezone.now()
    if payload.name is not None:
        watchlists.rename_watchlist(watchlist=found, name=payload.name, renamed_at=now)
    if payload.symbols is not None:
        there = [address_of(item.instrument) for item in found.items.all()]
        watchlists.remove_symbols(watchlist=found, symbols=there, removed_at=now)
        add(found, payload.symbols)
    return shown(request, watchlist_id)


@router.post("/v2/watchlists/{watchlist_id}", auth=AccountAuth("trade"))
def add_symbol(request: ApiRequest, watchlist_id: str, payload: SymbolIn) -> HttpResponse:
    """Put one more symbol on a watchlist."""
    with transaction.atomic():
        add(existing(request, watchlist_id), [payload.symbol])
    return shown(request, watchlist_id)


@router.delete("/v2/watchlists/{watchlist_id}", auth=AccountAuth("trade"))
def delete_watchlist(request: ApiRequest, watchlist_id: str) -> HttpResponse:
    """Delete a watchlist."""
    watchlists.delete_watchlist(
        watchlist=existing(request, watchlist_id), deleted_at=timezone.now()
    )
    return HttpResponse(status=204)


@router.delete("/v2/watchlists/{watchlist_id}/{symbol}", auth=AccountAuth("trade"))
def remove_symbol(request: ApiRequest, watchlist_id: str, symbol: str) -> HttpResponse:
    """Take a symbol off a watchlist."""
    found = existing(request, watchlist_id)
    address = address_of(find_instrument(symbol))
    (outcome,) = watchlists.remove_symbols(
        watchlist=found, symbols=[address], removed_at=timezone.now()
    )
    if outcome.outcome != "removed":
        raise UnknownSymbol(symbol)
    return shown(request, watchlist_id)


def add(watchlist: Watchlist, symbols: Sequence[str]) -> None:
    """Raises:
    ProblemsError: a symbol means no instrument, or several.
    """
    outcomes = watchlists.add_symbols(watchlist=watchlist, symbols=symbols, added_at=timezone.now())
    problems = [problem_of(found) for found in outcomes if found.outcome in MISSING]
    if problems:
        raise ProblemsError(problems)


def problem_of(found: SymbolOutcome) -> Problem:
    message = f"{found.symbol!r} means no instrument, or several."
    return Problem("symbols", f"{found.outcome}_symbol", message)


def address_of(instrument: Any) -> str:
    return f"{instrument.exchange_id}:{instrument.symbol}"


def existing(request: ApiRequest, watchlist_id: str) -> Watchlist:
    """Raises:
    NotFound: the caller has no such watchlist.
    """
    account_of(request)
    number = read_id(watchlist_id)
    if number is None:
        raise NotFound("There is no such watchlist.")
    return find_watchlist(request, number)


def shown(request: ApiRequest, watchlist_id: str) -> HttpResponse:
    found = existing(request, watchlist_id)
    assets = [asset_json(item.instrument) for item in found.items.all()]
    return answer(head_json(request, found) | {"assets": assets})


def head_json(request: ApiRequest, watchlist: Watchlist) -> dict[str, Any]:
    (account_id,) = request.auth.portfolio_ids
    return {
        "id": str(watchlist.id),
        "account_id": str(account_id),
        "name": watchlist.name,
        "created_at": wire_time(watchlist.created_at),
        "updated_at": wire_time(watchlist.created_at),
    }
