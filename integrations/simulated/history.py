"""Past prices of the simulated exchange: from where the real history ends to yesterday."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from typing import Final

from django.conf import settings
from django.db import connection, transaction

from integrations.simulated.dividends import declare_dividends
from integrations.simulated.exchange import SOURCE
from integrations.simulated.paths import Candle, daily_candles, minute_candles
from integrations.simulated.records import Past, pasts, unknown_factor
from market import calendar
from market.calendar import Session
from market.corporate_actions.split_factors import splits_of
from market.intake.bars import BarRow, lock_daily_bars
from market.intake.ingestion import store_bars
from market.models import Bar, Instrument
from market.series.rollups import roll_up_closed
from market.values import BarValue, Interval

MINUTE_SESSIONS: Final = 5  # how many of the latest sessions have minutes
MINUTE: Final = timedelta(minutes=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
JOINED_FROM_MINUTES: Final = (
    Interval.FIVE_MINUTES,
    Interval.FIFTEEN_MINUTES,
    Interval.THIRTY_MINUTES,
    Interval.HOUR,
)


@dataclass(frozen=True, slots=True)
class TimedCandle:
    opened_at: datetime
    candle: Candle


class SimulatedHistory:
    """The history provider of the demo."""

    source: str = SOURCE

    def __init__(self, *, seed: int | None = None) -> None:
        self._seed: int = settings.SIMULATOR_SEED if seed is None else seed

    def bars(
        self, instrument: Instrument, *, interval: Interval, start_date: date, end_date: date
    ) -> list[BarValue]:
        """Days that might follow the stored history, or minutes of stored days.

        Raises:
            ValueError: only days and minutes are simulated.
        """
        if interval is Interval.DAY:
            past = pasts([instrument.id]).get(instrument.id)
            candles = self._days(instrument, past, end_date=end_date) if past else []
            first = calendar.local_midnight(start_date, instrument.exchange.timezone)
            candles = [candle for candle in candles if candle.opened_at >= first]
        elif interval is Interval.MINUTE:
            sessions = calendar.sessions_between(start_date, end_date, instrument.exchange_id)
            candles = self._minutes(instrument, sessions, known=self._stored_days(instrument))
        else:
            raise ValueError(f"interval was {interval}, must be 1d or 1m")
        return [self._value(instrument, candle) for candle in candles]

    def backfill(self, instruments: Iterable[Instrument], *, now: datetime) -> int:
        """Store what is missing up to yesterday, all of it or nothing.

        Days that ticks were stored for are rolled up from these; the days between follow by the
        simulated walk. The latest sessions without any minute get minutes, and the
        bars that these add up to. Dividends that are to come are declared beside them.
        """
        wanted = list(instruments)
        with transaction.atomic(), connection.cursor() as cursor:
            # First: rolling days up takes a part of the same lock, and of two who hold a part
            # of it neither could have the whole.
            lock_daily_bars(cursor)
            roll_up_closed({instrument.id for instrument in wanted}, at=now)
            known = pasts(instrument.id for instrument in wanted)
            rows: list[BarRow] = []
            for instrument in wanted:
                if past := known.get(instrument.id):
                    rows += self._missing_rows(instrument, past, now=now)
            stored = store_bars(rows, source=SOURCE, recorded_at=now, supersede=False)
        declare_dividends((one for one in wanted if one.id in known), now=now)
        return stored.written

    def _missing_rows(
        self, instrument: Instrument, past: Past, *, now: datetime
    ) -> Iterator[BarRow]:
        exchange = instrument.exchange
        yesterday = calendar.local_date(now, exchange.timezone) - timedelta(days=1)
        days = self._days(instrument, past, end_date=yesterday)
        yield from (bar_row(instrument, Interval.DAY, day) for day in days)
        sessions = calendar.sessions_between(
            yesterday - timedelta(days=4 * MINUTE_SESSIONS), yesterday, exchange.mic
        )[-MINUTE_SESSIONS:]
        without = sessions_without_minutes(instrument, sessions)
        known = self._stored_days(instrument, since=without[0]) if without else {}
        known |= {day.opened_at: day.candle for day in days}
        minutes = self._minutes(instrument, without, known=known)
        yield from (bar_row(instrument, Interval.MINUTE, minute) for minute in minutes)
        for interval in JOINED_FROM_MINUTES:
            length = timedelta(seconds=interval.seconds)
            yield from (bar_row(instrument, interval, bar) for bar in joined(minutes, length))

    def _days(self, instrument: Instrument, past: Past, *, end_date: date) -> list[TimedCandle]:
        """Simulated days after the newest stored one."""
        timezone = instrument.exchange.timezone
        days = trading_days(
            past.newest.date + timedelta(days=1), end_date, instrument.exchange_id, timezone
        )
        splits = splits_of([instrument.id], since=past.character.trend_date).get(instrument.id, ())
        known_at = calendar.local_midnight(past.character.trend_date, timezone)
        newest_at = past.newest.opened_at
        behind = unknown_factor(splits, after=known_at, until=newest_at)
        candles = daily_candles(
            replace(past.character, trend_close=past.character.trend_close * float(behind)),
            seed=self._seed,
            symbol=instrument.symbol,
            previous_close=ticks_of(past.newest.close, instrument),
            days=list(days),
        )
        return [
            TimedCandle(
                midnight, split(candle, unknown_factor(splits, after=newest_at, until=midnight))
            )
            for midnight, candle in zip(days.values(), candles, strict=True)
        ]

    def _minutes(
        self,
        instrument: Instrument,
        sessions: Sequence[Session],
        *,
        known: dict[datetime, Candle],
    ) -> list[TimedCandle]:
        """Minutes of those sessions whose day is known."""
        made = []
        for session in sessions:
            midnight = calendar.local_midnight(session.session_date, instrument.exchange.timezone)
            day = known.get(midnight)
            if day is None:
                continue
            candles = minute_candles(
                day,
                seed=self._seed,
                symbol=instrument.symbol,
                day_date=session.session_date,
                minutes=(session.closes_at - session.opens_at) // MINUTE,
            )
            made += [
                TimedCandle(session.opens_at + number * MINUTE, candle)
                for number, candle in enumerate(candles)
            ]
        return made

    def _stored_days(
        self, instrument: Instrument, *, since: Session | None = None
    ) -> dict[datetime, Candle]:
        days = Bar.objects.filter(instrument=instrument, interval=Interval.DAY)
        if since is not None:
            days = days.filter(opened_at__gte=since.opens_at - timedelta(days=1))
        return {
            day.opened_at: Candle(
                open=ticks_of(day.open, instrument),
                high=ticks_of(day.high, instrument),
                low=ticks_of(day.low, instrument),
                close=ticks_of(day.close, instrument),
                volume=int(day.volume / instrument.lot_size),
            )
            for day in days
        }

    def _value(self, instrument: Instrument, timed: TimedCandle) -> BarValue:
        row = bar_row(instrument, Interval.DAY, timed)
        return BarValue(
            opened_at=row.opened_at,
            open=row.open,
            high=row.high,
            low=row.low,
            close=row.close,
            volume=row.volume,
            vwap=None,
            count=None,
            source=SOURCE,
        )


@lru_cache(maxsize=16)
def trading_days(
    start_date: date, end_date: date, mic: str, timezone: str
) -> Mapping[date, datetime]:
    """The dates of the real sessions, ascending, each with its local midnight in UTC.

    Kept, because the instruments of an exchange ask for the same years one after another.
    """
    sessions = calendar.sessions_between(start_date, end_date, mic)
    dates = [session.session_date for session in sessions]
    return {day: calendar.local_midnight(day, timezone) for day in dates}


def ticks_of(price: Decimal, instrument: Instrument) -> int:
    """The price in whole ticks, at least one."""
    return max(1, round(price / instrument.tick_size))


def split(candle: Candle, factor: Decimal) -> Candle:
    """The candle in shares of which each is worth ``factor`` of a former one."""
    if factor == 1:
        return candle
    prices = (candle.open, candle.high, candle.low, candle.close)
    opened, high, low, close = (max(1, round(price * factor)) for price in prices)
    return Candle(opened, high, low, close, volume=round(candle.volume / factor))


def bar_row(instrument: Instrument, interval: Interval, timed: TimedCandle) -> BarRow:
    tick, candle = instrument.tick_size, timed.candle
    return BarRow(
        instrument_id=instrument.id,
        interval=interval.value,
        opened_at=timed.opened_at,
        open=candle.open * tick,
        high=candle.high * tick,
        low=candle.low * tick,
        close=candle.close * tick,
        volume=candle.volume * instrument.lot_size,
    )


def joined(minutes: Sequence[TimedCandle], length: timedelta) -> Iterator[TimedCandle]:
    """Join ascending minutes into spans of UTC."""
    spans = groupby(
        minutes, key=lambda minute: minute.opened_at - (minute.opened_at - EPOCH) % length
    )
    for opened_at, group in spans:
        candles = [minute.candle for minute in group]
        yield TimedCandle(
            opened_at,
            Candle(
                open=candles[0].open,
                high=max(candle.high for candle in candles),
                low=min(candle.low for candle in candles),
                close=candles[-1].close,
                volume=sum(candle.volume for candle in candles),
            ),
        )


def sessions_without_minutes(instrument: Instrument, sessions: Sequence[Session]) -> list[Session]:
    """Those of the sessions of which no minute at all is stored."""
    minutes = Bar.objects.filter(instrument=instrument, interval=Interval.MINUTE)
    return [
        session
        for session in sessions
        if not minutes.filter(
            opened_at__gte=session.opens_at, opened_at__lt=session.closes_at
        ).exists()
    ]
