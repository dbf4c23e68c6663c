"""Checks of what was recorded: sales, prices, times, quantities, and things recorded twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from market.calendar import local_date, sessions_between
from market.models.instruments import AssetClass
from portfolio.bookkeeping.amounts import EXACT
from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.models import JournalEntry, Portfolio, PortfolioKind, Position, UnitMove
from portfolio.quality.findings import Finding, Severity
from portfolio.valuations.reading import priced_instruments
from portfolio.valuations.valuing import PriceSplit

# A trade whose price is beyond these times the day's close is perhaps mistyped, or surely.
ODD_TIMES: Final = Decimal(2)
WRONG_TIMES: Final = Decimal(20)
CLOSE_AGE: Final = timedelta(days=7)
DUST_UNITS: Final = Decimal("0.00001")
# Years in which the calendars know every session.
CALENDAR_YEARS: Final = range(1998, 2045)

# Trades with the newest close of their day or up to a week before it, prices in the instrument's
# currency. Those that were reversed are as if they had not been.
TRADE_PRICES: Final = """
SELECT e.id, i.id, i.symbol, (e.occurred_at AT TIME ZONE 'UTC')::date,
    coalesce(e.unit_price, e.amount / e.quantity) * e.local_rate, bar.close,
    (bar.opened_at AT TIME ZONE x.timezone)::date
FROM portfolio_journalentry AS e
JOIN market_instrument AS i ON i.id = e.instrument_id
JOIN market_exchange AS x ON x.mic = i.exchange_id
CROSS JOIN LATERAL (
    SELECT close, opened_at FROM market_bar
    WHERE instrument_id = e.instrument_id AND "interval" = '1d' AND opened_at <= e.occurred_at
    ORDER BY opened_at DESC LIMIT 1
) AS bar
WHERE e.portfolio_id = %s AND e.kind IN ('buy', 'sell') AND e.quantity > 0
    AND coalesce(e.unit_price, e.amount) IS NOT NULL
    AND bar.opened_at > e.occurred_at - %s
    AND NOT EXISTS (
        SELECT 1 FROM portfolio_journalentry AS reversal WHERE reversal.reverses_id = e.id)
