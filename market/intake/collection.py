"""Scheduled runs: the minutes that providers have and we do not, run by run.

One run at a time per provider, by a lock that dies with its holder. Each page of an instrument is
stored in a transaction of its own together with the run's counts, and the next run begins a minute
after the newest stored one: a run that dies midway loses nothing and repeats nothing. Where two got
past the lock all the same, the same minutes twice are stored once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F

from accounts import audit
from market.errors import UnknownRun
from market.intake.bar_providers import (
    BarProvider,
    DayProvider,
    ProvidedBar,
    ProviderBusy,
    ProviderError,
    UnknownProvider,
    bar_provider,
    chain_of,
    chained_providers,
)
from market.intake.gaps import Gap
from market.intake.minute_rollups import roll_up_minutes
from market.intake.provided_actions import ask_for_actions
from market.intake.provided_bars import JudgedBars, judge_bars, keep_bars
from market.intake.wanted_days import day_source, wanted_days
from market.intake.wanted_minutes import wanted_minutes
from market.live.shard_leader import Leadership, Shard, ShardLeader
from market.models import IngestionRun, Instrument, InstrumentFeed
from market.models.prices import RunStatus
from market.tasks import collect_prices
from market.values import Interval, time_from_wire, wire_time

MINUTES: Final = "minutes"  # the source_name of these runs
WAITING: Final = (RunStatus.PENDING, RunStatus.RUNNING)
WHOLE: Final = Shard(0, 1)


@transaction.atomic
def request_run(
    provider: str, *, requested_by_id: UUID | None, requested_at: datetime
) -> IngestionRun:
    """Queue a run of a provider; where one waits or runs already, that one is answered.

    Raises:
        UnknownProvider: no chain begins with it.
    """
    if provider not in chained_providers():
        raise UnknownProvider(provider)
    runs = IngestionRun.objects.select_for_update()
    waiting = runs.filter(provider=provider, source_name=MINUTES, status__in=WAITING).first()
    silent_since = requested_at - timedelta(seconds=settings.LIMITS.price_run_silence_seconds)
    if waiting is not None and (waiting.heartbeat_at or waiting.created_at) > silent_since:
        return waiting
    run = IngestionRun.objects.create(
        provider=provider,
        source_name=MINUTES,
        requested_by_id=requested_by_id,
        created_at=requested_at,
    )
    if requested_by_id is not None:
        audit.record(
            action="ingestion_run.requested",
            owner_id=None,
            target="ingestion_run",
            target_id=str(run.id),
            after={"provider": provider},
            occurred_at=requested_at,
        )
    transaction.on_commit(lambda: collect_prices.delay(run_id=str(run.id)), robust=True)
    return run


def request_due_runs(*, at: datetime) -> list[IngestionRun]:
    """Queue a run of each provider that has not asked to be left alone until later."""
    due = [name for name in chained_providers() if not is_resting(name, at=at)]
    return [request_run(name, requested_by_id=None, requested_at=at) for name in due]


def is_resting(provider: str, *, at: datetime) -> bool:
    runs = IngestionRun.objects.filter(provider=provider, source_name=MINUTES)
    latest = runs.exclude(status__in=WAITING).order_by("-created_at", "-id").first()
    retry_at = latest.notes.get("retry_at") if latest else None
    return retry_at is not None and time_from_wire(retry_at) > at


def collect(run_id: UUID, *, clock: Callable[[], datetime]) -> IngestionRun:
    """Do a queued run; harmless where it is done, or another one of its provider is at work.

    Raises:
        UnknownRun: there is no such run.
    """
    run = IngestionRun.objects.filter(id=run_id, source_name=MINUTES).first()
    if run is None:
        raise UnknownRun(run_id)
    with alone(run.provider) as is_alone:
        if is_alone:
            _begin(run, at=clock())
            run.refresh_from_db()
            if run.status == RunStatus.RUNNING:
                Collection(run, clock=clock).work()
    run.refresh_from_db()
    return run


@contextmanager
def alone(provider: str) -> Iterator[bool]:
    """Whether no other run of the provider is at work, anywhere, within the block."""
    leader = ShardLeader(role=f"prices of {provider}", shard=WHOLE)
    try:
        yield leader.claim() is Leadership.LEADS
    finally:
        leader.release()


def _begin(run: IngestionRun, *, at: datetime) -> None:
    """Start a run that waits. Others that seem to run have died: we hold their lock."""
    runs = IngestionRun.objects.filter(provider=run.provider, source_name=MINUTES)
    runs.filter(status=RunStatus.RUNNING).exclude(id=run.id).update(
        status=RunStatus.STALE, finished_at=at
    )
    # A run whose worker died comes back with its task, and goes on.
    runs.filter(id=run.id, status__in=(*WAITING, RunStatus.STALE)).update(
        status=RunStatus.RUNNING, started_at=at, heartbeat_at=at, finished_at=None
    )


@dataclass
class Collection:
    """One run at work."""

    run: IngestionRun
    clock: Callable[[], datetime]
    providers: dict[str, BarProvider] = field(default_factory=dict)
    resting: dict[str, ProviderBusy] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)  # by symbol
    told_of_actions: set[tuple[str, int]] = field(default_factory=set)  # provider, instrument id
    instruments: int = 0
    fallbacks: int = 0

    def work(self) -> None:
        is_done = False
        try:
            listed = Instrument.objects.active().select_related("exchange").order_by("id")
            for instrument in listed.iterator(chunk_size=500):
                chain = chain_of(instrument)
                if chain and chain[0] == self.run.provider:
                    self.instruments += 1
                    self._collect(instrument, chain)
            is_done = True
        finally:
            self._finish(is_done=is_done)

    def _collect(self, instrument: Instrument, chain: Sequence[str]) -> None:
        """Ask one after the other until somebody answers for the whole span."""
        feed, _ = InstrumentFeed.objects.get_or_create(instrument=instrument)
        feed.instrument = instrument  # with its exchange
        now = self.clock()
        IngestionRun.objects.filter(id=self.run.id).update(heartbeat_at=now)
        looked = feed.gaps_looked_at
        is_look_due = looked is None or now - looked >= timedelta(days=1)
        errors: list[str] = []
        for name in chain:
            try:
                if name in self.resting:
                    raise self.resting[name]
                if is_look_due:
                    self._ask_for_actions(feed, name)
                    self._take_days(feed, name)
                # Looked at anew: the one before may have given a part.
                wanted = wanted_minutes(instrument, feed, now=now, with_gaps=is_look_due)
                for gap in wanted:
                    self._take(feed, name, gap)
            except ProviderError as error:
                if isinstance(error, ProviderBusy):
                    self.resting[name] = error
                errors.append(f"{name}: {error}")
                continue
            self.fallbacks += bool(errors)
            if wanted:
                feed.answered_at = now
            feed.error = ""
            feed.gaps_looked_at = now if is_look_due else looked
            feed.save(update_fields=["answered_at", "error", "gaps_looked_at"])
            return
        self.failed[instrument.symbol] = feed.error = " ".join(errors)[:300]
        feed.save(update_fields=["error"])

    def _provider(self, name: str) -> BarProvider:
        if name not in self.providers:
            self.providers[name] = bar_provider(name)
        return self.providers[name]

    def _take_days(self, feed: InstrumentFeed, name: str) -> None:
        """Once a day, of a provider that has them."""
        provider = self._provider(name)
        span = wanted_days(feed.instrument, now=self.clock())
        if span is None or not isinstance(provider, DayProvider):
            return
        since, until = span
        days = provider.days(feed.instrument, since=since, until=until)
        judged = self._judge(feed, name, days, interval=Interval.DAY)
        keep_bars(judged, source=day_source(name), run=self.run, at=self.clock())

    def _take(self, feed: InstrumentFeed, name: str, gap: Gap) -> None:
        provider = self._provider(name)
        for page in provider.bars(feed.instrument, since=gap.since, until=gap.until):
            inside = [bar for bar in page if gap.since <= bar.opened_at < gap.until]
            judged = self._judge(feed, name, inside, interval=Interval.MINUTE)
            self._store_minutes(feed, name, judged)

    def _judge(
        self, feed: InstrumentFeed, name: str, bars: Sequence[ProvidedBar], *, interval: Interval
    ) -> JudgedBars:
        """Where a price jumped, the provider is asked first whether there was a split."""
        instrument, now = feed.instrument, self.clock()
        judged = judge_bars(bars, instrument=instrument, interval=interval, at=now)
        if judged.has_jumped and self._ask_for_actions(feed, name):
            judged = judge_bars(bars, instrument=instrument, interval=interval, at=now)
        return judged

    def _ask_for_actions(self, feed: InstrumentFeed, name: str) -> bool:
        """Whether the provider was asked now: once a run is enough."""
        if (name, feed.instrument_id) in self.told_of_actions:
            return False
        ask_for_actions(self._provider(name), feed=feed, run=self.run, at=self.clock())
        self.told_of_actions.add((name, feed.instrument_id))
        return True

    @transaction.atomic
    def _store_minutes(self, feed: InstrumentFeed, name: str, judged: JudgedBars) -> None:
        now, rows = self.clock(), judged.sound
        if keep_bars(judged, source=name, run=self.run, at=now):
            minutes = [(row.instrument_id, row.opened_at) for row in rows]
            roll_up_minutes(minutes, source=name, at=now, run_id=self.run.id)
        if rows:
            newest = max(rows, key=lambda row: row.opened_at)
            if feed.newest_minute is None or newest.opened_at >= feed.newest_minute:
                feed.provider, feed.newest_minute = name, newest.opened_at
                feed.last_good_value = newest.close
                feed.save(update_fields=["provider", "newest_minute", "last_good_value"])

    def _finish(self, *, is_done: bool) -> None:
        now = self.clock()
        error = "" if is_done else "The run was interrupted; the next one goes on where it ended."
        if self.failed:
            symbols = ", ".join(sorted(self.failed)[:10])
            first = next(iter(self.failed.values()))
            error = (
                f"{len(self.failed)} of {self.instruments} instruments failed: {symbols}. {first}"
            )
        notes: dict[str, object] = {"instruments": self.instruments, "fallbacks": self.fallbacks}
        if busy := self.resting.get(self.run.provider):
            notes["retry_at"] = wire_time(now + timedelta(seconds=busy.retry_after_seconds))
        is_well = is_done and not self.failed
        IngestionRun.objects.filter(id=self.run.id).update(
            status=RunStatus.COMPLETED if is_well else RunStatus.FAILED,
            rows_total=F("rows_read"),
            error=error,
            notes=notes,
            heartbeat_at=now,
            finished_at=now,
        )
