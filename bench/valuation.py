"""Valuing a portfolio day by day: 10,000 activities of 50 instruments over 10 years, and more.

Beside it the arithmetic alone, on arrays at hand, and a loop over the days in decimals.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final
from uuid import UUID

from accounts.identifiers import new_id
from accounts.models import User
from accounts.tiers import Tier
from bench.harness import Options, Report, Sample, alternate, measured, peak_memory_mib
from market.models import Exchange, Instrument
from portfolio.bookkeeping.bulk import copy_rows
from portfolio.bookkeeping.drafts import EntryDraft, EntryKind
from portfolio.bookkeeping.entries import trade_entry
from portfolio.bookkeeping.lot_keeping import apply_trades
from portfolio.ledger import post_entries
from portfolio.models import Portfolio, PositionValuation
from portfolio.portfolios import open_portfolio
from portfolio.position_days.books import read_books
from portfolio.position_days.changes import read_moved
from portfolio.position_days.currency_effects import cost_effects
from portfolio.position_days.portfolio_days import value_table
from portfolio.position_days.table_reading import read_table
from portfolio.position_days.vectors import position_worths, together
from portfolio.queries import worth_series
from portfolio.valuation import freshen, refresh_valuations
from portfolio.valuations.reading import days_at, read_prices

FIRST: Final = date(2014, 1, 6)
WARM_MS: Final = 30
REBUILD_SECONDS: Final = 10
CHANGE_SECONDS: Final = 1
MEMORY_MIB: Final = 500
BATCH: Final = 1_000
BAR_COLUMNS: Final = (
    *("instrument_id", '"interval"', "opened_at", "open", "high", "low", "close", "volume"),
    "source",
)


@dataclass(frozen=True, slots=True)
class Size:
    activities: int
    instruments: int
    years: int

    @property
    def end(self) -> date:
        return FIRST + timedelta(days=self.years * 3653 // 10)

    @property
    def words(self) -> str:
        return f"{self.activities:,} activities, {self.instruments} instruments, {self.years} years"


SIZES: Final = (Size(10_000, 50, 10), Size(14_400, 250, 12))


def run(options: Options) -> Report:
    report = Report("valuation", options.seed, options.rounds)
    owner = User.objects.create_user("valuation@example.com", "a-long-password", tier=Tier.ADMIN)
    for number, full in enumerate(SIZES):
        count = max(100, int(full.activities * options.scale))
        size = Size(count, max(2, int(full.instruments * options.scale)), full.years)
        chance = random.Random(options.seed + number)
        instruments = make_instruments(size, chance, prefix=f"V{number}X")
        portfolio = make_portfolio(owner, size, instruments, chance)
        measure(report, portfolio, size, instruments, options)
    report.memory_mib = peak_memory_mib()
    return report


def measure(
    report: Report,
    portfolio: Portfolio,
    size: Size,
    instruments: Sequence[Instrument],
    options: Options,
) -> None:
    rebuild = partial(refresh_valuations, portfolio.id, size.end, is_full=True)
    rebuilds = [timed(rebuild) for _ in range(min(options.rounds, 2))]
    rows = PositionValuation.objects.filter(portfolio=portfolio).count()
    report.add(
        f"{size.words}: all anew, {rows:,} position-days",
        unit="s",
        ours=[one.wall_seconds for one in rebuilds],
        at_most=REBUILD_SECONDS,
    )
    report.add("  of it in Python", unit="s", ours=[one.cpu_seconds for one in rebuilds])
    memory = memory_of_rebuild(portfolio, size)
    report.add("  memory of a process that does so", unit="MiB", ours=[memory], at_most=MEMORY_MIB)
    contestants = valuations(portfolio, size)
    found = alternate(options.rounds, contestants)
    milliseconds = {name: [1000 * one for one in taken] for name, taken in found.items()}
    report.add(
        "every day's worth, as a page reads it",
        unit="ms",
        ours=milliseconds["page"],
        at_most=WARM_MS,
    )
    report.add("all days valued, warm", unit="ms", ours=milliseconds["ours"], at_most=WARM_MS)
    report.add("  but the books read anew", unit="ms", ours=milliseconds["books anew"])
    report.add("arithmetic alone, on arrays", unit="ms", ours=milliseconds["kernel"])
    report.add("the same by a loop in decimals", unit="ms", ours=milliseconds["loop"])
    changes = [
        timed(partial(change_something, portfolio, size, one))
        for one in instruments[: options.rounds]
    ]
    report.add(
        "an activity of the first year, until it is seen",
        unit="s",
        ours=[one.wall_seconds for one in changes],
        at_most=CHANGE_SECONDS,
    )
    report.add("  of it in Python", unit="s", ours=[one.cpu_seconds for one in changes])


def valuations(portfolio: Portfolio, size: Size) -> dict[str, Callable[[], float]]:
    """Each values every day of the portfolio; they must come to the same."""
    books = read_books(portfolio)
    table = read_table(portfolio, books, start=FIRST, through=size.end)
    prices = read_prices(portfolio, books.changes, start=FIRST, through=size.end)
    moved = read_moved(portfolio, books.changes, table.worth, start=FIRST, end=size.end)
    walked = days_at(prices, books.changes, moved, start=FIRST, through=size.end)
    worths, effects = position_worths(table, books.units), cost_effects(table, moved.instruments)
    valued = value_table(
        table, books.changes, worths, earned=moved.earned, effects=effects, start=FIRST
    )
    assert list(valued) == walked

    def kernel() -> None:
        together(position_worths(table, books.units), len(table))

    def value(*, is_anew: bool) -> None:
        known = read_books(portfolio, is_anew=is_anew)
        found = read_table(portfolio, known, start=FIRST, through=size.end)
        together(position_worths(found, known.units), len(found))

    def page() -> None:
        freshen(portfolio, through_date=size.end)
        assert len(worth_series(portfolio, FIRST, size.end)) > size.years * 360

    def loop() -> None:
        days_at(prices, books.changes, moved, start=FIRST, through=size.end)

    works: dict[str, Callable[[], object]] = {
        "page": page,
        "ours": partial(value, is_anew=False),
        "books anew": partial(value, is_anew=True),
        "kernel": kernel,
        "loop": loop,
    }
    return {name: partial(seconds, work) for name, work in works.items()}


def change_something(portfolio: Portfolio, size: Size, instrument: Instrument) -> None:
    """Book a purchase of the first year, have its days valued, and read what it is worth now."""
    before = PositionValuation.objects.get(
        portfolio=portfolio, instrument=instrument, date=size.end
    ).quantity
    book(portfolio, [buy(portfolio, instrument, FIRST + timedelta(days=200), Decimal(3))])
    refresh_valuations(portfolio.id, size.end)
    after = PositionValuation.objects.get(
        portfolio=portfolio, instrument=instrument, date=size.end
    ).quantity
    assert after == before + 3


def memory_of_rebuild(portfolio: Portfolio, size: Size) -> float:
    """In MiB, of a process that holds nothing else; this one holds all prices as decimals."""
    finished = subprocess.run(
        [sys.executable, "-m", "bench.valuation_rebuild", str(portfolio.id), str(size.end)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(finished.stdout)


def seconds(work: Callable[[], object]) -> float:
    return timed(work).wall_seconds


def timed(work: Callable[[], object]) -> Sample:
    with measured() as sample:
        work()
    return sample


def make_instruments(size: Size, chance: random.Random, *, prefix: str) -> list[Instrument]:
    """With a close for each weekday, in cents, as they wander."""
    exchange, _ = Exchange.objects.get_or_create(
        mic="XNYS",
        defaults={"name": "New York", "timezone": "America/New_York", "calendar": "XNYS"},
    )
    made = Instrument.objects.bulk_create(
        Instrument(symbol=f"{prefix}{number}", name=prefix, exchange=exchange, currency="USD")
        for number in range(size.instruments)
    )
    days = [FIRST + timedelta(days=number) for number in range((size.end - FIRST).days + 1)]
    opens = [datetime(one.year, one.month, one.day, 5, tzinfo=UTC) for one in days]
    for instrument in made:
        write_bars(instrument, [at for at in opens if at.weekday() < 5], chance)
    return made


def write_bars(instrument: Instrument, opens: Sequence[datetime], chance: random.Random) -> None:
    cents, rows = chance.randint(2_000, 40_000), []
    for opened_at in opens:
        cents = max(100, cents + chance.randint(-cents // 50, cents // 50))
        close = Decimal(cents) / 100
        rows.append((instrument.id, "1d", opened_at, *[close] * 4, 1, "bench"))
    copy_rows("market_bar", BAR_COLUMNS, rows)


def make_portfolio(
    owner: User, size: Size, instruments: Sequence[Instrument], chance: random.Random
) -> Portfolio:
    """Purchases with a smaller sale after every third, spread evenly over the years."""
    opened_at = datetime(FIRST.year, FIRST.month, FIRST.day, 12, tzinfo=UTC)
    portfolio = open_portfolio(
        owner=owner,
        name=size.words[:60],
        kind="tracked",
        currency="USD",
        starting_cash=Decimal(100_000_000),
        opened_at=opened_at,
    )
    length, drafts = (size.end - FIRST).days, []
    for number in range(size.activities):
        instrument = instruments[(number // 4) % len(instruments)]
        day = FIRST + timedelta(days=number * length // size.activities)
        kind = EntryKind.SELL if number % 4 == 3 else EntryKind.BUY
        units = Decimal(2 if kind == EntryKind.SELL else 5 + chance.randint(0, 9))
        drafts.append(buy(portfolio, instrument, day, units, kind=kind, minute=number % 600))
    for place in range(0, len(drafts), BATCH):
        book(portfolio, drafts[place : place + BATCH])
    return portfolio


def buy(
    portfolio: Portfolio,
    instrument: Instrument,
    day: date,
    units: Decimal,
    *,
    kind: EntryKind = EntryKind.BUY,
    minute: int = 700,
) -> EntryDraft:
    entry_id: UUID = new_id()
    midnight = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
    return trade_entry(
        entry_id=entry_id,
        portfolio_id=portfolio.id,
        kind=kind,
        external_id=str(entry_id),
        occurred_at=midnight + timedelta(minutes=minute),
        currency="USD",
        instrument_id=instrument.id,
        quantity=units,
        unit_price=Decimal("99.25"),
        fees=Decimal(1),
        is_settled=True,
    )


def book(portfolio: Portfolio, drafts: Sequence[EntryDraft]) -> None:
    posted = post_entries(drafts, recorded_at=datetime.now(UTC))
    apply_trades(posted.new)