"""
# The same of the same day, recorded at another time: rows of one file stand for themselves.
DUPLICATES: Final = """
SELECT id, kind, symbol, on_date FROM (
    SELECT e.id, e.kind, i.symbol, (e.occurred_at AT TIME ZONE 'UTC')::date AS on_date,
        e.recorded_at, first_value(e.recorded_at) OVER same AS first_at
    FROM portfolio_journalentry AS e
    LEFT JOIN market_instrument AS i ON i.id = e.instrument_id
    WHERE e.portfolio_id = %s AND e.kind = ANY(%s) AND NOT EXISTS (
        SELECT 1 FROM portfolio_journalentry AS reversal WHERE reversal.reverses_id = e.id)
    WINDOW same AS (
        PARTITION BY e.kind, e.instrument_id, (e.occurred_at AT TIME ZONE 'UTC')::date,
            e.quantity, e.unit_price, e.amount, e.fees, e.taxes, e.currency,
            e.ratio_from, e.ratio_to
        ORDER BY e.recorded_at, e.id)
) AS entries
WHERE recorded_at <> first_at ORDER BY on_date, id
"""


def entry_findings(portfolio: Portfolio, *, at: datetime) -> Iterator[Finding]:
    """Six queries."""
    yield from unmatched_sales(portfolio)
    yield from future_times(portfolio, at=at)
    yield from dust(portfolio)
    if portfolio.kind == PortfolioKind.TRACKED:  # a paper portfolio's trades are the market's
        yield from odd_prices(portfolio)
        yield from closed_days(portfolio)
        yield from duplicates(portfolio)


def unmatched_sales(portfolio: Portfolio) -> Iterator[Finding]:
    moves = UnitMove.objects.filter(portfolio=portfolio, missing_quantity__gt=0)
    for move in moves.select_related("instrument").order_by("occurred_at", "entry_id"):
        symbol = move.instrument.symbol
        yield Finding(
            code="unmatched_sale",
            severity=Severity.ERROR,
            message=f"{move.found_quantity.normalize():f} {symbol} were held and"
            f" {move.missing_quantity.normalize():f} are missing: record how they came.",
            symbol=symbol,
            activity_id=move.entry_id,
            start=move.occurred_at.date(),
        )


def future_times(portfolio: Portfolio, *, at: datetime) -> Iterator[Finding]:
    entries = JournalEntry.objects.filter(
        portfolio=portfolio, occurred_at__gt=at, reversed_by=None, reverses=None
    )
    for entry in entries.select_related("instrument").order_by("occurred_at", "id"):
        yield Finding(
            code="future_time",
            severity=Severity.ERROR,
            message=f"This {entry.kind} is dated {entry.occurred_at:%Y-%m-%d %H:%M} UTC.",
            symbol=entry.instrument.symbol if entry.instrument else None,
            activity_id=entry.id,
            start=entry.occurred_at.date(),
        )


def dust(portfolio: Portfolio) -> Iterator[Finding]:
    held = Position.objects.filter(portfolio=portfolio, quantity__gt=0, quantity__lt=DUST_UNITS)
    for one in held.select_related("instrument").order_by("instrument_id"):
        yield Finding(
            code="dust",
            severity=Severity.NOTICE,
            message=f"{one.quantity.normalize():f} units are left, perhaps of a rounded sale.",
            symbol=one.instrument.symbol,
            surplus=one.quantity,
        )


def odd_prices(portfolio: Portfolio) -> Iterator[Finding]:
    rows = fetch_rows(TRADE_PRICES, [portfolio.id, CLOSE_AGE])
    priced = priced_instruments({row[1] for row in rows})
    for entry_id, instrument_id, symbol, day, paid, close, closed_on in rows:
        facts = {"symbol": symbol, "activity_id": entry_id, "start": day}
        if not paid:
            message = "The price is zero. A gift is better recorded as a transfer or an adjustment."
            yield Finding(code="free_units", severity=Severity.NOTICE, message=message, **facts)
            continue
        usual = as_traded(close, priced[instrument_id].splits, closed_on=closed_on, day=day)
        times = max(EXACT.divide(paid, usual), EXACT.divide(usual, paid))
        if times > ODD_TIMES:
            yield Finding(
                code="odd_price",
                severity=Severity.ERROR if times >= WRONG_TIMES else Severity.WARNING,
                message=f"The price was {paid.normalize():f} where the market closed at"
                f" {usual.normalize():f}.",
                **facts,
            )


def as_traded(
    close: Decimal, splits: Sequence[PriceSplit], *, closed_on: date, day: date
) -> Decimal:
    """The close of a unit as there were units on that day; see ``valuing.Market.price_of``."""
    for split in splits:
        if split.is_in_history and split.ex_date > day:
            close = EXACT.multiply(close, split.factor)
        elif not split.is_in_history and closed_on < split.ex_date <= day:
            close = EXACT.divide(close, split.factor)
    return close


def closed_days(portfolio: Portfolio) -> Iterator[Finding]:
    """Trades of listed things on days on which their exchange had no session."""
    entries = JournalEntry.objects.filter(
        portfolio=portfolio,
        kind__in=[EntryKind.BUY, EntryKind.SELL],
        reversed_by=None,
        instrument__asset_class__in=[AssetClass.STOCK, AssetClass.FUND],
    )
    rows = entries.order_by("occurred_at", "id").values_list(
        "id", "occurred_at", "instrument__symbol", "instrument__exchange__timezone",
        "instrument__exchange_id",
    )  # fmt: skip
    by_exchange: defaultdict[str, list[tuple[date, UUID, str]]] = defaultdict(list)
    for entry_id, occurred_at, symbol, timezone, mic in rows:
        day = trade_day(occurred_at, timezone)
        if day.year in CALENDAR_YEARS:
            by_exchange[mic].append((day, entry_id, symbol))
    for mic, trades in by_exchange.items():
        days = [day for day, *_ in trades]
        open_days = {one.session_date for one in sessions_between(min(days), max(days), mic)}
        for day, entry_id, symbol in trades:
            if day not in open_days:
                yield Finding(
                    code="closed_day",
                    severity=Severity.NOTICE,
                    message=f"{mic} had no session on {day}.",
                    symbol=symbol,
                    activity_id=entry_id,
                    start=day,
                )


def trade_day(occurred_at: datetime, timezone: str) -> date:
    """The exchange's date. A date without a time is kept as midnight of UTC, and is that date."""
    moment = occurred_at.astimezone(UTC)
    return moment.date() if moment.time() == time() else local_date(occurred_at, timezone)


def duplicates(portfolio: Portfolio) -> Iterator[Finding]:
    kinds = [kind.value for kind in EntryKind.activities()]
    for entry_id, kind, symbol, day in fetch_rows(DUPLICATES, [portfolio.id, kinds]):
        yield Finding(
            code="duplicate",
            severity=Severity.WARNING,
            message=f"The same {kind.replace('_', ' ')} of {day} was recorded before.",
            symbol=symbol,
            activity_id=entry_id,
            start=day,
            reverses=entry_id,
        )
