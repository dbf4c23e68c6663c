"""What an investor does with his watchlists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from accounts import audit
from accounts.models import User
from market.errors import (
    InvalidWatchlistName,
    TooManyWatchlists,
    WatchlistFull,
    WatchlistNameTaken,
)
from market.models import Instrument, Watchlist, WatchlistItem
from market.queries import matches_of

NAME_CHARACTERS: Final = 80

Outcome = Literal["added", "already_there", "removed", "not_there", "unknown", "ambiguous"]


@dataclass(frozen=True, slots=True)
class SymbolOutcome:
    """What became of one symbol, as it was given."""

    symbol: str
    outcome: Outcome


@transaction.atomic
def create_watchlist(*, owner: User, name: str, created_at: datetime) -> Watchlist:
    """Make an empty watchlist, last among the owner's.

    Raises:
        InvalidWatchlistName: the name is empty or longer than 80 characters.
        WatchlistNameTaken: the owner has one of that name.
        TooManyWatchlists: his tier includes no further one.
    """
    name = checked_name(name)
    # Two requests at once must not both take the last place.
    owner = User.objects.select_for_update(no_key=True).get(id=owner.id)
    own = Watchlist.objects.filter(owner=owner)
    if own.filter(name=name).exists():
        raise WatchlistNameTaken(name)
    allowed = owner.allowance.watchlists
    if allowed is not None and own.count() >= allowed:
        raise TooManyWatchlists(owner.tier)
    newest = own.aggregate(newest=Max("position"))["newest"]
    position = 0 if newest is None else newest + 1
    made = Watchlist.objects.create(
        owner=owner, name=name, position=position, created_at=created_at
    )
    audit.record(
        action="watchlist.created",
        owner_id=owner.id,
        target="watchlist",
        target_id=str(made.id),
        after={"name": name},
        occurred_at=created_at,
    )
    return made


@transaction.atomic
def rename_watchlist(*, watchlist: Watchlist, name: str, renamed_at: datetime) -> Watchlist:
    """Raises:
    InvalidWatchlistName: the name is empty or longer than 80 characters.
    WatchlistNameTaken: the owner has another one of that name.
    """
    name = checked_name(name)
    User.objects.select_for_update(no_key=True).get(id=watchlist.owner_id)
    others = Watchlist.objects.filter(owner_id=watchlist.owner_id).exclude(id=watchlist.id)
    if others.filter(name=name).exists():
        raise WatchlistNameTaken(name)
    if watchlist.name != name:
        before, watchlist.name = watchlist.name, name
        watchlist.save(update_fields=["name"])
        audit.record(
            action="watchlist.renamed",
            owner_id=watchlist.owner_id,
            target="watchlist",
            target_id=str(watchlist.id),
            before={"name": before},
            after={"name": name},
            occurred_at=renamed_at,
        )
    return watchlist


@transaction.atomic
def delete_watchlist(*, watchlist: Watchlist, deleted_at: datetime) -> None:
    """Delete the list; the instruments on it stay what they are. Repeating it is harmless."""
    gone, _ = Watchlist.objects.filter(id=watchlist.id).delete()
    if gone:
        audit.record(
            action="watchlist.deleted",
            owner_id=watchlist.owner_id,
            target="watchlist",
            target_id=str(watchlist.id),
            before={"name": watchlist.name},
            occurred_at=deleted_at,
        )


@transaction.atomic
def add_symbols(
    *, watchlist: Watchlist, symbols: Iterable[str], added_at: datetime
) -> list[SymbolOutcome]:
    """Put instruments at the list's end; the outcomes stand in the order of the symbols.

    Raises:
        WatchlistFull: it would hold too many; nothing was added.
    """
    Watchlist.objects.select_for_update(no_key=True).get(id=watchlist.id)
    present = instruments_on(watchlist)
    new: list[Instrument] = []
    outcomes: list[SymbolOutcome] = []
    for symbol, found in matches_of(symbols).items():
        if len(found) != 1:
            outcomes.append(SymbolOutcome(symbol, "ambiguous" if found else "unknown"))
        elif found[0].id in present:
            outcomes.append(SymbolOutcome(symbol, "already_there"))
        else:
            present.add(found[0].id)
            new.append(found[0])
            outcomes.append(SymbolOutcome(symbol, "added"))
    if new and len(present) > settings.LIMITS.watchlist_items:
        raise WatchlistFull(allowed=settings.LIMITS.watchlist_items)
    newest = watchlist.items.aggregate(newest=Max("position"))["newest"]
    WatchlistItem.objects.bulk_create(
        WatchlistItem(
            watchlist=watchlist, instrument=instrument, position=position, added_at=added_at
        )
        for position, instrument in enumerate(new, start=0 if newest is None else newest + 1)
    )
    _record_symbols(watchlist, outcomes, "added", at=added_at)
    return outcomes


@transaction.atomic
def remove_symbols(
    *, watchlist: Watchlist, symbols: Iterable[str], removed_at: datetime
) -> list[SymbolOutcome]:
    """Take instruments off the list; the outcomes stand in the order of the symbols."""
    Watchlist.objects.select_for_update(no_key=True).get(id=watchlist.id)
    present = instruments_on(watchlist)
    gone: set[int] = set()
    outcomes: list[SymbolOutcome] = []
    for symbol, found in matches_of(symbols).items():
        # A bare symbol that several exchanges list means the one that is on the list.
        here = [row for row in found if row.id in present]
        if len(here) == 1:
            gone.add(here[0].id)
            outcomes.append(SymbolOutcome(symbol, "removed"))
        elif not found:
            outcomes.append(SymbolOutcome(symbol, "unknown"))
        else:
            outcomes.append(SymbolOutcome(symbol, "ambiguous" if here else "not_there"))
    watchlist.items.filter(instrument_id__in=gone).delete()
    _record_symbols(watchlist, outcomes, "removed", at=removed_at)
    return outcomes


def _record_symbols(
    watchlist: Watchlist, outcomes: Iterable[SymbolOutcome], outcome: Outcome, *, at: datetime
) -> None:
    symbols = [found.symbol for found in outcomes if found.outcome == outcome]
    if symbols:
        is_added = outcome == "added"
        audit.record(
            action="watchlist.symbols_added" if is_added else "watchlist.symbols_removed",
            owner_id=watchlist.owner_id,
            target="watchlist",
            target_id=str(watchlist.id),
            before=None if is_added else {"symbols": symbols},
            after={"symbols": symbols} if is_added else None,
            occurred_at=at,
        )


def instruments_on(watchlist: Watchlist) -> set[int]:
    return set(watchlist.items.values_list("instrument_id", flat=True))


def checked_name(name: str) -> str:
    """The name with single spaces.

    Raises:
        InvalidWatchlistName: it is empty, or too long.
    """
    name = " ".join(name.split())
    if not name or len(name) > NAME_CHARACTERS or "\0" in name:
        raise InvalidWatchlistName(
            f"The name has {len(name)} characters, must have 1 to {NAME_CHARACTERS}."
        )
    return name
