"""Bars of providers at the door: which can be stored, and why others wait in quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from market.intake.bar_providers import ProvidedBar
from market.intake.bars import SIMULATED, BarRow
from market.intake.spikes import CODE as SPIKE
from market.intake.spikes import Band
from market.models import Bar, IngestionRun, Instrument, QuarantinedRow
from market.values import Interval, plain, time_from_wire, wire_time

MINUTE = timedelta(minutes=1)
LARGEST = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class RefusedBar:
    bar: ProvidedBar
    code: str
    message: str


def judge(
    bars: Sequence[ProvidedBar],
    *,
    instrument: Instrument,
    band: Band | None,
    at: datetime,
    interval: Interval = Interval.MINUTE,
    previous: Decimal | None = None,
) -> tuple[list[BarRow], list[RefusedBar]]:
    """Part minutes into those to store and those to keep out, each with its first reason.

    Args:
        band: where the instrument's prices are expected; None judges no spikes.
        previous: the close before the first of them, if any.
        at: now; a minute that is not over by then lies in the future.
    """
    sound: list[BarRow] = []
    refused: list[RefusedBar] = []
    for bar in bars:
        found = problem_of(bar, instrument=instrument, at=at)
        if found is None and band is not None and band.is_spike(bar.close, previous=previous):
            found = SPIKE, band.words(bar.close)
        if found is None or found[0] == SPIKE:
            previous = bar.close
        if found is None:
            sound.append(row_of(bar, instrument, interval=interval))
        else:
            refused.append(RefusedBar(bar, *found))
    return sound, refused


def problem_of(bar: ProvidedBar, *, instrument: Instrument, at: datetime) -> tuple[str, str] | None:
    prices = (bar.open, bar.high, bar.low, bar.close)
    if not all(number.is_finite() and abs(number) < LARGEST for number in (*prices, bar.volume)):
        return "number_out_of_range", "a number is none, or too large to be stored."
    lowest, highest = min(prices), max(prices)
    top, bottom = plain(highest), plain(lowest)
    currency, minute = instrument.currency, wire_time(bar.opened_at)
    rules = (
        (lowest <= 0, "price_not_positive", f"a price was {bottom}, must be > 0."),
        (
            bar.high < highest,
            "high_too_low",
            f"high was {plain(bar.high)}, below {top}.",
        ),
        (bar.low > lowest, "low_too_high", f"low was {plain(bar.low)}, above {bottom}."),
        (bar.volume < 0, "volume_negative", f"volume was {plain(bar.volume)}, must be >= 0."),
        (
            bar.currency not in {None, currency},
            "wrong_currency",
            f"currency was {bar.currency}, must be {currency}.",
        ),
        (bar.opened_at + MINUTE > at, "future_time", f"minute was {minute}, must be over."),
        (
            bool(bar.opened_at.second or bar.opened_at.microsecond),
            "bad_time",
            f"time was {minute}, must be a whole minute.",
        ),
    )
    return next(((code, message) for is_broken, code, message in rules if is_broken), None)


def row_of(bar: ProvidedBar, instrument: Instrument, *, interval: Interval) -> BarRow:
    return BarRow(
        instrument_id=instrument.id,
        interval=interval,
        opened_at=bar.opened_at,
        open=bar.open,
        high=bar.high,
        low=bar.low,
        close=bar.close,
        volume=bar.volume,
    )


def raw_of(
    bar: ProvidedBar, instrument: Instrument, *, source: str, interval: Interval = Interval.MINUTE
) -> dict[str, Any]:
    """A refused bar as it stands in quarantine."""
    names = ("open", "high", "low", "close", "volume")
    return {
        "symbol": f"{instrument.exchange_id}:{instrument.symbol}",
        "source": source,
        "interval": interval.value,
        "opened_at": wire_time(bar.opened_at),
        **{name: str(getattr(bar, name)) for name in names},
        **({"currency": bar.currency} if bar.currency else {}),
    }


def close_before(
    bars: Sequence[ProvidedBar], *, instrument: Instrument, band: Band | None, interval: Interval
) -> Decimal | None:
    """The close before the first of them, where that decides whether it is a spike.

    One that waits as a spike counts: the price after it confirms a new level.
    """
    if band is None or not bars or not band.is_spike(bars[0].close, previous=None):
        return None
    begins = bars[0].opened_at
    stored = Bar.objects.filter(instrument=instrument, interval=interval, opened_at__lt=begins)
    newest = (
        stored.exclude(source=SIMULATED)
        .order_by("-opened_at")
        .values_list("opened_at", "close")
        .first()
    )
    waiting = QuarantinedRow.objects.filter(
        code=SPIKE,
        raw__symbol=f"{instrument.exchange_id}:{instrument.symbol}",
        raw__interval=interval.value,
        raw__opened_at__lt=wire_time(begins),
    ).values_list("raw", flat=True)
    known = [(time_from_wire(raw["opened_at"]), Decimal(raw["close"])) for raw in waiting]
    if newest is not None:
        known.append(newest)
    return max(known)[1] if known else None


def quarantine_once(
    run: IngestionRun, refused: Sequence[RefusedBar], raws: Sequence[dict[str, Any]]
) -> int:
    """Keep refused bars of one instrument, but one that waits or was judged already only once.

    ``raws`` are as ``raw_of`` makes them, of each of ``refused``. Returns how many were kept.
    """
    if not refused:
        return 0
    seen = QuarantinedRow.objects.filter(
        run__provider=run.provider,
        raw__symbol=raws[0]["symbol"],
        raw__opened_at__in=[raw["opened_at"] for raw in raws],
    ).values_list("raw", flat=True)
    known = list(seen)
    new = [(one, raw) for one, raw in zip(refused, raws, strict=True) if raw not in known]
    QuarantinedRow.objects.bulk_create(
        QuarantinedRow(run=run, line=line, code=one.code, message=one.message[:300], raw=raw)
        for line, (one, raw) in enumerate(new, start=run.refusals.count() + 1)
    )
    return len(new)
