"""Rows that were refused at the door, judged by staff: let in after all, or kept out for good.

A released row is stored as its source would have stored it: a bar that differs from the stored
one is a new version, and what it supersedes is kept. The row itself stays, with who judged it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.errors import NotFound, Problem, ProblemsError
from market import calendar, queries
from market.currencies.rate_intake import store_rates
from market.currencies.rate_providers import is_authoritative
from market.currencies.released_rates import is_cell, rate_fields, read_rates
from market.errors import AmbiguousSymbol, MarketError, UnknownSymbol
from market.intake.bars import BarRow, store_bars
from market.intake.ingestion import store_quotes, store_ticks
from market.intake.minute_rollups import roll_up_minutes
from market.intake.released_values import (
    BAR_FIELDS,
    TICK_FIELDS,
    ReleasedBar,
    UnsoundValues,
    read_bar,
    read_tick,
)
from market.models import Instrument, QuarantinedRow
from market.models.prices import QuarantinedKind, QuarantineStatus
from market.values import Interval, TickValue, quote_from_wire

# Of a line of exchange rates that was refused before its cells were kept.
NOTHING_KEPT: Final = (
    "What this line said was not kept when it was refused, so there is nothing to release. Where it"
    " is still wrong, it comes here again, whole, with the next table of its source."
)


class UnknownQuarantinedRow(MarketError, NotFound):
    """There is no such row."""

    code = "unknown_quarantined_row"

    def __init__(self, row_id: object) -> None:
        super().__init__(f"There is no quarantined row {row_id}.")
        self.row_id = row_id


class AlreadyJudged(MarketError):
    """The row was judged the other way, or confirmed by the next price; ``status`` says how."""

    code = "already_judged"

    def __init__(self, status: str) -> None:
        super().__init__(f"The row was {status} already.")
        self.status = status


class NotReleasable(MarketError):
    """The row can only be rejected; the message says why."""

    code = "not_releasable"


class ReleaseRefused(MarketError, ProblemsError):
    """The values cannot be true as they are; ``problems`` names each field."""

    code = "release_refused"


def why_not_releasable(row: QuarantinedRow) -> str:
    """Why the row can only be rejected; empty where it can be released."""
    if row.kind != QuarantinedKind.OTHER:
        return ""
    if not row.raw:
        return NOTHING_KEPT
    return "Only prices and rates can be released; correct this where it came from."


def fields_of(row: QuarantinedRow) -> Sequence[str]:
    """What may be corrected when the row is released."""
    if row.kind == QuarantinedKind.TICK:
        return TICK_FIELDS
    if row.kind == QuarantinedKind.RATE:
        return rate_fields(row.raw)
    if row.kind == QuarantinedKind.BAR:
        return [name for name in BAR_FIELDS if name != "date" or "opened_at" not in row.raw]
    return ()


@transaction.atomic
def release_row(
    row_id: int, *, corrections: Mapping[str, str], released_by_id: UUID, released_at: datetime
) -> QuarantinedRow:
    """Store what the row says, with ``corrections`` by field; all rows of its line are released.

    Repeated it does nothing, whatever is corrected.

    Raises:
        UnknownQuarantinedRow, AlreadyJudged, NotReleasable: as they say.
        ReleaseRefused: the values cannot be true, or lie in the future.
    """
    row, line = _lock_line(row_id)
    if row.status == QuarantineStatus.RELEASED:
        return row
    if row.status != QuarantineStatus.WAITING:
        raise AlreadyJudged(row.status)
    wanted = {name: text for name, text in corrections.items() if name in fields_of(row)}
    try:
        if row.kind == QuarantinedKind.BAR:
            _release_bar(row, wanted, at=released_at)
        elif row.kind == QuarantinedKind.TICK:
            _release_tick(row, wanted, at=released_at)
        elif row.kind == QuarantinedKind.QUOTE:
            # The feed, which holds it back, sees that it may go; this is for when it does not.
            store_quotes([quote_from_wire(row.raw)])
        elif row.kind == QuarantinedKind.RATE:
            _release_rates(row, wanted, at=released_at)
        else:
            raise NotReleasable(why_not_releasable(row))
    except UnsoundValues as error:
        raise ReleaseRefused(error.problems) from error
    _judge(line, QuarantineStatus.RELEASED, by_id=released_by_id, at=released_at)
    changed = {name: text for name, text in wanted.items() if text != str(row.raw.get(name, ""))}
    audit.record(
        action="quarantined_row.released",
        owner_id=None,
        target="quarantined_row",
        target_id=str(row.id),
        before={name: str(row.raw.get(name, "")) for name in changed},
        after={"symbol": str(row.raw.get("symbol", "")), "reason": row.code, **changed},
        occurred_at=released_at,
    )
    row.refresh_from_db()
    return row


@transaction.atomic
def reject_row(row_id: int, *, rejected_by_id: UUID, rejected_at: datetime) -> QuarantinedRow:
    """Keep the row out for good, with all rows of its line. Repeated it does nothing.

    Raises:
        UnknownQuarantinedRow, AlreadyJudged: as they say.
    """
    row, line = _lock_line(row_id)
    if row.status == QuarantineStatus.REJECTED:
        return row
    if row.status != QuarantineStatus.WAITING:
        raise AlreadyJudged(row.status)
    _judge(line, QuarantineStatus.REJECTED, by_id=rejected_by_id, at=rejected_at)
    audit.record(
        action="quarantined_row.rejected",
        owner_id=None,
        target="quarantined_row",
        target_id=str(row.id),
        after={"symbol": str(row.raw.get("symbol", "")), "reason": row.code},
        occurred_at=rejected_at,
    )
    row.refresh_from_db()
    return row


def _lock_line(row_id: int) -> tuple[QuarantinedRow, list[QuarantinedRow]]:
    """The row, and all rows of its line, of which nobody else judges one meanwhile."""
    place = QuarantinedRow.objects.filter(id=row_id).values_list("run_id", "line").first()
    if place is None:
        raise UnknownQuarantinedRow(row_id)
    line = list(
        QuarantinedRow.objects.select_for_update(of=("self",))
        .select_related("run")
        .filter(run_id=place[0], line=place[1])
        .order_by("id")
    )
    row = next(one for one in line if one.id == row_id)
    if row.kind == QuarantinedKind.RATE and is_cell(row.raw):
        # Each currency of a line is a rate of its own, not another reason against the same.
        return row, [row]
    return row, line


def _judge(
    line: Sequence[QuarantinedRow], status: QuarantineStatus, *, by_id: UUID, at: datetime
) -> None:
    QuarantinedRow.objects.filter(id__in=[row.id for row in line]).update(
        status=status, judged_by_id=by_id, judged_at=at
    )


def _release_bar(row: QuarantinedRow, corrections: Mapping[str, str], *, at: datetime) -> None:
    bar = read_bar(row.raw, corrections)
    instrument = _instrument(bar.symbol)
    opened_at = _opened_at(bar, instrument)
    if opened_at > at:
        raise UnsoundValues([Problem("date", "future_time", "The date must not lie ahead.")])
    released = BarRow(
        instrument_id=instrument.id,
        interval=bar.interval,
        opened_at=opened_at,
        open=bar.open,
        high=bar.high,
        low=bar.low,
        close=bar.close,
        volume=bar.volume,
        adjusted_close=bar.adjusted_close,
    )
    source = str(row.raw.get("source") or row.run.provider)
    store_bars([released], source=source, recorded_at=at, run_id=row.run_id)
    if bar.interval is Interval.MINUTE:
        roll_up_minutes([(instrument.id, opened_at)], source=source, at=at, run_id=row.run_id)


def _opened_at(bar: ReleasedBar, instrument: Instrument) -> datetime:
    if isinstance(bar.begins, datetime):
        return bar.begins
    return calendar.local_midnight(bar.begins, instrument.exchange.timezone)


def _instrument(symbol: str) -> Instrument:
    try:
        return queries.instrument_by_address(symbol)
    except (UnknownSymbol, AmbiguousSymbol) as error:
        raise UnsoundValues([Problem("symbol", error.code, str(error))]) from error


def _release_tick(row: QuarantinedRow, corrections: Mapping[str, str], *, at: datetime) -> None:
    tick = read_tick(row.raw, corrections)
    stored = store_ticks(
        [
            TickValue(
                instrument_id=tick.instrument_id,
                occurred_at=tick.occurred_at,
                provider_tick_id=tick.provider_tick_id,
                price=tick.price,
                size=tick.size,
                source=row.run.provider,
            )
        ],
        received_at=at,
    )
    if stored.refused:
        problems = [Problem("", one.code, one.message) for one in stored.refused]
        # The roll-back takes their second quarantine with it.
        raise UnsoundValues(problems)


def _release_rates(row: QuarantinedRow, corrections: Mapping[str, str], *, at: datetime) -> None:
    source = row.run.provider
    store_rates(
        read_rates(row.raw, corrections, today=at.date()),
        source=source,
        is_authoritative=is_authoritative(source),
        recorded_at=at,
    )
