"""Live prices into the database: ticks with their bars, and the newest quotes.

The same batch twice, overlapping batches, any order of arrival: the stored ticks and bars are the
same. See also ``market/intake/bars.py`` for bars made elsewhere and ``price_files.py`` for files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from market.intake.bars import BarRow, StoredBars, store_bars
from market.intake.partitions import ensure_tick_partitions
from market.intake.spikes import CODE as SPIKE
from market.intake.spikes import SpikeGuard
from market.live.quotes import store_quotes
from market.models import IngestionRun, Instrument, QuarantinedRow
from market.models.prices import QuarantinedKind, RunStatus
from market.series.rollups import oldest_open_minute, roll_up_again, roll_up_closed
from market.values import TickValue, wire_time

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

CLOCK_TOLERANCE: Final = timedelta(seconds=5)  # a provider's clock may run ahead by this

_known_ids: set[int] = set()
_spike_guard = SpikeGuard()

# Ticks that are new, and the minutes they touch, in one statement. Open belongs to the first tick
# of the minute by time and id and close to the last, whatever order they arrive in. A minute
# without a first tick came from a back-fill: its open stays. Products are rounded one by one, else
# the turnover would depend on how ticks were batched.
STORE_TICKS: Final = """
WITH arrived AS (
    INSERT INTO market_tick (instrument_id, occurred_at, provider_tick_id, price, size, source)
    SELECT * FROM unnest(%s::int4[], %s::timestamptz[], %s::varchar[], %s::numeric[],
                         %s::numeric[], %s::varchar[])
         AS given(instrument_id, occurred_at, provider_tick_id, price, size, source)
    ORDER BY instrument_id, occurred_at, provider_tick_id COLLATE "C"
    ON CONFLICT DO NOTHING
    RETURNING instrument_id, occurred_at, provider_tick_id, price, size, source
), touched AS (
    INSERT INTO market_bar AS stored
        (instrument_id, "interval", opened_at, open, high, low, close, volume, turnover, "count",
         source, first_tick_at, first_tick_id, last_tick_at, last_tick_id)
    SELECT instrument_id, '1m', date_trunc('minute', occurred_at),
           (array_agg(price ORDER BY occurred_at, provider_tick_id))[1], max(price), min(price),
           (array_agg(price ORDER BY occurred_at, provider_tick_id))[count(*)],
           sum(size), sum(round(price * size, 10)), count(*), max(source), min(occurred_at),
           (array_agg(provider_tick_id ORDER BY occurred_at, provider_tick_id))[1],
           max(occurred_at),
           (array_agg(provider_tick_id ORDER BY occurred_at, provider_tick_id))[count(*)]
    FROM arrived GROUP BY 1, 3 ORDER BY 1, 3
    ON CONFLICT (instrument_id, "interval", opened_at) DO UPDATE SET
        open = CASE WHEN (excluded.first_tick_at, excluded.first_tick_id COLLATE "C")
                       < (stored.first_tick_at, stored.first_tick_id COLLATE "C")
                    THEN excluded.open ELSE stored.open END,
        first_tick_id = CASE WHEN (excluded.first_tick_at, excluded.first_tick_id COLLATE "C")
                                < (stored.first_tick_at, stored.first_tick_id COLLATE "C")
                             THEN excluded.first_tick_id ELSE stored.first_tick_id END,
        first_tick_at = CASE WHEN stored.first_tick_at IS NOT NULL
                             THEN least(stored.first_tick_at, excluded.first_tick_at) END,
        close = CASE WHEN (excluded.last_tick_at, excluded.last_tick_id COLLATE "C")
                        < (stored.last_tick_at, stored.last_tick_id COLLATE "C")
                     THEN stored.close ELSE excluded.close END,
        last_tick_id = CASE WHEN (excluded.last_tick_at, excluded.last_tick_id COLLATE "C")
                               < (stored.last_tick_at, stored.last_tick_id COLLATE "C")
                            THEN stored.last_tick_id ELSE excluded.last_tick_id END,
        last_tick_at = greatest(stored.last_tick_at, excluded.last_tick_at),
        high = greatest(stored.high, excluded.high),
        low = least(stored.low, excluded.low),
        volume = stored.volume + excluded.volume,
        turnover = stored.turnover + excluded.turnover,
        "count" = stored."count" + excluded."count"
    RETURNING instrument_id, opened_at, xmax = 0 AS is_new
)
SELECT instrument_id, opened_at, is_new, (SELECT count(*) FROM arrived) FROM touched
"""


@dataclass(frozen=True, slots=True)
class RefusedTick:
    """A tick that cannot be true, and why."""

    tick: TickValue
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class StoredTicks:
    """What became of the ticks given."""

    written: int
    unchanged: int  # already stored
    refused: tuple[RefusedTick, ...]  # kept in quarantine


@transaction.atomic
def store_ticks(
    ticks: Sequence[TickValue], *, received_at: datetime, is_confirmed: bool = False
) -> StoredTicks:
    """Add ticks, their 1-minute bars, and the longer bars that are over by ``received_at``.

    A tick is known by instrument, time and the provider's id; a known one adds nothing. Ticks
    that cannot be true (no positive price, negative size, from the future, of no instrument) go
    to quarantine with the reason, and so do spikes, unless somebody has confirmed the ticks.
    ``received_at`` is now; it must not run backwards from call to
    call over a bucket's end, because what was over once is taken to be rolled up.
    """
    sound, refused = _judge(ticks, received_at=received_at)
    if is_confirmed:
        _spike_guard.forget({tick.instrument_id for tick in sound})
    else:
        sound, spikes = _part_spikes(sound, received_at=received_at)
        refused += spikes
    written = 0
    if sound:
        with connection.cursor() as cursor:
            cursor.execute(STORE_TICKS, _arrays(sound))
            touched = cursor.fetchall()
        written = touched[0][3] if touched else 0
        _roll_up(touched, received_at=received_at)
    if refused:
        _quarantine(refused, received_at=received_at)
    return StoredTicks(written=written, unchanged=len(sound) - written, refused=tuple(refused))


def _arrays(ticks: Sequence[TickValue]) -> list[str]:
    """The columns of ticks as array literals.

    A COPY of so few rows would need a table to land in, and four more round trips.
    """
    return [
        _array(str(tick.instrument_id) for tick in ticks),
        _array(f'"{tick.occurred_at.isoformat()}"' for tick in ticks),
        _array(_quoted(tick.provider_tick_id) for tick in ticks),
        _array(str(tick.price) for tick in ticks),
        _array(str(tick.size) for tick in ticks),
        _array(_quoted(tick.source) for tick in ticks),
    ]


def _array(items: Iterable[str]) -> str:
    return "{" + ",".join(items) + "}"


def _quoted(text: str) -> str:
    """An array's element, whatever is in it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _roll_up(touched: Sequence[tuple[int, datetime, bool, int]], *, received_at: datetime) -> None:
    beginning = {instrument_id for instrument_id, _, is_new, _ in touched if is_new}
    if beginning:
        roll_up_closed(beginning, at=received_at)
    open_since = oldest_open_minute(received_at)
    late = [
        (instrument_id, minute) for instrument_id, minute, _, _ in touched if minute < open_since
    ]
    if late:
        roll_up_again(late, at=received_at)


