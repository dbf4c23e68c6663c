"""Checks of the prices that a portfolio's figures rest on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from market.live.live_quotes import latest_quotes
from market.models import QuarantinedRow
from market.models.prices import QuarantineStatus
from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.models import Portfolio, Position
from portfolio.quality.findings import Finding, Severity

# Over a long weekend no exchange has a price; after that it is old.
STALE_AFTER: Final = timedelta(days=5)
GAP_DAYS: Final = 10
SPIKE_TIMES: Final = Decimal(5)

# Days without a close, and closes unlike both neighbours, while the instrument was held: from its
# first entry until now, or until the last one where nothing is held any more.
CLOSES: Final = """
WITH held AS (
    SELECT n.instrument_id, i.symbol, min(e.occurred_at) AS first_at,
        CASE WHEN n.quantity = 0 THEN n.latest_trade_at ELSE %(at)s END AS until_at
    FROM portfolio_position AS n
    JOIN market_instrument AS i ON i.id = n.instrument_id
    JOIN portfolio_journalentry AS e
        ON e.portfolio_id = n.portfolio_id AND e.instrument_id = n.instrument_id
    WHERE n.portfolio_id = %(portfolio)s
    GROUP BY n.instrument_id, i.symbol, n.quantity, n.latest_trade_at
), closes AS (
    SELECT held.symbol, held.until_at, bar.opened_at, bar.close,
        lag(bar.close) OVER days AS close_before, lead(bar.close) OVER days AS close_after,
        lead(bar.opened_at) OVER days AS opened_after
    FROM held CROSS JOIN LATERAL (
        SELECT opened_at, close FROM market_bar
        WHERE instrument_id = held.instrument_id AND "interval" = '1d'
            AND opened_at >= held.first_at - interval '10 days' AND opened_at <= held.until_at
    ) AS bar
    WINDOW days AS (PARTITION BY held.instrument_id ORDER BY bar.opened_at)
)
SELECT symbol, opened_at::date, opened_after::date, close, close_before, close_after
FROM closes
WHERE opened_after - opened_at > %(gap)s
    OR greatest(close / close_before, close_before / close) > %(times)s
        AND greatest(close / close_after, close_after / close) > %(times)s
        AND (close > close_before) = (close > close_after)
ORDER BY symbol, opened_at
"""


def price_findings(portfolio: Portfolio, *, at: datetime) -> Iterator[Finding]:
    """Three queries and one read of quotes."""
    positions = list(
        Position.objects.filter(portfolio=portfolio)
        .select_related("instrument")
        .order_by("instrument__symbol", "instrument_id")
    )
    yield from quotes_of(positions, at=at)
    yield from gaps_and_spikes(portfolio, at=at)
    yield from waiting_prices(positions)


def quotes_of(positions: Sequence[Position], *, at: datetime) -> Iterator[Finding]:
    held = [one for one in positions if one.quantity]
    quotes = latest_quotes(one.instrument_id for one in held)
    for one in held:
        symbol, quote = one.instrument.symbol, quotes.get(one.instrument_id)
        if quote is None:
            yield Finding(
                code="no_price",
                severity=Severity.ERROR,
                message="There is no price now, so the portfolio has no value.",
                symbol=symbol,
            )
        elif at - quote.occurred_at > STALE_AFTER:
            yield Finding(
                code="stale_quote",
                severity=Severity.WARNING,
                message=f"The newest price is of {quote.occurred_at:%Y-%m-%d}.",
                symbol=symbol,
                start=quote.occurred_at.date(),
            )


def gaps_and_spikes(portfolio: Portfolio, *, at: datetime) -> Iterator[Finding]:
    parameters = {
        "portfolio": portfolio.id,
        "at": at,
        "gap": timedelta(days=GAP_DAYS),
        "times": SPIKE_TIMES,
    }
    for symbol, day, next_day, close, before, after in fetch_rows(CLOSES, parameters):
        if next_day is not None and (next_day - day).days > GAP_DAYS:
            yield Finding(
                code="price_gap",
                severity=Severity.WARNING,
                message=f"There is no close from {day} to {next_day}.",
                symbol=symbol,
                start=day,
                end=next_day,
            )
            continue
        yield Finding(
            code="price_spike",
            severity=Severity.ERROR,
            message=f"It closed at {close.normalize():f} between {before.normalize():f} and"
            f" {after.normalize():f}.",
            symbol=symbol,
            start=day,
        )


def waiting_prices(positions: Sequence[Position]) -> Iterator[Finding]:
    """Prices that were kept out, for staff to judge; they count in no figure until then."""
    symbols = [one.instrument.symbol for one in positions]
    rows = QuarantinedRow.objects.filter(
        status=QuarantineStatus.WAITING, raw__symbol__in=symbols
    ).order_by("id")
    counts: dict[tuple[str, str], int] = {}
    for row in rows.values_list("raw__symbol", "message"):
        counts[row] = counts.get(row, 0) + 1
    for (symbol, message), count in counts.items():
        more = "" if count == 1 else f" {count} rows are like that."
        yield Finding(
            code="waiting_price",
            severity=Severity.WARNING,
            message=f"Kept out until it is confirmed: {message}{more}",
            symbol=symbol,
        )
