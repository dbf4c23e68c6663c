"""Live prices kept out, and the quarantine in which they stand: a run per source and UTC day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import models

from market.intake.price_runs import TICKS_OF
from market.models import IngestionRun, Instrument, QuarantinedRow, Tick
from market.models.prices import QuarantinedKind, QuarantineStatus, RunStatus
from market.values import QuoteValue, TickValue, quote_to_wire, wire_time


@dataclass(frozen=True, slots=True)
class RefusedTick:
    """A tick that cannot be true or has jumped, and why."""

    tick: TickValue
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class RefusedQuote:
    """A quote of which a price has jumped, and why."""

    quote: QuoteValue
    code: str
    message: str


RefusedPrice = RefusedTick | RefusedQuote


@dataclass(frozen=True, slots=True)
class ConfirmedJump:
    """What was kept out as a spike, and the price after it, as far off, that was let in."""

    item: RefusedPrice
    price: Decimal
    by: TickValue | QuoteValue  # whose price that is


def quarantine(refused: Sequence[RefusedPrice], *, received_at: datetime) -> None:
    """Keep refused prices under one run per source and UTC day; lines count from 1.

    Needs a transaction. See also ``price_runs.finish_days_of_ticks``, which ends these runs.
    """
    ids = {value_of(item).instrument_id for item in refused}
    symbols = dict(Instrument.objects.filter(id__in=ids).values_list("id", "symbol"))
    for source in sorted({value_of(item).source for item in refused}):
        run, _ = IngestionRun.objects.get_or_create(
            provider=source,
            source_name=f"{TICKS_OF}{received_at:%Y-%m-%d}",
            defaults={
                "status": RunStatus.RUNNING,
                "created_at": received_at,
                "started_at": received_at,
            },
        )
        run = IngestionRun.objects.select_for_update().get(id=run.id)
        items = [item for item in refused if value_of(item).source == source]
        QuarantinedRow.objects.bulk_create(
            QuarantinedRow(
                run=run,
                line=line,
                kind=kind_of(item),
                code=item.code,
                message=item.message,
                raw=raw_of(item, symbol=symbols.get(value_of(item).instrument_id, "")),
            )
            for line, item in enumerate(items, start=run.rows_refused + 1)
        )
        run.rows_refused += len(items)
        run.heartbeat_at = received_at
        run.save(update_fields=["rows_refused", "heartbeat_at"])


def value_of(item: RefusedPrice) -> TickValue | QuoteValue:
    return item.tick if isinstance(item, RefusedTick) else item.quote


def kind_of(item: RefusedPrice) -> QuarantinedKind:
    return QuarantinedKind.TICK if isinstance(item, RefusedTick) else QuarantinedKind.QUOTE


def raw_of(item: RefusedPrice, *, symbol: str) -> dict[str, Any]:
    """As it stands in quarantine; what says the same price again is told by it."""
    if isinstance(item, RefusedQuote):
        return quote_to_wire(item.quote, with_depth=True)
    tick = item.tick
    return {
        "symbol": symbol,
        "instrument_id": tick.instrument_id,
        "occurred_at": wire_time(tick.occurred_at),
        "provider_tick_id": tick.provider_tick_id,
        "price": str(tick.price),
        "size": str(tick.size),
    }


def released_of(items: Sequence[RefusedPrice]) -> list[tuple[RefusedPrice, Decimal]]:
    """Those of refused prices that staff has released since, with the price as released."""
    rows = rows_about(items, status=QuarantineStatus.RELEASED)
    released = {key_of(row.raw) for row in rows}
    found: list[tuple[RefusedPrice, Decimal]] = []
    for item in items:
        if key_of(raw_of(item, symbol="")) not in released:
            continue
        if isinstance(item, RefusedQuote):
            found.append((item, item.quote.last))
            continue
        tick = item.tick
        stored = Tick.objects.filter(
            instrument_id=tick.instrument_id,
            occurred_at=tick.occurred_at,
            provider_tick_id=tick.provider_tick_id,
        )
        found += [(item, price) for price in stored.values_list("price", flat=True)]
    return found


def rows_about(
    items: Sequence[RefusedPrice], *, status: QuarantineStatus
) -> models.QuerySet[QuarantinedRow]:
    """Rows of live prices of the same instruments that stand so; see ``key_of`` for whose."""
    since = min(value_of(item).occurred_at for item in items) - timedelta(days=1)
    return QuarantinedRow.objects.filter(
        status=status,
        kind__in=(QuarantinedKind.TICK, QuarantinedKind.QUOTE),
        run__created_at__gte=since,
        raw__instrument_id__in=[value_of(item).instrument_id for item in items],
    )


def key_of(raw: Mapping[str, Any]) -> tuple[object, ...]:
    """What tells one row from another; a quote has no id of its provider's but what it says."""
    names = ("instrument_id", "occurred_at", "provider_tick_id", "last", "bid", "ask")
    return tuple(raw.get(name) for name in names)