def _judge(
    ticks: Sequence[TickValue], *, received_at: datetime
) -> tuple[list[TickValue], list[RefusedTick]]:
    unknown_ids = _unknown_instruments({tick.instrument_id for tick in ticks})
    latest_at = received_at + CLOCK_TOLERANCE
    sound: list[TickValue] = []
    refused: list[RefusedTick] = []
    for tick in ticks:
        found = _problem(tick, unknown_ids=unknown_ids, latest_at=latest_at)
        if found is None:
            sound.append(tick)
        else:
            refused.append(RefusedTick(tick, code=found[0], message=found[1]))
    return sound, refused


def _part_spikes(
    ticks: list[TickValue], *, received_at: datetime
) -> tuple[list[TickValue], list[RefusedTick]]:
    spikes = _spike_guard.spikes(ticks, received_at=received_at)
    if not spikes:
        return ticks, []
    refused = [
        RefusedTick(tick, code=SPIKE, message=band.words(tick.price))
        for tick, band in spikes.items()
    ]
    return [tick for tick in ticks if tick not in spikes], refused


def _problem(
    tick: TickValue, *, unknown_ids: set[int], latest_at: datetime
) -> tuple[str, str] | None:
    if not (tick.price.is_finite() and tick.price > 0):
        return "price_not_positive", f"price was {tick.price}, must be > 0"
    if not (tick.size.is_finite() and tick.size >= 0):
        return "size_negative", f"size was {tick.size}, must be >= 0"
    if tick.occurred_at > latest_at:
        return "future_time", f"time was {tick.occurred_at}, must not lie ahead"
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


def _quarantine(refused: Sequence[RefusedTick], *, received_at: datetime) -> None:
    """Keep refused ticks under one run per source and UTC day; lines count from 1."""
    symbols = dict(
        Instrument.objects.filter(id__in={item.tick.instrument_id for item in refused}).values_list(
            "id", "symbol"
        )
    )
    for source in sorted({item.tick.source for item in refused}):
        run, _ = IngestionRun.objects.get_or_create(
            provider=source,
            source_name=f"ticks of {received_at:%Y-%m-%d}",
            defaults={"status": RunStatus.RUNNING, "created_at": received_at},
        )
        run = IngestionRun.objects.select_for_update().get(id=run.id)
        items = [item for item in refused if item.tick.source == source]
        QuarantinedRow.objects.bulk_create(
            QuarantinedRow(
                run=run,
                line=line,
                kind=QuarantinedKind.TICK,
                code=item.code,
                message=item.message,
                raw=_raw(item.tick, symbol=symbols.get(item.tick.instrument_id, "")),
            )
            for line, item in enumerate(items, start=run.rows_refused + 1)
        )
        run.rows_refused += len(items)
        run.heartbeat_at = received_at
        run.save(update_fields=["rows_refused", "heartbeat_at"])


def _raw(tick: TickValue, *, symbol: str) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "instrument_id": tick.instrument_id,
        "occurred_at": wire_time(tick.occurred_at),
        "provider_tick_id": tick.provider_tick_id,
        "price": str(tick.price),
        "size": str(tick.size),
    }
