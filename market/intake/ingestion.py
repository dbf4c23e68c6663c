"""Live prices into the database: ticks with their bars, and the newest quotes.

The same batch twice, overlapping batches, any order of arrival: the stored ticks and bars are the
same. See also ``market/intake/bars.py`` for bars made elsewhere and ``price_files.py`` for files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import connection, transaction

from market.intake.bars import BarRow, StoredBars, store_bars
from market.intake.partitions import ensure_tick_partitions
from market.intake.refused_prices import RefusedPrice, RefusedTick, quarantine
from market.intake.tick_columns import TickColumns
from market.intake.tick_corrections import correct_ticks
from market.intake.tick_rules import CLOCK_TOLERANCE, are_all_sound, find_problem
from market.intake.tick_writing import SomeTicksAreKnown, TouchedMinute, write_ticks
from market.live.quotes import store_quotes
from market.series.rollups import oldest_open_minute, roll_up_again, roll_up_closed
from market.values import TickValue

__all__ = [
    "BarRow",
    "RefusedTick",
    "StoredBars",
    "StoredTicks",
    "ensure_tick_partitions",
    "store_bars",
    "store_quotes",
    "store_ticks",
]

_known_ids: set[int] = set()
_overlapping_sources: set[str] = set()
_rolled_up_at: dict[int, datetime] = {}  # by instrument, the oldest minute open then


@dataclass(frozen=True, slots=True)
class StoredTicks:
    """What became of the ticks given."""

    written: int  # new or corrected
    unchanged: int  # already stored
    refused: tuple[RefusedTick, ...]  # found here, and kept in quarantine


def store_ticks(
    ticks: Sequence[TickValue], *, received_at: datetime, kept_out: Sequence[RefusedPrice] = ()
) -> StoredTicks:
    """Add ticks, their 1-minute bars, and the longer bars that are over by ``received_at``.

    A tick is known by instrument, time and the provider's id; a known one adds nothing, and one
    that its provider corrects is a new version: see ``tick_corrections``. Ticks that cannot be
    true (no positive price, negative size, from the future, of no instrument) go to quarantine
    with the reason, and so does what was ``kept_out`` at the door before. ``received_at`` is now;
    it must not run backwards from call to call over a bucket's end, because what was over once is
    taken to be rolled up.
    """
    sound, refused = _judge(TickColumns.of(ticks), received_at=received_at)
    # Who sent known ticks the last time, as a replay or after a gap, may well do so again.
    sources = set(sound.sources)
    are_new = sources.isdisjoint(_overlapping_sources)
    store = partial(_store, sound, [*kept_out, *refused], received_at=received_at)
    try:
        written = store(are_new=are_new)
    except SomeTicksAreKnown:
        written = store(are_new=False)
    if written < len(sound):
        _overlapping_sources.update(sources)
    else:
        _overlapping_sources.difference_update(sources)
    return StoredTicks(written=written, unchanged=len(sound) - written, refused=tuple(refused))


def _store(
    sound: TickColumns,
    refused: Sequence[RefusedPrice],
    *,
    received_at: datetime,
    are_new: bool,
) -> int:
    """Write what was judged; return how many ticks were added or corrected.

    Raises:
        SomeTicksAreKnown: ``are_new``, and some are not; nothing was written.
    """
    open_since = oldest_open_minute(received_at)
    write = partial(write_ticks, sound, past_before=open_since, are_new=are_new)
    # Where ticks may be known they may be corrected too, which must not be lost midway.
    if are_new and not refused and _is_one_statement(sound, open_since=open_since):
        # It is a transaction of its own, and is spared two ways to the server and back.
        return write().count
    with transaction.atomic():
        written = 0
        if sound:
            result = write()
            _roll_up(result.minutes, open_since=open_since, received_at=received_at)
            written = result.count
            if written < len(sound):
                written += correct_ticks(sound, received_at=received_at)
        if refused:
            quarantine(refused, received_at=received_at)
        return written


def _is_one_statement(ticks: TickColumns, *, open_since: datetime) -> bool:
    """Whether nothing is to be rolled up with some ticks, as in most batches."""
    if not ticks or connection.in_atomic_block:
        return False
    rolled_up_at = set(map(_rolled_up_at.get, set(ticks.instrument_ids)))
    return rolled_up_at == {open_since} and min(ticks.times) >= open_since


def _roll_up(
    minutes: Sequence[TouchedMinute], *, open_since: datetime, received_at: datetime
) -> None:
    """Roll up what is over, and anew what late ticks have changed.

    No bucket ends between two moments with the same ``open_since``, so each instrument's are
    looked for once.
    """
    beginning = {minute.instrument_id for minute in minutes if minute.is_new}
    due = {one for one in beginning if _rolled_up_at.get(one) != open_since}
    if due:
        roll_up_closed(due, at=received_at)
        transaction.on_commit(lambda: _rolled_up_at.update(dict.fromkeys(due, open_since)))
    late = [
        (minute.instrument_id, minute.opened_at)
        for minute in minutes
        if minute.opened_at < open_since
    ]
    if late:
        roll_up_again(late, at=received_at)


def _judge(ticks: TickColumns, *, received_at: datetime) -> tuple[TickColumns, list[RefusedTick]]:
    unknown_ids = _unknown_instruments(set(ticks.instrument_ids))
    latest_at = received_at + CLOCK_TOLERANCE
    if not unknown_ids and are_all_sound(ticks, latest_at=latest_at):
        return ticks, []
    found = [_problem(tick, unknown_ids=unknown_ids, latest_at=latest_at) for tick in ticks.ticks]
    judged = list(zip(ticks.ticks, found, strict=True))
    refused = [RefusedTick(tick, code=why[0], message=why[1]) for tick, why in judged if why]
    return TickColumns.of([tick for tick, why in judged if not why]), refused


def _problem(
    tick: TickValue, *, unknown_ids: set[int], latest_at: datetime
) -> tuple[str, str] | None:
    if found := find_problem(tick, latest_at=latest_at):
        return found
    if tick.instrument_id in unknown_ids:
        return "unknown_symbol", f"There is no instrument with the id {tick.instrument_id}."
    return None


def _unknown_instruments(ids: set[int]) -> set[int]:
    """Those that no instrument has. What is known is not asked again: none is ever deleted."""
    if unseen := ids - _known_ids:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM market_instrument WHERE id = ANY(%s)", [list(unseen)])
            _known_ids.update(row[0] for row in cursor.fetchall())
    return ids - _known_ids
