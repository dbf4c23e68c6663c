"""A page of a provider's bars: judged, and then stored or kept in quarantine.

What providers give is divided by every split up to the moment of asking. It is judged and stored
as ours has it: not divided by splits that are none "in history".
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from market import calendar
from market.corporate_actions.adjustment import Split
from market.intake.bar_door import RefusedBar, close_before, judge, quarantine_once, raw_of
from market.intake.bar_providers import ProvidedBar
from market.intake.bars import BarRow, store_bars
from market.intake.provided_actions import as_stored, splits_until_now
from market.intake.spikes import CODE as SPIKE
from market.intake.spikes import band_of, recent_closes
from market.models import IngestionRun, Instrument
from market.values import Interval


@dataclass(frozen=True, slots=True)
class JudgedBars:
    """Bars of one instrument and length, parted at the door."""

    instrument: Instrument
    interval: Interval
    given: int
    sound: Sequence[BarRow]
    refused: Sequence[RefusedBar]

    @property
    def has_jumped(self) -> bool:
        return any(one.code == SPIKE for one in self.refused)


def judge_bars(
    bars: Sequence[ProvidedBar], *, instrument: Instrument, interval: Interval, at: datetime
) -> JudgedBars:
    """Part what can be stored from what cannot be true, or jumped. ``at`` is now."""
    # A page may say a bar twice; the later word counts.
    told = {bar.opened_at: bar for bar in bars}
    unique = as_stored(told.values(), splits=_splits_since(told, instrument=instrument, at=at))
    band = band_of(recent_closes([instrument.id], before=at).get(instrument.id, []))
    before = close_before(unique, instrument=instrument, band=band, interval=interval)
    sound, refused = judge(
        unique, instrument=instrument, band=band, at=at, interval=interval, previous=before
    )
    return JudgedBars(instrument, interval, given=len(bars), sound=sound, refused=refused)


def _splits_since(
    moments: Collection[datetime], *, instrument: Instrument, at: datetime
) -> list[Split]:
    if not moments:
        return []
    first = calendar.local_date(min(moments), instrument.exchange.timezone)
    return splits_until_now(instrument, since=first, at=at)


@transaction.atomic
def keep_bars(judged: JudgedBars, *, source: str, run: IngestionRun, at: datetime) -> bool:
    """Store what is sound, quarantine the rest, count both; return whether any is news."""
    stored = store_bars(judged.sound, source=source, recorded_at=at, run_id=run.id)
    raws = [
        raw_of(one.bar, judged.instrument, source=source, interval=judged.interval)
        for one in judged.refused
    ]
    kept = quarantine_once(run, judged.refused, raws)
    IngestionRun.objects.filter(id=run.id).update(
        rows_read=F("rows_read") + judged.given,
        rows_written=F("rows_written") + stored.written,
        rows_unchanged=F("rows_unchanged") + judged.given - stored.written - kept,
        rows_refused=F("rows_refused") + kept,
        heartbeat_at=at,
    )
    return bool(stored.written)
