"""What an investor does with one instrument of a watchlist: its place and his note about it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts import audit
from market.errors import AmbiguousSymbol, InvalidNote, NotOnWatchlist, UnknownSymbol
from market.models import Watchlist, WatchlistItem
from market.models.watchlists import NOTE_CHARACTERS
from market.queries import matches_of


@transaction.atomic
def shift_item(
    *, watchlist: Watchlist, address: str, by: int, changed_at: datetime
) -> WatchlistItem:
    """Move an instrument ``by`` places down its list, or up where that is negative.

    Raises what ``change_item`` raises.
    """
    item = find_item(_lock(watchlist), address)
    return change_item(
        watchlist=watchlist,
        address=address,
        position=max(0, item.position + by),
        changed_at=changed_at,
    )


@transaction.atomic
def change_item(
    *,
    watchlist: Watchlist,
    address: str,
    position: int | None = None,
    note: str | None = None,
    changed_at: datetime,
) -> WatchlistItem:
    """Move an instrument to another place of its list, note something about it, or both.

    Two moves at once both count, one after the other: the list is locked while it is numbered.

    Args:
        position: counted from 0; beyond the end is the end. None leaves it where it is.
        note: at most 500 characters, empty for none. None leaves it as it is.

    Raises:
        UnknownSymbol: there is no such instrument.
        AmbiguousSymbol: several of that symbol are on the list.
        NotOnWatchlist: it is not on the list, or no longer.
        InvalidNote: the note is too long.
    """
    items = _lock(watchlist)
    item = find_item(items, address)
    place = item.position
    before = {"position": place, "note": item.note}
    if note is not None:
        item.note = checked_note(note)
        item.save(update_fields=["note"])
    if position is not None:
        items.remove(item)
        items.insert(min(max(0, position), len(items)), item)
        place = items.index(item)
        _number(items)
    facts = audit.changes(before, {"position": place, "note": item.note})
    if facts[1]:
        audit.record(
            action="watchlist.item_changed",
            owner_id=watchlist.owner_id,
            target="watchlist",
            target_id=str(watchlist.id),
            before={"symbol": item.instrument.symbol} | facts[0],
            after={"symbol": item.instrument.symbol} | facts[1],
            occurred_at=changed_at,
        )
    return item


def listed_items(watchlist: Watchlist) -> list[WatchlistItem]:
    """The list in its order, each with its instrument and the place that it has now."""
    items = list(watchlist.items.select_related("instrument__exchange").order_by("position", "id"))
    # Removals leave gaps in what is stored.
    for place, item in enumerate(items):
        item.position = place
    return items


def find_item(items: list[WatchlistItem], address: str) -> WatchlistItem:
    """Raises:
    UnknownSymbol: there is no such instrument.
    AmbiguousSymbol: several of that symbol are on the list.
    NotOnWatchlist: it is not on the list.
    """
    (found,) = matches_of([address]).values()
    ids = {instrument.id for instrument in found}
    # A bare symbol that several exchanges list means the one that is on the list.
    here = [item for item in items if item.instrument_id in ids]
    if not found:
        raise UnknownSymbol(address)
    if not here:
        raise NotOnWatchlist(address)
    if len(here) > 1:
        choices = [f"{it.instrument.exchange_id}:{it.instrument.symbol}" for it in here]
        raise AmbiguousSymbol(address, choices=choices)
    return here[0]


def _lock(watchlist: Watchlist) -> list[WatchlistItem]:
    Watchlist.objects.select_for_update(no_key=True).get(id=watchlist.id)
    return listed_items(watchlist)


def _number(items: list[WatchlistItem]) -> None:
    """Store each place; all of them, because what is stored may have gaps."""
    for place, item in enumerate(items):
        item.position = place
    WatchlistItem.objects.bulk_update(items, ["position"])


def checked_note(note: str) -> str:
    """The note with single spaces.

    Raises:
        InvalidNote: it is too long.
    """
    note = " ".join(note.split())
    if len(note) > NOTE_CHARACTERS or "\0" in note:
        raise InvalidNote(
            f"The note has {len(note)} characters, must have at most {NOTE_CHARACTERS}."
        )
    return note
