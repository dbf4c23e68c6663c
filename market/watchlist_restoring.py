"""A watchlist brought back as it was kept in a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.errors import AllowanceExceeded
from accounts.models import User
from accounts.restorations import LeftOut
from market.errors import InvalidNote, InvalidWatchlistName, WatchlistFull
from market.models import Watchlist, WatchlistItem
from market.queries import matches_of
from market.watchlist_items import checked_note
from market.watchlists import add_symbols, checked_name, create_watchlist, instruments_on


@dataclass(frozen=True, slots=True)
class KeptItem:
    """An instrument on a list, as ``EXCHANGE:SYMBOL``, and what was noted about it."""

    address: str
    note: str = ""


@dataclass(slots=True)
class BroughtList:
    """What came of one list. Neither made nor added to, it was there as it was kept."""

    is_made: bool = False
    added: int = 0
    left_out: list[LeftOut] = field(default_factory=list)


@transaction.atomic
def restore_watchlist(
    *, owner: User, name: str, items: Sequence[KeptItem], restored_at: datetime
) -> BroughtList:
    """Make the list, or add what is missing to the owner's own of that name.

    What he has stays where it is, with his notes; a kept note goes where there is none. Whatever
    does not come back is named in the answer, and nothing is raised for it.
    """
    # Two restorations at once must not both make the list.
    owner = User.objects.select_for_update(no_key=True).get(id=owner.id)
    brought = BroughtList()
    try:
        cleaned = checked_name(name)
        found = Watchlist.objects.for_user(owner).filter(name=cleaned).first()
        brought.is_made = found is None
        watchlist = found or create_watchlist(owner=owner, name=cleaned, created_at=restored_at)
    except (InvalidWatchlistName, AllowanceExceeded) as error:
        left = LeftOut("watchlist", name[:80], error.code, str(error))
        return BroughtList(left_out=[left])
    fitting = fitting_addresses(watchlist, items, brought)
    add_symbols(watchlist=watchlist, symbols=fitting, added_at=restored_at)
    brought.added = len(fitting)
    noted = note_items(watchlist, items, brought)
    if brought.is_made or fitting or noted:
        audit.record(
            action="watchlist.restored",
            owner_id=owner.id,
            target="watchlist",
            target_id=str(watchlist.id),
            after={"name": cleaned, "added": len(fitting), "noted": noted},
            occurred_at=restored_at,
        )
    return brought


def fitting_addresses(
    watchlist: Watchlist, items: Sequence[KeptItem], brought: BroughtList
) -> list[str]:
    """What is to be added, in the order kept; notes in ``brought`` what cannot be."""
    present = instruments_on(watchlist)
    allowed: int = settings.LIMITS.watchlist_items
    fitting = []
    for address, found in matches_of(item.address for item in items).items():
        if len(found) != 1:
            message = f"Nobody here knows {address[:60]!r}, on the list {watchlist.name!r}."
            brought.left_out.append(
                LeftOut("watchlist_item", address[:60], "unknown_symbol", message)
            )
        elif found[0].id in present:
            continue
        elif len(present) >= allowed:
            full = WatchlistFull(allowed=allowed)
            brought.left_out.append(
                LeftOut("watchlist_item", address[:60], full.code, f"{watchlist.name}: {full}")
            )
        else:
            present.add(found[0].id)
            fitting.append(address)
    return fitting


def note_items(watchlist: Watchlist, items: Sequence[KeptItem], brought: BroughtList) -> int:
    """Put kept notes where the owner has none, and return how many."""
    kept = {item.address.strip().upper(): item.note for item in items if item.note}
    noted = []
    for item in watchlist.items.filter(note="").select_related("instrument") if kept else ():
        address = f"{item.instrument.exchange_id}:{item.instrument.symbol}"
        try:
            item.note = checked_note(kept.get(address, ""))
        except InvalidNote as error:
            brought.left_out.append(LeftOut("watchlist_item", address, error.code, str(error)))
        if item.note:
            noted.append(item)
    WatchlistItem.objects.bulk_update(noted, ["note"])
    return len(noted)
